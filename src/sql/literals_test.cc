#include "sql/literals.h"

#include <gtest/gtest.h>

namespace weir::sql {
namespace {

using Unit = TimeUnit;

TEST(ParseIntervalText, SingleUnits) {
  EXPECT_EQ(ParseIntervalText("1", Unit::kMinute, Unit::kMinute), 60'000);
  EXPECT_EQ(ParseIntervalText("-2", Unit::kHour, Unit::kHour), -7'200'000);
  EXPECT_EQ(ParseIntervalText("1.5", Unit::kSecond, Unit::kSecond), 1'500);
  EXPECT_EQ(ParseIntervalText("0.001", Unit::kSecond, Unit::kSecond), 1);
  EXPECT_EQ(ParseIntervalText("999999999", Unit::kDay, Unit::kDay), 86'399'999'913'600'000);
}

TEST(ParseIntervalText, CompoundUnits) {
  EXPECT_EQ(ParseIntervalText("59:59.999", Unit::kMinute, Unit::kSecond), 3'599'999);
  EXPECT_EQ(ParseIntervalText("1 02:03:04.5", Unit::kDay, Unit::kSecond), 93'784'500);
  EXPECT_EQ(ParseIntervalText("1 2", Unit::kDay, Unit::kHour), 93'600'000);
  EXPECT_EQ(ParseIntervalText("1:30", Unit::kHour, Unit::kMinute), 5'400'000);
}

TEST(ParseIntervalText, Refuses) {
  EXPECT_EQ(ParseIntervalText("", Unit::kMinute, Unit::kMinute), std::nullopt);
  EXPECT_EQ(ParseIntervalText("1.5", Unit::kMinute, Unit::kMinute), std::nullopt);
  EXPECT_EQ(ParseIntervalText("1 ", Unit::kMinute, Unit::kMinute), std::nullopt);
  EXPECT_EQ(ParseIntervalText("1.", Unit::kSecond, Unit::kSecond), std::nullopt);
  EXPECT_EQ(ParseIntervalText("1.2345", Unit::kSecond, Unit::kSecond), std::nullopt);
  EXPECT_EQ(ParseIntervalText("1234567890", Unit::kSecond, Unit::kSecond), std::nullopt);
  EXPECT_EQ(ParseIntervalText("1:2", Unit::kDay, Unit::kHour), std::nullopt);
  EXPECT_EQ(ParseIntervalText("--1", Unit::kDay, Unit::kDay), std::nullopt);
}

TEST(DatetimeLiterals, ReadTheirOneForm) {
  EXPECT_EQ(ParseTimestampLiteral("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(ParseTimestampLiteral("2020-12-04 17:05:09.123"), 1'607'101'509'123);
  EXPECT_EQ(ParseTimestampLiteral("2020-12-04 17:05:09.1"), 1'607'101'509'100);
  EXPECT_EQ(ParseTimestampLiteral("1969-12-31 23:59:59.999"), -1);
  EXPECT_EQ(ParseDateLiteral("1970-01-02"), 1);
  EXPECT_EQ(ParseDateLiteral("1969-12-31"), -1);
  EXPECT_EQ(ParseTimeLiteral("23:59:59.999"), 86'399'999);
}

TEST(DatetimeLiterals, Refuse) {
  EXPECT_EQ(ParseTimestampLiteral("2020-12-04"), std::nullopt);
  EXPECT_EQ(ParseTimestampLiteral("2020-12-04T17:05:09"), std::nullopt);
  EXPECT_EQ(ParseTimestampLiteral("2020-12-04 17:05:09Z"), std::nullopt);
  EXPECT_EQ(ParseTimestampLiteral("2020-13-04 17:05:09"), std::nullopt);
  EXPECT_EQ(ParseTimestampLiteral("2020-12-04 17:05:09.1234"), std::nullopt);
  EXPECT_EQ(ParseDateLiteral("2021-02-29"), std::nullopt);
  EXPECT_EQ(ParseTimeLiteral("24:00:00"), std::nullopt);
}

TEST(Units, HaveNamesAndLengths) {
  EXPECT_EQ(UnitNamed("DAY"), Unit::kDay);
  EXPECT_EQ(UnitNamed("MILLISECOND"), std::nullopt);
  EXPECT_EQ(UnitNamed("day"), std::nullopt);
  EXPECT_EQ(UnitMillis(Unit::kDay), 86'400'000);
  EXPECT_EQ(UnitMillis(Unit::kMonth), 0);
  EXPECT_EQ(UnitName(Unit::kYear), "YEAR");
}

}  // namespace
}  // namespace weir::sql
