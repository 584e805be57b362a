#include "json/timestamp_reader.h"

#include <cstring>
#include <optional>

#include "base/time_format.h"

namespace weir::json {
namespace {

/// Two digits, or a number above 99.
unsigned TwoDigits(const char* at) {
  const unsigned tens = static_cast<unsigned char>(at[0]) - unsigned{'0'};
  const unsigned ones = static_cast<unsigned char>(at[1]) - unsigned{'0'};
  return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

}  // namespace

bool TimestampReader::ReadOnKnownDate(std::string_view text, int64_t& millis) const {
  if (text.size() < 19 || std::memcmp(text.data(), date_, sizeof date_) != 0) {
    return false;
  }
  const char* const at = text.data();
  const unsigned hour = TwoDigits(at + 11);
  const unsigned minute = TwoDigits(at + 14);
  const unsigned second = TwoDigits(at + 17);
  if ((at[10] != ' ' && at[10] != 'T') || at[13] != ':' || at[16] != ':' || hour > 23 ||
      minute > 59 || second > 59) {
    return false;
  }
  unsigned fraction = 0;
  size_t size = 19;
  if (text.size() >= 23 && at[19] == '.') {
    const unsigned high = TwoDigits(at + 20);
    const unsigned low = static_cast<unsigned char>(at[22]) - unsigned{'0'};
    if (high > 99 || low > 9) {
      return false;
    }
    fraction = high * 10 + low;
    size = 23;
  }
  if (text.size() != size && !(text.size() == size + 1 && at[size] == 'Z')) {
    return false;
  }
  millis = midnight_ + ((hour * 60 + minute) * 60 + second) * int64_t{1000} + fraction;
  return true;
}

bool TimestampReader::Read(std::string_view text, int64_t& millis) {
  if (ReadOnKnownDate(text, millis)) [[likely]] {
    return true;
  }
  const std::optional<int64_t> parsed = base::ParseTimestamp(text);
  if (!parsed.has_value()) {
    return false;
  }
  millis = *parsed;
  if (text.size() >= sizeof date_) {
    if (const auto midnight = base::ParseTimestamp(text.substr(0, sizeof date_))) {
      std::memcpy(date_, text.data(), sizeof date_);
      midnight_ = *midnight;
    }
  }
  return true;
}

}  // namespace weir::json
