#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#ifndef __AVX2__
#error "weir needs AVX2: build with -march=x86-64-v3 or newer"
#endif

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
  explicit Scanner(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

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
    uint32_t high = 0;
    const char* const stop = FindStringStop(first, begin_, end_, high);
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

  /// The first '"', '\' or control character in [at, end), or `end`. `high` gets bits when a byte
  /// before it is not ASCII. `begin` is where readable memory starts.
  static const char* FindStringStop(const char* at, const char* begin, const char* end,
                                    uint32_t& high) {
    while (end - at >= 32) {
      const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const uint32_t stops = StopMask(block);
      const auto highs = static_cast<uint32_t>(_mm256_movemask_epi8(block));
      if (stops != 0) {
        high |= highs & (stops - 1) & ~stops;
        return at + __builtin_ctz(stops);
      }
      high |= highs;
      at += 32;
    }
    if (end - begin < 32 || at == end) {
      return FindStringStopByByte(at, end, high);
    }
    // The last 32 bytes, without those before `at`.
    const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(end - 32));
    const int passed = static_cast<int>(32 - (end - at));
    const uint32_t stops = StopMask(block) >> passed;
    const uint32_t highs = static_cast<uint32_t>(_mm256_movemask_epi8(block)) >> passed;
    if (stops == 0) {
      high |= highs;
      return end;
    }
    high |= highs & (stops - 1) & ~stops;
    return at + __builtin_ctz(stops);
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  static uint32_t StopMask(__m256i block) {
    const __m256i quotes = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('"'));
    const __m256i backslashes = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('\\'));
    const __m256i last_control = _mm256_set1_epi8(0x1F);
    const __m256i controls = _mm256_cmpeq_epi8(_mm256_max_epu8(block, last_control), last_control);
    return static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quotes, backslashes), controls)));
  }

  static const char* FindStringStopByByte(const char* at, const char* end, uint32_t& high);
  bool EscapedString(const char* first, const char* stop, Token& token);
  bool Escape(const char*& at);
  bool Number(Token& token);
  bool Digits();
  bool Literal(std::string_view literal, TokenKind kind, Token& token);

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* reason_ = "";
};

/// Appends the text of a string token with its escapes resolved.
void DecodeString(std::string_view escaped, std::string& out);

}  // namespace weir::json
