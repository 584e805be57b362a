#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::base {

/// A moment in UTC, proleptic Gregorian.
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};

CivilTime ToCivil(int64_t millis);
int64_t FromCivil(const CivilTime& civil);

/// "2026-11-22 07:35:31.123" (always three fraction digits).
std::string FormatTimestamp(int64_t millis);

/// "2026-11-22T07:35:31.123Z", as in RFC 3339.
std::string FormatRfc3339(int64_t millis);

/// Milliseconds since 1970 of an ISO 8601 text: date, then 'T' or a space, then
/// hh:mm[:ss[.fraction]], then nothing (UTC), 'Z', or an offset ±hh[:mm]; or a date alone
/// (midnight). Fractions beyond the millisecond are cut. Nothing when it is not such a text or not
/// a real date.
std::optional<int64_t> ParseTimestamp(std::string_view text);

}  // namespace weir::base
