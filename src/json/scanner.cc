#include "json/scanner.h"

namespace weir::json {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// The number of four hex digits; -1 when they are not.
int HexQuad(const char* at, const char* end) {
  if (end - at < 4) {
    return -1;
  }
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    const int digit = IsDigit(c)             ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

bool IsHighSurrogate(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

bool IsLowSurrogate(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

void AppendUtf8(uint32_t point, std::string& out) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) {
    out += byte(point);
  } else if (point < 0x800) {
    out += {byte(0xC0 | point >> 6), byte(0x80 | (point & 63))};
  } else if (point < 0x10000) {
    out += {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
  } else {
    out += {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 63)),
            byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
  }
}

char SimpleEscape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '/':
      return c;
    default:
      return '\0';
  }
}

}  // namespace

bool Scanner::EscapedString(const char* first, const char* stop, Token& token) {
  while (stop < end_ && *stop == '\\') {
    if (!Escape(stop)) {
      at_ = stop;
      return false;
    }
    stop = stops_.Next(stop);
  }
  at_ = stop;
  if (stop == end_) {
    return Fail("the string does not end");
  }
  if (*stop != '"') {
    return Fail("control character in a string: write it as an escape");
  }
  token = {TokenKind::kString, true, {first, static_cast<size_t>(stop - first)}};
  ++at_;
  return true;
}

/// Checks the escape at `at` and moves `at` behind it.
bool Scanner::Escape(const char*& at) {
  if (end_ - at < 2) {
    return Fail("the string does not end");
  }
  if (at[1] != 'u') {
    if (SimpleEscape(at[1]) == '\0') {
      return Fail("unknown escape in a string");
    }
    at += 2;
    return true;
  }
  const int unit = HexQuad(at + 2, end_);
  if (unit < 0) {
    return Fail("\\u needs four hex digits");
  }
  if (IsHighSurrogate(unit)) {
    const bool paired =
        end_ - at >= 12 && at[6] == '\\' && at[7] == 'u' && IsLowSurrogate(HexQuad(at + 8, end_));
    if (!paired) {
      return Fail("half of a surrogate pair in a string");
    }
    at += 12;
    return true;
  }
  if (IsLowSurrogate(unit)) {
    return Fail("half of a surrogate pair in a string");
  }
  at += 6;
  return true;
}

bool Scanner::Scalar(Token& token) {
  switch (Peek()) {
    case 't':
      return Literal("true", TokenKind::kTrue, token);
    case 'f':
      return Literal("false", TokenKind::kFalse, token);
    case 'n':
      return Literal("null", TokenKind::kNull, token);
    default:
      return Number(token);
  }
}

bool Scanner::Literal(std::string_view literal, TokenKind kind, Token& token) {
  const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
  if (!rest.starts_with(literal)) {
    return Fail("a value must be an object, array, string, number, true, false or null");
  }
  token = {kind, false, rest.substr(0, literal.size())};
  at_ += literal.size();
  return true;
}

bool Scanner::Digits() {
  if (!IsDigit(Peek())) {
    return Fail("a digit is missing in a number");
  }
  while (at_ < end_ && IsDigit(*at_)) {
    ++at_;
  }
  return true;
}

bool Scanner::Number(Token& token) {
  const char* const first = at_;
  if (Peek() == '-') {
    ++at_;
  } else if (!IsDigit(Peek())) {
    return Fail(AtEnd() ? "the text ends where a value must follow"
                        : "a value must be an object, array, string, number, true, false or null");
  }
  if (Peek() == '0') {
    ++at_;
  } else if (!Digits()) {
    return false;
  }
  if (Peek() == '.') {
    ++at_;
    if (!Digits()) {
      return false;
    }
  }
  if (Peek() == 'e' || Peek() == 'E') {
    ++at_;
    if (Peek() == '+' || Peek() == '-') {
      ++at_;
    }
    if (!Digits()) {
      return false;
    }
  }
  token = {TokenKind::kNumber, false, {first, static_cast<size_t>(at_ - first)}};
  return true;
}

void DecodeString(std::string_view escaped, std::string& out) {
  const char* at = escaped.data();
  const char* const end = at + escaped.size();
  while (at < end) {
    if (*at != '\\' || end - at < 2) {
      out += *at++;
      continue;
    }
    if (at[1] != 'u') {
      out += SimpleEscape(at[1]);
      at += 2;
      continue;
    }
    int point = HexQuad(at + 2, end);
    at += 6;
    if (IsHighSurrogate(point)) {
      point = 0x10000 + ((point - 0xD800) << 10) + (HexQuad(at + 2, end) - 0xDC00);
      at += 6;
    }
    AppendUtf8(static_cast<uint32_t>(point), out);
  }
}

}  // namespace weir::json
