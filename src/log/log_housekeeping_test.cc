/// What retention, deletion and a failed opening leave behind: on the disk, in the log's health and
/// in open files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weir::log
