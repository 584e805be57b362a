#include "registry/shard_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/random.h"
#include "base/test_seed.h"

namespace weir::registry {
namespace {

constexpr model::Rowtime kNow{1'700'000'000'000};

log::StreamDefinition Even(uint32_t count) {
  return {.name = "s", .created = {1'600'000'000'000}, .shards = log::EvenShards(count)};
}

model::HashKey Key(unsigned __int128 value) {
  return model::HashKey{value};
}

/// "first-last" of the open shards.
std::vector<std::string> Ranges(const log::StreamDefinition& stream) {
  std::vector<std::string> ranges;
  for (const log::ShardDefinition& shard : OpenShards(stream.shards)) {
    ranges.push_back(model::FormatHashKey(shard.first_hash) + "-" +
                     model::FormatHashKey(shard.last_hash));
  }
  return ranges;
}

/// Whether the open shards cover the circle once, and every new shard has the range of its parents.
void CheckSound(const log::StreamDefinition& stream) {
  const Shards open = OpenShards(stream.shards);
  ASSERT_FALSE(open.empty());
  EXPECT_EQ(open.front().first_hash, model::HashKey{});
  EXPECT_EQ(open.back().last_hash, model::kMaxHashKey);
  for (size_t i = 1; i < open.size(); ++i) {
    EXPECT_EQ(open[i - 1].last_hash.value + 1, open[i].first_hash.value);
  }
  for (size_t i = 0; i < stream.shards.size(); ++i) {
    const log::ShardDefinition& shard = stream.shards[i];
    EXPECT_EQ(shard.id, i);
    EXPECT_LE(shard.parents.size(), 2u);
    for (const uint32_t id : shard.parents) {
      ASSERT_LT(id, shard.id);
      const log::ShardDefinition& parent = stream.shards[id];
      EXPECT_TRUE(parent.closed);
      EXPECT_TRUE(shard.first_hash <= parent.last_hash && parent.first_hash <= shard.last_hash);
      EXPECT_GT(shard.created, log::ShardCreated(stream, parent));
    }
  }
}

TEST(ShardPlanTest, ASplitShardHasTwoChildren) {
  const auto split = Split(Even(2), 0, Key(100), kNow);
  ASSERT_TRUE(split.has_value()) << split.error().message;
  ASSERT_EQ(split->shards.size(), 4u);
  EXPECT_TRUE(split->shards[0].closed);
  EXPECT_EQ(model::FormatHashKey(split->shards[2].last_hash), "99");
  EXPECT_EQ(model::FormatHashKey(split->shards[3].first_hash), "100");
  EXPECT_EQ(split->shards[3].parents, std::vector<uint32_t>{0});
  EXPECT_EQ(split->shards[3].created, kNow);
  CheckSound(*split);
}

TEST(ShardPlanTest, ASplitNeedsAPlaceInsideAnOpenShard) {
  EXPECT_EQ(Split(Even(2), 0, Key(0), kNow).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(Split(Even(2), 0, model::kMaxHashKey, kNow).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(Split(Even(2), 2, Key(1), kNow).error().code, base::Code::kNotFound);
  const auto split = Split(Even(1), 0, Key(1), kNow);
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(Split(*split, 0, Key(5), kNow).error().code, base::Code::kFailedPrecondition);
  // One point is a range, too, but cannot be split further.
  EXPECT_EQ(Split(*split, 1, Key(0), kNow).error().code, base::Code::kInvalidArgument);
}

TEST(ShardPlanTest, NeighboursMergeInEitherOrder) {
  for (const auto& [one, two] : {std::pair{0u, 1u}, std::pair{1u, 0u}}) {
    const auto merged = Merge(Even(3), one, two, kNow);
    ASSERT_TRUE(merged.has_value()) << merged.error().message;
    EXPECT_EQ(Ranges(*merged).size(), 2u);
    EXPECT_EQ(merged->shards[3].parents, (std::vector<uint32_t>{one, two}));
    CheckSound(*merged);
  }
  EXPECT_EQ(Merge(Even(3), 0, 2, kNow).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(Merge(Even(3), 1, 1, kNow).error().code, base::Code::kInvalidArgument);
}

TEST(ShardPlanTest, AnyCountWithinDoubleAndHalfBecomesEven) {
  for (uint32_t from = 1; from <= 12; ++from) {
    for (uint32_t to = 1; to <= 30; ++to) {
      SCOPED_TRACE(fmt::format("{} to {}", from, to));
      const auto even = MakeEven(Even(from), to, kNow);
      if (to > 2 * from || 2 * to < from) {
        EXPECT_EQ(even.error().code, base::Code::kInvalidArgument);
        continue;
      }
      ASSERT_TRUE(even.has_value()) << even.error().message;
      EXPECT_EQ(Ranges(*even), Ranges(Even(to)));
      CheckSound(*even);
    }
  }
}

TEST(ShardPlanTest, EvenShardsStayAsTheyAre) {
  const auto even = MakeEven(Even(5), 5, kNow);
  ASSERT_TRUE(even.has_value());
  EXPECT_EQ(even->shards, Even(5).shards);
}

TEST(ShardPlanTest, AnySequenceOfChangesKeepsTheCircleCovered) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  log::StreamDefinition stream = Even(3);
  for (int step = 0; step < 300; ++step) {
    const Shards open = OpenShards(stream.shards);
    const size_t at = random.Below(open.size());
    base::Result<log::StreamDefinition> next = stream;
    if (random.Below(10) == 0) {
      next = MakeEven(stream, static_cast<uint32_t>(open.size() / 2 + 1), kNow);
    } else if (random.Below(2) == 0) {
      const auto width = open[at].last_hash.value - open[at].first_hash.value;
      next = Split(stream, open[at].id, Key(open[at].first_hash.value + width / 2 + 1), kNow);
    } else if (at + 1 < open.size()) {
      next = Merge(stream, open[at].id, open[at + 1].id, kNow);
    }
    ASSERT_TRUE(next.has_value()) << next.error().message;
    stream = *std::move(next);
    CheckSound(stream);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace weir::registry
