#include "model/value.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/time_format.h"

namespace weir::model {
namespace {

using base::Code;
using base::Fail;

constexpr int kMaxDigits = 18;
/// Exponents beyond this make any number zero or too great; it also bounds the work.
constexpr int kMaxExponent = 1000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// The shortest text that reads back as the same number.
std::string FormatFloating(double value, const Type& type) {
  return type.kind == TypeKind::kReal ? fmt::format("{}", static_cast<float>(value))
                                      : fmt::format("{}", value);
}

/// The parts of a decimal number text: digits × 10^exponent.
struct DecimalText {
  bool negative = false;
  std::string digits;  ///< Without leading zeros.
  int exponent = 0;
};

/// The front digits of `text`, moved to `out`; false when there are none.
bool TakeDigits(std::string_view& text, std::string& out) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) {
    ++count;
  }
  out += text.substr(0, count);
  text.remove_prefix(count);
  return count > 0;
}

bool TakeExponent(std::string_view& text, int& exponent) {
  if (text.empty() || (text.front() != 'e' && text.front() != 'E')) {
    return true;
  }
  text.remove_prefix(1);
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) {
    return false;
  }
  int value = 0;
  for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1)) {
    value = std::min(value * 10 + (text.front() - '0'), kMaxExponent);
  }
  exponent += negative ? -value : value;
  return true;
}

bool ReadDecimalText(std::string_view text, DecimalText& number) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool any = TakeDigits(text, number.digits);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    const size_t whole = number.digits.size();
    any = TakeDigits(text, number.digits) || any;
    number.exponent -= static_cast<int>(number.digits.size() - whole);
  }
  if (!any || !TakeExponent(text, number.exponent)) {
    return false;
  }
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  return text.empty();
}

}  // namespace

std::string FormatValue(const Value& value, const Type& type) {
  if (IsNull(value)) {
    return "";
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return type.kind == TypeKind::kVarbinary ? base::ToHex(*text) : *text;
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return FormatFloating(*number, type);
  }
  const int64_t number = std::get<int64_t>(value);
  switch (type.kind) {
    case TypeKind::kBoolean:
      return number != 0 ? "true" : "false";
    case TypeKind::kDecimal:
      return FormatDecimal(number, type.scale);
    case TypeKind::kTimestamp:
      return base::FormatTimestamp(number);
    case TypeKind::kDate:
      return base::FormatTimestamp(number * 86'400'000).substr(0, 10);
    case TypeKind::kTime:
      return base::FormatTimestamp(number).substr(11);
    default:
      return fmt::format("{}", number);
  }
}

std::string FormatDecimal(int64_t unscaled, int scale) {
  std::string digits = fmt::format("{}", unscaled);
  if (scale == 0) {
    return digits;
  }
  const size_t sign = unscaled < 0 ? 1 : 0;
  const size_t needed = static_cast<size_t>(scale) + 1;
  if (digits.size() - sign < needed) {
    digits.insert(sign, needed - (digits.size() - sign), '0');
  }
  digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
  return digits;
}

base::Result<int64_t> ParseDecimal(std::string_view text, int scale) {
  DecimalText number;
  if (!ReadDecimalText(text, number)) {
    return Fail(Code::kInvalidArgument, "'{}' is not a decimal number", text.substr(0, 64));
  }
  if (number.digits.empty()) {
    return 0;
  }
  const int shift = number.exponent + scale;
  const int64_t kept = static_cast<int64_t>(number.digits.size()) + shift;
  bool round_up = false;
  if (shift < 0) {
    round_up = kept >= 0 && number.digits[static_cast<size_t>(kept)] >= '5';
    number.digits.resize(static_cast<size_t>(std::max<int64_t>(kept, 0)));
  } else if (kept <= kMaxDigits) {
    number.digits.append(static_cast<size_t>(shift), '0');
  }
  int64_t value = 0;
  if (kept <= kMaxDigits) {
    for (const char digit : number.digits) {
      value = value * 10 + (digit - '0');
    }
    value += round_up ? 1 : 0;
  }
  if (kept > kMaxDigits || value > PowerOfTen(kMaxDigits) - 1) {
    return Fail(Code::kInvalidArgument, "'{}' has more than {} digits at scale {}",
                text.substr(0, 64), kMaxDigits, scale);
  }
  return number.negative ? -value : value;
}

}  // namespace weir::model
