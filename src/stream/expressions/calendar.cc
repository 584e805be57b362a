#include "stream/expressions/calendar.h"

#include <array>
#include <cctype>

#include "base/time_format.h"

namespace weir::stream {

namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr size_t kMaxNumberWidth = 9;

// One run of a pattern: a letter and how often it stands, or literal text (letter 0).
struct PatternPart {
  char letter = 0;
  size_t count = 0;
  std::string text;
};

class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  std::optional<PatternPart> Next() {
    if (rest_.empty()) {
      return std::nullopt;
    }
    PatternPart part;
    if (rest_.front() == '\'') {
      part.text = Quoted();
      return part;
    }
    const char c = rest_.front();
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
      part.text = c;
      rest_.remove_prefix(1);
      return part;
    }
    part.letter = c;
    while (!rest_.empty() && rest_.front() == c) {
      ++part.count;
      rest_.remove_prefix(1);
    }
    return part;
  }

 private:
  // 'text', in which '' is a quote; '' alone is a quote as well.
  std::string Quoted() {
    std::string text;
    rest_.remove_prefix(1);
    if (!rest_.empty() && rest_.front() == '\'') {
      rest_.remove_prefix(1);
      return "'";
    }
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '\'') {
        text.push_back(c);
      } else if (!rest_.empty() && rest_.front() == '\'') {
        text.push_back('\'');
        rest_.remove_prefix(1);
      } else {
        break;
      }
    }
    return text;
  }

  std::string_view rest_;
};

int DayOfYear(const base::CivilTime& civil) {
  const int64_t start = base::FromCivil({.year = civil.year});
  const int64_t day = base::FromCivil({.year = civil.year, .month = civil.month, .day = civil.day});
  return static_cast<int>((day - start) / kDay) + 1;
}

// The number that a letter stands for; nothing for letters that are no number.
std::optional<int> NumberOf(char letter, const base::CivilTime& civil) {
  switch (letter) {
    case 'y':
      return civil.year;
    case 'M':
      return civil.month;
    case 'd':
      return civil.day;
    case 'D':
      return DayOfYear(civil);
    case 'H':
      return civil.hour;
    case 'k':
      return civil.hour == 0 ? 24 : civil.hour;
    case 'K':
      return civil.hour % 12;
    case 'h':
      return civil.hour % 12 == 0 ? 12 : civil.hour % 12;
    case 'm':
      return civil.minute;
    case 's':
      return civil.second;
    case 'S':
      return civil.millisecond;
    default:
      return std::nullopt;
  }
}

// What has been read of a date.
struct Reading {
  base::CivilTime civil;
  bool afternoon = false;
  bool half_day = false;
};

bool Store(Reading& reading, char letter, size_t count, int value) {
  switch (letter) {
    case 'y':
      reading.civil.year = count == 2 && value < 100 ? 2000 + value : value;
      return true;
    case 'M':
      reading.civil.month = value;
      return true;
    case 'd':
      reading.civil.day = value;
      return true;
    case 'H':
    case 'k':
      reading.civil.hour = letter == 'k' && value == 24 ? 0 : value;
      return true;
    case 'h':
    case 'K':
      reading.half_day = true;
      reading.civil.hour = value == 12 ? 0 : value;
      return true;
    case 'm':
      reading.civil.minute = value;
      return true;
    case 's':
      reading.civil.second = value;
      return true;
    case 'S':
      reading.civil.millisecond = value;
      return true;
    default:
      return false;
  }
}

// Cuts a name that `text` starts with, in any case; its number, or -1.
template <size_t N>
int TakeName(std::string_view& text, const std::array<std::string_view, N>& names) {
  const auto starts = [&](std::string_view name) {
    if (text.size() < name.size()) {
      return false;
    }
    for (size_t i = 0; i < name.size(); ++i) {
      if (std::tolower(static_cast<unsigned char>(text[i])) !=
          std::tolower(static_cast<unsigned char>(name[i]))) {
        return false;
      }
    }
    return true;
  };
  for (size_t i = 0; i < N; ++i) {
    for (const std::string_view name : {names[i], names[i].substr(0, 3)}) {
      if (starts(name)) {
        text.remove_prefix(name.size());
        return static_cast<int>(i);
      }
    }
  }
  return -1;
}

std::optional<int> TakeNumber(std::string_view& text, size_t width) {
  size_t digits = 0;
  int value = 0;
  while (digits < width && digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    value = value * 10 + (text[digits] - '0');
    ++digits;
  }
  if (digits == 0) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return value;
}

bool TakePart(const PatternPart& part, std::string_view& text, Reading& reading,
              bool next_is_number) {
  if (part.letter == 0) {
    if (!text.starts_with(part.text)) {
      return false;
    }
    text.remove_prefix(part.text.size());
    return true;
  }
  if (part.letter == 'a') {
    const int half = TakeName(text, std::array<std::string_view, 2>{"AM", "PM"});
    reading.half_day = true;
    reading.afternoon = half == 1;
    return half >= 0;
  }
  if (part.letter == 'E') {
    return TakeName(text, kWeekdays) >= 0;
  }
  if (part.letter == 'M' && part.count >= 3) {
    const int month = TakeName(text, kMonths);
    reading.civil.month = month + 1;
    return month >= 0;
  }
  const size_t width = next_is_number ? part.count : kMaxNumberWidth;
  const std::optional<int> value = TakeNumber(text, width);
  return value && Store(reading, part.letter, part.count, *value);
}

bool IsRealTime(const base::CivilTime& civil) {
  if (civil.year < 1 || civil.year > 9999 || civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > 31 || civil.hour > 23 || civil.minute > 59 || civil.second > 59 ||
      civil.millisecond > 999) {
    return false;
  }
  const base::CivilTime back = base::ToCivil(base::FromCivil(civil));
  return back.day == civil.day && back.month == civil.month;
}

}  // namespace

int64_t MillisOf(sql::TimeUnit unit) {
  switch (unit) {
    case sql::TimeUnit::kMillisecond:
      return 1;
    case sql::TimeUnit::kSecond:
      return kSecond;
    case sql::TimeUnit::kMinute:
      return kMinute;
    case sql::TimeUnit::kHour:
      return kHour;
    case sql::TimeUnit::kDay:
      return kDay;
    case sql::TimeUnit::kMonth:
    case sql::TimeUnit::kYear:
      break;
  }
  return 0;
}

int64_t FloorTo(int64_t millis, sql::TimeUnit unit) {
  if (const int64_t length = MillisOf(unit); length != 0) {
    return FloorDivide(millis, length) * length;
  }
  const base::CivilTime civil = base::ToCivil(millis);
  return base::FromCivil(
      {.year = civil.year, .month = unit == sql::TimeUnit::kMonth ? civil.month : 1});
}

int64_t NextUnit(int64_t floor, sql::TimeUnit unit) {
  if (const int64_t length = MillisOf(unit); length != 0) {
    return floor + length;
  }
  base::CivilTime civil = base::ToCivil(floor);
  if (unit == sql::TimeUnit::kYear || civil.month == 12) {
    return base::FromCivil({.year = civil.year + 1});
  }
  return base::FromCivil({.year = civil.year, .month = civil.month + 1});
}

base::Result<std::string> FormatByPattern(std::string_view pattern, int64_t millis) {
  const base::CivilTime civil = base::ToCivil(millis);
  std::string out;
  PatternReader reader(pattern);
  while (const std::optional<PatternPart> part = reader.Next()) {
    const std::optional<int> number = NumberOf(part->letter, civil);
    if (part->letter == 0) {
      out += part->text;
    } else if (part->letter == 'a') {
      out += civil.hour < 12 ? "AM" : "PM";
    } else if (part->letter == 'E') {
      const auto weekday = static_cast<size_t>(((FloorDivide(millis, kDay) + 4) % 7 + 7) % 7);
      out += part->count >= 4 ? kWeekdays[weekday] : kWeekdays[weekday].substr(0, 3);
    } else if (part->letter == 'M' && part->count >= 3) {
      const std::string_view month = kMonths[static_cast<size_t>(civil.month - 1)];
      out += part->count >= 4 ? month : month.substr(0, 3);
    } else if (part->letter == 'y' && part->count == 2) {
      out += fmt::format("{:02}", civil.year % 100);
    } else if (number) {
      out += fmt::format("{:0{}}", *number, part->count);
    } else {
      return base::Fail(base::Code::kInvalidArgument, "unknown letter '{}' in the time format '{}'",
                        part->letter, pattern);
    }
  }
  return out;
}

base::Result<int64_t> ParseByPattern(std::string_view pattern, std::string_view text) {
  Reading reading;
  PatternReader reader(pattern);
  std::string_view rest = text;
  std::optional<PatternPart> part = reader.Next();
  while (part) {
    std::optional<PatternPart> next = reader.Next();
    if (!TakePart(*part, rest, reading, next && next->letter != 0)) {
      return base::Fail(base::Code::kInvalidArgument, "'{}' does not match the time format '{}'",
                        text, pattern);
    }
    part = std::move(next);
  }
  if (reading.half_day && reading.afternoon) {
    reading.civil.hour += 12;
  }
  if (!rest.empty() || !IsRealTime(reading.civil)) {
    return base::Fail(base::Code::kInvalidArgument, "'{}' is no time of the format '{}'", text,
                      pattern);
  }
  return base::FromCivil(reading.civil);
}

}  // namespace weir::stream
