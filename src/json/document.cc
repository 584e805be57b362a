#include "json/document.h"

#include <charconv>
#include <cmath>

#include "base/check.h"
#include "json/row_encoder.h"
#include "json/scanner.h"

namespace weir::json {
namespace {

using base::Code;
using base::Fail;

template <typename T>
std::optional<T> ReadNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string TextOf(const Token& token) {
  if (!token.escaped) {
    return std::string(token.text);
  }
  std::string text;
  DecodeString(token.text, text);
  return text;
}

/// Builds the value of a text that Validator has found fine; so depth is bounded.
Value Build(Scanner& scanner) {
  scanner.SkipSpace();
  Token token;
  const char open = scanner.Peek();
  if (open == '"') {
    CHECK(scanner.String(token));
    return TextOf(token);
  }
  if (open != '{' && open != '[') {
    CHECK(scanner.Scalar(token));
    switch (token.kind) {
      case TokenKind::kNumber:
        return Value::Decimal(std::string(token.text));
      case TokenKind::kNull:
        return nullptr;
      default:
        return token.kind == TokenKind::kTrue;
    }
  }
  Value value = open == '{' ? Value::Object() : Value::Array();
  const char close = open == '{' ? '}' : ']';
  scanner.Advance();
  for (scanner.SkipSpace(); scanner.Peek() != close; scanner.SkipSpace()) {
    if (scanner.Peek() == ',') {
      scanner.Advance();
      scanner.SkipSpace();
    }
    if (open == '[') {
      value.Append(Build(scanner));
      continue;
    }
    CHECK(scanner.String(token));
    scanner.SkipSpace();
    scanner.Advance();
    value.AddMember(TextOf(token), Build(scanner));
  }
  scanner.Advance();
  return value;
}

}  // namespace

Value::Value(bool value) : data_(value) {}

Value::Value(std::string_view text) : data_(std::string(text)) {}

Value::Value(const std::string& text) : data_(text) {}

Value::Value(std::string&& text) : data_(std::move(text)) {}

Value::Value(const char* text) : data_(std::string(text)) {}

Value::Value(double number) {
  if (std::isfinite(number)) {
    data_ = Number{fmt::format("{}", number)};
  }
}

Value::Value(std::vector<Value> items) : data_(std::move(items)) {}

Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::Array() {
  return Value(std::vector<Value>());
}

Value Value::Object() {
  Value value;
  value.data_ = std::vector<Member>();
  return value;
}

Value Value::Decimal(std::string text) {
  const StopIndex stops(text);
  Scanner scanner(text, stops);
  Token token;
  CHECK_NOTE(scanner.Scalar(token) && token.kind == TokenKind::kNumber && scanner.AtEnd(), text);
  Value value;
  value.data_ = Number{std::move(text)};
  return value;
}

std::string_view Value::KindName() const {
  static constexpr std::string_view kNames[] = {"null",   "boolean", "number",
                                                "string", "array",   "object"};
  return kNames[data_.index()];
}

std::optional<bool> Value::AsBool() const {
  const auto* value = std::get_if<bool>(&data_);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<int64_t> Value::AsInt() const {
  const auto* number = std::get_if<Number>(&data_);
  return number == nullptr ? std::nullopt : ReadNumber<int64_t>(number->text);
}

std::optional<uint64_t> Value::AsUint() const {
  const auto* number = std::get_if<Number>(&data_);
  return number == nullptr ? std::nullopt : ReadNumber<uint64_t>(number->text);
}

std::optional<double> Value::AsDouble() const {
  const auto* number = std::get_if<Number>(&data_);
  return number == nullptr ? std::nullopt : ReadNumber<double>(number->text);
}

std::optional<std::string_view> Value::AsString() const {
  const auto* text = std::get_if<std::string>(&data_);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<std::string_view> Value::NumberText() const {
  const auto* number = std::get_if<Number>(&data_);
  return number == nullptr ? std::nullopt : std::optional<std::string_view>(number->text);
}

const std::vector<Value>& Value::Items() const {
  static const std::vector<Value> kNone;
  const auto* items = std::get_if<std::vector<Value>>(&data_);
  return items == nullptr ? kNone : *items;
}

const std::vector<Member>& Value::Members() const {
  static const std::vector<Member> kNone;
  const auto* members = std::get_if<std::vector<Member>>(&data_);
  return members == nullptr ? kNone : *members;
}

const Value* Value::Find(std::string_view key) const {
  for (const Member& member : Members()) {
    if (member.name == key) {
      return &member.value;
    }
  }
  return nullptr;
}

base::Result<std::string> Value::StringAt(std::string_view key) const {
  const Value* value = Find(key);
  if (value == nullptr || !value->IsString()) {
    return Fail(Code::kInvalidArgument, "'{}' must be a string, but is {}", key,
                value == nullptr ? "missing" : value->KindName());
  }
  return std::string(*value->AsString());
}

base::Result<int64_t> Value::IntAt(std::string_view key) const {
  const Value* value = Find(key);
  const std::optional<int64_t> number = value == nullptr ? std::nullopt : value->AsInt();
  if (!number.has_value()) {
    return Fail(Code::kInvalidArgument, "'{}' must be a whole number, but is {}", key,
                value == nullptr    ? "missing"
                : value->IsNumber() ? value->NumberText()->substr(0, 64)
                                    : value->KindName());
  }
  return *number;
}

base::Result<bool> Value::BoolAt(std::string_view key) const {
  const Value* value = Find(key);
  if (value == nullptr || !value->IsBool()) {
    return Fail(Code::kInvalidArgument, "'{}' must be true or false, but is {}", key,
                value == nullptr ? "missing" : value->KindName());
  }
  return *value->AsBool();
}

Value& Value::Set(std::string_view key, Value value) {
  if (IsNull()) {
    data_ = std::vector<Member>();
  }
  CHECK_NOTE(IsObject(), key);
  for (Member& member : std::get<std::vector<Member>>(data_)) {
    if (member.name == key) {
      member.value = std::move(value);
      return *this;
    }
  }
  return AddMember(std::string(key), std::move(value));
}

Value& Value::AddMember(std::string key, Value value) {
  CHECK_NOTE(IsObject(), key);
  std::get<std::vector<Member>>(data_).push_back({std::move(key), std::move(value)});
  return *this;
}

Value& Value::Append(Value value) {
  if (IsNull()) {
    data_ = std::vector<Value>();
  }
  CHECK(IsArray());
  std::get<std::vector<Value>>(data_).push_back(std::move(value));
  return *this;
}

std::string Value::Serialize() const {
  std::string out;
  SerializeTo(out);
  return out;
}

void Value::SerializeTo(std::string& out) const {
  if (IsNull()) {
    out += "null";
  } else if (const auto* boolean = std::get_if<bool>(&data_)) {
    out += *boolean ? "true" : "false";
  } else if (const auto* number = std::get_if<Number>(&data_)) {
    out += number->text;
  } else if (const auto* text = std::get_if<std::string>(&data_)) {
    AppendQuoted(*text, out);
  } else if (IsArray()) {
    char separator = '[';
    for (const Value& item : Items()) {
      out += separator;
      item.SerializeTo(out);
      separator = ',';
    }
    out += separator == '[' ? "[]" : "]";
  } else {
    char separator = '{';
    for (const Member& member : Members()) {
      out += separator;
      AppendQuoted(member.name, out);
      out += ':';
      member.value.SerializeTo(out);
      separator = ',';
    }
    out += separator == '{' ? "{}" : "}";
  }
}

bool operator==(const Value& a, const Value& b) {
  return a.data_ == b.data_;
}

base::Result<Value> Parse(std::string_view text, const Limits& limits) {
  RETURN_IF_ERROR(Validate(text, limits));
  const StopIndex stops(text);
  Scanner scanner(text, stops);
  return Build(scanner);
}

}  // namespace weir::json
