/// What retention, deletion and a failed opening leave behind: on the disk, in the log's health and
/// in open files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "log/log_fixture.h"

namespace weir::log {
namespace {

class LogHousekeepingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto log = Log::Open(files_, clock_, "data", options_);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = std::move(*log);
  }

  Stream* Open(const StreamDefinition& definition) {
    auto stream = log_->OpenStream(definition);
    EXPECT_TRUE(stream.has_value()) << stream.error().message;
    return stream.value_or(nullptr);
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  LogOptions options_ = SmallOptions();
  std::unique_ptr<Log> log_;
};

TEST_F(LogHousekeepingTest, RetentionOfADeletedStreamTouchesNothing) {
  StreamDefinition definition = Definition("clicks");
  definition.retention_millis = 1000;
  Stream* const stream = Open(definition);
  ASSERT_TRUE(AppendOne(*log_, *stream, "k", "x").ok());
  ASSERT_TRUE(stream->Reshard(Split(definition, 0)).has_value());
  ASSERT_TRUE(log_->DeleteStream("clicks").has_value());
  clock_.AdvanceMillis(2000);  // the closed shard's only segment has expired
  const auto removed = stream->ApplyRetention({});
  ASSERT_TRUE(removed.has_value()) << removed.error().message;
  EXPECT_EQ(*removed, 0U);
  EXPECT_TRUE(log_->healthy());
  Stream* const other = Open(Definition("other"));
  EXPECT_TRUE(AppendOne(*log_, *other, "k", "x").ok());
}

class LogCreationFaultTest : public LogHousekeepingTest,
                             public ::testing::WithParamInterface<base::Code> {
 protected:
  /// While the stream is created, a shard cannot be, and nothing can be removed unless `removes`.
  void FailToCreate(bool removes) {
    files_.SetFaultHook(
        [removes](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
          if ((operation == "allocate" && path.find("-000000000003") != std::string_view::npos) ||
              (operation == "remove" && !removes)) {
            return base::Error{GetParam(), "injected"};
          }
          return std::nullopt;
        });
    const auto refused = log_->OpenStream(Definition("clicks", 8));
    files_.SetFaultHook(nullptr);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, GetParam());
    EXPECT_TRUE(log_->healthy());
  }
};

TEST_P(LogCreationFaultTest, LeavesTheNameFree) {
  FailToCreate(true);
  EXPECT_FALSE(files_.Exists("data/streams/clicks"));
  Stream* const stream = Open(Definition("clicks", 2));
  EXPECT_TRUE(AppendOne(*log_, *stream, "k", "x").ok());
}

TEST_P(LogCreationFaultTest, LeavesTheNameFreeWhenNothingCanBeRemoved) {
  FailToCreate(false);
  Stream* const stream = Open(Definition("clicks", 2));
  EXPECT_TRUE(AppendOne(*log_, *stream, "k", "x").ok());
}

TEST_P(LogCreationFaultTest, TellsOfTheFolderThatStaysInTheWay) {
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if ((operation == "allocate" && path.find("-000000000003") != std::string_view::npos) ||
            (operation == "create" && path.ends_with("/deleted"))) {
          return base::Error{GetParam(), "injected"};
        }
        return std::nullopt;
      });
  testing::internal::CaptureStderr();
  EXPECT_FALSE(log_->OpenStream(Definition("clicks", 8)).has_value());
  const std::string logged = testing::internal::GetCapturedStderr();
  files_.SetFaultHook(nullptr);
  EXPECT_TRUE(files_.Exists("data/streams/clicks"));
  EXPECT_THAT(logged, testing::HasSubstr("log.stream_left"));
  EXPECT_THAT(logged, testing::HasSubstr("data/streams/clicks"));
}

INSTANTIATE_TEST_SUITE_P(Errors, LogCreationFaultTest,
                         ::testing::Values(base::Code::kDiskFull, base::Code::kIo));

TEST_F(LogHousekeepingTest, FailedOpeningRemovesNothingThatWasThere) {
  Stream* const stream = Open(Definition("clicks"));
  ASSERT_TRUE(AppendOne(*log_, *stream, "k", "x").ok());
  log_->Shutdown();
  SetUp();
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if (operation == "sync_directory" && path == "data/streams") {
          return base::Error{base::Code::kIo, "medium error"};
        }
        return std::nullopt;
      });
  EXPECT_FALSE(log_->OpenStream(Definition("clicks")).has_value());
  files_.SetFaultHook(nullptr);
  EXPECT_EQ(ReadAll(*Open(Definition("clicks")), 0)->size(), 1U);
}

size_t OpenFilesBelow(const std::string& folder) {
  size_t count = 0;
  for (const auto& open : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the folder's own descriptor, for one
    const std::filesystem::path target = std::filesystem::read_symlink(open.path(), gone);
    count += !gone && target.string().starts_with(folder) ? 1 : 0;
  }
  return count;
}

TEST(LogDeletionTest, DeletedStreamHoldsNoFilesOpen) {
  const std::string folder =
      testing::TempDir() + "weir_log_housekeeping_test_" + base::SystemRandomHex(8);
  {
    base::ManualClock clock;
    auto log = Log::Open(base::SystemFileSystem(), clock, folder, SmallOptions());
    ASSERT_TRUE(log.has_value()) << log.error().message;
    const StreamDefinition definition = Definition("clicks", 2);
    auto stream = (*log)->OpenStream(definition);
    ASSERT_TRUE(stream.has_value()) << stream.error().message;
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(AppendOne(**log, **stream, fmt::format("{}", i), std::string(5000, 'x')).ok());
    }
    ASSERT_TRUE((*stream)->Reshard(Split(definition, 0)).has_value());
    for (uint32_t shard = 0; shard < 4; ++shard) {
      EXPECT_TRUE(ReadAll(**stream, shard).has_value());
    }
    EXPECT_GT(OpenFilesBelow(folder), 0U);
    ASSERT_TRUE((*log)->DeleteStream("clicks").has_value());
    EXPECT_EQ(OpenFilesBelow(folder), 0U);
    // Who still holds the stream is told so, and opens nothing.
    const auto read = (*stream)->Read(1, {}, 10, 1000);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, base::Code::kNotFound);
    EXPECT_EQ(AppendOne(**log, **stream, "k", "x").code(), base::Code::kUnavailable);
    (*stream)->StateBound({clock.WallMillis() + 1000}, true);
    (*log)->Drive();
    EXPECT_EQ(OpenFilesBelow(folder), 0U);
  }
  std::filesystem::remove_all(folder);
}

using Fault = std::pair<std::string, base::Code>;

class LogRetentionFaultTest : public LogHousekeepingTest,
                              public ::testing::WithParamInterface<Fault> {};

TEST_P(LogRetentionFaultTest, OtherShardsExpireAllTheSame) {
  // Two closed shards of expired records, the first of which cannot be emptied at first.
  StreamDefinition definition = Definition("clicks", 2);
  definition.retention_millis = 1000;
  Stream* const stream = Open(definition);
  for (const model::HashKey key :
       {definition.shards[0].first_hash, definition.shards[1].first_hash}) {
    Outcome outcome;
    const std::string data(5000, 'x');
    const Entry entry{.partition_key = "k", .explicit_hash_key = key, .data = data};
    stream->Append({&entry, 1}, Into(outcome));
    log_->Drive();
    ASSERT_TRUE(outcome.ok());
  }
  ASSERT_TRUE(stream->Reshard(Merge(definition, 0, 1)).has_value());
  clock_.AdvanceMillis(2000);
  files_.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if (operation == GetParam().first && path.find("-000000000000") != std::string_view::npos) {
          return base::Error{GetParam().second, "injected"};
        }
        return std::nullopt;
      });
  const auto failed = stream->ApplyRetention({});
  files_.SetFaultHook(nullptr);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, GetParam().second);
  EXPECT_TRUE(log_->healthy());
  EXPECT_EQ(stream->TrimHorizon(0).value, 0U);
  EXPECT_EQ(stream->TrimHorizon(1).value, 1U);
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 1U);
  EXPECT_TRUE(AppendOne(*log_, *stream, "k", "x").ok());
  ASSERT_TRUE(stream->ApplyRetention({}).has_value());
  EXPECT_EQ(stream->TrimHorizon(0).value, 1U);
  EXPECT_TRUE(log_->Verify(stream->definition())->problems.empty());
}

INSTANTIATE_TEST_SUITE_P(Errors, LogRetentionFaultTest,
                         ::testing::Values(Fault{"allocate", base::Code::kDiskFull},
                                           Fault{"allocate", base::Code::kIo},
                                           Fault{"remove", base::Code::kIo},
                                           Fault{"sync_directory", base::Code::kIo}));

TEST_F(LogHousekeepingTest, RetentionRemovesNoSegmentBeforeTheLastRemovalIsDurable) {
  StreamDefinition definition = Definition("clicks");
  definition.retention_millis = 1000;
  Stream* const stream = Open(definition);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(AppendOne(*log_, *stream, "k", std::string(5000, 'x')).ok());
  }
  clock_.AdvanceMillis(2000);
  const size_t files = files_.Files().size();
  files_.SetFaultHook([](std::string_view operation, std::string_view) {
    return operation == "sync_directory"
               ? std::optional(base::Error{base::Code::kIo, "medium error"})
               : std::nullopt;
  });
  EXPECT_FALSE(stream->ApplyRetention({}).has_value());
  EXPECT_EQ(files_.Files().size(), files - 1);
  EXPECT_FALSE(stream->ApplyRetention({}).has_value());
  EXPECT_EQ(files_.Files().size(), files - 1);
  files_.SetFaultHook(nullptr);
  ASSERT_TRUE(stream->ApplyRetention({}).has_value());
  EXPECT_LT(files_.Files().size(), files - 1);
  EXPECT_TRUE(log_->Verify(definition)->problems.empty());
}

}  // namespace
}  // namespace weir::log
