#pragma once

#include <cstdint>
#include <string_view>

namespace weir::json {

/// Reads timestamps, remembering the last date, as records in a row are mostly of one day.
class TimestampReader {
 public:
  /// As base::ParseTimestamp; false when it is not such a text.
  bool Read(std::string_view text, int64_t& millis);

 private:
  bool ReadOnKnownDate(std::string_view text, int64_t& millis) const;

  char date_[10] = {};
  int64_t midnight_ = 0;
};

}  // namespace weir::json
