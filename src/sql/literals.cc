#include "sql/literals.h"

#include <string>

#include "base/time_format.h"

namespace weir::sql {
namespace {

constexpr size_t kMaxFieldDigits = 9;
constexpr int64_t kMillisPerDay = 86'400'000;

struct NamedUnit {
  std::string_view name;
  TimeUnit unit;
  int64_t millis;
};

constexpr NamedUnit kUnits[] = {
    {"MILLISECOND", TimeUnit::kMillisecond, 1},
    {"SECOND", TimeUnit::kSecond, 1'000},
    {"MINUTE", TimeUnit::kMinute, 60'000},
    {"HOUR", TimeUnit::kHour, 3'600'000},
    {"DAY", TimeUnit::kDay, kMillisPerDay},
    {"MONTH", TimeUnit::kMonth, 0},
    {"YEAR", TimeUnit::kYear, 0},
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes 1 to kMaxFieldDigits digits from the front.
std::optional<int64_t> TakeNumber(std::string_view& text) {
  size_t digits = 0;
  int64_t value = 0;
  while (digits < text.size() && IsDigit(text[digits])) {
    if (digits == kMaxFieldDigits) {
      return std::nullopt;
    }
    value = value * 10 + (text[digits] - '0');
    ++digits;
  }
  if (digits == 0) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return value;
}

/// Takes ".f", ".ff" or ".fff" as milliseconds; 0 when there is no point.
std::optional<int64_t> TakeFraction(std::string_view& text) {
  if (text.empty() || text[0] != '.') {
    return 0;
  }
  text.remove_prefix(1);
  const size_t before = text.size();
  const std::optional<int64_t> value = TakeNumber(text);
  const size_t digits = before - text.size();
  if (!value || digits > 3) {
    return std::nullopt;
  }
  static constexpr int64_t kScale[] = {0, 100, 10, 1};
  return *value * kScale[digits];
}

/// 'd' stands for a digit, everything else for itself.
bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) {
    return false;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (shape[i] == 'd' ? !IsDigit(text[i]) : text[i] != shape[i]) {
      return false;
    }
  }
  return true;
}

bool HasShapeWithFraction(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size() || !HasShape(text.substr(0, shape.size()), shape)) {
    return false;
  }
  std::string_view rest = text.substr(shape.size());
  return TakeFraction(rest).has_value() && rest.empty();
}

}  // namespace

int64_t UnitMillis(TimeUnit unit) {
  return kUnits[static_cast<size_t>(unit)].millis;
}

std::string_view UnitName(TimeUnit unit) {
  return kUnits[static_cast<size_t>(unit)].name;
}

std::optional<TimeUnit> UnitNamed(std::string_view word) {
  for (const NamedUnit& named : kUnits) {
    if (named.name == word && named.unit != TimeUnit::kMillisecond) {
      return named.unit;
    }
  }
  return std::nullopt;
}

std::optional<int64_t> ParseIntervalText(std::string_view text, TimeUnit first, TimeUnit last) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int64_t total = 0;
  for (int unit = static_cast<int>(first); unit >= static_cast<int>(last); --unit) {
    if (unit != static_cast<int>(first)) {
      const char separator = unit == static_cast<int>(TimeUnit::kHour) ? ' ' : ':';
      if (text.empty() || text[0] != separator) {
        return std::nullopt;
      }
      text.remove_prefix(1);
    }
    const std::optional<int64_t> value = TakeNumber(text);
    if (!value) {
      return std::nullopt;
    }
    total += *value * UnitMillis(static_cast<TimeUnit>(unit));
  }
  if (last == TimeUnit::kSecond) {
    const std::optional<int64_t> fraction = TakeFraction(text);
    if (!fraction) {
      return std::nullopt;
    }
    total += *fraction;
  }
  if (!text.empty()) {
    return std::nullopt;
  }
  return negative ? -total : total;
}

std::optional<int64_t> ParseTimestampLiteral(std::string_view text) {
  if (!HasShapeWithFraction(text, "dddd-dd-dd dd:dd:dd")) {
    return std::nullopt;
  }
  return base::ParseTimestamp(text);
}

std::optional<int64_t> ParseDateLiteral(std::string_view text) {
  if (!HasShape(text, "dddd-dd-dd")) {
    return std::nullopt;
  }
  const std::optional<int64_t> millis = base::ParseTimestamp(text);
  if (!millis) {
    return std::nullopt;
  }
  // Dates before 1970 are negative multiples of a whole day, so that the division is exact.
  return *millis / kMillisPerDay;
}

std::optional<int64_t> ParseTimeLiteral(std::string_view text) {
  if (!HasShapeWithFraction(text, "dd:dd:dd")) {
    return std::nullopt;
  }
  return base::ParseTimestamp("1970-01-01 " + std::string(text));
}

}  // namespace weir::sql
