#include "ingest/kinesis/sequence_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "base/random.h"

namespace weir::ingest::kinesis {
namespace {

TEST(SequenceTextTest, AddsAsTheWholeNumberIsWritten) {
  const char* given = std::getenv("WEIR_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  const log::StreamDefinition stream = {
      .name = "s", .created = {1'600'000'000'000}, .shards = log::EvenShards(3)};
  SequenceText text(stream);
  std::vector<log::Placement> next(3);
  for (uint32_t shard = 0; shard < 3; ++shard) {
    // Shortly before many nines, so that carries reach far.
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

}  // namespace
}  // namespace weir::ingest::kinesis
