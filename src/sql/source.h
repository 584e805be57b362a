#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace weir::sql {

/// Code points of UTF-8 text.
size_t CountCharacters(std::string_view text);

/// The program text, and the way to say where in it something is wrong.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }

  /// "line 3, column 8: <message>", the source line and a caret under the place. Lines and columns
  /// count from 1, columns in characters. `offset` is a byte of the text or its end.
  base::Error ErrorAt(size_t offset, std::string_view message) const;

  template <typename... Args>
  std::unexpected<base::Error> Fail(size_t offset, fmt::format_string<Args...> format,
                                    Args&&... args) const {
    return std::unexpected(ErrorAt(offset, fmt::format(format, std::forward<Args>(args)...)));
  }

 private:
  std::string_view text_;
};

}  // namespace weir::sql
