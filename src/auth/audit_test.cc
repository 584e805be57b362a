#include "auth/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/simulated_file_system.h"
#include "json/document.h"

namespace weir::auth {
namespace {

using testing::HasSubstr;

class AuditTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.CreateDirectories("/d").has_value()); }

  std::unique_ptr<AuditLog> Open(uint64_t max_file_bytes = AuditLog::kMaxFileBytes) {
    return *AuditLog::Open(files_, clock_, nullptr, "/d/audit.log", max_file_bytes);
  }

  std::string Text(const std::string& file = "/d/audit.log") {
    return base::ReadFile(files_, file).value_or("");
  }

  static AuditEntry Entry(const std::string& event, const std::string& key = "k") {
    return {.event = event, .key_id = key, .object = "o", .address = "a"};
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
};

TEST_F(AuditTest, LinesAreAddedBehindWhatIsThere) {
  Open()->Write(Entry("one"));
  ASSERT_TRUE(base::ReplaceFile(files_, "/d/audit.log", Text() + "{\"torn").has_value());
  Open()->Write(Entry("two"));
  EXPECT_EQ(Text(),
            "{\"ts\":\"2020-09-13T12:26:40.000Z\",\"event\":\"one\",\"key\":\"k\",\"object\":\"o\","
            "\"address\":\"a\"}\n{\"torn\n{\"ts\":\"2020-09-13T12:26:40.000Z\",\"event\":\"two\","
            "\"key\":\"k\",\"object\":\"o\",\"address\":\"a\"}\n");
}

TEST_F(AuditTest, RepeatedRefusalsAreCounted) {
  {
    const auto log = Open();
    for (int i = 0; i < 5; ++i) {
      log->WriteRefusal(Entry("refused"));
    }
    log->WriteRefusal(Entry("refused", "made-up"));
    log->WriteRefusal(Entry("refused", "other"), "other");
    EXPECT_EQ(std::ranges::count(Text(), '\n'), 2);
    clock_.AdvanceMillis(AuditLog::kRepeatMillis);
    log->WriteRefusal(Entry("refused"));
    EXPECT_EQ(std::ranges::count(Text(), '\n'), 3);
    EXPECT_THAT(Text(), HasSubstr("\"repeats\":6"));
    log->WriteRefusal(Entry("refused"));
    log->WriteRefusal(Entry("refused"));
  }
  EXPECT_EQ(std::ranges::count(Text(), '\n'), 4);
  EXPECT_THAT(Text(), HasSubstr("\"repeats\":2")) << "the rest is told at the end";
}

TEST_F(AuditTest, NoiseIsBoundedAndCounted) {
  constexpr uint64_t kExtra = 500;
  {
    const auto log = Open();
    log->Write(Entry("key.created"));
    for (uint64_t i = 0; i < AuditLog::kMaxRefusalsPerMinute + kExtra; ++i) {
      log->WriteRefusal(Entry("refused"), fmt::format("s{}", i));
    }
    EXPECT_EQ(std::ranges::count(Text(), '\n'), 1 + AuditLog::kMaxRefusalsPerMinute);
    clock_.AdvanceMillis(60'000);
    log->WriteRefusal(Entry("refused"), "later");
    EXPECT_THAT(Text(),
                HasSubstr(fmt::format(R"("reason":"too_many_to_tell","repeats":{})", kExtra)));
  }
  EXPECT_EQ(std::ranges::count(Text(), '\n'), 3 + AuditLog::kMaxRefusalsPerMinute);
}

TEST_F(AuditTest, AFullFileIsKeptAside) {
  const auto log = Open(500);
  for (int i = 0; i < 200; ++i) {
    log->Write(Entry(fmt::format("event{:03}", i)));
  }
  EXPECT_LE(Text().size(), 500);
  EXPECT_THAT(Text(), HasSubstr("event199"));
  std::string all;
  for (int i = AuditLog::kKeptFiles; i > 0; --i) {
    all += Text(fmt::format("/d/audit.log.{}", i));
  }
  all += Text();
  EXPECT_FALSE(files_.Exists(fmt::format("/d/audit.log.{}", AuditLog::kKeptFiles + 1)));
  const size_t first = std::stoul(all.substr(all.find("event") + 13, 3));
  for (size_t i = first; i < 200; ++i) {
    EXPECT_THAT(all, HasSubstr(fmt::format("event{:03}", i)));
  }
}

TEST_F(AuditTest, ValuesAreCutAndHarmless) {
  const auto log = Open();
  log->Write({.event = "e", .key_id = std::string(1'000, 'x'), .object = "a\r\n\x7f\xc3\xa4\"\\"});
  const auto line = json::Parse(Text());
  ASSERT_TRUE(line.has_value()) << Text();
  EXPECT_EQ(line->StringAt("key")->size(), AuditLog::kMaxValue);
  EXPECT_EQ(*line->StringAt("object"),
            "a????"
            "?\"\\");
}

}  // namespace
}  // namespace weir::auth
