#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace weir::net {

// How much of what is cheap to send and not to take a client may do: a store that is used up by
// each and fills with time. Not thread-safe.
class FrameAllowance {
 public:
  FrameAllowance(size_t most, size_t per_second, int64_t now_nanos)
      : most_(most), per_second_(per_second), left_(most), filled_nanos_(now_nanos) {}

  // False when there is not so much left.
  bool Use(size_t amount, int64_t now_nanos) {
    if (left_ < amount) {
      const auto seconds = static_cast<double>(now_nanos - filled_nanos_) / 1e9;
      const auto grown = static_cast<size_t>(seconds * static_cast<double>(per_second_));
      left_ = std::min(most_, left_ + grown);
      filled_nanos_ = now_nanos;
    }
    if (left_ < amount) {
      return false;
    }
    left_ -= amount;
    return true;
  }

  void GiveBack(size_t amount) { left_ = std::min(most_, left_ + amount); }

 private:
  const size_t most_;
  const size_t per_second_;
  size_t left_;
  int64_t filled_nanos_;
};

}  // namespace weir::net
