#include "model/record.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/md5.h"

namespace weir::model {
namespace {

using base::Code;
using base::Fail;

constexpr std::string_view kShardPrefix = "shardId-";
constexpr size_t kShardDigits = 12;
constexpr size_t kSequenceNumberDigits = 56;
constexpr int kVersion = 2;
constexpr uint64_t kMaxSeconds = (uint64_t{1} << 36) - 1;

/// 188 bits: the 47 hex digits of a sequence number, as high × 2^128 + low.
struct Wide {
  uint64_t high = 0;
  unsigned __int128 low = 0;

  /// this × 2^bits + value, for bits <= 64.
  void Push(int bits, uint64_t value) {
    high = bits == 64 ? static_cast<uint64_t>(low >> 64)
                      : high << bits | static_cast<uint64_t>(low >> (128 - bits));
    low = low << bits | value;
  }

  /// The lowest `bits` bits, which are removed.
  uint64_t Pop(int bits) {
    const auto value = static_cast<uint64_t>(low) & (~uint64_t{0} >> (64 - bits));
    low = low >> bits | static_cast<unsigned __int128>(high) << (128 - bits);
    high = bits == 64 ? 0 : high >> bits;
    return value;
  }

  /// Divides by `divisor` and returns the remainder.
  uint64_t Divide(uint64_t divisor) {
    unsigned __int128 part = high;
    high = static_cast<uint64_t>(part / divisor);
    part = (part % divisor) << 64 | static_cast<uint64_t>(low >> 64);
    const auto middle = static_cast<uint64_t>(part / divisor);
    part = (part % divisor) << 64 | static_cast<uint64_t>(low);
    low = static_cast<unsigned __int128>(middle) << 64 | static_cast<uint64_t>(part / divisor);
    return static_cast<uint64_t>(part % divisor);
  }

  /// this × 10 + digit.
  void AppendDigit(int digit) {
    unsigned __int128 part = static_cast<unsigned __int128>(static_cast<uint64_t>(low)) * 10 +
                             static_cast<unsigned>(digit);
    const auto bottom = static_cast<uint64_t>(part);
    part = static_cast<unsigned __int128>(static_cast<uint64_t>(low >> 64)) * 10 + (part >> 64);
    low = part << 64 | bottom;
    high = high * 10 + static_cast<uint64_t>(part >> 64);
  }
};

bool AllDigits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

HashKey HashOf(std::string_view partition_key) {
  return HashKey{base::Md5(partition_key)};
}

std::string FormatHashKey(HashKey key) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(key.value % 10));
    key.value /= 10;
  } while (key.value != 0);
  std::ranges::reverse(text);
  return text;
}

base::Result<HashKey> ParseHashKey(std::string_view text) {
  constexpr size_t kMaxDigits = 39;
  HashKey key;
  bool fits = !text.empty() && text.size() <= kMaxDigits && AllDigits(text);
  for (size_t i = 0; fits && i < text.size(); ++i) {
    const unsigned digit = static_cast<unsigned>(text[i] - '0');
    fits = key.value <= (kMaxHashKey.value - digit) / 10;
    key.value = key.value * 10 + digit;
  }
  if (!fits) {
    return Fail(Code::kInvalidArgument, "hash key '{}' is not a decimal number from 0 to {}",
                text.substr(0, 64), FormatHashKey(kMaxHashKey));
  }
  return key;
}

std::string FormatShardId(uint32_t shard) {
  return fmt::format("{}{:0{}}", kShardPrefix, shard, kShardDigits);
}

base::Result<uint32_t> ParseShardId(std::string_view text) {
  uint32_t shard = 0;
  if (text.starts_with(kShardPrefix) && text.size() == kShardPrefix.size() + kShardDigits) {
    const std::string_view digits = text.substr(kShardPrefix.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), shard);
    if (error == std::errc() && end == digits.data() + digits.size()) {
      return shard;
    }
  }
  return Fail(Code::kInvalidArgument, "shard id '{}' does not look like 'shardId-000000000000'",
              text.substr(0, 64));
}

std::string FormatSequenceNumber(const SequenceNumberParts& parts) {
  CHECK(static_cast<uint64_t>(parts.shard_created_seconds) <= kMaxSeconds);
  CHECK(static_cast<uint64_t>(parts.arrival_seconds) <= kMaxSeconds);
  Wide wide;
  wide.Push(4, kVersion);
  wide.Push(36, static_cast<uint64_t>(parts.shard_created_seconds));
  wide.Push(4, parts.shard & 0xF);
  wide.Push(64, parts.sequence.value);
  wide.Push(8, 0);
  wide.Push(36, static_cast<uint64_t>(parts.arrival_seconds));
  wide.Push(32, parts.shard);
  wide.Push(4, kVersion);
  std::string text(kSequenceNumberDigits, '0');
  constexpr size_t kLimbDigits = 19;
  constexpr uint64_t kLimb = 10'000'000'000'000'000'000U;
  for (size_t end = text.size(); end > 0; end -= std::min(end, kLimbDigits)) {
    uint64_t limb = wide.Divide(kLimb);
    for (size_t i = end; limb > 0; limb /= 10) {
      text[--i] = static_cast<char>('0' + limb % 10);
    }
  }
  return text;
}

base::Result<SequenceNumberParts> ParseSequenceNumber(std::string_view text) {
  if (text.size() == kSequenceNumberDigits && AllDigits(text)) {
    Wide wide;
    for (const char digit : text) {
      wide.AppendDigit(digit - '0');
    }
    SequenceNumberParts parts;
    const uint64_t version = wide.Pop(4);
    parts.shard = static_cast<uint32_t>(wide.Pop(32));
    parts.arrival_seconds = static_cast<int64_t>(wide.Pop(36));
    const uint64_t gap = wide.Pop(8);
    parts.sequence.value = wide.Pop(64);
    const uint64_t low_shard = wide.Pop(4);
    parts.shard_created_seconds = static_cast<int64_t>(wide.Pop(36));
    const uint64_t top_version = wide.Pop(4);
    const bool clean = wide.high == 0 && wide.low == 0;
    if (clean && version == kVersion && top_version == kVersion && gap == 0 &&
        low_shard == (parts.shard & 0xF)) {
      return parts;
    }
  }
  return Fail(
      Code::kInvalidArgument,
      "sequence number '{}' was not given by this service: use one from a record or a shard",
      text.substr(0, 64));
}

}  // namespace weir::model
