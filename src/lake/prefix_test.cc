#include "lake/prefix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/time_format.h"

namespace weir::lake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Use = PrefixExpression::Use;

Prefix Evaluate(std::string_view text, std::string_view time = "2026-07-03T04:05:06.078Z") {
  const auto expression = PrefixExpression::Parse(text, Use::kObjects);
  EXPECT_TRUE(expression.has_value()) << expression.error().message;
  return expression->Evaluate(
      {.arrival = model::Rowtime{*base::ParseTimestamp(time)}, .identity = "d-0-1-2"});
}

std::string Refusal(std::string_view text, Use use = Use::kObjects) {
  const auto expression = PrefixExpression::Parse(text, use);
  EXPECT_FALSE(expression.has_value()) << text;
  return expression.has_value() ? "" : expression.error().message;
}

TEST(PrefixTest, DefaultIsYearMonthDayHour) {
  const Prefix prefix = Evaluate("");
  EXPECT_EQ(prefix.text, "2026/07/03/04/");
  EXPECT_EQ(prefix.partition, (std::map<std::string, std::string>{{"partition_0", "2026"},
                                                                  {"partition_1", "07"},
                                                                  {"partition_2", "03"},
                                                                  {"partition_3", "04"}}));
}

TEST(PrefixTest, WithoutATimestampTheDefaultIsAppendedWithoutASlash) {
  EXPECT_EQ(Evaluate("legacy").text, "legacy2026/07/03/04/");
  EXPECT_EQ(Evaluate("a/b/").text, "a/b/2026/07/03/04/");
  EXPECT_EQ(Evaluate("a/b/").partition.size(), 4u);
}

TEST(PrefixTest, HiveFoldersNamePartitions) {
  constexpr std::string_view kText =
      "clicks/Year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
      "hour=!{timestamp:HH}/";
  EXPECT_EQ(Evaluate(kText).text, "clicks/Year=2026/month=07/day=03/hour=04/");
  EXPECT_EQ(Evaluate(kText).partition,
            (std::map<std::string, std::string>{
                {"year", "2026"}, {"month", "07"}, {"day", "03"}, {"hour", "04"}}));
  EXPECT_THAT(PrefixExpression::Parse(kText, Use::kObjects)->partition_keys(),
              ElementsAre("year", "month", "day", "hour"));
}

TEST(PrefixTest, JavaPatterns) {
  EXPECT_EQ(Evaluate("!{timestamp:'year='yyyy'/month='MM/}").text, "year=2026/month=07/");
  EXPECT_EQ(Evaluate("!{timestamp:yy-M-d-D-H-m-s-S}").text, "26-7-3-184-4-5-6-0");
  EXPECT_EQ(Evaluate("!{timestamp:yyyy.DDD.HH:mm:ss.SSSSSS}").text, "2026.184.04:05:06.078000");
  EXPECT_EQ(Evaluate("!{timestamp:'o''clock 'HH''}").text, "o'clock 04'");
  EXPECT_EQ(Evaluate("!{timestamp:yyyy-MM-dd}", "1969-12-31T23:59:59Z").text, "1969-12-31");
}

TEST(PrefixTest, RandomStringIsOfTheObject) {
  const std::string one =
      Evaluate("!{firehose:random-string}/!{firehose:random-string}/!{timestamp:yyyy}/").text;
  EXPECT_EQ(
      one, Evaluate("!{firehose:random-string}/!{firehose:random-string}/!{timestamp:yyyy}/").text);
  ASSERT_EQ(one.size(), 11u + 1 + 11 + 1 + 5);
  EXPECT_NE(one.substr(0, 11), one.substr(12, 11));
}

TEST(PrefixTest, ErrorPrefix) {
  const auto expression = PrefixExpression::Parse(
      "errors/!{firehose:error-output-type}/!{timestamp:yyyy}/", Use::kErrors);
  ASSERT_TRUE(expression.has_value());
  EXPECT_EQ(expression->Evaluate({.arrival = {0}, .error_type = "processing-failed"}).text,
            "errors/processing-failed/1970/");
  const auto empty = PrefixExpression::Parse("", Use::kErrors);
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->Evaluate({.arrival = {0}, .error_type = "format-conversion-failed"}).text,
            "format-conversion-failed/1970/01/01/00/");
  EXPECT_THAT(Refusal("e/!{timestamp:yyyy}/", Use::kErrors), HasSubstr("error-output-type"));
  EXPECT_THAT(Refusal("!{firehose:error-output-type}/"), HasSubstr("error prefix only"));
}

TEST(PrefixTest, RefusesWhatItCannotDo) {
  EXPECT_THAT(Refusal("!{timestamp:EEEE}"), HasSubstr("'EEEE' is not supported"));
  EXPECT_THAT(Refusal("!{timestamp:yyyyy}"), HasSubstr("not supported"));
  EXPECT_THAT(Refusal("!{timestamp:yyyy'x}"), HasSubstr("open quote"));
  EXPECT_THAT(Refusal("!{timestamp:[yyyy]}"), HasSubstr("reserved"));
  EXPECT_THAT(Refusal("!{timestamp:}"), HasSubstr("needs a pattern"));
  EXPECT_THAT(Refusal("!{timestamp:yyyy"), HasSubstr("closing brace"));
  EXPECT_THAT(Refusal("!{partitionKeyFromQuery:k}/"), HasSubstr("unknown prefix expression"));
  EXPECT_THAT(Refusal("../up/"), HasSubstr("'..'"));
  EXPECT_THAT(Refusal("/a/"), HasSubstr("empty"));
  EXPECT_THAT(Refusal("a//b/"), HasSubstr("empty"));
  EXPECT_THAT(Refusal("!{timestamp:'../'}"), HasSubstr("'..'"));
  EXPECT_THAT(Refusal("k=1/K=2/!{timestamp:yyyy}/"), HasSubstr("twice"));
  EXPECT_THAT(Refusal(std::string(1025, 'x')), HasSubstr("at most 1024"));
  EXPECT_THAT(
      Refusal(std::string(120, 'x') + "/" + std::string(120, 'x') + "/" + std::string(300, 'x')),
      HasSubstr("at most 512"));
}

}  // namespace
}  // namespace weir::lake
