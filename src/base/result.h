#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/format.h"

namespace weir::base {

/// What a caller can do next; the code decides HTTP statuses and exit codes, the message tells a
/// person what, where and how to remedy it.
enum class Code : uint8_t {
  kInvalidArgument,     ///< The input is wrong; sending it again cannot help. HTTP 400, exit 64.
  kNotFound,            ///< The named thing does not exist. HTTP 404, exit 66.
  kAlreadyExists,       ///< The name is taken. HTTP 409.
  kFailedPrecondition,  ///< Right input, wrong state (busy, locked, newer format). HTTP 409,
                        ///< exit 78.
  kLimitExceeded,       ///< A named limit was reached; less or later helps. HTTP 413 or 429.
  kUnavailable,         ///< Try again later: overload, shutting down. HTTP 503, exit 75.
  kDiskFull,            ///< No space; resumes alone when there is. HTTP 503, exit 74.
  kPermission,          ///< Not allowed. HTTP 403, exit 77.
  kDataLoss,  ///< Stored bytes are damaged: which file and offset is in the message. Exit 65.
  kIo,        ///< The operating system refused a file or socket operation. Exit 74.
  kInternal,  ///< A bug. HTTP 500, exit 70.
};

/// The code's name as it appears in logs, metrics and JSON errors, for example "invalid_argument".
std::string_view CodeName(Code code);

/// A failure as a value: code for the program, message for the person. Static text first, values
/// last, lower-case, with the place and the remedy.
struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

/// Either a T or an Error. Never ignored silently.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

/// Builds the failure: `return Fail(Code::kNotFound, "no stream named '{}'", name);`
template <typename... Args>
std::unexpected<Error> Fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// Prefixes the message of `error` with where it happened: "deliver 'clicks': disk full …".
Error Within(std::string_view place, Error error);

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

/// Returns the error of `expr` from the enclosing function, if it has one.
#define RETURN_IF_ERROR(expr)                                 \
  do {                                                        \
    auto weir_result = (expr);                                \
    if (!weir_result.has_value()) {                           \
      return std::unexpected(std::move(weir_result).error()); \
    }                                                         \
  } while (false)

/// Declares or assigns `lhs` from the value of `expr`, or returns its error.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_INNER(WEIR_CONCAT(weir_result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_INNER(result, lhs, expr)      \
  auto result = (expr);                                \
  if (!result.has_value()) {                           \
    return std::unexpected(std::move(result).error()); \
  }                                                    \
  lhs = std::move(*result)

}  // namespace weir::base
