#include "ingest/kinesis/sequence_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/format.h"
#include "base/random.h"
#include "base/test_seed.h"

namespace weir::ingest::kinesis {
namespace {

TEST(SequenceTextTest, AddsAsTheWholeNumberIsWritten) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  const log::StreamDefinition stream = {
      .name = "s", .created = {1'600'000'000'000}, .shards = log::EvenShards(3)};
  SequenceText text(stream);
  std::vector<log::Placement> next(3);
  for (uint32_t shard = 0; shard < 3; ++shard) {
    next[shard] = {.shard = shard,
                   .sequence = {random.Below(1'000) + (shard == 2 ? 999'999'999'999'000 : 0)},
                   .arrival = {1'700'000'000'000}};
  }
  for (int i = 0; i < 30'000; ++i) {
    log::Placement& placement = next[random.Below(3)];
    placement.sequence.value += random.Below(50) == 0 ? random.Below(1'000'000) : 1;
    placement.arrival.millis += random.Below(500) == 0 ? 1'000 : 0;
    const std::string expected =
        model::FormatSequenceNumber({.shard_created_seconds = 1'600'000'000,
                                     .shard = placement.shard,
                                     .sequence = placement.sequence,
                                     .arrival_seconds = placement.arrival.millis / 1'000});
    ASSERT_EQ(text.Number(placement), expected) << i;
    ASSERT_EQ(text.shard_id(), model::FormatShardId(placement.shard));
  }
}

TEST(SequenceTextTest, CarriesPastTheDigitsOfItsStep) {
  const log::StreamDefinition stream = {
      .name = "s", .created = {1'600'000'000'000}, .shards = log::EvenShards(1)};
  const auto written = [](uint64_t sequence) {
    return model::FormatSequenceNumber({.shard_created_seconds = 1'600'000'000,
                                        .shard = 0,
                                        .sequence = {sequence},
                                        .arrival_seconds = 1'700'000'000});
  };
  // The step ends in the digits 24 to 31: into those before them, and before these, leads a carry.
  for (const size_t kept : {24, 16}) {
    uint64_t last = 0;  // With the same first digits.
    for (uint64_t jump = uint64_t{1} << 60; jump > 0; jump /= 2) {
      if (written(last + jump).substr(0, kept) == written(0).substr(0, kept)) {
        last += jump;
      }
    }
    ASSERT_EQ(written(last).substr(kept, 8), "99999999");
    ASSERT_NE(written(last + 1).substr(0, kept), written(last).substr(0, kept));
    SequenceText text(stream);
    for (uint64_t sequence = last - 3; sequence < last + 3; ++sequence) {
      EXPECT_EQ(text.Number({.sequence = {sequence}, .arrival = {1'700'000'000'000}}),
                written(sequence));
    }
  }
}

}  // namespace
}  // namespace weir::ingest::kinesis
