#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"
#include "json/validate.h"

namespace weir::json {

struct Member;

/// A JSON value that owns its parts: for requests, responses and metadata, not for records in bulk.
/// Numbers keep their text, so that exact decimals survive; objects keep the order of their
/// members.
class Value {
 public:
  Value();  ///< null

  Value(std::nullptr_t);  // NOLINT: implicit on purpose, as the others

  Value(bool value);                // NOLINT
  Value(std::string_view text);     // NOLINT
  Value(const std::string& text);   // NOLINT
  Value(std::string&& text);        // NOLINT
  Value(const char* text);          // NOLINT
  Value(double number);             // NOLINT: NaN and infinities become null
  Value(std::vector<Value> items);  // NOLINT

  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Value(T number);  // NOLINT

  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  static Value Array();
  static Value Object();
  /// A number by its JSON text, for example an exact decimal; CHECKs that it is one.
  static Value Decimal(std::string text);

  bool IsNull() const;
  bool IsBool() const;
  bool IsNumber() const;
  bool IsString() const;
  bool IsArray() const;
  bool IsObject() const;

  /// "null", "boolean", "number", "string", "array" or "object", for messages.
  std::string_view KindName() const;

  /// The value when it is of that kind (and fits), else nothing. Views live as long as this value.
  std::optional<bool> AsBool() const;
  std::optional<int64_t> AsInt() const;
  std::optional<uint64_t> AsUint() const;
  std::optional<double> AsDouble() const;
  std::optional<std::string_view> AsString() const;
  /// The number as it was written.
  std::optional<std::string_view> NumberText() const;

  /// The elements of an array; none when it is not an array.
  const std::vector<Value>& Items() const;
  /// The members of an object in order; none when it is not an object.
  const std::vector<Member>& Members() const;
  /// The member's value; nullptr when missing or this is not an object.
  const Value* Find(std::string_view key) const;

  /// The member as that kind; kInvalidArgument that names the key when missing or of another kind.
  base::Result<std::string> StringAt(std::string_view key) const;
  base::Result<int64_t> IntAt(std::string_view key) const;
  base::Result<bool> BoolAt(std::string_view key) const;

  /// Sets or replaces a member of an object (null becomes an object); returns this value.
  Value& Set(std::string_view key, Value value);
  /// Adds a member that the object does not have yet; faster than Set. Returns this value.
  Value& AddMember(std::string key, Value value);
  /// Adds an element to an array (null becomes an array); returns this value.
  Value& Append(Value value);

  /// Compact JSON text.
  std::string Serialize() const;
  void SerializeTo(std::string& out) const;

  friend bool operator==(const Value& a, const Value& b);

 private:
  struct Number {
    std::string text;

    friend bool operator==(const Number&, const Number&) = default;
  };

  std::variant<std::monostate, bool, Number, std::string, std::vector<Value>, std::vector<Member>>
      data_;
};

/// One member of an object.
struct Member {
  std::string name;
  Value value;

  friend bool operator==(const Member&, const Member&) = default;
};

// Here, not in the class: the variant needs Member complete.
inline Value::Value() = default;

inline Value::Value(std::nullptr_t) {}

template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>)
Value::Value(T number) : data_(Number{fmt::format("{}", number)}) {}

inline bool Value::IsNull() const {
  return std::holds_alternative<std::monostate>(data_);
}

inline bool Value::IsBool() const {
  return std::holds_alternative<bool>(data_);
}

inline bool Value::IsNumber() const {
  return std::holds_alternative<Number>(data_);
}

inline bool Value::IsString() const {
  return std::holds_alternative<std::string>(data_);
}

inline bool Value::IsArray() const {
  return std::holds_alternative<std::vector<Value>>(data_);
}

inline bool Value::IsObject() const {
  return std::holds_alternative<std::vector<Member>>(data_);
}

/// Reads one JSON value; errors as Validator's.
base::Result<Value> Parse(std::string_view text, const Limits& limits = {});

}  // namespace weir::json
