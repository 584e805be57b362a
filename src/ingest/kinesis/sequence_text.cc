#include "ingest/kinesis/sequence_text.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace weir::ingest::kinesis {
namespace {

constexpr size_t kWordDigits = 8;
constexpr uint64_t kEachByte = 0x0101010101010101;

// What the number grows by when the sequence grows by one, as Digits: its field begins at bit 80.
constexpr std::array<uint64_t, 4> kStep = [] {
  std::array<uint64_t, 4> digits{};
  unsigned __int128 left = static_cast<unsigned __int128>(1) << 80;
  for (size_t i = 0; left > 0; ++i, left /= 10) {
    const uint64_t digit = static_cast<uint64_t>(left % 10);
    digits[i / kWordDigits] |= digit << (i % kWordDigits * 8);
  }
  return digits;
}();

// The sum of eight digits and eight digits; `carry` is 0 or 1, before and after.
uint64_t AddDigits(uint64_t a, uint64_t b, uint64_t& carry) {
  // Each byte is biased so that a sum over nine overflows into the next byte and leaves its digit.
  constexpr uint64_t kBias = 0xF6;
  uint64_t sum = 0;
  const bool first = __builtin_add_overflow(a, b + kBias * kEachByte, &sum);
  const bool second = __builtin_add_overflow(sum, carry, &sum);
  carry = first || second ? 1 : 0;
  const uint64_t still_biased = sum >> 7 & kEachByte;
  return sum - still_biased * kBias;
}

void PutDigits(uint64_t digits, char* to) {
  const uint64_t text = __builtin_bswap64(digits + '0' * kEachByte);
  std::memcpy(to, &text, sizeof text);
}

uint64_t ReadDigits(const char* from) {
  uint64_t text = 0;
  std::memcpy(&text, from, sizeof text);
  return __builtin_bswap64(text) - '0' * kEachByte;
}

// Of the stream for a shard that it no longer has: the place of an old record's duplicate.
int64_t CreatedSeconds(const log::StreamDefinition& stream, uint32_t shard) {
  const auto found = std::ranges::find(stream.shards, shard, &log::ShardDefinition::id);
  const model::Rowtime created =
      found == stream.shards.end() ? stream.created : log::ShardCreated(stream, *found);
  return created.millis / 1000;
}

}  // namespace

void SequenceText::AddStep(Known& known) {
  uint64_t carry = 0;
  for (size_t i = 0; i < kWords && (i < kStep.size() || carry != 0); ++i) {
    known.digits[i] = AddDigits(known.digits[i], i < kStep.size() ? kStep[i] : 0, carry);
    PutDigits(known.digits[i], known.text.data() + (kWords - 1 - i) * kWordDigits);
  }
}

SequenceText::Known& SequenceText::Advance(const log::Placement& placement) {
  auto found = std::ranges::find(shards_, placement.shard, &Known::shard);
  const int64_t seconds = placement.arrival.millis / 1000;
  if (found != shards_.end() && found->arrival_seconds == seconds &&
      found->sequence + 1 == placement.sequence.value) {
    found->sequence += 1;
    AddStep(*found);
    return *found;
  }
  if (found == shards_.end()) {
    found = shards_.insert(found, Known{.shard = placement.shard,
                                        .created_seconds = CreatedSeconds(stream_, placement.shard),
                                        .shard_id = model::FormatShardId(placement.shard)});
  }
  const std::string text =
      model::FormatSequenceNumber({.shard_created_seconds = found->created_seconds,
                                   .shard = placement.shard,
                                   .sequence = placement.sequence,
                                   .arrival_seconds = seconds});
  CHECK(text.size() == kDigits);
  text.copy(found->text.data(), kDigits);
  for (size_t i = 0; i < kWords; ++i) {
    found->digits[i] = ReadDigits(text.data() + (kWords - 1 - i) * kWordDigits);
  }
  found->arrival_seconds = seconds;
  found->sequence = placement.sequence.value;
  return *found;
}

std::string_view SequenceText::Number(const log::Placement& placement) {
  const Known& known = Advance(placement);
  shard_id_ = known.shard_id;
  return {known.text.data(), kDigits};
}

}  // namespace weir::ingest::kinesis
