#include "registry/stream_resource.h"

#include <gtest/gtest.h>

#include "registry/shard_plan.h"

namespace weir::registry {
namespace {

constexpr model::Rowtime kNow{1'700'000'000'000};

catalog::Resource Of(std::string definition) {
  return {.type = std::string(kStreamType),
          .name = "clicks",
          .stack = "weir",
          .definition = std::move(definition),
          .created = {1'600'000'000'000}};
}

TEST(StreamResourceTest, WhatATemplateSaysIsRead) {
  const auto stream = ReadStream(Of(R"({"Name":"clicks","ShardCount":3,"RetentionPeriodHours":168,)"
                                    R"("StreamModeDetails":{"StreamMode":"ON_DEMAND"}})"));
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  EXPECT_EQ(stream->definition.shards, log::EvenShards(3));
  EXPECT_EQ(stream->definition.retention_millis, 168 * 3'600'000ll);
  EXPECT_EQ(stream->retention_hours, 168);
  EXPECT_EQ(stream->mode, "ON_DEMAND");
  EXPECT_EQ(stream->stack, "weir");
}

TEST(StreamResourceTest, NothingSaidIsOneShardForADay) {
  const auto stream = ReadStream(Of("{}"));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->definition.shards, log::EvenShards(1));
  EXPECT_EQ(stream->retention_hours, 24);
  EXPECT_EQ(WriteStream(*stream), R"({"ShardCount":1})");
}

// The example of docs/formats/stream_resource.md.
TEST(StreamResourceTest, AReshardedStreamIsWrittenAndReadAgain) {
  StreamInfo stream;
  stream.definition.name = "clicks";
  stream.definition.created = {1'600'000'000'000};
  stream.definition.shards = log::EvenShards(1);
  stream.definition.retention_millis = 24 * 3'600'000ll;
  stream.tags = {{"team", "promotions"}};
  stream.stack = "weir";
  const auto split = Split(stream.definition, 0,
                           *model::ParseHashKey("170141183460469231731687303715884105728"), kNow);
  ASSERT_TRUE(split.has_value()) << split.error().message;
  stream.definition = *split;
  const auto text = RewriteStream(R"({"Name":"clicks","ShardCount":1})", stream);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(
      *text,
      R"({"Name":"clicks","ShardCount":1,"Shards":[)"
      R"({"Id":0,"FirstHash":"0","LastHash":"340282366920938463463374607431768211455","Closed":true},)"
      R"({"Id":1,"FirstHash":"0","LastHash":"170141183460469231731687303715884105727",)"
      R"("Created":1700000000000,"Parents":[0]},)"
      R"({"Id":2,"FirstHash":"170141183460469231731687303715884105728",)"
      R"("LastHash":"340282366920938463463374607431768211455",)"
      R"("Created":1700000000000,"Parents":[0]}],"Tags":{"team":"promotions"}})");
  const auto again = ReadStream(Of(*text));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->definition.shards, stream.definition.shards);
  EXPECT_EQ(again->tags, stream.tags);
  EXPECT_EQ(RewriteStream(*text, *again), *text);
}

TEST(StreamResourceTest, AMostReshardedStreamFitsTheLimitOfAResource) {
  log::StreamDefinition definition{.name = "s", .shards = log::EvenShards(1'000)};
  for (size_t count = 1'000; count > 500; --count) {
    const Shards open = OpenShards(definition.shards);
    auto merged = Merge(definition, open[0].id, open[1].id, kNow);
    ASSERT_TRUE(merged.has_value());
    definition = *std::move(merged);
    const model::HashKey middle{OpenShards(definition.shards)[0].last_hash.value / 2};
    auto split = Split(definition, OpenShards(definition.shards)[0].id, middle, kNow);
    ASSERT_TRUE(split.has_value());
    definition = *std::move(split);
    if (definition.shards.size() + 3 > log::kMaxShards) {
      break;
    }
  }
  StreamInfo stream;
  stream.definition = definition;
  for (int i = 0; i < 50; ++i) {
    stream.tags[fmt::format("{:0>128}", i)] = std::string(256, 'v');
  }
  const auto again = ReadStream(Of(WriteStream(stream)));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->definition.shards.size(), definition.shards.size());
}

TEST(StreamResourceTest, DamageIsToldWithTheStreamsName) {
  EXPECT_NE(ReadStream(Of("{")).error().message.find("'clicks'"), std::string::npos);
  EXPECT_NE(ReadStream(Of(R"({"Shards":[{"Id":0}]})")).error().message.find("FirstHash"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::registry
