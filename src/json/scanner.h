#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/stop_index.h"

namespace weir::json {

enum class TokenKind : uint8_t { kMissing, kNull, kTrue, kFalse, kNumber, kString, kComposite };

/// A value as it stands in the text. A string is without its quotes, with its escapes.
struct Token {
  TokenKind kind = TokenKind::kMissing;
  bool escaped = false;  ///< A string that holds escapes; DecodeString gives its text.
  std::string_view text;
};

/// Reads the tokens of one JSON text. Never reads outside the text, and does not check UTF-8. After
/// a function has returned false, reason() tells why and offset() where.
class Scanner {
 public:
  /// `stops` are those of `text`; they must outlive the scanner.
  Scanner(std::string_view text, const StopIndex& stops)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), stops_(stops) {}

  const char* at() const { return at_; }

  bool AtEnd() const { return at_ == end_; }

  /// The next character; 0 at the end.
  char Peek() const { return at_ < end_ ? *at_ : '\0'; }

  void Advance() { ++at_; }

  void SkipSpace() {
    while (at_ < end_ && static_cast<uint8_t>(*at_) <= ' ' && IsSpace(*at_)) [[unlikely]] {
      ++at_;
    }
  }

  /// The string at '"'.
  bool String(Token& token) {
    const char* const first = at_ + 1;
    const char* const stop = stops_.Next(first);
    if (stop != end_ && *stop == '"') [[likely]] {
      token = {TokenKind::kString, false, {first, static_cast<size_t>(stop - first)}};
      at_ = stop + 1;
      return true;
    }
    return EscapedString(first, stop, token);
  }

  /// The number, true, false or null at the current place.
  bool Scalar(Token& token);

  bool Fail(const char* reason) {
    reason_ = reason;
    return false;
  }

  const char* reason() const { return reason_; }

  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  bool EscapedString(const char* first, const char* stop, Token& token);
  bool Escape(const char*& at);
  bool Number(Token& token);
  bool Digits();
  bool Literal(std::string_view literal, TokenKind kind, Token& token);

  const char* begin_;
  const char* at_;
  const char* end_;
  const StopIndex& stops_;
  const char* reason_ = "";
};

/// Appends the text of a string token with its escapes resolved.
void DecodeString(std::string_view escaped, std::string& out);

}  // namespace weir::json
