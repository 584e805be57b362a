#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::stream {

// LIKE: % is any text, _ one character (a UTF-8 code point); `escape` makes the next character
// itself. kInvalidArgument when the pattern ends with the escape character. Takes at most pattern ×
// text steps.
base::Result<bool> MatchesLike(std::string_view text, std::string_view pattern,
                               std::optional<char> escape);

// A regular expression that takes time proportional to the text, whatever the pattern. Immutable.
class RegularExpression {
 public:
  // ECMAScript syntax without back-references. kInvalidArgument when it does not parse or is longer
  // than kMaxPatternBytes.
  static base::Result<RegularExpression> Create(std::string_view pattern);
  // The SQL pattern of SIMILAR TO: %, _, |, *, +, ?, {n,m}, (), [].
  static base::Result<RegularExpression> CreateSimilar(std::string_view pattern,
                                                       std::optional<char> escape);

  RegularExpression(RegularExpression&&) noexcept;
  RegularExpression& operator=(RegularExpression&&) noexcept;
  ~RegularExpression();

  bool Matches(std::string_view text) const;
  // Replaces the `occurrence`-th match (0: every one) that begins at `start` (0-based byte) or
  // later.
  std::string Replace(std::string_view text, std::string_view replacement, size_t start,
                      size_t occurrence) const;

  static constexpr size_t kMaxPatternBytes = 1024;

 private:
  struct State;
  explicit RegularExpression(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::stream
