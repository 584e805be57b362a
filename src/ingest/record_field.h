#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/timestamp_reader.h"

namespace weir::ingest {

// A value as text: a string's contents, a number's or other value's source; nothing for null.
// `scratch` holds the text when it is not part of `value`.
std::optional<std::string_view> ValueText(std::string_view value, std::string& scratch);

// Characters of UTF-8 text.
size_t CountCharacters(std::string_view text);

// Reads the times of records. Not thread-safe, as it remembers the last date.
class TimeReader {
 public:
  // Milliseconds since 1970 of a JSON value: a number of milliseconds, or ISO 8601 text. Nothing
  // when it is neither.
  std::optional<int64_t> Read(std::string_view value);

 private:
  json::TimestampReader timestamps_;
};

}  // namespace weir::ingest
