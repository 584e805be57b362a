#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/plan.h"

namespace weir::stream {

// a / b rounded down; b > 0.
inline int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient - (a % b < 0 ? 1 : 0);
}

// Milliseconds of a unit of fixed length; 0 for month and year.
int64_t MillisOf(sql::TimeUnit unit);

// The greatest multiple of the unit that is not after `millis` (UTC).
int64_t FloorTo(int64_t millis, sql::TimeUnit unit);

// The first multiple of the unit after `floor`, which is one.
int64_t NextUnit(int64_t floor, sql::TimeUnit unit);

// `millis` by the letters of Java's SimpleDateFormat: y M d D H h K k m s S a E, quoted text, other
// characters as they are. kInvalidArgument for another letter.
base::Result<std::string> FormatByPattern(std::string_view pattern, int64_t millis);

// The reverse, UTC. What the pattern does not name is 1970-01-01 00:00:00.
base::Result<int64_t> ParseByPattern(std::string_view pattern, std::string_view text);

}  // namespace weir::stream
