#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "json/shape.h"

namespace weir::json {

/// The shapes of records met lately, and when it is worth learning another one.
class ShapeMemory {
 public:
  /// Tries the shapes with fits(shape), the last that fitted first. True when one fits.
  template <typename Fits>
  bool Find(Fits fits) {
    if (shapes_.empty()) {
      return false;
    }
    if (fits(shapes_[last_])) [[likely]] {
      Fitted();
      return true;
    }
    for (size_t i = 0; i < shapes_.size(); ++i) {
      if (i != last_ && fits(shapes_[i])) {
        last_ = i;
        Fitted();
        return true;
      }
    }
    return false;
  }

  /// Counts a record that had none of the shapes; true when its own should be learned.
  bool Miss() { return ++misses_ >= patience_; }

  /// Takes the shape of such a record; nothing when it has none that can be used.
  void Learn(std::optional<Shape> shape) {
    misses_ = 0;
    patience_ = std::min(patience_ * 2, kMaxPatience);
    if (!shape.has_value()) {
      return;
    }
    if (shapes_.size() < kMaxShapes) {
      last_ = newest_ = shapes_.size();
      shapes_.push_back(*std::move(shape));
      return;
    }
    newest_ = (newest_ + 1) % kMaxShapes;
    if (newest_ == last_) {
      newest_ = (newest_ + 1) % kMaxShapes;
    }
    shapes_[newest_] = *std::move(shape);
  }

 private:
  /// Shapes remembered at once.
  static constexpr size_t kMaxShapes = 4;
  /// Records read in full before a shape that was never met again is given up for a new one;
  /// doubles each time, so that records that have no common shape cost little.
  static constexpr uint32_t kFirstPatience = 1;
  static constexpr uint32_t kMaxPatience = 1024;

  void Fitted() { patience_ = last_ == newest_ ? kFirstPatience : patience_; }

  std::vector<Shape> shapes_;
  size_t last_ = 0;
  size_t newest_ = 0;
  uint32_t patience_ = kFirstPatience;
  uint32_t misses_ = 0;
};

}  // namespace weir::json
