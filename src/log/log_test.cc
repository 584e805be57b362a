#include "log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/md5.h"
#include "log/log_fixture.h"

namespace weir::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LogTest : public LogFixture {};

TEST_F(LogTest, AppendedRecordsAreReadInOrderAlsoAfterReopening) {
  const auto first = AppendOne(*log_, *stream_, "a", "one");
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(*first.result, SizeIs(1));
  EXPECT_EQ(first.result->front().sequence.value, 0U);
  EXPECT_EQ(first.result->front().arrival.millis, clock_.WallMillis());
  EXPECT_EQ(AppendOne(*log_, *stream_, "b", "two").result->front().sequence.value, 1U);
  EXPECT_THAT(All(), ElementsAre("one", "two"));
  Reopen();
  EXPECT_THAT(All(), ElementsAre("one", "two"));
  EXPECT_EQ(log_->recovery().records, 2U);
  EXPECT_EQ(log_->recovery().torn_tails, 0U);
  EXPECT_EQ(AppendOne(*log_, *stream_, "b", "three").result->front().sequence.value, 2U);
  EXPECT_THAT(All(), ElementsAre("one", "two", "three"));
}

TEST_F(LogTest, NothingIsVisibleOrAcknowledgedBeforeItsSync) {
  Outcome outcome;
  const Entry entry{.partition_key = "a", .data = "x"};
  stream_->Append({&entry, 1}, Into(outcome));
  EXPECT_FALSE(outcome.called);
  EXPECT_THAT(All(), IsEmpty());
  EXPECT_EQ(stream_->DurableEnd(0).value, 0U);
  log_->Drive();
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(stream_->DurableEnd(0).value, 1U);
}

TEST_F(LogTest, KeysHashKeysAndArrivalsComeBack) {
  const int64_t now = clock_.WallMillis();
  const std::vector<Entry> entries = {
      {.partition_key = "k", .explicit_hash_key = model::HashKey{42}, .data = "a"},
      {.partition_key = "l", .data = "", .arrival = model::Rowtime{now + 50}},
      {.partition_key = "m", .data = "c", .arrival = model::Rowtime{now - 50}}};
  Outcome outcome;
  stream_->Append(entries, Into(outcome));
  log_->Drive();
  ASSERT_TRUE(outcome.ok());
  const auto read = stream_->Read(0, {}, 10, 1000);
  ASSERT_TRUE(read.has_value());
  const auto& records = read->batch.records;
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0].explicit_hash_key, model::HashKey{42});
  EXPECT_EQ(records[1].partition_key, "l");
  EXPECT_EQ(records[1].data, "");
  EXPECT_EQ(records[0].arrival.millis, now);
  EXPECT_EQ(records[1].arrival.millis, now + 50);
  // Never before the record before it.
  EXPECT_EQ(records[2].arrival.millis, now + 50);
  EXPECT_EQ(read->bound.millis, now + 50);
}

TEST_F(LogTest, ClockThatGoesBackDoesNotReorderArrivals) {
  AppendOne(*log_, *stream_, "a", "1");
  const int64_t latest = clock_.WallMillis();
  clock_.AdvanceMillis(-60'000);
  EXPECT_EQ(AppendOne(*log_, *stream_, "a", "2").result->front().arrival.millis, latest);
  Reopen();
  EXPECT_EQ(AppendOne(*log_, *stream_, "a", "3").result->front().arrival.millis, latest);
}

TEST_F(LogTest, RefusesWhatCanNeverBeStored) {
  EXPECT_EQ(AppendOne(*log_, *stream_, "", "x").code(), base::Code::kInvalidArgument);
  EXPECT_EQ(AppendOne(*log_, *stream_, std::string(257, 'k'), "x").code(),
            base::Code::kInvalidArgument);
  EXPECT_TRUE(AppendOne(*log_, *stream_, std::string(256, 'k'), "x").ok());
  std::string umlauts;
  for (int i = 0; i < 256; ++i) {
    umlauts += "ü";
  }
  EXPECT_TRUE(AppendOne(*log_, *stream_, umlauts, "x").ok());
  EXPECT_EQ(AppendOne(*log_, *stream_, "k", std::string(kMaxRecordBytes, 'x')).code(),
            base::Code::kInvalidArgument);
  EXPECT_TRUE(AppendOne(*log_, *stream_, "k", std::string(kMaxRecordBytes - 1, 'x')).ok());
  EXPECT_EQ(stream_->DurableEnd(0).value, 3U);
}

TEST_F(LogTest, RefusesMoreThanMayWait) {
  options_.max_pending_bytes = 1000;
  Reopen();
  Outcome first;
  Outcome second;
  const std::string data(600, 'x');
  const Entry entry{.partition_key = "a", .data = data};
  stream_->Append({&entry, 1}, Into(first));
  stream_->Append({&entry, 1}, Into(second));
  EXPECT_EQ(second.code(), base::Code::kUnavailable);
  log_->Drive();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(AppendOne(*log_, *stream_, "a", data).ok());
  EXPECT_EQ(AppendOne(*log_, *stream_, "a", std::string(1001, 'x')).code(),
            base::Code::kLimitExceeded);
}

TEST_F(LogTest, RollsSegmentsAndReadsAcrossThem) {
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(fmt::format("{:0200}", i));
    ASSERT_TRUE(AppendOne(*log_, *stream_, "k", expected.back()).ok());
  }
  EXPECT_EQ(All(), expected);
  size_t segments = 0;
  for (const std::string& file : files_.Files()) {
    segments += file.ends_with(".segment") ? 1 : 0;
  }
  EXPECT_GT(segments, 5U);
  Reopen();
  EXPECT_EQ(All(), expected);
  EXPECT_EQ(*ReadAll(*stream_, 0, 7), expected);
  EXPECT_EQ(*ReadAll(*stream_, 0, 1, {100}),
            std::vector<std::string>(expected.begin() + 100, expected.end()));
  const auto verified = log_->Verify(definition_);
  ASSERT_TRUE(verified.has_value());
  EXPECT_THAT(verified->problems, IsEmpty());
  EXPECT_EQ(verified->records, 300U);
  EXPECT_EQ(verified->segments, segments);
}

TEST_F(LogTest, GroupLargerThanASegmentIsSpreadOverSeveral) {
  options_.max_pending_bytes = 8 << 20;
  Reopen();
  std::vector<std::string> rows;
  std::vector<Entry> entries;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back(fmt::format("{:0500}", i));
  }
  for (const std::string& row : rows) {
    entries.push_back({.partition_key = "k", .data = row});
  }
  Outcome outcome;
  stream_->Append(entries, Into(outcome));
  log_->Drive();
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(All(), rows);
  Reopen();
  EXPECT_EQ(All(), rows);
}

TEST_F(LogTest, ShardsOwnMd5RangesAsInKinesis) {
  definition_ = Definition("sharded", 3);
  EXPECT_EQ(model::FormatHashKey(definition_.shards[0].last_hash),
            "113427455640312821154458202477256070484");
  EXPECT_EQ(definition_.shards[2].last_hash, model::kMaxHashKey);
  Reopen();
  std::vector<std::string> keys;
  std::vector<Entry> entries;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(fmt::format("user-{}", i));
  }
  for (const std::string& key : keys) {
    entries.push_back({.partition_key = key, .data = key});
  }
  Outcome outcome;
  stream_->Append(entries, Into(outcome));
  log_->Drive();
  ASSERT_TRUE(outcome.ok());
  size_t total = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Placement& placement = (*outcome.result)[i];
    const ShardDefinition& shard = definition_.shards[placement.shard];
    const unsigned __int128 hash = base::Md5(keys[i]);
    EXPECT_TRUE(shard.first_hash.value <= hash && hash <= shard.last_hash.value);
    const auto read = stream_->Read(placement.shard, placement.sequence, 1, 1);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->batch.records.front().data, keys[i]);
  }
  for (uint32_t shard = 0; shard < 3; ++shard) {
    EXPECT_GT(stream_->DurableEnd(shard).value, 10U);
    total += stream_->DurableEnd(shard).value;
  }
  EXPECT_EQ(total, 100U);
  EXPECT_EQ(stream_->Read(3, {}, 1, 1).error().code, base::Code::kNotFound);
}

TEST(EvenShardsTest, PowersOfTwoAreExact) {
  const auto two = EvenShards(2);
  EXPECT_EQ(two[0].last_hash.value, (static_cast<unsigned __int128>(1) << 127) - 1);
  EXPECT_EQ(two[1].first_hash.value, static_cast<unsigned __int128>(1) << 127);
  EXPECT_EQ(EvenShards(1)[0].last_hash, model::kMaxHashKey);
}

TEST_F(LogTest, ExplicitHashKeyChoosesTheShard) {
  definition_ = Definition("two", 2);
  Reopen();
  const std::vector<Entry> entries = {
      {.partition_key = "k", .explicit_hash_key = model::HashKey{0}, .data = "low"},
      {.partition_key = "k", .explicit_hash_key = model::kMaxHashKey, .data = "high"}};
  Outcome outcome;
  stream_->Append(entries, Into(outcome));
  log_->Drive();
  EXPECT_THAT(All(0), ElementsAre("low"));
  EXPECT_THAT(All(1), ElementsAre("high"));
}

TEST_F(LogTest, RefusesShardsThatDoNotCoverTheCircleOnce) {
  StreamDefinition gap = Definition("gap", 2);
  gap.shards[1].first_hash.value += 1;
  EXPECT_EQ(log_->OpenStream(gap).error().code, base::Code::kInvalidArgument);
  StreamDefinition twice = Definition("twice", 2);
  twice.shards[1].id = 0;
  EXPECT_EQ(log_->OpenStream(twice).error().code, base::Code::kInvalidArgument);
  StreamDefinition none = Definition("none", 1);
  none.shards.clear();
  EXPECT_EQ(log_->OpenStream(none).error().code, base::Code::kInvalidArgument);
  for (const char* name : {"", ".", "..", "a/b", "ä"}) {
    EXPECT_EQ(log_->OpenStream(Definition(name)).error().code, base::Code::kInvalidArgument);
  }
  EXPECT_EQ(log_->OpenStream(definition_).error().code, base::Code::kAlreadyExists);
}

TEST_F(LogTest, RefusesTheFilesOfOtherShards) {
  AppendOne(*log_, *stream_, "k", "x");
  log_.reset();
  auto log = Log::Open(files_, clock_, "data", options_);
  const auto opened = (*log)->OpenStream(Definition("clicks", 2));
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, base::Code::kFailedPrecondition);
}

TEST_F(LogTest, ProducersRowsAreStoredOnce) {
  EXPECT_EQ(stream_->NextOrdinal("app"), 0U);
  ASSERT_TRUE(Once("app", 0, {"r0", "r1"}).ok());
  EXPECT_EQ(stream_->NextOrdinal("app"), 2U);
  const Outcome overlap = Once("app", 1, {"r1", "r2"});
  ASSERT_TRUE(overlap.ok());
  EXPECT_EQ((*overlap.result)[0].sequence, kAlreadyStored);
  EXPECT_EQ((*overlap.result)[1].sequence.value, 2U);
  EXPECT_TRUE(Once("app", 0, {"r0", "r1", "r2"}).ok());
  EXPECT_EQ(Once("app", 4, {"r4"}).code(), base::Code::kFailedPrecondition);
  EXPECT_TRUE(Once("other", 0, {"o0"}).ok());
  EXPECT_THAT(All(), ElementsAre("r0", "r1", "r2", "o0"));
  Reopen();
  EXPECT_EQ(stream_->NextOrdinal("app"), 3U);
  EXPECT_EQ(stream_->NextOrdinal("other"), 1U);
  EXPECT_TRUE(Once("app", 2, {"r2", "r3"}).ok());
  EXPECT_THAT(All(), ElementsAre("r0", "r1", "r2", "o0", "r3"));
}

TEST_F(LogTest, RepeatedRowsWaitForTheSyncOfTheFirst) {
  Outcome first;
  Outcome again;
  const Entry entry{.partition_key = "p", .data = "r0"};
  stream_->AppendOnce({"app", 0}, {&entry, 1}, Into(first));
  stream_->AppendOnce({"app", 0}, {&entry, 1}, Into(again));
  EXPECT_FALSE(again.called);
  EXPECT_EQ(stream_->NextOrdinal("app"), 0U);
  log_->Drive();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(again.ok());
  EXPECT_THAT(All(), ElementsAre("r0"));
}

TEST_F(LogTest, ProducersOutliveTheSegmentsWithTheirRows) {
  ASSERT_TRUE(Once("app", 0, {"r0", "r1", "r2"}).ok());
  for (int i = 0; i < 200; ++i) {
    AppendOne(*log_, *stream_, "k", std::string(500, 'x'));
  }
  definition_.retention_millis = 1;
  clock_.AdvanceMillis(2);
  Reopen();
  const auto removed = stream_->ApplyRetention({});
  ASSERT_TRUE(removed.has_value());
  EXPECT_GT(*removed, 0U);
  EXPECT_GT(stream_->TrimHorizon(0).value, 3U);
  Reopen();
  EXPECT_EQ(stream_->NextOrdinal("app"), 3U);
}

TEST_F(LogTest, RowsOfAProducerGoToTheShardOfItsName) {
  definition_ = Definition("derived", 4);
  Reopen();
  const uint32_t shard = stream_->ShardOfProducer("app");
  const ShardDefinition& owner = definition_.shards[shard];
  const unsigned __int128 hash = base::Md5("app");
  EXPECT_TRUE(owner.first_hash.value <= hash && hash <= owner.last_hash.value);
  ASSERT_TRUE(Once("app", 0, {"a", "b"}).ok());
  EXPECT_THAT(All(shard), ElementsAre("a", "b"));
}

TEST_F(LogTest, BoundAdvancesByStatementsAndSurvives) {
  AppendOne(*log_, *stream_, "a", "x");
  const int64_t now = clock_.WallMillis();
  EXPECT_EQ(stream_->Bound(0).millis, now);
  clock_.AdvanceMillis(1000);
  stream_->StateBound({now + 5000}, false);  // cut to the clock's time
  EXPECT_EQ(stream_->Bound(0).millis, now);
  log_->Drive();
  EXPECT_EQ(stream_->Bound(0).millis, now + 1000);
  stream_->StateBound({now + 9000}, true);
  log_->Drive();
  EXPECT_EQ(stream_->Bound(0).millis, now + 9000);
  Reopen();
  EXPECT_EQ(stream_->Bound(0).millis, now + 9000);
  EXPECT_EQ(stream_->Read(0, {1}, 1, 1)->bound.millis, now + 9000);
  EXPECT_EQ(stream_->Read(0, {0}, 1, 1)->bound.millis, now + 9000);
  EXPECT_EQ(AppendOne(*log_, *stream_, "a", "y").result->front().arrival.millis, now + 9000);
  EXPECT_THAT(All(), ElementsAre("x", "y"));
}

TEST_F(LogTest, ReadThatStopsEarlyStatesTheBoundOfItsLastRecord) {
  AppendOne(*log_, *stream_, "a", "x");
  const int64_t first = clock_.WallMillis();
  clock_.AdvanceMillis(1000);
  AppendOne(*log_, *stream_, "a", "y");
  const auto read = stream_->Read(0, {}, 1, 1000);
  EXPECT_EQ(read->next.value, 1U);
  EXPECT_EQ(read->bound.millis, first);
}

TEST_F(LogTest, SegmentFullOfStatementsIsReplaced) {
  AppendOne(*log_, *stream_, "a", "x");
  ASSERT_TRUE(Once("app", 0, {"r"}).ok());
  for (int i = 0; i < 200; ++i) {
    clock_.AdvanceMillis(1);
    stream_->StateBound({clock_.WallMillis()}, false);
    log_->Drive();
  }
  EXPECT_LT(stream_->BytesOnDisk(), 3 * options_.segment_bytes);
  Reopen();
  EXPECT_EQ(stream_->Bound(0).millis, clock_.WallMillis());
  EXPECT_EQ(stream_->NextOrdinal("app"), 1U);
  AppendOne(*log_, *stream_, "a", "y");
  EXPECT_THAT(All(), ElementsAre("x", "r", "y"));
  EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
}

TEST_F(LogTest, FindsTheFirstRecordOfATime) {
  const int64_t start = clock_.WallMillis();
  for (int i = 0; i < 400; ++i) {
    AppendOne(*log_, *stream_, "k", std::string(300, 'x'));
    if (i % 2 == 1) {
      clock_.AdvanceMillis(10);
    }
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(stream_->FindArrival(0, {start - 5})->value, 0U);
    EXPECT_EQ(stream_->FindArrival(0, {start})->value, 0U);
    EXPECT_EQ(stream_->FindArrival(0, {start + 1})->value, 2U);
    EXPECT_EQ(stream_->FindArrival(0, {start + 10})->value, 2U);
    EXPECT_EQ(stream_->FindArrival(0, {start + 1501})->value, 302U);
    EXPECT_EQ(stream_->FindArrival(0, {start + 1'000'000})->value, 400U);
    Reopen();
  }
}

TEST_F(LogTest, RetentionRemovesWholeOldSegmentsButNotWhatIsNeeded) {
  definition_.retention_millis = 1000;
  Reopen();
  for (int i = 0; i < 200; ++i) {
    AppendOne(*log_, *stream_, "k", fmt::format("{:0500}", i));
    clock_.AdvanceMillis(1);
  }
  EXPECT_EQ(*stream_->ApplyRetention({}), 0U);
  clock_.AdvanceMillis(950);
  const std::vector<model::Sequence> keep = {{40}};
  const uint64_t before = stream_->BytesOnDisk();
  const auto removed = stream_->ApplyRetention(keep);
  ASSERT_TRUE(removed.has_value());
  EXPECT_GT(*removed, 0U);
  EXPECT_EQ(stream_->BytesOnDisk(), before - *removed);
  EXPECT_LE(stream_->TrimHorizon(0).value, 40U);
  const model::Sequence horizon = stream_->TrimHorizon(0);
  EXPECT_GT(horizon.value, 0U);
  const auto read = stream_->Read(0, {}, 1, 1000);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->batch.records.front().sequence, horizon);
  Reopen();
  EXPECT_EQ(stream_->TrimHorizon(0), horizon);
  clock_.AdvanceMillis(1'000'000);
  ASSERT_TRUE(stream_->ApplyRetention({}).has_value());
  EXPECT_GT(stream_->TrimHorizon(0).value, 150U);
  EXPECT_EQ(AppendOne(*log_, *stream_, "k", "new").result->front().sequence.value, 200U);
}

int CountOf(std::string_view text, std::string_view what) {
  int count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST_F(LogTest, DiskFullRefusesAndResumesAlone) {
  AppendOne(*log_, *stream_, "k", "before");
  testing::internal::CaptureStderr();
  files_.SetFreeBytes(0);
  Outcome refused;
  for (int i = 0; i < 100; ++i) {
    refused = AppendOne(*log_, *stream_, "k", std::string(1000, 'x'));
    if (!refused.ok()) {
      break;
    }
  }
  EXPECT_EQ(refused.code(), base::Code::kDiskFull);
  EXPECT_TRUE(log_->healthy());
  const auto held = All();
  files_.SetFreeBytes(1 << 30);
  EXPECT_TRUE(AppendOne(*log_, *stream_, "k", "after").ok());
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(CountOf(logged, "log.disk_full"), 1) << logged;
  EXPECT_EQ(CountOf(logged, "log.disk_space_back"), 1) << logged;
  auto expected = held;
  expected.emplace_back("after");
  EXPECT_EQ(All(), expected);
  Reopen();
  EXPECT_EQ(All(), expected);
  EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
}

/// A group of which the segment takes the first batch, of three records; for the second there is no
/// space.
class LogRollTest : public LogFixture {
 protected:
  void SetUp() override {
    options_.segment_bytes = 512 << 10;
    LogFixture::SetUp();
    files_.SetFaultHook(
        [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
          if (operation == "allocate" && path.ends_with(".new")) {
            return base::Error{base::Code::kDiskFull, "no space"};
          }
          return std::nullopt;
        });
    stream_->Append(std::span(entries_).first(1), Into(first_));
  }

  void Drive() {
    stream_->Append(std::span(entries_).last(1), Into(last_));
    testing::internal::CaptureStderr();
    log_->Drive();
    testing::internal::GetCapturedStderr();
    files_.SetFaultHook(nullptr);
    EXPECT_TRUE(first_.ok());
    EXPECT_EQ(last_.code(), base::Code::kDiskFull);
    EXPECT_TRUE(log_->healthy());
    EXPECT_THAT(All(), ElementsAre(data_[0], data_[1], data_[2]));
    EXPECT_EQ(AppendOne(*log_, *stream_, "k", "after").result->front().sequence.value, 3U);
    EXPECT_THAT(log_->Verify(definition_)->problems, IsEmpty());
  }

  const std::vector<std::string> data_ = {std::string(100'000, 'a'), std::string(100'000, 'b'),
                                          std::string(200'000, 'c'), std::string(100'000, 'd'),
                                          std::string(100'000, 'e')};
  const std::vector<Entry> entries_ = {{.partition_key = "k", .data = data_[0]},
                                       {.partition_key = "k", .data = data_[1]},
                                       {.partition_key = "k", .data = data_[2]},
                                       {.partition_key = "k", .data = data_[3]},
                                       {.partition_key = "k", .data = data_[4]}};
  Outcome first_;
  Outcome last_;
};

TEST_F(LogRollTest, WithoutSpaceRefusesOfAnAppendEachWhatIsNotStored) {
  AppendOutcome each;
  stream_->AppendEach(std::span(entries_).subspan(1, 3),
                      [&](AppendOutcome outcome) { each = std::move(outcome); });
  Drive();
  ASSERT_THAT(each.refused, SizeIs(1));
  EXPECT_EQ(each.refused.front().first, 2U);
  EXPECT_EQ(each.refused.front().second.code, base::Code::kDiskFull);
  EXPECT_EQ(each.placements[1].sequence.value, 2U);
}

TEST_F(LogRollTest, WithoutSpaceFailsAnAppendThatIsStoredInPart) {
  Outcome outcome;
  stream_->Append(std::span(entries_).subspan(1, 3), Into(outcome));
  Drive();
  EXPECT_EQ(outcome.code(), base::Code::kDiskFull);
}

TEST_F(LogTest, ReserveOfFreeSpaceIsKept) {
  options_.min_free_bytes = 1 << 20;
  Reopen();
  files_.SetFreeBytes(100 << 20);
  EXPECT_TRUE(AppendOne(*log_, *stream_, "k", "x").ok());
  testing::internal::CaptureStderr();
  files_.SetFreeBytes(1 << 19);
  clock_.AdvanceMillis(1001);
  const Outcome refused = AppendOne(*log_, *stream_, "k", "x");
  EXPECT_EQ(refused.code(), base::Code::kDiskFull);
  EXPECT_THAT(refused.result.error().message, HasSubstr("free some space"));
  EXPECT_FALSE(AppendOne(*log_, *stream_, "k", "x").ok());
  files_.SetFreeBytes(1 << 21);
  EXPECT_TRUE(AppendOne(*log_, *stream_, "k", "x").ok());
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(CountOf(logged, "log.disk_full"), 1) << logged;
  EXPECT_EQ(CountOf(logged, "log.disk_space_back"), 1) << logged;
}

TEST_F(LogTest, FailedSyncStopsTheLogAndItsWriteIsCutAtTheNextOpening) {
  AppendOne(*log_, *stream_, "k", "kept");
  bool fail = true;
  files_.SetFaultHook(
      [&](std::string_view operation, std::string_view) -> std::optional<base::Error> {
        if (fail && operation.find("sync") != std::string_view::npos) {
          fail = false;  // a second try would succeed, and must not be made
          return base::Error{base::Code::kIo, "medium error"};
        }
        return std::nullopt;
      });
  const Outcome failed = AppendOne(*log_, *stream_, "k", "lost");
  EXPECT_EQ(failed.code(), base::Code::kIo);
  EXPECT_FALSE(log_->healthy());
  EXPECT_EQ(AppendOne(*log_, *stream_, "k", "refused").code(), base::Code::kIo);
  EXPECT_THAT(All(), ElementsAre("kept"));
  Reopen();
  EXPECT_TRUE(log_->healthy());
  EXPECT_THAT(All(), ElementsAre("kept"));
  EXPECT_EQ(log_->recovery().torn_tails, 1U);
  EXPECT_EQ(AppendOne(*log_, *stream_, "k", "next").result->front().sequence.value, 1U);
  Reopen();
  EXPECT_THAT(All(), ElementsAre("kept", "next"));
  EXPECT_EQ(log_->recovery().torn_tails, 0U);
}

TEST_F(LogTest, WhatMayBeInTheFileIsAnsweredWithIo) {
  AppendOne(*log_, *stream_, "k", "kept");
  for (const std::string_view operation : {"write", "sync"}) {
    SCOPED_TRACE(operation);
    files_.SetFaultHook(
        [operation](std::string_view kind, std::string_view path) -> std::optional<base::Error> {
          if (kind == operation && path.contains(".segment")) {
            return base::Error{base::Code::kPermission, "read-only file system"};
          }
          return std::nullopt;
        });
    EXPECT_EQ(AppendOne(*log_, *stream_, "k", "lost").code(), base::Code::kIo);
    EXPECT_FALSE(log_->healthy());
    files_.SetFaultHook(nullptr);
    Reopen();
    EXPECT_THAT(All(), ElementsAre("kept"));
  }
}

TEST_F(LogTest, DeletedStreamIsGoneAndItsNameIsFree) {
  AppendOne(*log_, *stream_, "k", "x");
  ASSERT_TRUE(log_->DeleteStream("clicks").has_value());
  EXPECT_EQ(log_->Find("clicks"), nullptr);
  EXPECT_EQ(AppendOne(*log_, *stream_, "k", "x").code(), base::Code::kUnavailable);
  EXPECT_EQ(log_->DeleteStream("clicks").error().code, base::Code::kNotFound);
  for (const std::string& file : files_.Files()) {
    EXPECT_EQ(file.find("clicks"), std::string::npos) << file;
  }
  auto again = log_->OpenStream(definition_);
  ASSERT_TRUE(again.has_value());
  stream_ = *again;
  EXPECT_THAT(All(), IsEmpty());
}

TEST_F(LogTest, ShutdownMakesTheAcceptedDurable) {
  Outcome outcome;
  const Entry entry{.partition_key = "a", .data = "x"};
  stream_->Append({&entry, 1}, Into(outcome));
  log_->Shutdown();
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(AppendOne(*log_, *stream_, "k", "x").code(), base::Code::kUnavailable);
  Reopen();
  EXPECT_THAT(All(), ElementsAre("x"));
}

TEST_F(LogTest, WatchersHearOfRecordsAndStatements) {
  Notifier notifier;
  stream_->Watch(&notifier);
  AppendOne(*log_, *stream_, "k", "x");
  const uint64_t after_record = notifier.count();
  EXPECT_GT(after_record, 0U);
  stream_->StateBound({clock_.WallMillis() + 1}, true);
  log_->Drive();
  const uint64_t after_statement = notifier.count();
  EXPECT_GT(after_statement, after_record);
  stream_->Unwatch(&notifier);
  AppendOne(*log_, *stream_, "k", "x");
  EXPECT_EQ(notifier.count(), after_statement);
}

TEST_F(LogTest, FiguresAreExposed) {
  base::Metrics metrics;
  options_.metrics = &metrics;
  Reopen();
  AppendOne(*log_, *stream_, "k", "x");
  EXPECT_EQ(metrics.GetCounter("weir_log_append_records_total", "", {{"stream", "clicks"}}).Value(),
            1);
  EXPECT_THAT(metrics.Expose(), HasSubstr("weir_log_fsync_duration_seconds_count"));
  log_.reset();
}

}  // namespace
}  // namespace weir::log
