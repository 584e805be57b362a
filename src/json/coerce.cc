#include "json/coerce.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "model/value.h"

namespace weir::json {
namespace {

constexpr int64_t kMillisPerDay = 86'400'000;

bool IsTrueText(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  if (text.size() != kTrue.size()) {
    return false;
  }
  for (size_t i = 0; i < kTrue.size(); ++i) {
    if ((text[i] | 0x20) != kTrue[i]) {
      return false;
    }
  }
  return true;
}

/// A whole number; a fraction may follow when it is zero.
bool ReadInteger(std::string_view text, int64_t& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop == end) {
    return error == std::errc();
  }
  const std::string_view rest(stop, static_cast<size_t>(end - stop));
  return rest.size() > 1 && rest.front() == '.' &&
         rest.find_first_not_of('0', 1) == std::string_view::npos;
}

bool ReadDouble(std::string_view text, double& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || text.empty()) {
    return false;
  }
  if (error == std::errc::result_out_of_range) {
    value =
        std::strtod(std::string(text).c_str(), nullptr);  // Too small is zero, too great is not.
  }
  return (error == std::errc() || error == std::errc::result_out_of_range) && std::isfinite(value);
}

bool ReadFloating(const Token& token, std::string_view text, const model::Type& type,
                  double& value) {
  if (token.kind == TokenKind::kTrue || token.kind == TokenKind::kFalse) {
    value = token.kind == TokenKind::kTrue ? 1 : 0;
    return true;
  }
  double number = 0;
  if (token.kind == TokenKind::kComposite || !ReadDouble(text, number)) {
    return false;
  }
  if (type.kind == model::TypeKind::kReal) {
    number = static_cast<double>(static_cast<float>(number));
    if (!std::isfinite(number)) {
      return false;
    }
  }
  value = number;
  return true;
}

bool ReadDecimal(std::string_view text, const model::Type& type, int64_t& value) {
  const base::Result<int64_t> number = model::ParseDecimal(text, type.scale);
  if (!number.has_value() || std::abs(*number) > model::PowerOfTen(type.precision) - 1) {
    return false;
  }
  value = *number;
  return true;
}

bool ReadBoolean(const Token& token, std::string_view text, int64_t& value) {
  double number = 0;
  switch (token.kind) {
    case TokenKind::kNumber:
      value = !ReadDouble(text, number) || number != 0 ? 1 : 0;
      return true;
    case TokenKind::kString:
      value = IsTrueText(text) ? 1 : 0;
      return true;
    default:
      return false;
  }
}

int64_t DayOf(int64_t millis) {
  return millis >= 0 ? millis / kMillisPerDay : -((-(millis + 1)) / kMillisPerDay) - 1;
}

}  // namespace

bool Coercion::PutOther(const Token& token, size_t row, size_t size, model::Column& column) {
  if (token.kind == TokenKind::kNull || token.kind == TokenKind::kMissing) {
    column.SetNull(row, size);
    return true;
  }
  std::string decoded;
  std::string_view text = token.text;
  if (token.escaped) {
    DecodeString(text, decoded);
    text = decoded;
  }
  switch (column.type.physical()) {
    case model::Physical::kString:
      return PutText(token, text, row, column);
    case model::Physical::kDouble:
      return ReadFloating(token, text, column.type, column.doubles[row]);
    case model::Physical::kInt64:
      return PutInt(token, text, column.type, column.ints[row]);
  }
  return false;
}

bool Coercion::PutText(const Token& token, std::string_view text, size_t row,
                       model::Column& column) {
  const auto bytes = static_cast<size_t>(column.type.precision);
  if (column.type.kind == model::TypeKind::kVarbinary) {
    const std::optional<std::string> data =
        token.kind == TokenKind::kString ? base::FromHex(text) : std::nullopt;
    if (!data.has_value()) {
      return false;
    }
    column.strings[row] = arena_->Add(std::string_view(*data).substr(0, bytes));
    return true;
  }
  text = Cut(text, bytes);
  column.strings[row] = token.escaped ? arena_->Add(text) : text;
  return true;
}

bool Coercion::PutInt(const Token& token, std::string_view text, const model::Type& type,
                      int64_t& value) {
  const bool is_boolean = token.kind == TokenKind::kTrue || token.kind == TokenKind::kFalse;
  if (token.kind == TokenKind::kComposite) {
    return false;
  }
  if (is_boolean && (type.IsNumeric() || type.kind == model::TypeKind::kBoolean)) {
    const int64_t one = type.kind == model::TypeKind::kDecimal ? model::PowerOfTen(type.scale) : 1;
    if (type.kind == model::TypeKind::kDecimal && type.scale == type.precision) {
      return false;
    }
    value = token.kind == TokenKind::kTrue ? one : 0;
    return true;
  }
  if (is_boolean) {
    return false;
  }
  if (type.kind == model::TypeKind::kBoolean) {
    return ReadBoolean(token, text, value);
  }
  if (type.kind == model::TypeKind::kDecimal) {
    return ReadDecimal(text, type, value);
  }
  int64_t number = 0;
  if (type.IsInteger()) {
    if (!ReadInteger(text, number) || number < model::MinOf(type.kind) ||
        number > model::MaxOf(type.kind)) {
      return false;
    }
    value = number;
    return true;
  }
  const bool is_number = token.kind == TokenKind::kNumber;
  const bool is_time = type.kind == model::TypeKind::kTime;
  const bool read = is_number ? ReadInteger(text, number)
                    : is_time ? timestamps_.Read("1970-01-01 " + std::string(text), number)
                              : timestamps_.Read(text, number);
  if (!read || (is_time && (number < 0 || number >= kMillisPerDay))) {
    return false;
  }
  value = type.kind == model::TypeKind::kDate ? DayOf(number) : number;
  return true;
}

}  // namespace weir::json
