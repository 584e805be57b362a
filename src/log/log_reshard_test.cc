#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "base/random.h"
#include "base/test_seed.h"
#include "log/log_fixture.h"

namespace weir::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Keys of the lower and the upper half of the circle.
constexpr model::HashKey kLow{1};
constexpr model::HashKey kHigh{model::kMaxHashKey.value - 1};

class LogReshardTest : public LogFixture {
 protected:
  void Reshard(StreamDefinition definition) {
    definition_ = std::move(definition);
    const auto done = stream_->Reshard(definition_);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  Placement Put(model::HashKey key, std::string_view data,
                std::optional<model::Rowtime> arrival = std::nullopt) {
    Outcome outcome;
    const Entry entry{
        .partition_key = "k", .explicit_hash_key = key, .data = data, .arrival = arrival};
    stream_->Append({&entry, 1}, Into(outcome));
    log_->Drive();
    EXPECT_TRUE(outcome.ok());
    return outcome.ok() ? outcome.result->front() : Placement{};
  }

  bool Ended(uint32_t shard) {
    const auto read = stream_->Read(shard, stream_->DurableEnd(shard), 1, 1);
    EXPECT_TRUE(read.has_value());
    return read->ended;
  }
};

TEST_F(LogReshardTest, NewRecordsGoToTheChildrenAndTheParentEnds) {
  Put(kLow, "a");
  Put(kHigh, "b");
  EXPECT_FALSE(Ended(0));
  const StreamDefinition& before = stream_->definition();
  Reshard(Split(definition_, 0));
  EXPECT_THAT(before.shards, SizeIs(1));
  EXPECT_FALSE(before.shards[0].closed);
  EXPECT_EQ(stream_->definition(), definition_);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Ended(0));
    EXPECT_FALSE(Ended(1));
    EXPECT_FALSE(Ended(2));
    Reopen();
  }
  const Placement low = Put(kLow, "c");
  const Placement high = Put(kHigh, "d");
  EXPECT_EQ(low.shard, 1U);
  EXPECT_EQ(high.shard, 2U);
  EXPECT_EQ(low.sequence.value, 0U);
  EXPECT_EQ(high.sequence.value, 0U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(All(0), ElementsAre("a", "b"));
    EXPECT_THAT(All(1), ElementsAre("c"));
    EXPECT_THAT(All(2), ElementsAre("d"));
    EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
    Reopen();
  }
}

TEST_F(LogReshardTest, EndIsToldWithTheLastRecordsAndOnlyThen) {
  Put(kLow, "a");
  Put(kLow, "b");
  Reshard(Split(definition_, 0));
  const auto first = stream_->Read(0, {0}, 1, 1000);
  EXPECT_FALSE(first->ended);
  const auto second = stream_->Read(0, first->next, 1, 1000);
  EXPECT_EQ(second->batch.records.front().data, "b");
  EXPECT_TRUE(second->ended);
  EXPECT_EQ(second->bound, stream_->Bound(0));
}

TEST_F(LogReshardTest, WhatWaitsForItsSyncStaysWithTheParent) {
  Outcome waiting;
  const Entry entry{.partition_key = "k", .data = "a"};
  stream_->Append({&entry, 1}, Into(waiting));
  Reshard(Split(definition_, 0));
  ASSERT_TRUE(waiting.ok());
  EXPECT_EQ(waiting.result->front().shard, 0U);
  EXPECT_THAT(All(0), ElementsAre("a"));
  EXPECT_TRUE(Ended(0));
}

TEST_F(LogReshardTest, MergesAndSplitsOfSplits) {
  Put(kLow, "0");
  Reshard(Split(definition_, 0));
  EXPECT_EQ(Put(kLow, "1").shard, 1U);
  Reshard(Split(definition_, 1));
  EXPECT_EQ(Put(kLow, "3").shard, 3U);
  Reshard(Merge(definition_, 4, 2));
  EXPECT_EQ(Put(kHigh, "5").shard, 5U);
  Reshard(Merge(definition_, 3, 5));
  EXPECT_EQ(Put(kLow, "6").shard, 6U);
  EXPECT_EQ(Put(kHigh, "7").shard, 6U);
  for (int round = 0; round < 2; ++round) {
    for (uint32_t shard = 0; shard < 6; ++shard) {
      EXPECT_TRUE(Ended(shard)) << shard;
    }
    EXPECT_FALSE(Ended(6));
    EXPECT_THAT(All(6), ElementsAre("6", "7"));
    EXPECT_THAT(All(4), IsEmpty());
    EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
    Reopen();
  }
}

TEST_F(LogReshardTest, SeveralGenerationsAtOnce) {
  const model::Rowtime late{clock_.WallMillis() + 60'000};
  Put(kLow, "a", late);
  Reshard(Split(Split(definition_, 0), 2));
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Ended(0));
    EXPECT_TRUE(Ended(2));
    EXPECT_EQ(stream_->Bound(4), late);
    const Placement placed = Put(kHigh, "b");
    EXPECT_EQ(placed.shard, 4U);
    EXPECT_EQ(placed.arrival, late);
    Reopen();
  }
}

TEST_F(LogReshardTest, ChildrenContinueTheTimeOfTheirParents) {
  const model::Rowtime late{clock_.WallMillis() + 60'000};
  Put(kLow, "a", late);
  Reshard(Split(definition_, 0));
  EXPECT_EQ(stream_->Bound(0), late);
  EXPECT_EQ(stream_->Bound(1), late);
  EXPECT_EQ(Put(kLow, "b").arrival, late);
  Reopen();
  EXPECT_EQ(stream_->Bound(2), late);
  EXPECT_EQ(Put(kHigh, "c").arrival, late);
  // Both of a merge's parents count.
  const model::Rowtime later{late.millis + 1};
  Put(kHigh, "d", later);
  Reshard(Merge(definition_, 1, 2));
  EXPECT_EQ(Put(kLow, "e").arrival, later);
}

TEST_F(LogReshardTest, ChildrenHoldTheirTimeWhenTheirFirstWriteFails) {
  const model::Rowtime late{clock_.WallMillis() + 60'000};
  Put(kLow, "a", late);
  Reshard(Split(definition_, 0));
  files_.SetFreeBytes(0);
  testing::internal::CaptureStderr();
  Outcome refused;
  while (!refused.called || refused.ok()) {
    refused = AppendOne(*log_, *stream_, "k", std::string(1000, 'x'));
  }
  files_.SetFreeBytes(1 << 30);
  EXPECT_GE(Put(kLow, "b").arrival, late);
  EXPECT_GE(Put(kHigh, "c").arrival, late);
  testing::internal::GetCapturedStderr();
}

TEST_F(LogReshardTest, OpeningCompletesWhatWasOnlyDefined) {
  const model::Rowtime late{clock_.WallMillis() + 60'000};
  Put(kLow, "a", late);
  ASSERT_TRUE(Once("app", 0, {"r0", "r1"}).ok());
  definition_ = Split(Split(definition_, 0), 2);
  EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
  Reopen();
  EXPECT_TRUE(Ended(0));
  EXPECT_TRUE(Ended(2));
  EXPECT_EQ(stream_->NextOrdinal("app"), 2U);
  EXPECT_EQ(Put(kHigh, "b").shard, 4U);
  EXPECT_EQ(Put(kHigh, "c").arrival, late);
  EXPECT_THAT(All(0), ElementsAre("a", "r0", "r1"));
}

TEST_F(LogReshardTest, RepeatingItChangesNothingAndRetentionMayChange) {
  Reshard(Split(definition_, 0));
  const StreamDefinition* const now = &stream_->definition();
  Reshard(definition_);
  EXPECT_EQ(&stream_->definition(), now);
  definition_.retention_millis = 5;
  Reshard(definition_);
  EXPECT_EQ(stream_->definition().retention_millis, 5);
  EXPECT_EQ(Put(kLow, "a").shard, 1U);
}

TEST_F(LogReshardTest, RefusesWhatIsNotTheSameStreamFurtherOn) {
  const auto refusal = [&](const StreamDefinition& definition) {
    const auto done = stream_->Reshard(definition);
    return done.has_value() ? base::Code::kInternal : done.error().code;
  };
  const StreamDefinition split = Split(definition_, 0);
  StreamDefinition other = split;
  other.name = "other";
  EXPECT_EQ(refusal(other), base::Code::kInvalidArgument);
  other = split;
  other.shards[1].last_hash.value -= 1;
  EXPECT_EQ(refusal(other), base::Code::kInvalidArgument);
  other = split;
  other.shards[0].last_hash.value -= 1;
  EXPECT_EQ(refusal(other), base::Code::kFailedPrecondition);
  other = split;
  other.shards[0].closed = false;
  EXPECT_EQ(refusal(other), base::Code::kInvalidArgument);
  other = split;
  other.shards[1].created = other.created;
  EXPECT_EQ(refusal(other), base::Code::kInvalidArgument);
  Reshard(split);
  EXPECT_EQ(refusal(Definition("clicks")), base::Code::kInvalidArgument);
  other = split;
  other.shards[0].closed = false;
  EXPECT_EQ(refusal(other), base::Code::kFailedPrecondition);
  log_->Shutdown();
  EXPECT_EQ(refusal(Split(split, 1)), base::Code::kUnavailable);
  EXPECT_EQ(stream_->definition(), split);
}

TEST_F(LogReshardTest, WithoutSpaceForTheChildrenNothingChanges) {
  Put(kLow, "a");
  const StreamDefinition split = Split(definition_, 0);
  int created = 0;
  testing::internal::CaptureStderr();
  files_.SetFaultHook([&](std::string_view operation,
                          std::string_view path) -> std::optional<base::Error> {
    if (operation == "allocate" && path.find("shardId-000000000002") != std::string_view::npos) {
      ++created;
      return base::Error{base::Code::kDiskFull, "no space"};
    }
    return std::nullopt;
  });
  const auto refused = stream_->Reshard(split);
  files_.SetFaultHook(nullptr);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::Code::kDiskFull);
  EXPECT_EQ(created, 1);
  EXPECT_TRUE(log_->healthy());
  EXPECT_EQ(stream_->definition(), definition_);
  for (const std::string& file : files_.Files()) {
    EXPECT_EQ(file.find("shardId-000000000001"), std::string::npos) << file;
  }
  EXPECT_EQ(Put(kLow, "b").shard, 0U);
  Reshard(split);
  EXPECT_EQ(Put(kLow, "c").shard, 1U);
  EXPECT_THAT(All(0), ElementsAre("a", "b"));
  testing::internal::GetCapturedStderr();
}

TEST_F(LogReshardTest, ProducersGoOnInTheChild) {
  ASSERT_TRUE(Once("app", 0, {"r0", "r1"}).ok());
  Reshard(Split(definition_, 0));
  const uint32_t child = stream_->ShardOfProducer("app");
  EXPECT_NE(child, 0U);
  EXPECT_EQ(stream_->NextOrdinal("app"), 2U);
  const Outcome again = Once("app", 1, {"r1", "r2"});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again.result)[0].sequence, kAlreadyStored);
  EXPECT_THAT(All(child), ElementsAre("r2"));
  Reopen();
  EXPECT_EQ(stream_->NextOrdinal("app"), 3U);
  Reshard(Merge(definition_, 1, 2));
  EXPECT_EQ(stream_->NextOrdinal("app"), 3U);
  Reopen();
  EXPECT_EQ(stream_->NextOrdinal("app"), 3U);
  EXPECT_TRUE(Once("app", 3, {"r3"}).ok());
  EXPECT_THAT(All(3), ElementsAre("r3"));
}

TEST_F(LogReshardTest, TimeIsStatedForOpenShardsOnly) {
  Put(kLow, "a");
  Reshard(Split(definition_, 0));
  const model::Rowtime end = stream_->Bound(0);
  clock_.AdvanceMillis(500);
  stream_->StateBound({clock_.WallMillis()}, false);
  log_->Drive();
  EXPECT_EQ(stream_->Bound(0), end);
  EXPECT_EQ(stream_->Bound(1).millis, clock_.WallMillis());
  EXPECT_EQ(stream_->Bound(2).millis, clock_.WallMillis());
  Reopen();
  EXPECT_EQ(stream_->Bound(0), end);
}

TEST_F(LogReshardTest, ReadersHearOfTheEnd) {
  Notifier notifier;
  stream_->Watch(&notifier);
  const uint64_t before = notifier.count();
  Reshard(Split(definition_, 0));
  EXPECT_GT(notifier.count(), before);
  stream_->Unwatch(&notifier);
}

TEST_F(LogReshardTest, RetentionEmptiesClosedShardsButKeepsTheirEnd) {
  definition_.retention_millis = 1000;
  Reshard(definition_);
  for (int i = 0; i < 100; ++i) {
    Put(kLow, std::string(500, 'x'));
  }
  ASSERT_TRUE(Once("app", 0, {"r0"}).ok());
  Reshard(Split(definition_, 0));
  const model::Rowtime bound = stream_->Bound(0);
  const uint64_t before = stream_->BytesOnDisk();
  const std::vector<model::Sequence> keep = {{100}, {0}, {0}};
  clock_.AdvanceMillis(2000);
  ASSERT_TRUE(stream_->ApplyRetention(keep).has_value());
  EXPECT_LE(stream_->TrimHorizon(0).value, 100U);
  const auto removed = stream_->ApplyRetention({});
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(*stream_->ApplyRetention({}), 0U);
  EXPECT_LT(stream_->BytesOnDisk(), before);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(stream_->TrimHorizon(0).value, 101U);
    EXPECT_EQ(stream_->DurableEnd(0).value, 101U);
    EXPECT_EQ(stream_->Bound(0), bound);
    const auto read = stream_->Read(0, {0}, 10, 1000);
    ASSERT_TRUE(read.has_value());
    EXPECT_TRUE(read->ended);
    EXPECT_EQ(read->next.value, 101U);
    EXPECT_EQ(stream_->NextOrdinal("app"), 1U);
    EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
    Reopen();
  }
}

TEST_F(LogReshardTest, ClosedShardsGiveBackTheirUnusedSpace) {
  Put(kLow, "a");
  EXPECT_EQ(stream_->BytesOnDisk(), options_.segment_bytes);
  Reshard(Split(definition_, 0));
  EXPECT_LT(stream_->BytesOnDisk(), 2 * options_.segment_bytes + 4096);
}

TEST_F(LogReshardTest, DeletionTakesAllGenerations) {
  Put(kLow, "a");
  Reshard(Split(definition_, 0));
  Put(kLow, "b");
  ASSERT_TRUE(log_->DeleteStream("clicks").has_value());
  for (const std::string& file : files_.Files()) {
    EXPECT_EQ(file.find("clicks"), std::string::npos) << file;
  }
}

TEST_F(LogReshardTest, SequenceNumbersOfChildrenAreGreater) {
  definition_.created = {1'600'000'000'900};
  definition_ = Split(Split(definition_, 0), 1);
  const auto number = [&](uint32_t shard, uint64_t sequence) {
    return model::FormatSequenceNumber(
        {.shard_created_seconds =
             ShardCreated(definition_, definition_.shards[shard]).millis / 1000,
         .shard = shard,
         .sequence = {sequence},
         .arrival_seconds = 1'600'000'000});
  };
  EXPECT_GT(number(1, 0), number(0, UINT64_MAX));
  EXPECT_GT(number(3, 0), number(1, UINT64_MAX));
  EXPECT_GT(number(4, 0), number(1, UINT64_MAX));
  const model::Rowtime now{1'700'000'000'123};
  const uint32_t parent = 4;
  EXPECT_EQ(ChildCreated(definition_, {&parent, 1}, now), now);
}

/// Follows a stream as every consumer must: a shard's children are read only after its end.
class Follower {
 public:
  explicit Follower(Stream& stream) : stream_(stream) {
    for (const ShardDefinition& shard : stream.definition().shards) {
      if (shard.parents.empty()) {
        places_.emplace(shard.id, Place{});
      }
    }
  }

  void ReadToTheEnd(std::vector<std::string>& data) {
    // Each step without records passes at least one generation.
    for (size_t idle = 0; idle <= stream_.definition().shards.size();) {
      idle = Step(data) > 0 ? 0 : idle + 1;
    }
  }

  /// Reads one step of every shard that it is in; returns the number of records.
  size_t Step(std::vector<std::string>& data) {
    size_t count = 0;
    for (auto place = places_.begin(); place != places_.end();) {
      const auto read = stream_.Read(place->first, place->second.next, 20, 4000);
      EXPECT_TRUE(read.has_value());
      for (const model::Record& record : read->batch.records) {
        EXPECT_EQ(record.sequence, place->second.next);
        EXPECT_GE(record.arrival, place->second.time);
        place->second.next.value += 1;
        place->second.time = record.arrival;
        data.emplace_back(record.data);
        ++count;
      }
      place->second.time = std::max(place->second.time, read->bound);
      if (!read->ended) {
        ++place;
        continue;
      }
      End(place->first, place->second.time);
      place = places_.erase(place);
    }
    return count;
  }

 private:
  struct Place {
    model::Sequence next;
    model::Rowtime time;
  };

  void End(uint32_t parent, model::Rowtime time) {
    ended_.insert(parent);
    bool children = false;
    for (const ShardDefinition& shard : stream_.definition().shards) {
      if (std::ranges::find(shard.parents, parent) == shard.parents.end()) {
        continue;
      }
      children = true;
      model::Rowtime& floor = floors_[shard.id];
      floor = std::max(floor, time);
      if (std::ranges::all_of(shard.parents, [&](uint32_t id) { return ended_.contains(id); })) {
        places_.emplace(shard.id, Place{.time = floor});
      }
    }
    EXPECT_TRUE(children) << "shard " << parent << " ended without children";
  }

  Stream& stream_;
  std::map<uint32_t, Place> places_;
  std::map<uint32_t, model::Rowtime> floors_;
  std::set<uint32_t> ended_;
};

class LogReshardThreadsTest : public ::testing::Test {
 protected:
  static constexpr int kWriters = 3;
  static constexpr int kRequests = 80;
  static constexpr int kKeys = 8;
  static constexpr int kReshardings = 60;

  void SetUp() override {
    std::filesystem::remove_all(folder_);
    LogOptions options;
    options.segment_bytes = 32 << 10;
    options.min_free_bytes = 0;
    auto log = Log::Open(base::SystemFileSystem(), base::SystemClock(), folder_, options);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = std::move(*log);
    stream_ = *log_->OpenStream(Definition("clicks", 2));
  }

  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Sends a record for each of the writer's keys, each request when the one before is durable.
  void Write(int writer) {
    for (int i = 0; i < kRequests; ++i) {
      std::vector<std::string> data;
      std::vector<Entry> entries;
      for (int key = 0; key < kKeys; ++key) {
        data.push_back(fmt::format("{}-{}:{:06}", writer, key, i));
      }
      for (const std::string& one : data) {
        entries.push_back(
            {.partition_key = std::string_view(one).substr(0, one.find(':')), .data = one});
      }
      // Ahead of the clock, so that children must be told where their parents ended.
      entries.front().arrival = model::Rowtime{base::SystemClock().WallMillis() + 1000};
      std::promise<bool> durable;
      if (i % 2 == 0) {
        stream_->Append(entries, [&](const base::Result<std::vector<Placement>>& result) {
          durable.set_value(result.has_value());
        });
      } else {
        stream_->AppendEach(entries, [&](const AppendOutcome& outcome) {
          durable.set_value(outcome.refused.empty());
        });
      }
      EXPECT_TRUE(durable.get_future().get());
    }
  }

  /// Rows of one producer, which repeats some of them.
  void WriteRows() {
    for (uint64_t i = 0; i < kRequests; ++i) {
      EXPECT_EQ(stream_->NextOrdinal("app"), i);
      const std::string rows[] = {fmt::format("app:{:06}", i - std::min<uint64_t>(i, 1)),
                                  fmt::format("app:{:06}", i)};
      const std::vector<Entry> entries = {{.partition_key = "app", .data = rows[0]},
                                          {.partition_key = "app", .data = rows[1]}};
      const auto sent = std::span(entries).subspan(i == 0 ? 1 : 0);
      std::promise<bool> durable;
      stream_->AppendOnce({"app", i - (sent.size() - 1)}, sent,
                          [&](const base::Result<std::vector<Placement>>& result) {
                            durable.set_value(result.has_value());
                          });
      EXPECT_TRUE(durable.get_future().get());
    }
  }

  /// Splits and merges at random while anybody writes.
  void Reshard(uint64_t seed, const std::atomic<int>& writers) {
    base::Random random(seed);
    for (int i = 0; i < kReshardings && writers > 0; ++i) {
      const StreamDefinition& now = stream_->definition();
      std::vector<ShardDefinition> open;
      std::ranges::copy_if(now.shards, std::back_inserter(open),
                           [](const ShardDefinition& shard) { return !shard.closed; });
      std::ranges::sort(open, {}, &ShardDefinition::first_hash);
      const size_t chosen = random.Below(open.size());
      const bool merge = chosen + 1 < open.size() && random.Chance(open.size() / 8.0);
      const auto done = stream_->Reshard(merge ? Merge(now, open[chosen].id, open[chosen + 1].id)
                                               : Split(now, open[chosen].id));
      ASSERT_TRUE(done.has_value()) << done.error().message;
      stream_->StateBound({base::SystemClock().WallMillis()}, false);
    }
  }

  const std::string folder_ =
      testing::TempDir() + "weir_log_reshard_test_" + base::SystemRandomHex(8);
  std::unique_ptr<Log> log_;
  Stream* stream_ = nullptr;
};

TEST_F(LogReshardThreadsTest, KeysKeepTheirOrderThroughReshardingUnderLoad) {
  constexpr size_t kRecords = kWriters * kRequests * kKeys + kRequests;
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  SCOPED_TRACE(base::SeedTrace(seed));
  std::atomic<int> writers = kWriters + 1;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      Write(writer);
      --writers;
    });
  }
  threads.emplace_back([&] {
    WriteRows();
    --writers;
  });
  threads.emplace_back([&] { Reshard(seed, writers); });

  Notifier notifier;
  stream_->Watch(&notifier);
  Follower follower(*stream_);
  std::vector<std::string> live;
  while (writers > 0) {
    const uint64_t seen = notifier.count();
    if (follower.Step(live) == 0) {
      notifier.Wait(seen, 1000);
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  stream_->Unwatch(&notifier);
  follower.ReadToTheEnd(live);

  // Another reader, from the beginning, after all is over.
  std::vector<std::string> later;
  Follower(*stream_).ReadToTheEnd(later);
  for (const std::vector<std::string>& data : {live, later}) {
    ASSERT_THAT(data, SizeIs(kRecords));
    std::map<std::string, int> next;
    for (const std::string& one : data) {
      const size_t colon = one.find(':');
      ASSERT_EQ(std::stoi(one.substr(colon + 1)), next[one.substr(0, colon)]++) << one;
    }
  }
  EXPECT_THAT(log_->Verify(stream_->definition())->problems, IsEmpty());
}

class LogAppendEachTest : public LogReshardTest {
 protected:
  void SetUp() override {
    definition_ = Definition("clicks", 2);
    Reopen();
  }

  /// Entries for the shards 0, 1, 0, 1, …
  static std::vector<Entry> Alternating(const std::vector<std::string>& data) {
    std::vector<Entry> entries;
    for (size_t i = 0; i < data.size(); ++i) {
      entries.push_back(
          {.partition_key = "k", .explicit_hash_key = i % 2 == 0 ? kLow : kHigh, .data = data[i]});
    }
    return entries;
  }

  AppendEachDone Into(std::optional<AppendOutcome>& outcome) {
    return [&outcome](AppendOutcome result) { outcome = std::move(result); };
  }

  /// "index:code" of what was refused.
  static std::vector<std::string> Refused(const AppendOutcome& outcome) {
    std::vector<std::string> refused;
    for (const auto& [index, error] : outcome.refused) {
      refused.push_back(fmt::format("{}:{}", index, base::CodeName(error.code)));
    }
    return refused;
  }

  std::optional<AppendOutcome> outcome_;
};

TEST_F(LogAppendEachTest, PlacesEveryEntryInItsOrder) {
  const std::vector<std::string> data = {"a", "b", "c", "d", "e"};
  stream_->AppendEach(Alternating(data), Into(outcome_));
  EXPECT_FALSE(outcome_.has_value());
  log_->Drive();
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_THAT(outcome_->refused, IsEmpty());
  ASSERT_THAT(outcome_->placements, SizeIs(5));
  EXPECT_EQ(outcome_->placements[3].shard, 1U);
  EXPECT_EQ(outcome_->placements[3].sequence.value, 1U);
  EXPECT_THAT(All(0), ElementsAre("a", "c", "e"));
  EXPECT_THAT(All(1), ElementsAre("b", "d"));
}

TEST_F(LogAppendEachTest, NothingToAppendIsAnAnswerAtOnce) {
  stream_->AppendEach({}, Into(outcome_));
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_THAT(outcome_->refused, IsEmpty());
}

TEST_F(LogAppendEachTest, BadEntriesAreRefusedAlone) {
  const std::string large(kMaxRecordBytes, 'x');
  const std::vector<std::string> data = {"a", large, "c", "d"};
  auto entries = Alternating(data);
  entries[3].partition_key = "";
  stream_->AppendEach(entries, Into(outcome_));
  log_->Drive();
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_THAT(Refused(*outcome_), ElementsAre("1:invalid_argument", "3:invalid_argument"));
  EXPECT_THAT(All(0), ElementsAre("a", "c"));
  EXPECT_THAT(All(1), IsEmpty());
}

TEST_F(LogAppendEachTest, ShardWithTooMuchWaitingRefusesItsEntriesAlone) {
  options_.max_pending_bytes = 1 << 10;
  Reopen();
  Outcome waiting;
  const std::string much(800, 'x');
  const Entry entry{.partition_key = "k", .explicit_hash_key = kHigh, .data = much};
  stream_->Append({&entry, 1}, log::Into(waiting));
  const std::vector<std::string> data = {"a", std::string(300, 'b'), "c", "d"};
  const auto entries = Alternating(data);
  Outcome all_or_none;
  stream_->Append(entries, log::Into(all_or_none));
  EXPECT_EQ(all_or_none.code(), base::Code::kUnavailable);
  stream_->AppendEach(entries, Into(outcome_));
  EXPECT_FALSE(outcome_.has_value());
  log_->Drive();
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_THAT(Refused(*outcome_), ElementsAre("1:unavailable", "3:unavailable"));
  EXPECT_THAT(outcome_->refused[0].second.message, HasSubstr("shardId-000000000001"));
  EXPECT_THAT(All(0), ElementsAre("a", "c"));
  EXPECT_THAT(All(1), ElementsAre(much));
}

TEST_F(LogAppendEachTest, FullDiskUnderOneShardFailsItsEntriesAlone) {
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if (operation == "write" && path.find("shardId-000000000000") != std::string_view::npos) {
          return base::Error{base::Code::kDiskFull, "no space"};
        }
        return std::nullopt;
      });
  testing::internal::CaptureStderr();
  const std::string large(kMaxRecordBytes, 'x');
  const std::vector<std::string> data = {"a", "b", "c", large, "e", "f"};
  stream_->AppendEach(Alternating(data), Into(outcome_));
  log_->Drive();
  files_.SetFaultHook(nullptr);
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_THAT(Refused(*outcome_),
              ElementsAre("0:disk_full", "2:disk_full", "3:invalid_argument", "4:disk_full"));
  EXPECT_EQ(outcome_->placements[5].sequence.value, 1U);
  EXPECT_THAT(All(0), IsEmpty());
  EXPECT_THAT(All(1), ElementsAre("b", "f"));
  EXPECT_EQ(Put(kLow, "again").sequence.value, 0U);
  testing::internal::GetCapturedStderr();
}

TEST_F(LogAppendEachTest, RefusesAllWhenTheLogTakesNothing) {
  log_->Shutdown();
  const std::vector<std::string> data = {"a", "b"};
  stream_->AppendEach(Alternating(data), Into(outcome_));
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_THAT(Refused(*outcome_), ElementsAre("0:unavailable", "1:unavailable"));
}

}  // namespace
}  // namespace weir::log
