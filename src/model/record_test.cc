#include "model/record.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/test_seed.h"
#include "base/time_format.h"

namespace weir::model {
namespace {

TEST(HashKeyTest, PartitionKeysFallWhereKinesisPutsThem) {
  EXPECT_EQ(FormatHashKey(HashOf("")), "281949768489412648962353822266799178366");
  EXPECT_EQ(FormatHashKey(kMaxHashKey), "340282366920938463463374607431768211455");
  EXPECT_EQ(FormatHashKey(HashKey{}), "0");
}

TEST(HashKeyTest, ParsesTheWholeRange) {
  EXPECT_EQ(*ParseHashKey("340282366920938463463374607431768211455"), kMaxHashKey);
  EXPECT_EQ(*ParseHashKey("0"), HashKey{});
  EXPECT_EQ(*ParseHashKey(FormatHashKey(HashOf("u1"))), HashOf("u1"));
  for (const char* text :
       {"", "-1", "1 ", "0x1", "340282366920938463463374607431768211456",
        "999999999999999999999999999999999999999", "0000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(ParseHashKey(text).has_value()) << text;
  }
}

TEST(ShardIdTest, FormatsAndParses) {
  EXPECT_EQ(FormatShardId(3), "shardId-000000000003");
  EXPECT_EQ(*ParseShardId("shardId-000000000003"), 3);
  EXPECT_EQ(*ParseShardId(FormatShardId(0xFFFFFFFF)), 0xFFFFFFFF);
  for (const char* text :
       {"", "shardId-3", "shardid-000000000003", "shardId-00000000000x", "shardId-0000000000031",
        "shardId-999999999999", "shardId--00000000003"}) {
    EXPECT_FALSE(ParseShardId(text).has_value()) << text;
  }
}

TEST(SequenceNumberTest, DecodesRealOnes) {
  const auto first =
      ParseSequenceNumber("49590338271490256608559692538361571095921575989136588898");
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(base::FormatTimestamp(first->shard_created_seconds * 1000), "2018-11-21 04:57:38.000");
  EXPECT_EQ(first->shard, 6);
  EXPECT_EQ(first->sequence.value, 1'734'642'199);
  EXPECT_EQ(base::FormatTimestamp(first->arrival_seconds * 1000), "2018-12-17 22:10:50.000");
  EXPECT_EQ(FormatSequenceNumber(*first),
            "49590338271490256608559692538361571095921575989136588898");

  const auto second =
      ParseSequenceNumber("49543463076548007577105092703039560359975228518395019266");
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(base::FormatTimestamp(second->shard_created_seconds * 1000).substr(0, 10),
            "2014-09-22");
  EXPECT_EQ(second->shard, 0);
}

TEST(SequenceNumberTest, RefusesOthers) {
  for (const char* text : {"", "1", "49543463076548007577105092703039560359975228518395019267",
                           "4954346307654800757710509270303956035997522851839501926",
                           "495434630765480075771050927030395603599752285183950192660",
                           "99999999999999999999999999999999999999999999999999999999",
                           "4954346307654800757710509270303956035997522851839501926x",
                           "49543463076548007577105092703039560359975228518395019250"}) {
    EXPECT_FALSE(ParseSequenceNumber(text).has_value()) << text;
  }
}

TEST(SequenceNumberTest, RoundTripsAndOrdersLikeTheSequence) {
  const uint64_t seed = base::TestSeed(3);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int i = 0; i < 2000; ++i) {
    SequenceNumberParts parts{
        .shard_created_seconds = static_cast<int64_t>(random.Below(uint64_t{1} << 33)),
        .shard = static_cast<uint32_t>(random.Next()),
        .sequence = {random.Next() >> random.Below(64)},
        .arrival_seconds = static_cast<int64_t>(random.Below(uint64_t{1} << 36))};
    const std::string text = FormatSequenceNumber(parts);
    ASSERT_EQ(text.size(), 56);
    const auto parsed = ParseSequenceNumber(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    ASSERT_EQ(parsed->shard_created_seconds, parts.shard_created_seconds);
    ASSERT_EQ(parsed->shard, parts.shard);
    ASSERT_EQ(parsed->sequence, parts.sequence);
    ASSERT_EQ(parsed->arrival_seconds, parts.arrival_seconds);
    SequenceNumberParts later = parts;
    later.sequence.value += 1 + random.Below(1000);
    if (later.sequence > parts.sequence) {
      ASSERT_GT(FormatSequenceNumber(later), text);
    }
  }
}

}  // namespace
}  // namespace weir::model
