#pragma once

#include <cstdint>
#include <string>

// What a CBOR document is made of (RFC 8949 §3).
namespace weir::ingest::aws::cbor {

enum class Major : uint8_t {
  kUnsigned = 0,
  kNegative = 1,
  kBytes = 2,
  kText = 3,
  kList = 4,
  kMap = 5,
  kTag = 6,
  kSimple = 7,
};

inline constexpr uint8_t kFalse = 0xF4;
inline constexpr uint8_t kTrue = 0xF5;
inline constexpr uint8_t kNull = 0xF6;
inline constexpr uint8_t kUndefined = 0xF7;
inline constexpr uint8_t kHalf = 0xF9;
inline constexpr uint8_t kFloat = 0xFA;
inline constexpr uint8_t kDouble = 0xFB;
inline constexpr uint8_t kIndefiniteList = 0x9F;
inline constexpr uint8_t kIndefiniteMap = 0xBF;
inline constexpr uint8_t kBreak = 0xFF;

// A time. The AWS SDKs write whole milliseconds since 1970 below it, where the RFC has seconds.
inline constexpr uint64_t kTimeTag = 1;

// Appends an item's first bytes: its major type and its number, in the shortest form.
inline void AppendHead(Major major, uint64_t number, std::string& out) {
  const auto type = static_cast<uint8_t>(static_cast<uint8_t>(major) << 5);
  if (number < 24) {
    out.push_back(static_cast<char>(type | number));
    return;
  }
  const int width = number <= UINT8_MAX    ? 0
                    : number <= UINT16_MAX ? 1
                    : number <= UINT32_MAX ? 2
                                           : 3;
  out.push_back(static_cast<char>(type | (24 + width)));
  for (int shift = (8 << width) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(number >> shift));
  }
}

}  // namespace weir::ingest::aws::cbor
