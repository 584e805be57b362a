#include "json/stop_index.h"

namespace weir::json {
namespace {

bool IsStop(char c) {
  return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20;
}

}  // namespace

void StopIndex::MarkByByte() {
  for (const char* at = begin_; at < end_; ++at) {
    words_[0] |= uint64_t{IsStop(*at)} << (at - begin_);
    high_ |= static_cast<uint8_t>(*at) & 0x80;
  }
}

const char* StopIndex::FindByByte(const char* at, const char* end) {
  while (at < end && !IsStop(*at)) {
    ++at;
  }
  return at;
}

}  // namespace weir::json
