#include "stream/operators/distinct_set.h"

#include <functional>
#include <limits>

#include "base/check.h"

namespace weir::stream {

namespace {

uint32_t HashOf(std::string_view value) {
  const uint64_t hash = std::hash<std::string_view>{}(value) * 0x9E3779B97F4A7C15ull;
  return static_cast<uint32_t>(hash >> 32);
}

}  // namespace

std::string_view DistinctSet::At(size_t index) const {
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

void DistinctSet::Rebuild(size_t slots) {
  slots_.assign(slots, 0);
  for (size_t i = 0; i < ends_.size(); ++i) {
    size_t slot = hashes_[i] & (slots - 1);
    while (slots_[slot] != 0) {
      slot = (slot + 1) & (slots - 1);
    }
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

bool DistinctSet::Insert(std::string_view value) {
  const uint32_t hash = HashOf(value);
  size_t slot = 0;
  if (slots_.empty()) {
    for (size_t i = 0; i < ends_.size(); ++i) {
      if (hashes_[i] == hash && At(i) == value) {
        return false;
      }
    }
  } else {
    for (slot = hash & (slots_.size() - 1); slots_[slot] != 0;
         slot = (slot + 1) & (slots_.size() - 1)) {
      const size_t index = slots_[slot] - 1;
      if (hashes_[index] == hash && At(index) == value) {
        return false;
      }
    }
  }
  CHECK(bytes_.size() + value.size() <= std::numeric_limits<uint32_t>::max());
  bytes_ += value;
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  hashes_.push_back(hash);
  if (slots_.empty()) {
    if (ends_.size() > kSearchedInARow) {
      Rebuild(kSearchedInARow * 4);
    }
  } else if (ends_.size() * 2 > slots_.size()) {
    Rebuild(slots_.size() * 2);
  } else {
    slots_[slot] = static_cast<uint32_t>(ends_.size());
  }
  return true;
}

void DistinctSet::Save(base::ByteWriter& writer) const {
  writer.Varint(ends_.size());
  for (size_t i = 0; i < ends_.size(); ++i) {
    writer.String(At(i));
  }
}

bool DistinctSet::Load(base::ByteReader& reader) {
  const uint64_t count = reader.Varint();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    Insert(reader.String());
  }
  return reader.ok() && size() == count;
}

}  // namespace weir::stream
