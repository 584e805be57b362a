#include "ingest/kinesis/sequence_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace weir::ingest::kinesis {
namespace {

constexpr uint64_t kBase = 10'000'000'000'000'000'000ull;
constexpr size_t kDigits = 56;

// What the number grows by when the sequence grows by one: its field begins at bit 80.
constexpr unsigned __int128 kStep = static_cast<unsigned __int128>(1) << 80;
constexpr uint64_t kStepLow = static_cast<uint64_t>(kStep % kBase);
constexpr uint64_t kStepMiddle = static_cast<uint64_t>(kStep / kBase);

// "00" to "99".
constexpr std::array<char, 200> kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// As 19 digits.
void PutLimb(uint64_t limb, char* at) {
  for (int i = 17; i > 0; i -= 2) {
    std::memcpy(at + i, kPairs.data() + 2 * (limb % 100), 2);
    limb /= 100;
  }
  at[0] = static_cast<char>('0' + limb);
}

// Of the stream for a shard that it no longer has: the place of an old record's duplicate.
int64_t CreatedSeconds(const log::StreamDefinition& stream, uint32_t shard) {
  const auto found = std::ranges::find(stream.shards, shard, &log::ShardDefinition::id);
  const model::Rowtime created =
      found == stream.shards.end() ? stream.created : log::ShardCreated(stream, *found);
  return created.millis / 1000;
}

uint64_t ParseLimb(std::string_view digits) {
  uint64_t limb = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), limb);
  return limb;
}

}  // namespace

SequenceText::Known& SequenceText::Advance(const log::Placement& placement) {
  auto found = std::ranges::find(shards_, placement.shard, &Known::shard);
  const int64_t seconds = placement.arrival.millis / 1000;
  if (found != shards_.end() && found->arrival_seconds == seconds &&
      found->sequence + 1 == placement.sequence.value) {
    found->sequence += 1;
    std::array<uint64_t, kLimbs>& limbs = found->limbs;
    const unsigned __int128 low = static_cast<unsigned __int128>(limbs[0]) + kStepLow;
    const bool carry = low >= kBase;
    limbs[0] = static_cast<uint64_t>(carry ? low - kBase : low);
    limbs[1] += kStepMiddle + (carry ? 1 : 0);
    if (limbs[1] >= kBase) {
      limbs[1] -= kBase;
      limbs[2] += 1;
    }
    return *found;
  }
  if (found == shards_.end()) {
    found = shards_.insert(found, Known{.shard = placement.shard,
                                        .created_seconds = CreatedSeconds(stream_, placement.shard),
                                        .arrival_seconds = 0,
                                        .sequence = 0,
                                        .limbs = {},
                                        .shard_id = model::FormatShardId(placement.shard)});
  }
  const std::string text =
      model::FormatSequenceNumber({.shard_created_seconds = found->created_seconds,
                                   .shard = placement.shard,
                                   .sequence = placement.sequence,
                                   .arrival_seconds = seconds});
  CHECK(text.size() == kDigits);
  const std::string_view digits = text;
  found->limbs = {ParseLimb(digits.substr(kDigits - kLimbDigits)),
                  ParseLimb(digits.substr(kDigits - 2 * kLimbDigits, kLimbDigits)),
                  ParseLimb(digits.substr(0, kDigits - 2 * kLimbDigits))};
  found->arrival_seconds = seconds;
  found->sequence = placement.sequence.value;
  return *found;
}

std::string_view SequenceText::Number(const log::Placement& placement) {
  const Known& known = Advance(placement);
  PutLimb(known.limbs[2], digits_.data());
  PutLimb(known.limbs[1], digits_.data() + kLimbDigits);
  PutLimb(known.limbs[0], digits_.data() + 2 * kLimbDigits);
  shard_id_ = known.shard_id;
  return {digits_.data() + digits_.size() - kDigits, kDigits};
}

}  // namespace weir::ingest::kinesis
