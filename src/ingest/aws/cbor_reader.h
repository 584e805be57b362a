#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/aws/cbor.h"

namespace weir::ingest::aws::cbor {

// An item's first bytes.
struct Head {
  Major major = Major::kUnsigned;
  uint8_t first = 0;        // The byte that holds the major type: kTrue, kDouble, …
  uint64_t number = 0;      // Value, length, tag, or bits of a float.
  bool indefinite = false;  // Length is told by kBreak; kBreak itself, too.

  bool IsBreak() const { return first == kBreak; }
};

// Reads the parts of a CBOR document, never beyond its end. Says what is well-formed (RFC 8949
// §3), not what is valid.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  size_t offset() const { return at_; }

  bool AtEnd() const { return at_ == bytes_.size(); }

  // False at the end, and for what is no head.
  bool ReadHead(Head& head) {
    if (AtEnd()) {
      return false;
    }
    const auto first = static_cast<uint8_t>(bytes_[at_++]);
    const uint8_t low = first & 0x1F;
    head = {.major = static_cast<Major>(first >> 5), .first = first, .number = low};
    if (low < 24) {
      return true;
    }
    if (low == 31) {
      head.number = 0;
      head.indefinite = true;
      return (head.major >= Major::kBytes && head.major <= Major::kMap) || head.IsBreak();
    }
    const size_t width = size_t{1} << (low - 24);
    if (low > 27 || bytes_.size() - at_ < width) {
      return false;
    }
    head.number = 0;
    for (size_t i = 0; i < width; ++i) {
      head.number = head.number << 8 | static_cast<uint8_t>(bytes_[at_++]);
    }
    // Simple values below 32 have no second byte.
    return !(head.major == Major::kSimple && low == 24 && head.number < 32);
  }

  // The next `size` bytes; false when there are fewer.
  bool ReadBytes(uint64_t size, std::string_view& bytes) {
    if (size > bytes_.size() - at_) {
      return false;
    }
    bytes = bytes_.substr(at_, size);
    at_ += size;
    return true;
  }

  // Whether the next byte is kBreak, which is then taken.
  bool TakeBreak() {
    if (AtEnd() || static_cast<uint8_t>(bytes_[at_]) != kBreak) {
      return false;
    }
    ++at_;
    return true;
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace weir::ingest::aws::cbor
