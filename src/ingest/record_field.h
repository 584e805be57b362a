#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::ingest {

// Finds a member of a JSON object by the text of its name without parsing the object. The object
// must be valid JSON; a name that the sender wrote with escapes is not found.
class FieldFinder {
 public:
  explicit FieldFinder(std::string_view name) : quoted_('"' + std::string(name) + '"') {}

  // The member's value as it stands in `object`, which must begin with '{'; nothing when it is
  // missing.
  std::optional<std::string_view> Find(std::string_view object) const;

 private:
  std::string quoted_;
};

// A value as text: a string's contents, a number's or other value's source; nothing for null.
// `scratch` holds the text when it is not part of `value`.
std::optional<std::string_view> ValueText(std::string_view value, std::string& scratch);

// Characters of UTF-8 text.
size_t CountCharacters(std::string_view text);

// Milliseconds since 1970 of a JSON value: a number of milliseconds, or ISO 8601 text. Nothing when
// it is neither.
std::optional<int64_t> ValueTime(std::string_view value);

// Tells which records are from too far in the future. A far-future time would close every window at
// once. Not thread-safe.
class FutureGuard {
 public:
  static constexpr int64_t kMaxAheadMillis = 5 * 60 * 1000;

  // For records that arrive at `now_millis`.
  void SetNow(int64_t now_millis) { latest_ = now_millis + kMaxAheadMillis; }

  // The value of a time field; true when it is a time more than kMaxAheadMillis ahead.
  bool IsAhead(std::string_view value);

 private:
  int64_t latest_ = 0;
  // The last minute that was seen, and when it is over: neighbouring records mostly share it.
  std::string minute_;
  int64_t minute_end_ = 0;
};

}  // namespace weir::ingest
