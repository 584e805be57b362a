#pragma once

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#ifndef __AVX2__
#error "weir needs AVX2: build with -march=x86-64-v3 or newer"
#endif

namespace weir::json {

/// Where '"', '\' and control characters stand in 32 bytes: what can end the plain part of a
/// string.
inline uint32_t StopMask(__m256i block) {
  const __m256i quotes = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('"'));
  const __m256i backslashes = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('\\'));
  const __m256i last_control = _mm256_set1_epi8(0x1F);
  const __m256i controls = _mm256_cmpeq_epi8(_mm256_max_epu8(block, last_control), last_control);
  return static_cast<uint32_t>(
      _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quotes, backslashes), controls)));
}

/// The stops of one text, found in one pass, so that a reader need not wait for one search before
/// the next. Long texts are searched when asked for. Never reads outside the text.
class StopIndex {
 public:
  explicit StopIndex(std::string_view text)
      : begin_(text.data()), end_(begin_ + text.size()), indexed_(text.size() <= kMaxBytes) {
    if (indexed_) {
      Build();
    }
  }

  /// The first stop at or after `at`, or the end of the text.
  const char* Next(const char* at) const {
    if (!indexed_) [[unlikely]] {
      return Search(at);
    }
    const auto place = static_cast<size_t>(at - begin_);
    // The stops of the next 64 bytes, without a branch on whether they lie in one word.
    const size_t shift = place % 64;
    const uint64_t* const words = words_.data() + place / 64;
    const uint64_t next = words[0] >> shift | words[1] << 1 << (63 - shift);
    if (next != 0) [[likely]] {
      return at + __builtin_ctzll(next);
    }
    size_t i = place / 64 + 1;
    while (words_[i] == 0) {  // The end is marked as a stop.
      ++i;
    }
    return begin_ + i * 64 + __builtin_ctzll(words_[i]);
  }

  /// True when every byte is known to be ASCII.
  bool ascii() const { return indexed_ && high_ == 0; }

  /// The first stop in [at, end), or `end`.
  static const char* Find(const char* at, const char* end) {
    while (end - at >= 32) {
      const uint32_t stops = StopMask(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
      if (stops != 0) {
        return at + __builtin_ctz(stops);
      }
      at += 32;
    }
    return FindByByte(at, end);
  }

 private:
  static constexpr size_t kMaxBytes = 512;

  void Build() {
    const auto size = static_cast<size_t>(end_ - begin_);
    for (size_t i = 0; i <= size / 64 + 1; ++i) {
      words_[i] = 0;
    }
    size_t at = 0;
    for (; at + 32 <= size; at += 32) {
      Mark(at, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin_ + at)), 0);
    }
    if (at < size && size >= 32) {
      // The last 32 bytes, without those marked before.
      Mark(at, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(end_ - 32)),
           static_cast<int>(at + 32 - size));
    } else if (at < size) {
      MarkByByte();
    }
    words_[size / 64] |= uint64_t{1} << (size % 64);
  }

  void Mark(size_t at, __m256i block, int passed) {
    words_[at / 64] |= static_cast<uint64_t>(StopMask(block) >> passed) << (at % 64);
    high_ |= static_cast<uint32_t>(_mm256_movemask_epi8(block));
  }

  void MarkByByte();

  const char* Search(const char* at) const { return Find(at, end_); }

  static const char* FindByByte(const char* at, const char* end);

  const char* begin_;
  const char* end_;
  bool indexed_;
  uint32_t high_ = 0;
  std::array<uint64_t, kMaxBytes / 64 + 2> words_;
};

}  // namespace weir::json
