#pragma once

/// What a request of an AWS API may look like, and the two passes that judge it: types
/// (SerializationException), then constraints (ValidationException), each in the APIs' words.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <span>
#include <string_view>

#include "ingest/aws/error.h"
#include "json/document.h"

namespace weir::ingest::aws {

struct Shape;

/// One member of a structure.
struct ShapeMember {
  std::string_view name;
  const Shape* shape = nullptr;
  bool required = false;
};

/// A regular expression as messages print it, and what decides it: the whole text must match.
struct Pattern {
  std::string_view text;
  bool (*matches)(std::string_view) = nullptr;
};

/// A type with its constraints. Shapes are constants; they point at one another.
struct Shape {
  enum class Kind : uint8_t {
    kString,
    kInteger,
    kBoolean,
    kTimestamp,  ///< Seconds since 1970, a number.
    kBlob,       ///< Base64 text.
    kList,
    kMap,
    kStructure,
  };

  Kind kind = Kind::kString;
  /// Bounds of a number's value, a text's characters, a blob's bytes, a list's or map's entries.
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  const Pattern* pattern = nullptr;
  /// The values that a text may have; any when empty.
  std::span<const std::string_view> allowed;
  /// Of a list's elements, a map's values.
  const Shape* element = nullptr;
  /// Of a map's keys.
  const Shape* key = nullptr;
  std::span<const ShapeMember> members;
  /// How a list prints its structures: "com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@…".
  std::string_view printed;
};

/// The first pass: SerializationException when a value is of another type than its member. Unknown
/// members are passed over; null is the same as missing.
std::expected<void, ApiError> CheckTypes(const Shape& shape, const json::Value& request);

/// The second pass, over a request that has passed the first: ValidationException listing the first
/// kMaxListedFailures constraints that it breaks, in the order of the shape's members.
std::expected<void, ApiError> CheckConstraints(const Shape& shape, const json::Value& request);

/// Both passes.
std::expected<void, ApiError> CheckRequest(const Shape& shape, const json::Value& request);

/// Patterns that several APIs use.
extern const Pattern kNamePattern;      ///< [a-zA-Z0-9_.-]+
extern const Pattern kSequencePattern;  ///< 0|([1-9]\d{0,128})
extern const Pattern kHashKeyPattern;   ///< 0|([1-9]\d{0,38})

}  // namespace weir::ingest::aws
