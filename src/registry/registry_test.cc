#include "registry/registry.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "log/log_fixture.h"
#include "registry/registry_fixture.h"

namespace weir::registry {
namespace {

class RegistryTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen(int committers = 0) {
    world_.reset();
    world_ = std::make_unique<World>(files_, clock_, committers);
    ASSERT_EQ(world_->error, "");
  }

  Registry& registry() { return *world_->registry; }

  void Create(std::string_view name, uint32_t shards = 1) {
    const auto created = registry().CreateStream(name, shards, "PROVISIONED", {});
    ASSERT_TRUE(created.has_value()) << created.error().message;
  }

  /// Puts a resource as a stack would.
  void Put(std::string type, std::string name, std::string definition, std::string stack = "weir") {
    const catalog::ResourceChange put{.resource = {.type = std::move(type),
                                                   .name = std::move(name),
                                                   .stack = std::move(stack),
                                                   .definition = std::move(definition)}};
    ASSERT_EQ(ErrorOf(world_->catalog->Apply({&put, 1})), "");
  }

  /// Operations on the paths find the disk full.
  void FailWhen(std::function<bool(std::string_view path)> fails) {
    files_.SetFaultHook([fails = std::move(fails)](
                            std::string_view, std::string_view path) -> std::optional<base::Error> {
      if (fails(path)) {
        return base::Error{base::Code::kDiskFull, "the disk is full"};
      }
      return std::nullopt;
    });
  }

  std::vector<uint32_t> OpenIds(std::string_view name) {
    std::vector<uint32_t> ids;
    for (const log::ShardDefinition& shard : world_->log->Find(name)->definition().shards) {
      if (!shard.closed) {
        ids.push_back(shard.id);
      }
    }
    return ids;
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<World> world_;
};

TEST_F(RegistryTest, AStreamWorksAtOnceAndAfterOpeningAgain) {
  const auto created = registry().CreateStream("clicks", 2, "ON_DEMAND", {{"team", "ads"}});
  ASSERT_TRUE(created.has_value()) << created.error().message;
  EXPECT_EQ(created->definition.created.millis, 1'700'000'000'000);
  EXPECT_TRUE(world_->Append("clicks", "a"));
  Reopen();
  const auto stream = registry().Get("clicks");
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  EXPECT_EQ(stream->definition.shards, log::EvenShards(2));
  EXPECT_EQ(stream->mode, "ON_DEMAND");
  EXPECT_EQ(stream->tags.at("team"), "ads");
  EXPECT_EQ(stream->stack, "");
  EXPECT_FALSE(stream->derived);
  EXPECT_EQ(world_->Records("clicks"), std::vector<std::string>{"a"});
}

TEST_F(RegistryTest, WhatCannotBeCreatedIsRefused) {
  Create("clicks");
  const auto code = [&](std::string_view name, uint32_t shards, std::string_view mode) {
    return registry().CreateStream(name, shards, mode, {}).error().code;
  };
  EXPECT_EQ(code("clicks", 1, "PROVISIONED"), base::Code::kAlreadyExists);
  EXPECT_EQ(code("a/b", 1, "PROVISIONED"), base::Code::kInvalidArgument);
  EXPECT_EQ(code("..", 1, "PROVISIONED"), base::Code::kInvalidArgument);
  EXPECT_EQ(code("x", 1, "SOMETIMES"), base::Code::kInvalidArgument);
  EXPECT_EQ(code("x", 0, "PROVISIONED"), base::Code::kLimitExceeded);
  EXPECT_EQ(code("x", 1'000, "PROVISIONED"), base::Code::kLimitExceeded);
  EXPECT_EQ(registry().List().size(), 1u);
  Create("x", 999);
}

TEST_F(RegistryTest, AStreamThatTheLogCannotOpenWasNeverCreated) {
  FailWhen([](std::string_view path) { return path.starts_with("/data/log/streams/clicks"); });
  EXPECT_EQ(registry().CreateStream("clicks", 1, "PROVISIONED", {}).error().code,
            base::Code::kDiskFull);
  EXPECT_TRUE(registry().List().empty());
  files_.SetFaultHook({});
  Create("clicks");
  EXPECT_TRUE(world_->Append("clicks", "a"));
}

TEST_F(RegistryTest, NamesOfDeliveryStreamsAreReserved) {
  const auto refused = registry().CreateStream("firehose.events", 1, "PROVISIONED", {});
  EXPECT_EQ(refused.error().code, base::Code::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("delivery streams"), std::string::npos);
  Create("firehose");
}

TEST_F(RegistryTest, AHalfDeletedStreamIsRemovedThoughItIsDamaged) {
  Create("clicks");
  EXPECT_TRUE(world_->Append("clicks", "a"));
  EXPECT_TRUE(world_->Append("clicks", "b"));
  FailWhen([](std::string_view path) { return path.ends_with("/deleted"); });
  EXPECT_EQ(registry().DeleteStream("clicks", true).error().code, base::Code::kDiskFull);
  files_.SetFaultHook({});
  bool damaged = false;
  for (const std::string& file : files_.Files()) {
    if (file.contains("/streams/clicks/")) {
      files_.FlipBit(file, 8 * 10);
      damaged = true;
    }
  }
  ASSERT_TRUE(damaged);
  Reopen();
  EXPECT_EQ(registry().Get("clicks").error().code, base::Code::kNotFound);
  EXPECT_TRUE(std::ranges::none_of(
      files_.Files(), [](const std::string& file) { return file.contains("/streams/clicks/"); }));
  Create("clicks");
  EXPECT_TRUE(world_->Records("clicks").empty());
}

TEST_F(RegistryTest, ADeletedStreamIsGoneWithItsRecordsAndConsumers) {
  Create("clicks");
  EXPECT_TRUE(world_->Append("clicks", "old"));
  ASSERT_TRUE(registry().AddConsumer("clicks", "reader").has_value());
  EXPECT_NE(ErrorOf(registry().DeleteStream("clicks", false)).find("'reader'"), std::string::npos);
  EXPECT_EQ(ErrorOf(registry().DeleteStream("clicks", true)), "");
  EXPECT_EQ(registry().Get("clicks").error().code, base::Code::kNotFound);
  EXPECT_EQ(registry().DeleteStream("clicks", true).error().code, base::Code::kNotFound);
  Create("clicks");
  EXPECT_TRUE(world_->Records("clicks").empty());
  EXPECT_TRUE(registry().Consumers("clicks")->empty());
  EXPECT_TRUE(world_->Append("clicks", "new"));
  Reopen();
  EXPECT_EQ(world_->Records("clicks"), std::vector<std::string>{"new"});
}

TEST_F(RegistryTest, AStreamInUseIsNotDeleted) {
  for (const char* const name : {"by-app", "by-delivery", "by-door", "free"}) {
    Create(name);
  }
  Put("AWS::KinesisAnalytics::Application", "windows",
      R"({"Inputs":[{"KinesisStreamsInput":{"ResourceARN":"arn:aws:kinesis:r:0:stream/by-app"}}]})");
  Put("AWS::KinesisFirehose::DeliveryStream", "raw",
      R"({"KinesisStreamSourceConfiguration":)"
      R"({"KinesisStreamARN":"arn:aws:kinesis:r:0:stream/by-delivery"}})");
  Put("Weir::BrowserSource", "shop", R"({"ClickStream":"by-door","OrderStream":"other"})");
  const auto error = [&](std::string_view name) {
    return ErrorOf(registry().DeleteStream(name, true));
  };
  EXPECT_EQ(error("by-app"), "stream 'by-app' is used by application 'windows'; remove that first");
  EXPECT_NE(error("by-delivery").find("delivery stream 'raw'"), std::string::npos);
  EXPECT_NE(error("by-door").find("browser source 'shop'"), std::string::npos);
  EXPECT_EQ(error("free"), "");
}

TEST_F(RegistryTest, AStacksStreamIsNotDeletedButChanged) {
  Put(std::string(kStreamType), "clicks", R"({"Name":"clicks","ShardCount":1})");
  Reopen();
  EXPECT_NE(ErrorOf(registry().DeleteStream("clicks", true)).find("stack 'weir'"),
            std::string::npos);
  EXPECT_EQ(ErrorOf(registry().UpdateShardCount("clicks", 2)), "");
  EXPECT_EQ(registry().Get("clicks")->stack, "weir");
  EXPECT_EQ(registry().Get("clicks")->definition.shards.size(), 3u);
}

TEST_F(RegistryTest, WhatAnApplicationWritesKeepsItsShards) {
  Create("windows-out");
  Put("AWS::KinesisAnalytics::ApplicationOutput", "o1",
      R"({"ApplicationName":"windows","Output":{"Name":"DEST","KinesisFirehoseOutput":)"
      R"({"ResourceARN":"arn:aws:firehose:r:0:deliverystream/d"}}})");
  Put("AWS::KinesisAnalytics::ApplicationOutput", "o2",
      R"({"ApplicationName":"windows","Output":{"Name":"OTHER","KinesisStreamsOutput":)"
      R"({"ResourceARN":"arn:aws:kinesis:r:0:stream/windows-out"}}})");
  ASSERT_TRUE(world_->log
                  ->OpenStream({.name = "windows.DEST",
                                .shards = log::EvenShards(1),
                                .retention_millis = 7 * 24 * 3'600'000ll})
                  .has_value());
  for (const char* const name : {"windows.DEST", "windows-out"}) {
    SCOPED_TRACE(name);
    const auto stream = registry().Get(name);
    ASSERT_TRUE(stream.has_value()) << stream.error().message;
    EXPECT_TRUE(stream->derived);
    EXPECT_EQ(registry().UpdateShardCount(name, 2).error().code, base::Code::kFailedPrecondition);
    EXPECT_EQ(registry().DeleteStream(name, true).error().code, base::Code::kFailedPrecondition);
  }
  EXPECT_EQ(registry().Get("windows.DEST")->retention_hours, 168);
  EXPECT_EQ(registry().CreateStream("windows.DEST", 1, "PROVISIONED", {}).error().code,
            base::Code::kAlreadyExists);
  EXPECT_EQ(registry().List().size(), 2u);
}

TEST_F(RegistryTest, RecordsGoToTheChildrenOfASplitShard) {
  Create("clicks");
  for (const char* const key : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(world_->Append("clicks", key));
  }
  const model::HashKey middle{model::kMaxHashKey.value / 2};
  ASSERT_EQ(ErrorOf(registry().SplitShard("clicks", 0, middle)), "");
  EXPECT_EQ(OpenIds("clicks"), (std::vector<uint32_t>{1, 2}));
  for (const char* const key : {"e", "f", "g", "h"}) {
    EXPECT_TRUE(world_->Append("clicks", key));
  }
  EXPECT_EQ(world_->log->Find("clicks")->DurableEnd(0).value, 4u);
  ASSERT_EQ(ErrorOf(registry().MergeShards("clicks", 2, 1)), "");
  EXPECT_TRUE(world_->Append("clicks", "i"));
  EXPECT_EQ(world_->log->Find("clicks")->DurableEnd(3).value, 1u);
  EXPECT_EQ(registry().SplitShard("clicks", 0, middle).error().code,
            base::Code::kFailedPrecondition);
  EXPECT_EQ(registry().MergeShards("clicks", 3, 9).error().code, base::Code::kNotFound);
  EXPECT_EQ(registry().SplitShard("nothing", 0, middle).error().code, base::Code::kNotFound);
  Reopen();
  EXPECT_EQ(OpenIds("clicks"), std::vector<uint32_t>{3});
  EXPECT_EQ(world_->Records("clicks").size(), 9u);
  EXPECT_TRUE(world_->Append("clicks", "j"));
  EXPECT_EQ(world_->log->Find("clicks")->DurableEnd(3).value, 2u);
}

TEST_F(RegistryTest, TheCountOfShardsIsChangedEvenly) {
  Create("clicks", 3);
  EXPECT_EQ(registry().UpdateShardCount("clicks", 7).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(registry().UpdateShardCount("clicks", 1).error().code, base::Code::kInvalidArgument);
  for (const uint32_t target : {3u, 4u, 8u, 5u, 3u, 2u, 1u}) {
    SCOPED_TRACE(target);
    clock_.AdvanceMillis(2'000);
    ASSERT_EQ(ErrorOf(registry().UpdateShardCount("clicks", target)), "");
    EXPECT_EQ(OpenIds("clicks").size(), target);
    EXPECT_TRUE(world_->Append("clicks", fmt::format("{}", target)));
  }
  EXPECT_EQ(world_->Records("clicks").size(), 7u);
  Reopen();
  EXPECT_EQ(world_->Records("clicks").size(), 7u);
}

TEST_F(RegistryTest, VerificationFindsNothingWrongWithReshardedStreams) {
  Create("clicks", 3);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(world_->Append("clicks", fmt::format("{}", i)));
  }
  // Three to four has shards that are born closed.
  ASSERT_EQ(ErrorOf(registry().UpdateShardCount("clicks", 4)), "");
  EXPECT_TRUE(world_->Append("clicks", "20"));
  // As a crash before the log follows leaves it.
  const auto split = registry().Get("clicks");
  ASSERT_TRUE(split.has_value());
  for (const bool behind : {false, true}) {
    SCOPED_TRACE(behind);
    log::StreamDefinition definition = split->definition;
    if (behind) {
      definition = log::Split(definition, static_cast<uint32_t>(definition.shards.size() - 1));
    }
    for (const bool open : {true, false}) {
      SCOPED_TRACE(open);
      std::unique_ptr<log::Log> closed;
      if (!open) {
        auto opened = log::Log::Open(files_, clock_, "/data/log", {.committers = 0});
        ASSERT_TRUE(opened.has_value());
        closed = std::move(*opened);
      }
      const auto report = (open ? *world_->log : *closed).Verify(definition);
      ASSERT_TRUE(report.has_value()) << report.error().message;
      EXPECT_EQ(report->records, 21u);
      EXPECT_TRUE(report->problems.empty()) << report->problems.front();
    }
  }
}

TEST_F(RegistryTest, ShardsOfAllStreamsTogetherAreLimited) {
  Create("wide", 940);
  Create("other", 50);
  EXPECT_EQ(registry().UpdateShardCount("other", 61).error().code, base::Code::kLimitExceeded);
  EXPECT_EQ(registry().Get("other")->definition.shards.size(), 50u);
  EXPECT_EQ(ErrorOf(registry().UpdateShardCount("other", 25)), "");
}

TEST_F(RegistryTest, PropertiesAreKept) {
  Create("clicks");
  EXPECT_EQ(ErrorOf(registry().SetRetention("clicks", 48)), "");
  EXPECT_EQ(world_->log->Find("clicks")->definition().retention_millis, 48 * 3'600'000ll);
  EXPECT_EQ(registry().SetRetention("clicks", 23).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(registry().SetRetention("clicks", 8'761).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(ErrorOf(registry().SetMode("clicks", "ON_DEMAND")), "");
  EXPECT_EQ(ErrorOf(registry().Tag("clicks", {{"a", "1"}, {"b", "2"}})), "");
  EXPECT_EQ(ErrorOf(registry().Tag("clicks", {{"b", "3"}})), "");
  const std::vector<std::string> gone{"a", "never"};
  EXPECT_EQ(ErrorOf(registry().Untag("clicks", gone)), "");
  std::map<std::string, std::string> many;
  for (int i = 0; i < 50; ++i) {
    many[fmt::format("t{}", i)] = "";
  }
  EXPECT_EQ(registry().Tag("clicks", many).error().code, base::Code::kLimitExceeded);
  Reopen();
  const auto stream = registry().Get("clicks");
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->retention_hours, 48);
  EXPECT_EQ(stream->definition.retention_millis, 48 * 3'600'000ll);
  EXPECT_EQ(stream->mode, "ON_DEMAND");
  EXPECT_EQ(stream->tags, (std::map<std::string, std::string>{{"b", "3"}}));
}

TEST_F(RegistryTest, ConsumersAreRegisteredByName) {
  Create("clicks");
  EXPECT_EQ(registry().AddConsumer("nothing", "x").error().code, base::Code::kNotFound);
  EXPECT_EQ(registry().AddConsumer("clicks", "").error().code, base::Code::kInvalidArgument);
  const auto added = registry().AddConsumer("clicks", "c00");
  ASSERT_TRUE(added.has_value()) << added.error().message;
  EXPECT_EQ(added->created.millis, 1'700'000'000'000);
  EXPECT_EQ(registry().AddConsumer("clicks", "c00").error().code, base::Code::kAlreadyExists);
  for (size_t i = 1; i < Registry::kMaxConsumers; ++i) {
    ASSERT_TRUE(registry().AddConsumer("clicks", fmt::format("c{:02}", i)).has_value());
  }
  EXPECT_EQ(registry().AddConsumer("clicks", "c20").error().code, base::Code::kLimitExceeded);
  EXPECT_EQ(ErrorOf(registry().RemoveConsumer("clicks", "c07")), "");
  EXPECT_EQ(registry().RemoveConsumer("clicks", "c07").error().code, base::Code::kNotFound);
  Reopen();
  EXPECT_EQ(registry().Consumers("clicks")->size(), Registry::kMaxConsumers - 1);
}

TEST_F(RegistryTest, AChangeThatTheLogRefusesHasNotHappened) {
  Create("clicks");
  FailWhen([](std::string_view path) { return path.starts_with("/data/log/streams/"); });
  EXPECT_EQ(registry().UpdateShardCount("clicks", 2).error().code, base::Code::kDiskFull);
  EXPECT_EQ(registry().Get("clicks")->definition.shards, log::EvenShards(1));
  files_.SetFaultHook({});
  EXPECT_TRUE(world_->Append("clicks", "a"));
  EXPECT_EQ(ErrorOf(registry().UpdateShardCount("clicks", 2)), "");
  EXPECT_TRUE(world_->Append("clicks", "b"));
  EXPECT_EQ(world_->Records("clicks").size(), 2u);
}

TEST_F(RegistryTest, ACatalogThatIsAheadIsFollowedWithTheNextChange) {
  Create("clicks");
  EXPECT_TRUE(world_->Append("clicks", "a"));
  // The catalog takes the change, but neither the log follows nor can it be undone.
  bool resharding = false;
  FailWhen([&resharding](std::string_view path) {
    resharding = resharding || path.starts_with("/data/log/streams/");
    return resharding;
  });
  EXPECT_EQ(registry().UpdateShardCount("clicks", 2).error().code, base::Code::kDiskFull);
  EXPECT_EQ(OpenIds("clicks").size(), 1u);
  files_.SetFaultHook({});
  EXPECT_EQ(ErrorOf(registry().Tag("clicks", {{"a", "b"}})), "");
  EXPECT_EQ(OpenIds("clicks").size(), 2u);
  EXPECT_TRUE(world_->Append("clicks", "b"));
  EXPECT_EQ(world_->Records("clicks").size(), 2u);
}

TEST_F(RegistryTest, NoRecordIsLostWhileShardsChange) {
  constexpr int kThreads = 2;
  constexpr int kRecords = 400;
  Reopen(1);
  Create("clicks", 2);
  log::Stream& stream = *world_->log->Find("clicks");
  std::atomic<int> stored{0};
  std::vector<std::thread> producers;
  for (int thread = 0; thread < kThreads; ++thread) {
    producers.emplace_back([&stream, &stored, thread] {
      for (int i = 0; i < kRecords; ++i) {
        const std::string key = fmt::format("{}-{}", thread, i);
        std::vector<log::Entry> entries(3, {.partition_key = key, .data = key});
        stream.Append(entries, [&stored](const base::Result<std::vector<log::Placement>>& placed) {
          stored += placed.has_value() ? static_cast<int>(placed->size()) : 0;
        });
      }
    });
  }
  for (const uint32_t target : {4u, 2u, 3u, 6u, 3u}) {
    ASSERT_EQ(ErrorOf(registry().UpdateShardCount("clicks", target)), "");
  }
  for (std::thread& producer : producers) {
    producer.join();
  }
  world_->log->Shutdown();
  EXPECT_EQ(stored, 3 * kThreads * kRecords);
  Reopen();
  std::vector<std::string> records = world_->Records("clicks");
  EXPECT_EQ(records.size(), size_t{3} * kThreads * kRecords);
  std::ranges::sort(records);
  EXPECT_EQ(std::ranges::unique(records).size(), size_t{2} * kThreads * kRecords);
}

}  // namespace
}  // namespace weir::registry
