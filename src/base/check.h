#pragma once

#include <string_view>

namespace weir::base {

/// Prints file, line and condition to stderr and aborts. Used by CHECK; not for user input.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view note);

}  // namespace weir::base

/// Asserts what only a bug can break. Stays on in release. What a user can send is checked with
/// Result instead.
#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) [[unlikely]] {                                 \
      ::weir::base::CheckFailed(__FILE__, __LINE__, #condition, {}); \
    }                                                                \
  } while (false)

/// CHECK with a note that is printed with the failure.
#define CHECK_NOTE(condition, note)                                      \
  do {                                                                   \
    if (!(condition)) [[unlikely]] {                                     \
      ::weir::base::CheckFailed(__FILE__, __LINE__, #condition, (note)); \
    }                                                                    \
  } while (false)
