#include "base/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

#ifndef __SSE4_2__
#error "weir needs SSE4.2: build with -march=x86-64-v2 or newer"
#endif

namespace weir::base {
namespace {

/// Three streams of this many bytes run side by side, as one crc32 instruction takes three cycles.
constexpr size_t kLane = 1024;
constexpr uint32_t kPolynomial = 0x82F63B78;

using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

/// The checksum register after `bytes` zero bytes.
constexpr uint32_t ShiftByZeros(uint32_t crc, size_t bytes) {
  for (size_t i = 0; i < bytes * 8; ++i) {
    crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return crc;
}

/// Shifting is linear, so it is the sum of what it does to each byte of the register.
ShiftTable MakeShiftTable(size_t bytes) {
  std::array<uint32_t, 32> of_bit{};
  for (size_t bit = 0; bit < of_bit.size(); ++bit) {
    of_bit[bit] = ShiftByZeros(uint32_t{1} << bit, bytes);
  }
  ShiftTable table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    for (uint32_t value = 0; value < 256; ++value) {
      for (size_t bit = 0; bit < 8; ++bit) {
        if ((value >> bit & 1) != 0) {
          table[byte][value] ^= of_bit[byte * 8 + bit];
        }
      }
    }
  }
  return table;
}

uint32_t Shift(const ShiftTable& table, uint32_t crc) {
  return table[0][crc & 0xFF] ^ table[1][crc >> 8 & 0xFF] ^ table[2][crc >> 16 & 0xFF] ^
         table[3][crc >> 24];
}

uint64_t Load64(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

uint32_t Crc32c(std::string_view data, uint32_t seed) {
  const char* at = data.data();
  size_t left = data.size();
  uint64_t crc = ~seed;
  if (left >= 3 * kLane) {
    static const ShiftTable kOneLane = MakeShiftTable(kLane);
    static const ShiftTable kTwoLanes = MakeShiftTable(2 * kLane);
    while (left >= 3 * kLane) {
      uint64_t second = 0;
      uint64_t third = 0;
      for (size_t i = 0; i < kLane; i += 8) {
        crc = _mm_crc32_u64(crc, Load64(at + i));
        second = _mm_crc32_u64(second, Load64(at + kLane + i));
        third = _mm_crc32_u64(third, Load64(at + 2 * kLane + i));
      }
      crc = Shift(kTwoLanes, static_cast<uint32_t>(crc)) ^
            Shift(kOneLane, static_cast<uint32_t>(second)) ^ third;
      at += 3 * kLane;
      left -= 3 * kLane;
    }
  }
  for (; left >= 8; at += 8, left -= 8) {
    crc = _mm_crc32_u64(crc, Load64(at));
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (; left > 0; ++at, --left) {
    narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(*at));
  }
  return ~narrow;
}

}  // namespace weir::base
