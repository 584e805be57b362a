#include "ingest/shard_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/simulated_file_system.h"

namespace weir::ingest {
namespace {

/// Streams of so many shards in one log.
class ShardLimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    log_ = *log::Log::Open(files_, clock_, "data", {.committers = 0, .min_free_bytes = 0});
  }

  log::Stream& Open(const std::string& name, uint32_t shards) {
    return **log_->OpenStream({.name = name, .shards = log::EvenShards(shards)});
  }

  static std::vector<size_t> Indexes(const std::vector<std::pair<size_t, base::Error>>& refused) {
    std::vector<size_t> indexes;
    for (const auto& [index, error] : refused) {
      EXPECT_EQ(error.code, base::Code::kLimitExceeded);
      indexes.push_back(index);
    }
    return indexes;
  }

  base::ManualClock clock_;
  base::SimulatedFileSystem files_;
  std::unique_ptr<log::Log> log_;
};

TEST_F(ShardLimitsTest, EachShardHasABucketThatFillsInASecond) {
  ShardLimits limits({.shard_records_per_second = 2}, clock_);
  log::Stream& stream = Open("s", 2);
  const log::Entry low = {.partition_key = "k", .explicit_hash_key = model::HashKey{0}, .data = ""};
  const log::Entry high = {
      .partition_key = "k", .explicit_hash_key = model::kMaxHashKey, .data = ""};
  const std::vector<log::Entry> entries = {low, low, low, high, high, high};
  EXPECT_EQ(Indexes(limits.Take(stream, entries)), (std::vector<size_t>{2, 5}));
  clock_.AdvanceMillis(500);
  EXPECT_EQ(Indexes(limits.Take(stream, entries)), (std::vector<size_t>{1, 2, 4, 5}));
  clock_.AdvanceMillis(60'000);
  EXPECT_EQ(Indexes(limits.Take(stream, entries)), (std::vector<size_t>{2, 5}));
}

TEST_F(ShardLimitsTest, WhatIsMoreThanASecondsWorthIsOwed) {
  ShardLimits limits({.shard_bytes_per_second = 100}, clock_);
  log::Stream& stream = Open("s", 1);
  const std::string large(999, 'x');
  const log::Entry entry = {.partition_key = "k", .data = large};
  const log::Entry small = {.partition_key = "k", .data = ""};
  EXPECT_TRUE(limits.Take(stream, {&entry, 1}).empty());
  clock_.AdvanceMillis(9'000);
  EXPECT_EQ(limits.Take(stream, {&small, 1}).size(), 1);
  clock_.AdvanceMillis(100);
  EXPECT_TRUE(limits.Take(stream, {&small, 1}).empty());
}

/// Of as many shards as there are hash keys.
class ManyShards : public log::Stream {
 public:
  MOCK_METHOD(const log::StreamDefinition&, definition, (), (const, override));
  MOCK_METHOD(model::Rowtime, created, (), (const, override));
  MOCK_METHOD(void, Append, (std::span<const log::Entry>, log::AppendDone), (override));
  MOCK_METHOD(void, AppendEach, (std::span<const log::Entry>, log::AppendEachDone), (override));
  MOCK_METHOD(void, AppendOnce,
              (const log::ProducerOrdinal&, std::span<const log::Entry>, log::AppendDone),
              (override));
  MOCK_METHOD(uint64_t, NextOrdinal, (std::string_view), (const, override));
  MOCK_METHOD(uint32_t, ShardOfProducer, (std::string_view), (const, override));
  MOCK_METHOD(base::Result<void>, Reshard, (const log::StreamDefinition&), (override));
  MOCK_METHOD(base::Result<log::ReadResult>, Read, (uint32_t, model::Sequence, size_t, size_t),
              (override));
  MOCK_METHOD(model::Sequence, TrimHorizon, (uint32_t), (const, override));
  MOCK_METHOD(model::Sequence, DurableEnd, (uint32_t), (const, override));
  MOCK_METHOD(base::Result<model::Sequence>, FindArrival, (uint32_t, model::Rowtime), (override));
  MOCK_METHOD(model::Rowtime, Bound, (uint32_t), (const, override));
  MOCK_METHOD(void, StateBound, (model::Rowtime, bool), (override));
  MOCK_METHOD(void, Watch, (log::Notifier*), (override));
  MOCK_METHOD(void, Unwatch, (log::Notifier*), (override));
  MOCK_METHOD(base::Result<uint64_t>, ApplyRetention, (std::span<const model::Sequence>),
              (override));
  MOCK_METHOD(uint64_t, BytesOnDisk, (), (const, override));

  std::string_view name() const override { return "many"; }

  std::vector<uint32_t> ShardsOf(std::span<const log::Entry> entries) const override {
    std::vector<uint32_t> shards;
    for (const log::Entry& entry : entries) {
      shards.push_back(static_cast<uint32_t>(entry.explicit_hash_key->value));
    }
    return shards;
  }
};

TEST_F(ShardLimitsTest, NoDebtIsForgottenWhenBucketsAreMany) {
  ShardLimits limits({.shard_records_per_second = 10}, clock_);
  const testing::NiceMock<ManyShards> stream;
  const auto entry = [](size_t shard) {
    return log::Entry{
        .partition_key = "k", .explicit_hash_key = model::HashKey{shard}, .data = "", .group = 1};
  };
  const std::vector<log::Entry> owing(100, entry(0));
  EXPECT_TRUE(limits.Take(stream, owing).empty());
  std::vector<log::Entry> others;
  for (size_t shard = 1; shard < ShardLimits::kMaxBuckets; ++shard) {
    others.push_back(entry(shard));
    others.back().group = 0;
  }
  EXPECT_TRUE(limits.Take(stream, others).empty());
  clock_.AdvanceMillis(5'000);
  EXPECT_EQ(limits.Take(stream, std::span(owing).first(1)).size(), 1);
  clock_.AdvanceMillis(5'000);
  EXPECT_TRUE(limits.Take(stream, std::span(owing).first(1)).empty());
}

}  // namespace
}  // namespace weir::ingest
