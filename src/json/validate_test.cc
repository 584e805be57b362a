#include "json/validate.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "base/random.h"
#include "base/test_seed.h"
#include "json/document.h"
#include "json/row_encoder.h"

namespace weir::json {
namespace {

using base::Code;

TEST(ValidateTest, AcceptsJson) {
  for (const char* text :
       {"{}", "[]", "null", " true ", "-0", "0.5e-7", "1E+9", "\"\"", "[[[]]]",
        "{\"a\":{\"a\":1},\"b\":[{}]}", "\t\r\n[1 , 2]\n", "\"\\u0000\\ud83d\\ude00\\/\"",
        "123456789012345678901234567890", "1e999", "\"\xF0\x9F\x98\x80\""}) {
    const auto result = Validate(text);
    EXPECT_TRUE(result.has_value()) << text << ": " << result.error().message;
  }
}

TEST(ValidateTest, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "[1",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":1]",
                           "[1}",
                           "tru",
                           "nulll",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"",
                           "\"a",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\n\"",
                           "\"\x01\"",
                           "1 2",
                           "{} {}",
                           "\xEF\xBB\xBF{}",
                           "\"\xFF\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "/**/1",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,\"\\u0061\":2}"}) {
    const auto result = Validate(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, Code::kInvalidArgument) << text;
  }
  EXPECT_EQ(Validate("{\"a\":1,\"a\":2}").error().message,
            "not valid JSON: key 'a' appears twice before byte 10");
  EXPECT_EQ(Validate("[1,}").error().message,
            "not valid JSON: a value must be an object, array, string, number, true, false or null "
            "at byte 3");
}

TEST(ValidateTest, TheSameKeyInOtherObjectsIsFine) {
  EXPECT_TRUE(Validate(R"([{"a":{"a":1}},{"a":2}])").has_value());
  EXPECT_FALSE(Validate(R"({"b":{"x":1},"c":2,"b":3})").has_value());
}

TEST(ValidateTest, HoldsTheLimits) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Validate(nested(32)).has_value());
  EXPECT_EQ(Validate(nested(33)).error().code, Code::kLimitExceeded);
  const Limits wide{.max_bytes = 10 << 20, .max_depth = 1'000'000};
  EXPECT_EQ(Validate(std::string(100'000, '['), wide).error().code, Code::kLimitExceeded);
  EXPECT_EQ(Validate(std::string(100'000, '{'), wide).error().code, Code::kInvalidArgument);
  const auto keys = [](size_t count) {
    std::string text = "{";
    for (size_t i = 0; i < count; ++i) {
      text += fmt::format("{}\"k{}\":{}", i == 0 ? "" : ",", i, i);
    }
    return text;
  };
  EXPECT_TRUE(Validate(keys(256) + "}").has_value());
  EXPECT_EQ(Validate(keys(257) + "}").error().code, Code::kLimitExceeded);
  EXPECT_EQ(Validate(keys(100) + ",\"k7\":1}").error().code, Code::kInvalidArgument);
  EXPECT_TRUE(Validate("\"" + std::string((1 << 20) - 2, 'x') + "\"").has_value());
  EXPECT_EQ(Validate("\"" + std::string((1 << 20) - 1, 'x') + "\"").error().code,
            Code::kLimitExceeded);
}

/// Random JSON-like text: mostly well formed, sometimes damaged.
std::string RandomText(base::Random& random) {
  std::string text;
  const auto piece = [&] {
    constexpr const char* kPieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\"a\"",
                                       "\"b\\n\"",
                                       "\"\\u00e9\"",
                                       "1",
                                       "-2.5e-3",
                                       "true",
                                       "false",
                                       "null",
                                       " ",
                                       "\"long string with more than thirty-two bytes in it\"",
                                       "\"\xC3\xA9\"",
                                       "\"",
                                       "\\",
                                       "0",
                                       "\x01",
                                       "\xFF"};
    return kPieces[random.Below(std::size(kPieces) - (random.Chance(0.8) ? 5 : 0))];
  };
  const auto value = [&](auto&& self, int depth) -> void {
    switch (depth > 3 ? 0 : random.Below(4)) {
      case 1:
        text += '[';
        for (uint64_t i = random.Below(3); i > 0; --i) {
          self(self, depth + 1);
          text += i > 1 ? "," : "";
        }
        text += ']';
        return;
      case 2:
        text += '{';
        for (uint64_t i = random.Below(4); i > 0; --i) {
          text += fmt::format("\"k{}\":", i);
          self(self, depth + 1);
          text += i > 1 ? "," : "";
        }
        text += '}';
        return;
      default:
        constexpr const char* kScalars[] = {
            "1",
            "-2.5e-3",
            "true",
            "null",
            "\"x\"",
            "\"\\u00e9\"",
            "\"a string of more than thirty-two bytes, with \\\" in it\""};
        text += kScalars[random.Below(std::size(kScalars))];
    }
  };
  value(value, 0);
  for (uint64_t i = random.Below(3); i > 0; --i) {
    text.insert(random.Below(text.size() + 1), piece());
  }
  return text;
}

TEST(ValidateTest, AgreesWithSimdjson) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  simdjson::dom::parser parser;
  Validator validator;
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = RandomText(random);
    const bool expected = parser.parse(text).error() == simdjson::SUCCESS;
    const auto result = validator.Validate(text);
    const bool repeated =
        !result.has_value() && result.error().message.find("twice") != std::string::npos;
    ASSERT_TRUE(result.has_value() == expected || (expected && repeated))
        << text << " " << (result.has_value() ? "" : result.error().message);
    good += expected ? 1 : 0;
    if (result.has_value()) {
      const auto document = Parse(text);
      ASSERT_TRUE(document.has_value()) << text;
      const auto again = Parse(document->Serialize());
      ASSERT_TRUE(again.has_value()) << document->Serialize();
      ASSERT_EQ(*again, *document) << text;
    }
  }
  EXPECT_GT(good, 2000);
}

/// What is known of a text: the verdict and, when it is fine, its members "a" and "time".
std::string Findings(Validator& validator, std::string_view text) {
  const auto result = validator.Validate(text);
  if (!result.has_value()) {
    return result.error().message;
  }
  return fmt::format("a={} time={}", validator.Member(0).value_or("none"),
                     validator.Member(1).value_or("none"));
}

TEST(ValidateTest, FindsMembers) {
  Validator validator({}, {"a", "time"});
  for (int round = 0; round < 2; ++round) {  // The second by what the first has taught.
    EXPECT_EQ(Findings(validator, R"({"x":"a","time" : "12:00" ,"a":1})"), "a=1 time=\"12:00\"");
    EXPECT_EQ(Findings(validator, R"({"b":{"a":1,"time":2},"a":null})"), "a=null time=none");
    EXPECT_EQ(Findings(validator, R"({"a":{"a":[2]} ,"time":"\u00e9"})"),
              R"(a={"a":[2]} time="\u00e9")");
    EXPECT_EQ(Findings(validator, R"({"\u0061":1,"time":[]})"), "a=none time=[]");
    EXPECT_EQ(Findings(validator, R"([{"a":1},"time"])"), "a=none time=none");
    EXPECT_EQ(Findings(validator, R"("a")"), "a=none time=none");
  }
}

TEST(ValidateTest, LearnedLayoutsChangeNoVerdict) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  constexpr std::string_view kBases[] = {
      R"({"user":"u123","a":"P42","n":-12.5e3,"on":true,"time":"2026-11-22T09:30:00Z"})",
      R"({"a":7,"user":"u123","lines":[{"id":1,"price":2.5},{"id":2,"price":null}]})",
      R"({ "time": 1, "user": "a name of more than thirty-two bytes, all of them ASCII" })",
      R"([1,2,"three",{"a":"b"}])"};
  constexpr std::string_view kPieces[] = {
      "\"", "\\", ",", ":", "{", "}",    "[",        "]",    " ",    "1",   "0",
      "-",  ".",  "e", "a", "x", "\x01", "\xC3\xA9", "\xC3", "null", "\\n", "\"a\":1,"};
  const std::vector<std::string> members = {"a", "time"};
  Validator learned({}, members);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(kBases[random.Below(std::size(kBases))]);
    for (uint64_t edits = random.Below(3); edits > 0; --edits) {
      const size_t at = random.Below(text.size());
      text.replace(at, random.Below(2), kPieces[random.Below(std::size(kPieces))]);
    }
    Validator fresh({}, members);
    ASSERT_EQ(Findings(learned, text), Findings(fresh, text)) << text;
  }
}

TEST(DocumentTest, ReadsAndWrites) {
  const auto value = Parse(R"( {"s":"a\u00e9","n":12.50,"i":-7,"b":true,"z":null,"l":[1,[],{}]} )");
  ASSERT_TRUE(value.has_value()) << value.error().message;
  EXPECT_EQ(*value->StringAt("s"), "a\xC3\xA9");
  EXPECT_EQ(*value->IntAt("i"), -7);
  EXPECT_TRUE(*value->BoolAt("b"));
  EXPECT_TRUE(value->Find("z")->IsNull());
  EXPECT_EQ(value->Find("n")->NumberText(), "12.50");
  EXPECT_EQ(value->Find("n")->AsDouble(), 12.5);
  EXPECT_EQ(value->Find("n")->AsInt(), std::nullopt);
  EXPECT_EQ(value->Find("l")->Items().size(), 3);
  EXPECT_EQ(value->Find("none"), nullptr);
  EXPECT_EQ(value->Serialize(),
            "{\"s\":\"a\xC3\xA9\",\"n\":12.50,\"i\":-7,\"b\":true,\"z\":null,\"l\":[1,[],{}]}");
  EXPECT_EQ(value->StringAt("i").error().message, "'i' must be a string, but is number");
  EXPECT_EQ(value->StringAt("x").error().message, "'x' must be a string, but is missing");
  EXPECT_EQ(value->IntAt("n").error().message, "'n' must be a whole number, but is 12.50");
}

TEST(DocumentTest, BuildsValues) {
  Value value = Value::Object();
  value.Set("a", 1)
      .Set("b", "x")
      .Set("c", true)
      .Set("d", 0.1)
      .Set("e", nullptr)
      .Set("a", uint64_t{1} << 63);
  value.Set("f", Value().Append(1).Append("y"))
      .Set("g", Value::Decimal("0.10"))
      .Set("h", 0.0 / 0.0);
  EXPECT_EQ(
      value.Serialize(),
      R"({"a":9223372036854775808,"b":"x","c":true,"d":0.1,"e":null,"f":[1,"y"],"g":0.10,"h":null})");
  EXPECT_EQ(value.Find("a")->AsUint(), uint64_t{1} << 63);
  EXPECT_EQ(value.Find("a")->AsInt(), std::nullopt);
  EXPECT_EQ(*Parse(value.Serialize()), value);
  EXPECT_EQ(Value(1e300).Serialize(), "1e+300");
}

TEST(RowEncoderTest, QuotesText) {
  const auto quoted = [](std::string_view text) {
    std::string out;
    AppendQuoted(text, out);
    return out;
  };
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("a\"\\\n\r\t\x01"), "\"a\\\"\\\\\\n\\r\\t\\u0001\"");
  EXPECT_EQ(quoted("\xC3\xA9"), "\"\xC3\xA9\"");
  EXPECT_EQ(quoted("a\xFF\xC3"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xED\xA0\x80\"x"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\\\"x\"");
  const std::string longer = std::string(40, 'x') + '"' + std::string(40, 'y');
  EXPECT_EQ(*Parse(quoted(longer))->AsString(), longer);
}

TEST(RowEncoderTest, WritesRows) {
  const model::Schema schema = {
      {"b", *model::ParseType("BOOLEAN")},   {"d", *model::ParseType("DECIMAL(18,2)")},
      {"t", *model::ParseType("TIMESTAMP")}, {"s", *model::ParseType("VARCHAR(9)")},
      {"f", *model::ParseType("DOUBLE")},    {"x", *model::ParseType("VARBINARY(9)")},
      {"i", *model::ParseType("BIGINT")}};
  model::ColumnBatch batch = model::EmptyBatch(schema);
  batch.rowtimes = {0, 0};
  for (model::Column& column : batch.columns) {
    column.Resize(2);
    column.SetNull(1, 2);
  }
  batch.columns[0].ints[0] = 1;
  batch.columns[1].ints[0] = -5;
  batch.columns[2].ints[0] = 1'795'332'931'123;
  batch.columns[3].strings[0] = "q\"";
  batch.columns[4].doubles[0] = 0.1;
  batch.columns[5].strings[0] = "\x01";
  batch.columns[6].ints[0] = 42;
  std::string out;
  const RowEncoder encoder(schema);
  encoder.Append(batch, 0, out);
  EXPECT_EQ(
      out,
      R"({"b":true,"d":-0.05,"t":"2026-11-22 07:35:31.123","s":"q\"","f":0.1,"x":"01","i":42})");
  out.clear();
  encoder.Append(batch, 1, out);
  EXPECT_EQ(out, R"({"b":null,"d":null,"t":null,"s":null,"f":null,"x":null,"i":null})");
}

}  // namespace
}  // namespace weir::json
