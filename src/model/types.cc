#include "model/types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "base/check.h"

namespace weir::model {
namespace {

using base::Code;
using base::Fail;

constexpr int kMaxDecimalDigits = 18;
constexpr int kMaxStringBytes = 65'535;

struct TypeName {
  std::string_view name;
  TypeKind kind;
};

/// The first name of a kind is the one that ToString gives.
constexpr TypeName kTypeNames[] = {
    {"NULL", TypeKind::kNull},
    {"BOOLEAN", TypeKind::kBoolean},
    {"TINYINT", TypeKind::kTinyint},
    {"SMALLINT", TypeKind::kSmallint},
    {"INTEGER", TypeKind::kInteger},
    {"INT", TypeKind::kInteger},
    {"BIGINT", TypeKind::kBigint},
    {"DECIMAL", TypeKind::kDecimal},
    {"DEC", TypeKind::kDecimal},
    {"NUMERIC", TypeKind::kDecimal},
    {"REAL", TypeKind::kReal},
    {"DOUBLE", TypeKind::kDouble},
    {"DOUBLE PRECISION", TypeKind::kDouble},
    {"FLOAT", TypeKind::kDouble},
    {"CHAR", TypeKind::kChar},
    {"CHARACTER", TypeKind::kChar},
    {"VARCHAR", TypeKind::kVarchar},
    {"CHARACTER VARYING", TypeKind::kVarchar},
    {"VARBINARY", TypeKind::kVarbinary},
    {"DATE", TypeKind::kDate},
    {"TIME", TypeKind::kTime},
    {"TIMESTAMP", TypeKind::kTimestamp},
    {"INTERVAL", TypeKind::kInterval},
};

std::string_view NameOf(TypeKind kind) {
  return std::ranges::find(kTypeNames, kind, &TypeName::kind)->name;
}

bool HasLength(TypeKind kind) {
  return kind == TypeKind::kChar || kind == TypeKind::kVarchar || kind == TypeKind::kVarbinary;
}

/// Upper case, runs of white space made one space, none at the ends.
std::string Normalize(std::string_view text) {
  std::string normal;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (!normal.empty() && normal.back() != ' ') {
        normal += ' ';
      }
    } else {
      normal += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  if (!normal.empty() && normal.back() == ' ') {
    normal.pop_back();
  }
  return normal;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

bool ParseNumber(std::string_view text, int& value) {
  text = Trim(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

/// The type of `kind` with the numbers in its parentheses.
base::Result<Type> WithParameters(std::string_view text, TypeKind kind,
                                  std::span<const int> numbers) {
  Type type{.kind = kind};
  if (kind == TypeKind::kDecimal && numbers.size() <= 2) {
    type.precision = numbers.empty() ? kMaxDecimalDigits : numbers[0];
    type.scale = numbers.size() < 2 ? 0 : numbers[1];
    if (type.precision < 1 || type.precision > kMaxDecimalDigits) {
      return Fail(Code::kInvalidArgument, "type '{}' must have 1 to {} digits", text,
                  kMaxDecimalDigits);
    }
    if (type.scale > type.precision) {
      return Fail(Code::kInvalidArgument, "type '{}' has more digits behind the point than in all",
                  text);
    }
    return type;
  }
  if (HasLength(kind) && numbers.size() <= 1) {
    const int otherwise = kind == TypeKind::kChar ? 1 : kMaxStringBytes;
    type.precision = numbers.empty() ? otherwise : numbers[0];
    if (type.precision < 1 || type.precision > kMaxStringBytes) {
      return Fail(Code::kInvalidArgument, "type '{}' must have a length of 1 to {}", text,
                  kMaxStringBytes);
    }
    return type;
  }
  const bool may_have_precision = kind == TypeKind::kTimestamp || kind == TypeKind::kTime ||
                                  kind == TypeKind::kDouble;  // TIMESTAMP(3), FLOAT(53)
  if (numbers.empty() || (may_have_precision && numbers.size() == 1)) {
    return type;
  }
  return Fail(Code::kInvalidArgument, "type '{}' takes no such parameters", text);
}

}  // namespace

Physical Type::physical() const {
  switch (kind) {
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return Physical::kDouble;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kVarbinary:
      return Physical::kString;
    default:
      return Physical::kInt64;
  }
}

std::string Type::ToString() const {
  if (kind == TypeKind::kDecimal) {
    return fmt::format("DECIMAL({},{})", precision, scale);
  }
  if (HasLength(kind)) {
    return fmt::format("{}({})", NameOf(kind), precision);
  }
  return std::string(NameOf(kind));
}

base::Result<Type> ParseType(std::string_view text) {
  const std::string normal = Normalize(text);
  std::string_view name = normal;
  std::array<int, 2> numbers{};
  size_t count = 0;
  if (const size_t open = name.find('('); open != std::string_view::npos) {
    if (name.back() != ')') {
      return Fail(Code::kInvalidArgument, "type '{}' lacks its closing parenthesis", text);
    }
    std::string_view inner = name.substr(open + 1, name.size() - open - 2);
    name = Trim(name.substr(0, open));
    for (bool more = true; more; ++count) {
      const size_t comma = inner.find(',');
      more = comma != std::string_view::npos;
      if (count == numbers.size() || !ParseNumber(inner.substr(0, comma), numbers[count])) {
        return Fail(Code::kInvalidArgument,
                    "type '{}' has parameters that are not one or two numbers", text);
      }
      inner.remove_prefix(more ? comma + 1 : inner.size());
    }
  }
  const auto found = std::ranges::find(kTypeNames, name, &TypeName::name);
  if (found == std::end(kTypeNames) || found->kind == TypeKind::kNull ||
      found->kind == TypeKind::kInterval) {
    return Fail(
        Code::kInvalidArgument,
        "unknown type '{}': use BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, DECIMAL(p,s), REAL, "
        "DOUBLE, CHAR(n), VARCHAR(n), VARBINARY(n), DATE, TIME or TIMESTAMP",
        text);
  }
  return WithParameters(text, found->kind, std::span(numbers).first(count));
}

int64_t MinOf(TypeKind integer) {
  switch (integer) {
    case TypeKind::kTinyint:
      return std::numeric_limits<int8_t>::min();
    case TypeKind::kSmallint:
      return std::numeric_limits<int16_t>::min();
    case TypeKind::kInteger:
      return std::numeric_limits<int32_t>::min();
    default:
      CHECK(integer == TypeKind::kBigint);
      return std::numeric_limits<int64_t>::min();
  }
}

int64_t MaxOf(TypeKind integer) {
  return -(MinOf(integer) + 1);
}

int64_t PowerOfTen(int n) {
  static constexpr auto kPowers = [] {
    std::array<int64_t, kMaxDecimalDigits + 1> powers{1};
    for (size_t i = 1; i < powers.size(); ++i) {
      powers[i] = powers[i - 1] * 10;
    }
    return powers;
  }();
  CHECK(n >= 0 && n <= kMaxDecimalDigits);
  return kPowers[n];
}

int FindField(const Schema& schema, std::string_view name) {
  for (size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

}  // namespace weir::model
