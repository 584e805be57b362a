#include "base/time_format.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>

#include "base/clock.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "base/test_seed.h"

namespace weir::base {
namespace {

constexpr int64_t kMoment = 1'795'332'931'123;  // 2026-11-22 07:35:31.123

TEST(TimeFormatTest, Formats) {
  EXPECT_EQ(FormatTimestamp(kMoment), "2026-11-22 07:35:31.123");
  EXPECT_EQ(FormatRfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTimestamp(-1), "1969-12-31 23:59:59.999");
  EXPECT_EQ(FormatTimestamp(951'782'400'000), "2000-02-29 00:00:00.000");
}

TEST(TimeFormatTest, ParsesIsoTexts) {
  for (const char* text : {"2026-11-22 07:35:31.123", "2026-11-22T07:35:31.123Z",
                           "2026-11-22T07:35:31.123999", "2026-11-22T09:35:31.123+02:00",
                           "2026-11-22T05:05:31.123-0230", "2026-11-22T08:35:31.123+01"}) {
    EXPECT_EQ(ParseTimestamp(text), kMoment) << text;
  }
  EXPECT_EQ(ParseTimestamp("2026-11-22T07:35Z"), kMoment - 31'123);
  EXPECT_EQ(ParseTimestamp("1970-01-02"), 86'400'000);
  EXPECT_EQ(ParseTimestamp("1992-02-14 18:35:44.0"), 698'092'544'000);
}

TEST(TimeFormatTest, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2026",
                           "2026-11",
                           "2026-13-01",
                           "2026-00-10",
                           "2026-02-29",
                           "2026-04-31",
                           "26-11-22",
                           "2026-11-22x07:35:31",
                           "2026-11-22 24:00:00",
                           "2026-11-22 07:60:00",
                           "2026-11-22 07:35:60",
                           "2026-11-22 07:35:31.",
                           "2026-11-22 07",
                           "2026-11-22 07:35:31 Z",
                           "2026-11-22 07:35:31+",
                           "2026-11-22 07:35:31+24:00",
                           "2026-11-22 07:35:31ZZ",
                           " 2026-11-22",
                           "2026-11-22 ",
                           "-2026-11-22",
                           "2026-11-22 07:35:31,5"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

TEST(TimeFormatTest, AgreesWithTheSystemCalendarAndRoundTrips) {
  const uint64_t seed = base::TestSeed(5);
  SCOPED_TRACE(base::SeedTrace(seed));
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t millis = static_cast<int64_t>(random.Below(250'000'000'000'000));
    const CivilTime civil = ToCivil(millis);
    const time_t seconds = millis / 1000;
    tm expected{};
    gmtime_r(&seconds, &expected);
    ASSERT_EQ(civil.year, expected.tm_year + 1900);
    ASSERT_EQ(civil.month, expected.tm_mon + 1);
    ASSERT_EQ(civil.day, expected.tm_mday);
    ASSERT_EQ(civil.second, expected.tm_sec);
    ASSERT_EQ(FromCivil(civil), millis);
    ASSERT_EQ(ParseTimestamp(FormatTimestamp(millis)), millis);
    ASSERT_EQ(ParseTimestamp(FormatRfc3339(millis)), millis);
  }
}

TEST(RandomTest, SameSeedSameNumbersWithinBounds) {
  Random a(1);
  Random b(1);
  Random c(2);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = a.Next();
    EXPECT_EQ(value, b.Next());
    differs |= value != c.Next();
    EXPECT_LT(c.Below(7), 7);
    const double unit = c.Unit();
    EXPECT_TRUE(unit >= 0 && unit < 1);
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(SystemRandomHex(16).size(), 32);
  EXPECT_NE(SystemRandomHex(16), SystemRandomHex(16));
}

TEST(ClockTest, ManualTimeMovesWhenTold) {
  ManualClock clock(1000);
  clock.AdvanceMillis(5);
  EXPECT_EQ(clock.WallMillis(), 1005);
  EXPECT_EQ(clock.MonotonicNanos(), 1'005'000'000);
  EXPECT_GT(SystemClock().WallMillis(), 1'600'000'000'000);
}

TEST(ResultTest, MacrosPassErrorsOn) {
  const auto half = [](int n) -> Result<int> {
    if (n % 2 != 0) {
      return Fail(Code::kInvalidArgument, "{} is odd", n);
    }
    return n / 2;
  };
  const auto quarter = [&](int n) -> Result<int> {
    ASSIGN_OR_RETURN(const int once, half(n));
    RETURN_IF_ERROR(half(once));
    return once / 2;
  };
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error(), (Error{Code::kInvalidArgument, "3 is odd"}));
  EXPECT_EQ(Within("stream 'clicks'", quarter(1).error()).message, "stream 'clicks': 1 is odd");
  EXPECT_EQ(CodeName(Code::kDataLoss), "data_loss");
}

TEST(LoggingTest, WritesOneEscapedJsonLine) {
  testing::internal::CaptureStderr();
  LogEvent(LogLevel::kInfo, "test.line", "say \"hi\"\n\xFF",
           {{"path", "a\\b"}, {"count", 3}, {"long", std::string(3000, 'x')}});
  LogEvent(LogLevel::kDebug, "test.debug", "not written");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find(R"("level":"info","event":"test.line","msg":"say \"hi\"\n\ufffd")"),
            std::string::npos)
      << line;
  EXPECT_NE(line.find(R"("path":"a\\b","count":"3")"), std::string::npos);
  EXPECT_LT(line.size(), 1400);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(LoggingTest, LimitsLinesPerEvent) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    LogEvent(LogLevel::kWarning, "test.flood", "again");
  }
  const std::string lines = testing::internal::GetCapturedStderr();
  const auto count = std::count(lines.begin(), lines.end(), '\n');
  EXPECT_GE(count, 10);
  EXPECT_LE(count, 20) << "a second may have passed";
}

TEST(MetricsTest, ExposesWhatWasCounted) {
  Metrics metrics;
  Counter& counter = metrics.GetCounter("weir_records_total", "Records.", {{"stream", "clicks"}});
  counter.Add(2);
  EXPECT_EQ(&counter,
            &metrics.GetCounter("weir_records_total", "Records.", {{"stream", "clicks"}}));
  metrics.GetCounter("weir_records_total", "Records.", {{"stream", "orders"}}).Add();
  metrics.GetGauge("weir_open_windows", "Windows.").Set(7);
  metrics.GetHistogram("weir_sync_seconds", "Syncs.").Observe(0.002);
  const std::string text = metrics.Expose();
  for (const char* line :
       {"weir_records_total{stream=\"clicks\"} 2", "weir_records_total{stream=\"orders\"} 1",
        "weir_open_windows 7", "weir_sync_seconds_count 1", "# TYPE weir_records_total counter"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace weir::base
