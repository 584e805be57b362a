#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sql/plan.h"

namespace weir::sql {

/// Milliseconds of one unit; 0 for kMonth and kYear, which have no fixed length.
int64_t UnitMillis(TimeUnit unit);

/// "MINUTE".
std::string_view UnitName(TimeUnit unit);

/// YEAR, MONTH, DAY, HOUR, MINUTE, SECOND (upper case); nothing otherwise.
std::optional<TimeUnit> UnitNamed(std::string_view word);

/// Milliseconds of the text of a day-time interval literal from `first` to `last` (equal for a
/// single field), for example ("59:59.999", kMinute, kSecond). Nothing when the text does not fit
/// the units.
std::optional<int64_t> ParseIntervalText(std::string_view text, TimeUnit first, TimeUnit last);

/// "yyyy-mm-dd hh:mm:ss[.fff]" as milliseconds since 1970.
std::optional<int64_t> ParseTimestampLiteral(std::string_view text);

/// "yyyy-mm-dd" as days since 1970.
std::optional<int64_t> ParseDateLiteral(std::string_view text);

/// "hh:mm:ss[.fff]" as milliseconds since midnight.
std::optional<int64_t> ParseTimeLiteral(std::string_view text);

}  // namespace weir::sql
