/// Random work against a model in memory, and many threads on real files.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <thread>

#include "base/random.h"
#include "base/test_seed.h"
#include "log/log_fixture.h"

namespace weir::log {
namespace {

constexpr int kRounds = 60;
constexpr int kSteps = 120;
constexpr size_t kMostShards = 20;

/// One random run: what the stream should hold, and the steps that change both.
class ModelRun {
 public:
  explicit ModelRun(uint64_t seed) : random_(seed), shards_(1 + random_.Below(3)) {
    options_.segment_bytes = (4 << 10) << random_.Below(4);
    definition_ = Definition("model", static_cast<uint32_t>(shards_));
    definition_.retention_millis = random_.Chance(0.5) ? 1 : 0;
    Resize();
    Open();
  }

  void Step() {
    clock_.AdvanceMillis(static_cast<int64_t>(random_.Below(20)) - 4);
    switch (random_.Below(9)) {
      case 0:
      case 1:
      case 2:
        Append();
        break;
      case 3:
        Rows();
        break;
      case 4:
        stream_->StateBound({clock_.WallMillis() + 5}, random_.Chance(0.2));
        break;
      case 5:
        log_->Drive();
        Check();
        break;
      case 6:
        ReadSome();
        break;
      case 7:
        if (random_.Chance(0.2) && shards_ < kMostShards) {
          Reshard();
        }
        break;
      default:
        if (random_.Chance(0.3)) {
          Retain();
        } else if (random_.Chance(0.3)) {
          log_.reset();
          Open();
          Check();
        }
    }
  }

  void Finish() {
    log_->Drive();
    Check();
  }

 private:
  struct Expected {
    std::string data;
    int64_t arrival = 0;
  };

  void Resize() {
    shards_ = definition_.shards.size();
    expected_.resize(shards_);
    trimmed_.resize(shards_);
    bound_.resize(shards_);
  }

  /// Splits a shard, or merges it with its neighbour; by the stream, or by the next opening.
  void Reshard() {
    std::vector<ShardDefinition> open;
    std::ranges::copy_if(definition_.shards, std::back_inserter(open),
                         [](const ShardDefinition& shard) { return !shard.closed; });
    std::ranges::sort(open, {}, &ShardDefinition::first_hash);
    const size_t chosen = random_.Below(open.size());
    if (chosen + 1 < open.size() && random_.Chance(0.5)) {
      definition_ = Merge(definition_, open[chosen].id, open[chosen + 1].id);
    } else {
      definition_ = Split(definition_, open[chosen].id);
    }
    Resize();
    if (random_.Chance(0.3)) {
      log_.reset();
      Open();
      Check();
    } else {
      const auto done = stream_->Reshard(definition_);
      ASSERT_TRUE(done.has_value()) << done.error().message;
    }
  }

  void Open() {
    log_ = std::move(*Log::Open(files_, clock_, "data", options_));
    auto opened = log_->OpenStream(definition_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    stream_ = *opened;
  }

  void Store(const base::Result<std::vector<Placement>>& result,
             const std::vector<std::string>& data) {
    ASSERT_TRUE(result.has_value());
    for (size_t i = 0; i < data.size(); ++i) {
      const Placement& placement = (*result)[i];
      if (placement.sequence == kAlreadyStored) {
        continue;
      }
      // Appends to several shards call back later than those to one of them.
      auto& shard = expected_[placement.shard];
      shard.resize(std::max<size_t>(shard.size(), placement.sequence.value + 1));
      shard[placement.sequence.value] = {data[i], placement.arrival.millis};
    }
  }

  std::vector<std::string> RandomData(uint64_t most) {
    std::vector<std::string> data(1 + random_.Below(most));
    for (std::string& one : data) {
      one = std::string(random_.Below(random_.Chance(0.1) ? 3000 : 60), 'a' + counter_++ % 26);
    }
    return data;
  }

  void Append() {
    const std::vector<std::string> data = RandomData(20);
    std::vector<Entry> entries;
    for (const std::string& one : data) {
      Entry& entry = entries.emplace_back(Entry{.partition_key = "k", .data = one});
      entry.explicit_hash_key =
          model::HashKey{static_cast<unsigned __int128>(random_.Next()) << 64};
      if (random_.Chance(0.2)) {
        entry.arrival = model::Rowtime{clock_.WallMillis() - 10};
      }
    }
    if (random_.Chance(0.5)) {
      stream_->Append(entries, [this, data](auto result) { Store(result, data); });
    } else {
      stream_->AppendEach(entries, [this, data](AppendOutcome outcome) {
        ASSERT_TRUE(outcome.refused.empty());
        Store(std::move(outcome.placements), data);
      });
    }
  }

  void Rows() {
    const uint64_t again = std::min<uint64_t>(random_.Below(3), ordinal_);
    std::vector<std::string> data = RandomData(5);
    data.insert(data.begin(), again, "repeated");
    std::vector<Entry> entries;
    for (const std::string& one : data) {
      entries.push_back({.partition_key = "row", .data = one});
    }
    stream_->AppendOnce({"producer", ordinal_ - again}, entries,
                        [this, data](auto result) { Store(result, data); });
    ordinal_ += data.size() - again;
  }

  void ReadSome() {
    const auto shard = static_cast<uint32_t>(random_.Below(shards_));
    const model::Sequence from{random_.Below(expected_[shard].size() + 2)};
    const auto read = stream_->Read(shard, from, 1 + random_.Below(50), 1 + random_.Below(5000));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    uint64_t at = std::max(from.value, trimmed_[shard]);
    for (const model::Record& record : read->batch.records) {
      ASSERT_EQ(record.sequence.value, at);
      ASSERT_EQ(record.data, expected_[shard][at].data);
      ASSERT_EQ(record.arrival.millis, expected_[shard][at].arrival);
      ++at;
    }
    ASSERT_EQ(read->next.value, at);
    ASSERT_TRUE(!read->ended ||
                (definition_.shards[shard].closed && at >= expected_[shard].size()));
    for (; at < expected_[shard].size(); ++at) {
      ASSERT_GE(expected_[shard][at].arrival, read->bound.millis);
    }
    const model::Rowtime time{clock_.WallMillis() - static_cast<int64_t>(random_.Below(200))};
    const auto found = stream_->FindArrival(shard, time);
    ASSERT_TRUE(found.has_value());
    for (uint64_t i = trimmed_[shard]; i < expected_[shard].size(); ++i) {
      ASSERT_EQ(expected_[shard][i].arrival >= time.millis, i >= found->value);
    }
  }

  void Retain() {
    std::vector<model::Sequence> keep;
    for (const auto& shard : expected_) {
      keep.push_back({random_.Below(shard.size() + 1)});
    }
    ASSERT_TRUE(stream_->ApplyRetention(keep).has_value());
    for (uint32_t shard = 0; shard < shards_; ++shard) {
      const uint64_t horizon = stream_->TrimHorizon(shard).value;
      ASSERT_GE(horizon, trimmed_[shard]);
      ASSERT_LE(horizon, std::max(keep[shard].value, trimmed_[shard]));
      trimmed_[shard] = horizon;
    }
  }

  void Check() {
    for (uint32_t shard = 0; shard < shards_; ++shard) {
      ASSERT_EQ(stream_->DurableEnd(shard).value, expected_[shard].size());
      ASSERT_EQ(stream_->TrimHorizon(shard).value, trimmed_[shard]);
      ASSERT_GE(stream_->Bound(shard).millis, bound_[shard]);
      bound_[shard] = stream_->Bound(shard).millis;
      const auto all = ReadAll(*stream_, shard, 1 + random_.Below(100));
      ASSERT_TRUE(all.has_value()) << all.error().message;
      ASSERT_EQ(all->size(), expected_[shard].size() - trimmed_[shard]);
      for (size_t i = 0; i < all->size(); ++i) {
        const Expected* const expected = &expected_[shard][trimmed_[shard] + i];
        ASSERT_EQ((*all)[i], expected->data);
        ASSERT_TRUE(i == 0 || (expected - 1)->arrival <= expected->arrival);
      }
      CheckFollowsParents(shard);
    }
    ASSERT_EQ(stream_->NextOrdinal("producer"), ordinal_);
    const auto verified = log_->Verify(definition_);
    ASSERT_TRUE(verified->problems.empty()) << verified->problems.front();
  }

  void CheckFollowsParents(uint32_t shard) {
    for (const uint32_t parent : definition_.shards[shard].parents) {
      const auto end = stream_->Read(parent, stream_->DurableEnd(parent), 1, 1);
      ASSERT_TRUE(end.has_value() && end->ended);
      ASSERT_GE(stream_->Bound(shard), stream_->Bound(parent));
      ASSERT_TRUE(expected_[parent].empty() || expected_[shard].empty() ||
                  expected_[parent].back().arrival <= expected_[shard].front().arrival);
    }
  }

  base::Random random_;
  uint64_t shards_;
  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  LogOptions options_ = SmallOptions();
  StreamDefinition definition_;
  std::unique_ptr<Log> log_;
  Stream* stream_ = nullptr;
  std::vector<std::vector<Expected>> expected_;
  std::vector<uint64_t> trimmed_;
  std::vector<int64_t> bound_;
  uint64_t ordinal_ = 0;
  int counter_ = 0;
};

TEST(LogModelTest, RandomWorkEqualsTheModel) {
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(fmt::format("WEIR_SEED={} (round {})", seed, round));
    ModelRun run(seed + round);
    for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      run.Step();
    }
    run.Finish();
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

class LogThreadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    options_.segment_bytes = 64 << 10;
    options_.committers = 2;
    options_.min_free_bytes = 0;
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Log> Open() {
    auto log = Log::Open(base::SystemFileSystem(), base::SystemClock(), folder_, options_);
    EXPECT_TRUE(log.has_value()) << log.error().message;
    return std::move(*log);
  }

  const std::string folder_ =
      testing::TempDir() + "weir_log_threads_test_" + base::SystemRandomHex(8);
  const StreamDefinition definition_ = Definition("clicks", 3);
  LogOptions options_;
};

/// Appends `count` requests, each when the one before is durable; counts what came back right.
void AppendRequests(Stream& stream, int writer, int count, std::atomic<int>& acknowledged) {
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> data;
    std::vector<Entry> entries;
    for (int j = 0; j < 7; ++j) {
      data.push_back(fmt::format("w{}-{:04}-{}", writer, i, j));
    }
    for (const std::string& one : data) {
      entries.push_back({.partition_key = one, .data = one});
    }
    std::promise<size_t> durable;
    stream.Append(entries, [&](const base::Result<std::vector<Placement>>& result) {
      durable.set_value(result.has_value() ? result->size() : 0);
    });
    acknowledged += static_cast<int>(durable.get_future().get());
  }
}

TEST_F(LogThreadsTest, WritersReadersAndRetentionTogether) {
  constexpr int kWriters = 3;
  constexpr int kRequests = 60;
  constexpr uint64_t kRecords = kWriters * kRequests * 7;
  auto log = Open();
  Stream& stream = **log->OpenStream(definition_);
  std::atomic<int> acknowledged = 0;
  std::atomic<uint64_t> read_records = 0;
  std::vector<std::thread> threads;
  threads.reserve(kWriters + 3);
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] { AppendRequests(stream, writer, kRequests, acknowledged); });
  }
  for (uint32_t shard = 0; shard < 3; ++shard) {
    threads.emplace_back([&, shard] {
      Notifier notifier;
      stream.Watch(&notifier);
      model::Sequence from;
      while (read_records < kRecords) {
        const uint64_t seen = notifier.count();
        const auto read = stream.Read(shard, from, 50, 4000);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        for (const model::Record& record : read->batch.records) {
          ASSERT_EQ(record.sequence.value, from.value++);
          ASSERT_EQ(record.data, record.partition_key);
        }
        ASSERT_EQ(read->next, from);
        read_records += read->batch.records.size();
        stream.StateBound({base::SystemClock().WallMillis()}, false);
        if (read->batch.records.empty()) {
          notifier.Wait(seen, 20);
        }
      }
      stream.Unwatch(&notifier);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(acknowledged, static_cast<int>(kRecords));
  log.reset();

  log = Open();
  Stream& again = **log->OpenStream(definition_);
  uint64_t total = 0;
  for (uint32_t shard = 0; shard < 3; ++shard) {
    std::map<std::string, int> next_request;
    const auto all = ReadAll(again, shard);
    ASSERT_TRUE(all.has_value());
    total += all->size();
    for (const std::string& data : *all) {
      // Each writer's requests are in its order.
      int& next = next_request[data.substr(0, 2)];
      const int request = std::stoi(data.substr(3, 4));
      ASSERT_GE(request, next);
      next = request;
    }
  }
  EXPECT_EQ(total, kRecords);
  EXPECT_TRUE(log->Verify(definition_)->problems.empty());
}

TEST_F(LogThreadsTest, StreamsAreDeletedWhileOthersAppend) {
  auto log = Open();
  Stream& stream = **log->OpenStream(definition_);
  std::atomic<int> acknowledged = 0;
  std::thread writer([&] { AppendRequests(stream, 0, 40, acknowledged); });
  for (int i = 0; i < 10; ++i) {
    const StreamDefinition other = Definition(fmt::format("other{}", i));
    Stream& doomed = **log->OpenStream(other);
    std::atomic<int> ignored = 0;
    AppendRequests(doomed, 1, 1, ignored);
    EXPECT_EQ(log->Streams().size(), 2U);
    ASSERT_TRUE(log->DeleteStream(other.name).has_value());
  }
  writer.join();
  EXPECT_EQ(acknowledged, 280);
}

TEST_F(LogThreadsTest, ShutdownWaitsForWhatWasAccepted) {
  auto log = Open();
  Stream& stream = **log->OpenStream(definition_);
  std::atomic<int> stored = 0;
  std::atomic<int> refused = 0;
  std::thread writer([&] {
    for (int i = 0; refused == 0; ++i) {
      const std::string data = fmt::format("{}", i);
      const Entry entry{.partition_key = data, .data = data};
      stream.Append({&entry, 1},
                    [&](const auto& result) { ++(result.has_value() ? stored : refused); });
    }
  });
  std::thread closer([&] {
    while (stored < 10) {
      std::this_thread::yield();
    }
    log->Shutdown();
  });
  writer.join();
  closer.join();
  uint64_t total = 0;
  for (uint32_t shard = 0; shard < 3; ++shard) {
    total += stream.DurableEnd(shard).value;
  }
  EXPECT_EQ(total, static_cast<uint64_t>(stored));
}

}  // namespace
}  // namespace weir::log
