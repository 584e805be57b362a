#include "base/time_format.h"

#include <array>

namespace weir::base {
namespace {

constexpr int64_t kMillisPerDay = 86'400'000;

/// Days since 1970-01-01 of a proleptic Gregorian date. Years are counted from March in eras of 400
/// years, so that the leap day is the last day of its year.
int64_t DaysFromDate(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

bool IsLeapYear(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int DaysInMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads exactly `count` digits at the front of `text`.
bool TakeDigits(std::string_view& text, size_t count, int& value) {
  if (text.size() < count) {
    return false;
  }
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) {
      return false;
    }
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

/// ".123456" -> 123; at least one digit after the point.
bool TakeFraction(std::string_view& text, int& millis) {
  millis = 0;
  int scale = 100;
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) {
    millis += (text[digits] - '0') * scale;
    scale /= 10;
    ++digits;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

/// What follows the time of day: nothing, 'Z' or ±hh[[:]mm].
bool TakeOffset(std::string_view& text, int64_t& millis) {
  millis = 0;
  if (text.empty() || Take(text, 'Z') || Take(text, 'z')) {
    return text.empty();
  }
  const int sign = text.front() == '-' ? -1 : 1;
  if (!Take(text, '+') && !Take(text, '-')) {
    return false;
  }
  int hours = 0;
  int minutes = 0;
  if (!TakeDigits(text, 2, hours) || hours > 23) {
    return false;
  }
  if (!text.empty()) {
    Take(text, ':');
    if (!TakeDigits(text, 2, minutes) || minutes > 59) {
      return false;
    }
  }
  millis = sign * (int64_t{hours} * 60 + minutes) * 60'000;
  return text.empty();
}

void PutDigits(char* at, int value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// The text with `separator` between date and time; years outside 0..9999 take more room.
std::string Format(int64_t millis, char separator) {
  const CivilTime time = ToCivil(millis);
  std::string text = "0000-00-00 00:00:00.000";
  PutDigits(text.data() + 5, time.month, 2);
  PutDigits(text.data() + 8, time.day, 2);
  text[10] = separator;
  PutDigits(text.data() + 11, time.hour, 2);
  PutDigits(text.data() + 14, time.minute, 2);
  PutDigits(text.data() + 17, time.second, 2);
  PutDigits(text.data() + 20, time.millisecond, 3);
  if (time.year >= 0 && time.year <= 9999) {
    PutDigits(text.data(), time.year, 4);
  } else {
    text.replace(0, 4, std::to_string(time.year));
  }
  return text;
}

}  // namespace

CivilTime ToCivil(int64_t millis) {
  int64_t days = millis / kMillisPerDay;
  int64_t rest = millis % kMillisPerDay;
  if (rest < 0) {
    rest += kMillisPerDay;
    --days;
  }
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = static_cast<int>(year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0));
  civil.hour = static_cast<int>(rest / 3'600'000);
  civil.minute = static_cast<int>(rest / 60'000 % 60);
  civil.second = static_cast<int>(rest / 1000 % 60);
  civil.millisecond = static_cast<int>(rest % 1000);
  return civil;
}

int64_t FromCivil(const CivilTime& civil) {
  const int64_t days = DaysFromDate(civil.year, civil.month, civil.day);
  const int64_t seconds = (int64_t{civil.hour} * 60 + civil.minute) * 60 + civil.second;
  return days * kMillisPerDay + seconds * 1000 + civil.millisecond;
}

std::string FormatTimestamp(int64_t millis) {
  return Format(millis, ' ');
}

std::string FormatRfc3339(int64_t millis) {
  return Format(millis, 'T') + 'Z';
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  CivilTime time;
  if (!TakeDigits(text, 4, time.year) || !Take(text, '-') || !TakeDigits(text, 2, time.month) ||
      !Take(text, '-') || !TakeDigits(text, 2, time.day)) {
    return std::nullopt;
  }
  if (time.month < 1 || time.month > 12 || time.day < 1 ||
      time.day > DaysInMonth(time.year, time.month)) {
    return std::nullopt;
  }
  if (text.empty()) {
    return FromCivil(time);
  }
  if (!Take(text, 'T') && !Take(text, ' ') && !Take(text, 't')) {
    return std::nullopt;
  }
  if (!TakeDigits(text, 2, time.hour) || !Take(text, ':') || !TakeDigits(text, 2, time.minute)) {
    return std::nullopt;
  }
  if (Take(text, ':')) {
    if (!TakeDigits(text, 2, time.second)) {
      return std::nullopt;
    }
    if (Take(text, '.') && !TakeFraction(text, time.millisecond)) {
      return std::nullopt;
    }
  }
  int64_t offset = 0;
  if (time.hour > 23 || time.minute > 59 || time.second > 59 || !TakeOffset(text, offset)) {
    return std::nullopt;
  }
  return FromCivil(time) - offset;
}

}  // namespace weir::base
