#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace weir::stream {

// The exact set of values that one group has seen, each as bytes. Small sets are searched in a row;
// larger ones by hash. Not thread-safe.
class DistinctSet {
 public:
  // True when the value was new.
  bool Insert(std::string_view value);

  size_t size() const { return ends_.size(); }

  void Save(base::ByteWriter& writer) const;
  bool Load(base::ByteReader& reader);

 private:
  static constexpr size_t kSearchedInARow = 8;

  std::string_view At(size_t index) const;
  void Rebuild(size_t slots);

  std::string bytes_;           // All values behind each other, in order of arrival.
  std::vector<uint32_t> ends_;  // Where each ends.
  std::vector<uint32_t> hashes_;
  std::vector<uint32_t> slots_;  // Index + 1, 0: empty.
};

}  // namespace weir::stream
