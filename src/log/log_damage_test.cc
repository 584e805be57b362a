/// Damage to stored bytes is reported, or has no effect; it is never taken for data, and never
/// "repaired".

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "base/test_seed.h"
#include "log/log_fixture.h"

namespace weir::log {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kFlips = 12'000;

std::map<std::string, std::string> Contents(base::SimulatedFileSystem& disk) {
  std::map<std::string, std::string> contents;
  for (const std::string& path : disk.Files()) {
    contents[path] = base::ReadFile(disk, path).value_or("");
  }
  return contents;
}

class LogDamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.segment_bytes = 6 << 10;
    auto log = Log::Open(files_, clock_, "data", options_);
    Stream& stream = **(*log)->OpenStream(definition_);
    for (int i = 0; i < 60; ++i) {
      records_.push_back(fmt::format("{:03}{}", i, std::string(i * 11 % 500, 'd')));
      const Entry entry{.partition_key = "key", .data = records_.back()};
      if (i % 5 == 0) {
        stream.AppendOnce({"app", static_cast<uint64_t>(i / 5)}, {&entry, 1}, [](const auto&) {});
      } else {
        stream.Append({&entry, 1}, [](const auto&) {});
      }
      if (i % 3 != 0) {
        (*log)->Drive();
      }
    }
    (*log)->Shutdown();
    for (const std::string& path : files_.Files()) {
      if (path.ends_with(".segment")) {
        segments_.push_back(path);
      }
    }
    ASSERT_GT(segments_.size(), 3U);
  }

  std::unique_ptr<base::SimulatedFileSystem> Copy() {
    return files_.Crash(base::SimulatedFileSystem::Loss::kNothing, 1);
  }

  /// Opens the damaged disk: every record is right, or there is an error that names the file.
  void CheckDamaged(base::SimulatedFileSystem& disk, const std::string& damaged) {
    const auto before = Contents(disk);
    auto log = Log::Open(disk, clock_, "data", options_);
    auto opened = (*log)->OpenStream(definition_);
    if (!opened.has_value()) {
      EXPECT_EQ(opened.error().code, base::Code::kDataLoss) << opened.error().message;
      EXPECT_THAT(opened.error().message, AnyOf(HasSubstr(damaged), HasSubstr(" at offset ")));
      EXPECT_TRUE(before == Contents(disk)) << "opening changed damaged files";
      ++refused_;
      return;
    }
    const auto all = ReadAll(**opened, 0, 7);
    if (!all.has_value()) {
      EXPECT_EQ(all.error().code, base::Code::kDataLoss) << all.error().message;
      EXPECT_THAT(all.error().message, HasSubstr(damaged));
      EXPECT_THAT((*log)->Verify(definition_)->problems, Not(IsEmpty()));
      ++seen_by_reader_;
      return;
    }
    EXPECT_TRUE(*all == records_) << "silently wrong";
    EXPECT_EQ((*opened)->NextOrdinal("app"), 12U);
    ++harmless_;
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  LogOptions options_ = SmallOptions();
  StreamDefinition definition_ = Definition("damaged");
  std::vector<std::string> records_;
  std::vector<std::string> segments_;
  int refused_ = 0;
  int seen_by_reader_ = 0;
  int harmless_ = 0;
};

TEST_F(LogDamageTest, FlippedBitIsDetectedOrHarmless) {
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int i = 0; i < kFlips && !HasFailure(); ++i) {
    const std::string& path = segments_[random.Below(segments_.size())];
    const uint64_t bits = base::ReadFile(files_, path)->size() * 8;
    // The first bytes more often: they hold the header and the first batch.
    const uint64_t bit = random.Below(random.Chance(0.3) ? 700 * 8 : bits);
    SCOPED_TRACE(fmt::format("bit {} of {}", bit, path));
    const auto disk = Copy();
    disk->FlipBit(path, bit);
    CheckDamaged(*disk, path);
  }
  std::printf("log bit flips: %d refused at opening, %d seen by a reader, %d harmless\n", refused_,
              seen_by_reader_, harmless_);
  EXPECT_GT(refused_, kFlips / 20);
  EXPECT_GT(seen_by_reader_, kFlips / 20);
}

TEST_F(LogDamageTest, CutOffSegmentIsRefusedWhenAnotherFollows) {
  const std::string& path = segments_[1];
  const uint64_t size = base::ReadFile(files_, path)->size();
  for (uint64_t cut = 0; cut < size; cut += cut + 2000 < size ? 97 : 1) {
    const auto disk = Copy();
    ASSERT_TRUE((*disk->Open(path, base::OpenMode::kReadWrite))->Truncate(cut).has_value());
    CheckDamaged(*disk, path);
  }
  EXPECT_EQ(seen_by_reader_, 0);
  EXPECT_GT(refused_, 1500);
}

TEST_F(LogDamageTest, MissingSegmentIsRefused) {
  ASSERT_TRUE(files_.Remove(segments_[1]).has_value());
  auto log = Log::Open(files_, clock_, "data", options_);
  const auto opened = (*log)->OpenStream(definition_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, base::Code::kDataLoss);
  EXPECT_THAT(opened.error().message, HasSubstr("are missing"));
}

TEST_F(LogDamageTest, SegmentOfAnotherShardIsRefused) {
  const std::string other =
      "data/streams/damaged/shardId-000000000000/00000000000000000060.segment";
  auto elsewhere = Log::Open(files_, clock_, "elsewhere", options_);
  ASSERT_TRUE((*elsewhere)->OpenStream(Definition("other")).has_value());
  ASSERT_TRUE(
      files_
          .Link("elsewhere/streams/other/shardId-000000000000/00000000000000000000.segment", other)
          .has_value());
  auto log = Log::Open(files_, clock_, "data", options_);
  EXPECT_EQ((*log)->OpenStream(definition_).error().code, base::Code::kFailedPrecondition);
}

TEST_F(LogDamageTest, GarbageAfterTheEndIsCutAndCounted) {
  const std::string& path = segments_.back();
  auto file = files_.Open(path, base::OpenMode::kReadWrite);
  const std::string contents = *base::ReadFile(files_, path);
  const uint64_t end = contents.find_last_not_of('\0') / 512 * 512 + 512;
  ASSERT_TRUE((*file)->WriteAt(end + 100, "garbage of a torn write").has_value());
  auto log = Log::Open(files_, clock_, "data", options_);
  const auto opened = (*log)->OpenStream(definition_);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ((*log)->recovery().torn_tails, 1U);
  EXPECT_EQ((*log)->recovery().torn_bytes, 123U);
  EXPECT_EQ(*ReadAll(**opened, 0), records_);
  EXPECT_THAT((*log)->Verify(definition_)->problems, IsEmpty());
}

}  // namespace
}  // namespace weir::log
