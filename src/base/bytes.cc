#include "base/bytes.h"

#include <array>

namespace weir::base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xFF;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

constexpr std::array<uint8_t, 256> MakeBase64Values() {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<uint8_t>(kBase64Digits[i])] = static_cast<uint8_t>(i);
  }
  return values;
}

constexpr std::array<uint8_t, 256> kBase64Values = MakeBase64Values();

uint32_t Base64Value(char c) {
  return kBase64Values[static_cast<uint8_t>(c)];
}

/// The 24 bits of four digits; above 24 bits when one is no digit.
uint32_t Base64Quad(const char* digits) {
  const uint32_t a = Base64Value(digits[0]);
  const uint32_t b = Base64Value(digits[1]);
  const uint32_t c = Base64Value(digits[2]);
  const uint32_t d = Base64Value(digits[3]);
  if ((a | b | c | d) == kNoDigit) {
    return 0xFFFFFFFF;
  }
  return (a << 18) | (b << 12) | (c << 6) | d;
}

}  // namespace

std::string ToHex(std::string_view data) {
  std::string hex(data.size() * 2, '\0');
  for (size_t i = 0; i < data.size(); ++i) {
    const auto byte = static_cast<uint8_t>(data[i]);
    hex[2 * i] = kHexDigits[byte >> 4];
    hex[2 * i + 1] = kHexDigits[byte & 15];
  }
  return hex;
}

std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string data(hex.size() / 2, '\0');
  for (size_t i = 0; i < data.size(); ++i) {
    const int high = HexDigit(hex[2 * i]);
    const int low = HexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    data[i] = static_cast<char>(high * 16 + low);
  }
  return data;
}

std::string ToBase64(std::string_view data) {
  std::string base64;
  base64.reserve((data.size() + 2) / 3 * 4);
  const auto digit = [](uint32_t bits) { return kBase64Digits[bits & 63]; };
  size_t i = 0;
  for (; i + 3 <= data.size(); i += 3) {
    const uint32_t bits = static_cast<uint32_t>(static_cast<uint8_t>(data[i])) << 16 |
                          static_cast<uint32_t>(static_cast<uint8_t>(data[i + 1])) << 8 |
                          static_cast<uint8_t>(data[i + 2]);
    base64 += {digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)};
  }
  if (data.size() - i == 1) {
    const uint32_t bits = static_cast<uint32_t>(static_cast<uint8_t>(data[i])) << 16;
    base64 += {digit(bits >> 18), digit(bits >> 12), '=', '='};
  } else if (data.size() - i == 2) {
    const uint32_t bits = static_cast<uint32_t>(static_cast<uint8_t>(data[i])) << 16 |
                          static_cast<uint32_t>(static_cast<uint8_t>(data[i + 1])) << 8;
    base64 += {digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), '='};
  }
  return base64;
}

std::optional<std::string> FromBase64(std::string_view base64) {
  if (base64.size() % 4 != 0) {
    return std::nullopt;
  }
  size_t padding = 0;
  while (padding < 2 && padding < base64.size() && base64[base64.size() - 1 - padding] == '=') {
    ++padding;
  }
  std::string data(base64.size() / 4 * 3, '\0');
  char* out = data.data();
  const size_t whole = base64.size() - (padding > 0 ? 4 : 0);
  for (size_t i = 0; i < whole; i += 4) {
    const uint32_t bits = Base64Quad(base64.data() + i);
    if (bits > 0xFFFFFF) {
      return std::nullopt;
    }
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  if (padding > 0) {
    std::array<char, 4> last = {'A', 'A', 'A', 'A'};
    base64.copy(last.data(), 4 - padding, whole);
    const uint32_t bits = Base64Quad(last.data());
    const uint32_t unused = padding == 1 ? 0xFF : 0xFFFF;
    if (bits > 0xFFFFFF || (bits & unused) != 0) {
      return std::nullopt;
    }
    *out++ = static_cast<char>(bits >> 16);
    if (padding == 1) {
      *out++ = static_cast<char>(bits >> 8);
    }
  }
  data.resize(static_cast<size_t>(out - data.data()));
  return data;
}

}  // namespace weir::base
