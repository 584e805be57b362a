#include "ingest/kinesis/base64.h"

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "base/format.h"

namespace weir::ingest::kinesis {
namespace {

constexpr uint32_t kInvalid = 0x80000000;
constexpr size_t kBlock = 32;

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

// What tells the 32 characters of a block apart, by the upper half of each: a bit for each kind of
// upper half, and of each lower half the bits of the kinds that have no such character.
struct Kinds {
  std::array<char, 16> of_upper{};
  std::array<char, 16> without_lower{};
  // What to add to a character to get its six bits, by its upper half; '/' has the one at 0.
  std::array<char, 16> shift{};
};

constexpr Kinds kKinds = [] {
  constexpr char kNone = 0x10;
  constexpr std::array<char, 16> kKindOfUpper = {
      kNone, kNone, 1, 2, 4, 8, 4, 8, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  Kinds kinds{.of_upper = kKindOfUpper};
  kinds.without_lower.fill(kNone);
  for (int upper = 0; upper < 16; ++upper) {
    for (int lower = 0; lower < 16; ++lower) {
      const int c = upper * 16 + lower;
      if ((kTables[3][static_cast<size_t>(c)] & kInvalid) != 0) {
        kinds.without_lower[static_cast<size_t>(lower)] |= kKindOfUpper[static_cast<size_t>(upper)];
      } else {
        const int six = static_cast<int>(kTables[3][static_cast<size_t>(c)]);
        kinds.shift[c == '/' ? 0 : static_cast<size_t>(upper)] = static_cast<char>(six - c);
      }
    }
  }
  return kinds;
}();

__m256i Look(const std::array<char, 16>& table, __m256i halves) {
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data()));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(half), halves);
}

// Decodes 32 characters at `text` to 24 bytes at `to`, behind which kBase64Slack more are written.
// False when one of them is not of the alphabet.
bool DecodeBlock(const char* text, char* to) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const __m256i lower = _mm256_and_si256(bytes, nibble);
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
  if (!_mm256_testz_si256(Look(kKinds.without_lower, lower), Look(kKinds.of_upper, upper))) {
    return false;
  }
  const __m256i slash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('/'));
  const __m256i six = _mm256_add_epi8(bytes, Look(kKinds.shift, _mm256_andnot_si256(slash, upper)));
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

// Decodes whole groups of four characters at `text`; writes kBase64Slack more behind their bytes.
// False when a character is not of the alphabet.
bool DecodeGroups(std::string_view text, char* to) {
  size_t i = 0;
  for (; i + kBlock <= text.size(); i += kBlock) {
    if (!DecodeBlock(text.data() + i, to + i / 4 * 3)) {
      return false;
    }
  }
  if (i == text.size()) {
    return true;
  }
  if (text.size() >= kBlock) {  // The last block overlaps the one before.
    const size_t last = text.size() - kBlock;
    return DecodeBlock(text.data() + last, to + last / 4 * 3);
  }
  uint32_t seen = 0;
  for (; i < text.size(); i += 4, to += 3) {
    const uint32_t group = Group(text.data() + i);
    seen |= group;
    to[0] = static_cast<char>(group >> 16);
    to[1] = static_cast<char>(group >> 8);
    to[2] = static_cast<char>(group);
  }
  return (seen & kInvalid) == 0;
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
  const size_t size = before + text.size() / 4 * 3;
  bool valid = true;
  out.resize_and_overwrite(size + kBase64Slack, [&](char* all, size_t) {
    valid = DecodeGroups(text.substr(0, whole), all + before);
    return size;
  });
  if (padding > 0 && valid) {
    std::array<char, 4> last = {text[whole], text[whole + 1], 'A', 'A'};
    last[2] = padding == 1 ? text[whole + 2] : 'A';
    const uint32_t group = Group(last.data());
    valid = (group & kInvalid) == 0;
    const uint32_t unused = padding == 1 ? 0xFF : 0xFFFF;
    if (valid && (group & unused) != 0) {
      out.resize(before);
      return std::unexpected("Invalid last non-pad Base64 character dectected");
    }
    char* const end = out.data() + out.size();
    end[-3] = static_cast<char>(group >> 16);
    end[-2] = static_cast<char>(group >> 8);
    out.resize(out.size() - padding);
  }
  if (!valid) {
    out.resize(before);
    return std::unexpected(InvalidCharacter(text.substr(0, text.size() - padding)));
  }
  return {};
}

}  // namespace weir::ingest::kinesis
