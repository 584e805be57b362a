#include "ingest/aws/shape.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir::ingest::aws {
namespace {

using Kind = Shape::Kind;

const Shape kName = {.min = 1, .max = 8, .pattern = &kNamePattern};
const Shape kCount = {.kind = Kind::kInteger, .min = 1, .max = 100};
const Shape kFlag = {.kind = Kind::kBoolean};
const Shape kTime = {.kind = Kind::kTimestamp};
const Shape kBytes = {.kind = Kind::kBlob, .min = 0, .max = 4};
constexpr std::array<std::string_view, 2> kModes = {"ON", "OFF"};
const Shape kMode = {.allowed = kModes};
const Shape kTagKey = {.min = 1, .max = 3};
const Shape kTagValue = {.min = 0, .max = 4};
const Shape kTags = {
    .kind = Kind::kMap, .min = 1, .max = 2, .element = &kTagValue, .key = &kTagKey};
const std::array<ShapeMember, 2> kEntryMembers = {
    {{"Data", &kBytes, true}, {"Name", &kName, true}}};
const Shape kEntry = {.kind = Kind::kStructure, .members = kEntryMembers};
const Shape kEntries = {
    .kind = Kind::kList, .min = 1, .max = 12, .element = &kEntry, .printed = "Entry@c965e310"};
const std::array<ShapeMember, 7> kMembers = {{{"StreamName", &kName, true},
                                              {"Limit", &kCount},
                                              {"Flag", &kFlag},
                                              {"At", &kTime},
                                              {"Mode", &kMode},
                                              {"Tags", &kTags},
                                              {"Records", &kEntries}}};
const Shape kRequest = {.kind = Kind::kStructure, .members = kMembers};

// "" when the request is right, else "<type>: <message>".
std::string Judge(std::string_view text) {
  const auto checked = CheckRequest(kRequest, *json::Parse(text));
  return checked ? "" : checked.error().type + ": " + checked.error().message;
}

TEST(ShapeTest, TakesWhatFits) {
  EXPECT_EQ(Judge(R"({"StreamName":"a","Limit":100,"Flag":true,"At":1.5,"Mode":"ON","Other":[],)"
                  R"("Tags":{"k":""},"Records":[{"Data":"","Name":"n"}]})"),
            "");
  EXPECT_EQ(Judge(R"({"StreamName":"12345678","Limit":null,"Records":null})"), "");
}

TEST(ShapeTest, RefusesOtherTypesBeforeItLooksAtConstraints) {
  const std::array<std::pair<std::string_view, std::string_view>, 13> cases = {{
      {R"({"StreamName":1})", "class java.lang.Integer can not be converted to an String"},
      {R"({"StreamName":1.5})", "class java.math.BigDecimal can not be converted to an String"},
      {R"({"StreamName":true})", "class java.lang.Boolean can not be converted to an String"},
      {R"({"StreamName":[]})", "Start of list found where not expected"},
      {R"({"StreamName":{}})", "Start of structure or map found where not expected."},
      {R"({"Limit":"7"})", "class java.lang.String can not be converted to an Integer"},
      {R"({"Flag":1})", "class java.lang.Integer can not be converted to an Boolean"},
      {R"({"At":"now"})",
       "class java.lang.String can not be converted to milliseconds since epoch"},
      {R"({"Tags":"x"})", "Expected map or null"},
      {R"({"Tags":{"a":1}})", "class java.lang.Integer can not be converted to an String"},
      {R"({"Records":"x"})", "Expected list or null"},
      {R"({"Records":[1]})", "Expected null"},
      {R"({"Records":[{"Data":"abc"}]})",
       "'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 "
       "bytes but found: 3"},
  }};
  for (const auto& [request, message] : cases) {
    EXPECT_EQ(Judge(request), fmt::format("SerializationException: {}", message)) << request;
  }
}

TEST(ShapeTest, NamesTheConstraintsThatAreBroken) {
  const std::array<std::pair<std::string_view, std::string_view>, 10> cases = {{
      {R"({})", "Value null at 'streamName' failed to satisfy constraint: Member must not be null"},
      {R"({"StreamName":"ä b"})",
       "Value 'ä b' at 'streamName' failed to satisfy constraint: Member must satisfy regular "
       "expression pattern: [a-zA-Z0-9_.-]+"},
      {R"({"StreamName":"123456789"})",
       "Value '123456789' at 'streamName' failed to satisfy constraint: Member must have length "
       "less than or equal to 8"},
      {R"({"StreamName":"a","Limit":0})",
       "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or "
       "equal to 1"},
      {R"({"StreamName":"a","Limit":1e300})",
       "Value '1e300' at 'limit' failed to satisfy constraint: Member must have value less than or "
       "equal to 100"},
      {R"({"StreamName":"a","Mode":"on"})",
       "Value 'on' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: "
       "[ON, OFF]"},
      {R"({"StreamName":"a","Tags":{}})",
       "Value '{}' at 'tags' failed to satisfy constraint: Member must have length greater than or "
       "equal to 1"},
      {R"({"StreamName":"a","Tags":{"long":"x"}})",
       "Value '{long=x}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: "
       "[Member must have length less than or equal to 3, Member must have length greater than or "
       "equal to 1]"},
      {R"({"StreamName":"a","Records":[]})",
       "Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than "
       "or equal to 1"},
      {R"({"StreamName":"a","Records":[{"Data":"AAAAAAA=","Name":"n"}]})",
       "Value 'java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]' at 'records.1.member.data' failed to "
       "satisfy constraint: Member must have length less than or equal to 4"},
  }};
  for (const auto& [request, failure] : cases) {
    EXPECT_EQ(Judge(request),
              fmt::format("ValidationException: 1 validation error detected: {}", failure))
        << request;
  }
}

TEST(ShapeTest, ListsTenFailuresAtMostAndCutsLongValues) {
  std::string records;
  for (int i = 0; i < 13; ++i) {
    records += fmt::format("{}{{}}", i == 0 ? "" : ",");
  }
  const std::string many =
      Judge(fmt::format(R"({{"StreamName":"{}","Records":[{}]}})", std::string(999, 'x'), records));
  EXPECT_TRUE(many.starts_with("ValidationException: 10 validation errors detected: Value '" +
                               std::string(256, 'x') + "' at 'streamName'"))
      << many;
  EXPECT_NE(many.find("Value '[Entry@c965e310, Entry@c965e310, "), std::string::npos) << many;
  EXPECT_NE(many.find("'records.4.member.name'"), many.npos) << many;
  EXPECT_EQ(many.find("'records.5.member"), many.npos) << many;
}

TEST(ShapeTest, DecidesPatternsAsTheirTextSays) {
  EXPECT_TRUE(kSequencePattern.matches("0"));
  EXPECT_TRUE(kSequencePattern.matches("1" + std::string(128, '0')));
  EXPECT_FALSE(kSequencePattern.matches("1" + std::string(129, '0')));
  EXPECT_FALSE(kSequencePattern.matches("01"));
  EXPECT_FALSE(kSequencePattern.matches(""));
  EXPECT_FALSE(kHashKeyPattern.matches("-1"));
  EXPECT_FALSE(kHashKeyPattern.matches(std::string(40, '1')));
  EXPECT_FALSE(kNamePattern.matches("a/b"));
}

}  // namespace
}  // namespace weir::ingest::aws
