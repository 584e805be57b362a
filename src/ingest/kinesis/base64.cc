#include "ingest/kinesis/base64.h"

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "base/format.h"

namespace weir::ingest::kinesis {
namespace {

constexpr uint32_t kInvalid = 0x80000000;

using Table = std::array<uint32_t, 256>;

// The six bits of each character, shifted to their place in the group's 24 bits.
constexpr Table MakeTable(int shift) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Table table{};
  table.fill(kInvalid);
  for (uint32_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = i << shift;
  }
  return table;
}

constexpr std::array<Table, 4> kTables = {MakeTable(18), MakeTable(12), MakeTable(6), MakeTable(0)};

uint32_t Group(const char* text) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text);
  return kTables[0][bytes[0]] | kTables[1][bytes[1]] | kTables[2][bytes[2]] | kTables[3][bytes[3]];
}

// All ones in the bytes that are from `first` to `last`.
__m256i InRange(__m256i bytes, char first, char last) {
  return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(static_cast<char>(first - 1))),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(last + 1)), bytes));
}

// Decodes 32 characters at `text` to 24 bytes at `to`, behind which 8 more are written. False when
// one of them is not of the alphabet.
bool DecodeBlock(const char* text, char* to) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  // What to add to a character to get its six bits; zero for those that have none.
  const auto shift = [&](char first, char last, int value) {
    return _mm256_and_si256(InRange(bytes, first, last),
                            _mm256_set1_epi8(static_cast<char>(value - first)));
  };
  const __m256i letters = _mm256_or_si256(shift('A', 'Z', 0), shift('a', 'z', 26));
  const __m256i signs = _mm256_or_si256(shift('+', '+', 62), shift('/', '/', 63));
  const __m256i shifts = _mm256_or_si256(_mm256_or_si256(letters, signs), shift('0', '9', 52));
  if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(shifts, _mm256_setzero_si256())) != 0) {
    return false;
  }
  const __m256i six = _mm256_add_epi8(bytes, shifts);
  const __m256i twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi16(0x0140));
  const __m256i twenty_four = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
  // The bytes of each group stand in reverse, with one unused: 12 in order in each half, then 24.
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                         2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i halves = _mm256_shuffle_epi8(twenty_four, order);
  const __m256i packed =
      _mm256_permutevar8x32_epi32(halves, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), packed);
  return true;
}

std::string InvalidCharacter(std::string_view text) {
  for (const char c : text) {
    if ((kTables[3][static_cast<unsigned char>(c)] & kInvalid) != 0) {
      return fmt::format("Invalid Base64 character: '{}'", c);
    }
  }
  return "Invalid Base64 text";
}

}  // namespace

std::expected<void, std::string> DecodeBase64(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) {
    return std::unexpected(fmt::format(
        "Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.size()));
  }
  if (text.empty()) {
    return {};
  }
  const size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  const size_t whole = text.size() - (padding > 0 ? 4 : 0);
  const size_t before = out.size();
  uint32_t seen = 0;
  const size_t size = before + text.size() / 4 * 3;
  out.resize_and_overwrite(size, [&](char* all, size_t) {
    char* at = all + before;
    size_t i = 0;
    // A block writes 32 bytes: as many as 44 characters give.
    for (; i + 44 <= whole && DecodeBlock(text.data() + i, at); i += 32) {
      at += 24;
    }
    for (; i < whole; i += 4) {
      const uint32_t group = Group(text.data() + i);
      seen |= group;
      at[0] = static_cast<char>(group >> 16);
      at[1] = static_cast<char>(group >> 8);
      at[2] = static_cast<char>(group);
      at += 3;
    }
    return size;
  });
  if (padding > 0) {
    std::array<char, 4> last = {text[whole], text[whole + 1], 'A', 'A'};
    last[2] = padding == 1 ? text[whole + 2] : 'A';
    const uint32_t group = Group(last.data());
    seen |= group;
    const uint32_t unused = padding == 1 ? 0xFF : 0xFFFF;
    if ((seen & kInvalid) == 0 && (group & unused) != 0) {
      out.resize(before);
      return std::unexpected("Invalid last non-pad Base64 character dectected");
    }
    char* const end = out.data() + out.size();
    end[-3] = static_cast<char>(group >> 16);
    end[-2] = static_cast<char>(group >> 8);
    out.resize(out.size() - padding);
  }
  if ((seen & kInvalid) != 0) {
    out.resize(before);
    return std::unexpected(InvalidCharacter(text.substr(0, text.size() - padding)));
  }
  return {};
}

}  // namespace weir::ingest::kinesis
