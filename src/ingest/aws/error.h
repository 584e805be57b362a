#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/format.h"

namespace weir::ingest::aws {

/// An error in the form of the AWS APIs: {"__type":…,"message":…}.
struct ApiError {
  std::string type;
  std::string message;
  int status = 400;
};

template <typename... Args>
ApiError MakeError(std::string_view type, fmt::format_string<Args...> format, Args&&... args) {
  return {std::string(type), fmt::format(format, std::forward<Args>(args)...)};
}

/// Constraint failures that a ValidationException lists; further ones are left out, as AWS does.
inline constexpr size_t kMaxListedFailures = 10;

/// "N validation errors detected: …; …" of constraint failures.
ApiError ValidationError(std::string_view failures, size_t count);

/// A constraint failure's sentence: "Value <value> at '<member>' failed to satisfy constraint:
/// Member must <constraint>". `value` is printed as the API prints it ("'text'", "null").
std::string ConstraintFailure(std::string_view value, std::string_view member,
                              std::string_view constraint);

/// Collects constraint failures up to kMaxListedFailures. Not thread-safe.
class Failures {
 public:
  void Add(std::string_view value, std::string_view member, std::string_view constraint);

  size_t count() const { return count_; }

  bool full() const { return count_ == kMaxListedFailures; }

  ApiError Error() const { return ValidationError(text_, count_); }

 private:
  std::string text_;
  size_t count_ = 0;
};

}  // namespace weir::ingest::aws
