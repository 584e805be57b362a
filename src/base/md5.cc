#include "base/md5.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace weir::base {
namespace {

/// floor(2^32 × |sin(i + 1)|), as RFC 1321 defines it.
constexpr std::array<uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

constexpr std::array<std::array<int, 4>, 4> kShifts = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

/// One word of the algorithm for each of several texts.
using Lanes = uint32_t __attribute__((vector_size(kMd5Lanes * sizeof(uint32_t))));

template <typename Word>
using State = std::array<Word, 4>;
template <typename Word>
using Block = std::array<Word, 16>;

constexpr std::array<uint32_t, 4> kStart = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

template <int Round, typename Word>
inline void Step(int i, State<Word>& s, const Block<Word>& words) {
  Word mixed;
  int word;
  if constexpr (Round == 0) {
    mixed = (s[1] & s[2]) | (~s[1] & s[3]);
    word = i;
  } else if constexpr (Round == 1) {
    mixed = (s[3] & s[1]) | (~s[3] & s[2]);
    word = (5 * i + 1) & 15;
  } else if constexpr (Round == 2) {
    mixed = s[1] ^ s[2] ^ s[3];
    word = (3 * i + 5) & 15;
  } else {
    mixed = s[2] ^ (s[1] | ~s[3]);
    word = (7 * i) & 15;
  }
  const Word sum = s[0] + mixed + kSines[Round * 16 + i] + words[word];
  const int shift = kShifts[Round][i & 3];
  s = {s[3], s[1] + ((sum << shift) | (sum >> (32 - shift))), s[1], s[2]};
}

template <int Round, typename Word>
inline void RunRound(State<Word>& state, const Block<Word>& words) {
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    Step<Round>(i, state, words);
  }
}

template <typename Word>
void AddBlock(State<Word>& state, const Block<Word>& words) {
  State<Word> next = state;
  RunRound<0>(next, words);
  RunRound<1>(next, words);
  RunRound<2>(next, words);
  RunRound<3>(next, words);
  for (size_t i = 0; i < state.size(); ++i) {
    state[i] += next[i];
  }
}

/// `bytes` are at least those of a block.
void AddBytes(State<uint32_t>& state, std::string_view bytes) {
  Block<uint32_t> words;
  bytes.copy(reinterpret_cast<char*>(words.data()), sizeof words);
  AddBlock(state, words);
}

unsigned __int128 Digest(const State<uint32_t>& state) {
  unsigned __int128 digest = 0;
  for (const uint32_t word : state) {
    digest = digest << 32 | __builtin_bswap32(word);
  }
  return digest;
}

}  // namespace

unsigned __int128 Md5(std::string_view data) {
  State<uint32_t> state = kStart;
  const uint64_t bits = static_cast<uint64_t>(data.size()) * 8;
  while (data.size() >= 64) {
    AddBytes(state, data);
    data.remove_prefix(64);
  }
  std::array<char, 128> tail{};
  data.copy(tail.data(), data.size());
  tail[data.size()] = static_cast<char>(0x80);
  const size_t tail_size = data.size() < 56 ? 64 : 128;
  std::memcpy(tail.data() + tail_size - 8, &bits, sizeof bits);
  for (size_t at = 0; at < tail_size; at += 64) {
    AddBytes(state, std::string_view(tail.data(), tail.size()).substr(at));
  }
  return Digest(state);
}

void Md5Each(std::span<const std::string_view> texts, unsigned __int128* digests) {
  CHECK(texts.size() <= kMd5Lanes);
  Block<Lanes> words{};
  for (size_t lane = 0; lane < texts.size(); ++lane) {
    const std::string_view text = texts[lane];
    CHECK(text.size() <= kMaxMd5EachBytes);
    Block<uint32_t> block{};
    char* const bytes = reinterpret_cast<char*>(block.data());
    text.copy(bytes, text.size());
    bytes[text.size()] = static_cast<char>(0x80);
    for (size_t i = 0; i <= text.size() / sizeof(uint32_t); ++i) {
      words[i][lane] = block[i];
    }
    words[14][lane] = static_cast<uint32_t>(text.size() * 8);
  }
  State<Lanes> state;
  for (size_t i = 0; i < state.size(); ++i) {
    state[i] = Lanes{} + kStart[i];
  }
  AddBlock(state, words);
  for (size_t lane = 0; lane < texts.size(); ++lane) {
    digests[lane] = Digest({state[0][lane], state[1][lane], state[2][lane], state[3][lane]});
  }
}

}  // namespace weir::base
