#include "json/column_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "base/test_seed.h"
#include "base/time_format.h"
#include "model/value.h"

namespace weir::json {
namespace {

using model::TypeKind;

model::Type TypeOf(std::string_view text) {
  return *model::ParseType(text);
}

std::vector<model::Record> RecordsOf(const std::vector<std::string>& texts) {
  std::vector<model::Record> records;
  for (size_t i = 0; i < texts.size(); ++i) {
    records.push_back(
        {.sequence = {i}, .arrival = {static_cast<int64_t>(1000 + i)}, .data = texts[i]});
  }
  return records;
}

/// "a|b|NULL" per row, then "reject <record>: <reason>" per rejected record.
std::vector<std::string> Decoded(ColumnDecoder& decoder, const std::vector<std::string>& texts) {
  const std::vector<model::Record> records = RecordsOf(texts);
  std::vector<RejectedRecord> rejected;
  std::vector<uint32_t> record_of_row;
  const model::ColumnBatch batch = decoder.Decode(records, rejected, record_of_row);
  std::vector<std::string> lines;
  EXPECT_EQ(record_of_row.size(), batch.size());
  for (size_t row = 0; row < batch.size(); ++row) {
    std::string line = fmt::format("{}", record_of_row[row]);
    EXPECT_EQ(batch.rowtimes[row], 1000 + static_cast<int64_t>(record_of_row[row]));
    for (const model::Column& column : batch.columns) {
      const model::Value value = column.At(row);
      line += "|" + (model::IsNull(value) ? "NULL" : model::FormatValue(value, column.type));
    }
    lines.push_back(line);
  }
  for (const RejectedRecord& reject : rejected) {
    EXPECT_LE(reject.reason.size(), 200);
    lines.push_back(fmt::format("reject {}: {}", reject.record, reject.reason));
  }
  return lines;
}

ColumnDecoder Decoder(std::string row_path, std::vector<ColumnMapping> columns) {
  auto decoder = ColumnDecoder::Create(row_path, std::move(columns));
  EXPECT_TRUE(decoder.has_value()) << decoder.error().message;
  return *std::move(decoder);
}

/// What one value becomes in a column of the type; "reject" when it rejects the record.
std::string Coerced(std::string_view type, std::string_view value) {
  ColumnDecoder decoder = Decoder("$", {{"c", "$.c", TypeOf(type)}});
  const std::string line = Decoded(decoder, {fmt::format(R"({{"c":{}}})", value)})[0];
  return line.starts_with("reject") ? "reject" : line.substr(2);
}

std::vector<ColumnMapping> ClickColumns() {
  return {{"UserId", "$.UserId", TypeOf("VARCHAR(16)")},
          {"Device", "$.Device", TypeOf("VARCHAR(16)")},
          {"Event", "$.Event", TypeOf("VARCHAR(16)")},
          {"EventType", "$.EventType", TypeOf("VARCHAR(16)")},
          {"COL_Timestamp", "$.Timestamp", TypeOf("TIMESTAMP")}};
}

TEST(ColumnDecoderTest, ReadsClicks) {
  ColumnDecoder decoder = Decoder("$", ClickColumns());
  const std::string click =
      R"({"UserId":"u123","Device":"mobile","Event":"P701","EventType":"Promotion","Timestamp":"2020-12-04 17:05:09.123"})";
  const auto lines = Decoded(decoder, {click, click, R"({"UserId":null,"Event":"P702"})", click});
  EXPECT_EQ(lines[0], "0|u123|mobile|P701|Promotion|2020-12-04 17:05:09.123");
  EXPECT_EQ(lines[1], "1" + lines[0].substr(1));
  EXPECT_EQ(lines[2], "2|NULL|NULL|P702|NULL|NULL");
  EXPECT_EQ(lines[3], "3" + lines[0].substr(1));
  EXPECT_EQ(decoder.fast_records(), 2);
  EXPECT_EQ(decoder.general_records(), 2);
  EXPECT_EQ(decoder.schema()[4].name, "COL_Timestamp");
}

TEST(ColumnDecoderTest, FlattensOneArray) {
  ColumnDecoder decoder = Decoder("$", {{"User", "$.User.Id", TypeOf("VARCHAR(9)")},
                                        {"Promotion", "$.Lines[0:].P", TypeOf("VARCHAR(9)")},
                                        {"Quantity", "$.Lines[0:].Q", TypeOf("INTEGER")},
                                        {"First", "$.Tags[0]", TypeOf("VARCHAR(9)")},
                                        {"All", "$.Tags[0:]", TypeOf("VARCHAR(20)")}});
  EXPECT_EQ(
      Decoded(
          decoder,
          {R"({"Lines":[{"P":"a","Q":1},{"Q":2,"X":[{}]}],"User":{"Id":"u"},"Tags":["x", "y"]})",
           R"({"User":{"Id":"v"},"Lines":[]})", R"({"Tags":[]})",
           R"({"Lines":[{"P":"a"},{"Q":"x"}]})"}),
      (std::vector<std::string>{"0|u|a|1|x|[\"x\", \"y\"]", "0|u|NULL|2|x|[\"x\", \"y\"]",
                                "1|v|NULL|NULL|NULL|NULL", "2|NULL|NULL|NULL|NULL|[]",
                                "reject 3: column 'Quantity' INTEGER: the string x does not fit"}));
}

TEST(ColumnDecoderTest, TheRowPathSaysWhereRowsAre) {
  ColumnDecoder each = Decoder("$.a.b[0:]", {{"x", "$.x", TypeOf("BIGINT")}});
  EXPECT_EQ(Decoded(each, {R"({"a":{"b":[{"x":1},{"x":2},{}]}})", R"({"a":{"b":[]}})",
                           R"({"a":{}})", R"({"a":{"b":[5]}})"}),
            (std::vector<std::string>{
                "0|1", "0|2", "0|NULL", "reject 2: the record has no array at the row path",
                "reject 3: not valid JSON: a row must be an object at byte 11"}));
  ColumnDecoder below = Decoder("$.a", {{"x", "$.x", TypeOf("BIGINT")}});
  EXPECT_EQ(
      Decoded(below, {R"({"a":{"x":1},"x":3})", "{}"}),
      (std::vector<std::string>{"0|1", "reject 1: the record has no object at the row path"}));
}

TEST(ColumnDecoderTest, CoercesByTheRules) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"INTEGER", "12", "12"},
      {"INTEGER", "12.0", "12"},
      {"INTEGER", "123.4", "reject"},
      {"INTEGER", "2147483648", "reject"},
      {"INTEGER", "-2147483648", "-2147483648"},
      {"INTEGER", "1e3", "reject"},
      {"INTEGER", "\"7\"", "7"},
      {"INTEGER", "\"seven\"", "reject"},
      {"INTEGER", "true", "1"},
      {"INTEGER", "[1]", "reject"},
      {"INTEGER", "null", "NULL"},
      {"TINYINT", "128", "reject"},
      {"BIGINT", "9223372036854775807", "9223372036854775807"},
      {"BIGINT", "9223372036854775808", "reject"},
      {"BOOLEAN", "0", "false"},
      {"BOOLEAN", "0.0", "false"},
      {"BOOLEAN", "-3", "true"},
      {"BOOLEAN", "\"TRUE\"", "true"},
      {"BOOLEAN", "\"yes\"", "false"},
      {"BOOLEAN", "{}", "reject"},
      {"DOUBLE", "1.5e3", "1500"},
      {"DOUBLE", "1e999", "reject"},
      {"DOUBLE", "1e-999", "0"},
      {"DOUBLE", "\"nan\"", "reject"},
      {"DOUBLE", "false", "0"},
      {"REAL", "1e39", "reject"},
      {"DECIMAL(18,4)", "12345678901234.5678", "12345678901234.5678"},
      {"DECIMAL(18,2)", "0.1", "0.10"},
      {"DECIMAL(4,2)", "99.994", "99.99"},
      {"DECIMAL(4,2)", "99.995", "reject"},
      {"DECIMAL(4,2)", "true", "1.00"},
      {"DECIMAL(4,2)", "\"1.5\"", "1.50"},
      {"VARCHAR(5)", "\"abcdefg\"", "abcde"},
      {"VARCHAR(4)", "\"abc\xC3\xA9\"", "abc"},
      {"VARCHAR(9)", "\"a\\n\\u00e9\\ud83d\\ude00\"", "a\n\xC3\xA9\xF0\x9F\x98\x80"},
      {"VARCHAR(9)", "12.50", "12.50"},
      {"VARCHAR(9)", "true", "true"},
      {"VARCHAR(20)", "{\"a\": [1]}", "{\"a\": [1]}"},
      {"VARBINARY(4)", "\"0aff\"", "0aff"},
      {"VARBINARY(4)", "\"xyz\"", "reject"},
      {"TIMESTAMP", "\"2026-11-22T07:35:31.123Z\"", "2026-11-22 07:35:31.123"},
      {"TIMESTAMP", "\"2026-11-22\"", "2026-11-22 00:00:00.000"},
      {"TIMESTAMP", "1795332931123", "2026-11-22 07:35:31.123"},
      {"TIMESTAMP", "\"2026-02-30 00:00:00\"", "reject"},
      {"TIMESTAMP", "\"2026-11-22 25:00:00\"", "reject"},
      {"TIMESTAMP", "true", "reject"},
      {"DATE", "\"2026-11-22\"", "2026-11-22"},
      {"DATE", "-1", "1969-12-31"},
      {"TIME", "\"07:35:31.5\"", "07:35:31.500"},
      {"TIME", "86400000", "reject"},
  };
  for (const auto& [type, value, expected] : cases) {
    EXPECT_EQ(Coerced(type, value), expected) << type << " from " << value;
  }
}

TEST(ColumnDecoderTest, RejectsWhatIsNoRecordAndGoesOn) {
  ColumnDecoder decoder =
      Decoder("$", {{"a", "$.a", TypeOf("INTEGER")}, {"b", "$.b", TypeOf("VARCHAR(3)")}});
  const auto lines = Decoded(
      decoder, {"", "{", R"({"a":1,"b":"x"})", R"({"a":1,"b":"x"}{})", R"({"a":1,"b":"x)",
                R"({"a":x,"b":"x"})", R"({"a":01,"b":"x"})", "[1]", "null", R"({"a":1,"b":"\xFF"})",
                "{\"a\":1,\"b\":\"\xFF\"}", "{\"a\":1,\"b\":\"\n\"}", R"({"a":2,"b":"y"})",
                R"({"a":99999999999,"b":null})", std::string(100'000, '['), R"({"a":3,"b":"z"})"});
  EXPECT_EQ(lines[0], "2|1|x");
  EXPECT_EQ(lines[1], "12|2|y");
  EXPECT_EQ(lines[2], "15|3|z");
  EXPECT_EQ(lines.size(), 3 + 13);
  EXPECT_EQ(lines[14], "reject 13: column 'a' INTEGER: the number 99999999999 does not fit");
}

TEST(ColumnDecoderTest, BoundsTheRowsOfARecord) {
  std::string many = R"({"l":[{})";
  for (size_t i = 0; i < ColumnDecoder::kMaxRowsPerRecord; ++i) {
    many += ",{}";
  }
  ColumnDecoder decoder = Decoder("$", {{"a", "$.l[0:].a", TypeOf("INTEGER")}});
  const auto lines = Decoded(decoder, {many + "]}"});
  ASSERT_EQ(lines.size(), 1);
  EXPECT_NE(lines[0].find("too many rows"), std::string::npos) << lines[0];
}

TEST(ColumnDecoderTest, RefusesBadMappings) {
  const model::Type type = TypeOf("INTEGER");
  const std::vector<std::pair<std::string, std::vector<ColumnMapping>>> cases = {
      {"$", {}},
      {"a", {{"a", "$.a", type}}},
      {"$", {{"a", "$.a", type}, {"a", "$.b", type}}},
      {"$", {{"a", "$..a", type}}},
      {"$", {{"a", "$.a[1:]", type}}},
      {"$", {{"a", "$.a[x].b", type}}},
      {"$", {{"a", "$.a[0", type}}},
      {"$", {{"a", "$x", type}}},
      {"$", {{"a", "$.a[0:].b[0:].c", type}}},
      {"$", {{"a", "$.a[0:].x", type}, {"b", "$.b[0:].x", type}}},
      {"$.r[0:]", {{"a", "$.a[0:].x", type}}},
      {"$.r[0:].s", {{"a", "$.a", type}}}};
  for (const auto& [row_path, columns] : cases) {
    EXPECT_FALSE(ColumnDecoder::Create(row_path, columns).has_value());
  }
}

TEST(ColumnDecoderTest, ManyColumnsInAnyOrder) {
  std::vector<ColumnMapping> columns;
  std::string forward = "{";
  std::string backward = "{";
  for (size_t i = 0; i < ColumnDecoder::kMaxColumns; ++i) {
    columns.push_back({fmt::format("c{}", i), fmt::format("$.c{}", i), TypeOf("INTEGER")});
    forward += fmt::format("{}\"c{}\":{}", i == 0 ? "" : ",", i, i);
    backward += fmt::format("{}\"c{}\":{}", i == 0 ? "" : ",", 999 - i, 999 - i);
  }
  ColumnDecoder decoder = Decoder("$", columns);
  const auto lines = Decoded(decoder, {forward + "}", backward + "}"});
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0].substr(1), lines[1].substr(1));
  EXPECT_TRUE(lines[1].ends_with("|998|999"));
}

/// Records of a few layouts, with escapes, Unicode, white space, missing keys and damage.
class RecordMaker {
 public:
  explicit RecordMaker(uint64_t seed) : random_(seed) {}

  std::string Next() {
    std::vector<std::string> members;
    for (const char* key :
         {"UserId", "Device", "Event", "EventType", "Timestamp", "N", "D", "More"}) {
      if (!random_.Chance(0.1)) {
        members.push_back(Key(key) + Space() + ":" + Space() + ValueOf(key));
      }
    }
    if (random_.Chance(0.2)) {
      std::swap(members[random_.Below(members.size())], members[random_.Below(members.size())]);
    }
    std::string text = "{";
    for (const std::string& member : members) {
      text += (text.size() > 1 ? "," : "") + Space() + member;
    }
    text += Space() + "}" + Space();
    if (random_.Chance(0.1)) {
      text[random_.Below(text.size())] = static_cast<char>(random_.Next());
    }
    if (random_.Chance(0.05)) {
      text.resize(random_.Below(text.size() + 1));
    }
    return text;
  }

 private:
  std::string Space() { return random_.Chance(0.02) ? " \n" : ""; }

  std::string Key(std::string key) {
    if (random_.Chance(0.02)) {
      key = fmt::format("\\u{:04x}", static_cast<unsigned>(key[0])) + key.substr(1);
    }
    return "\"" + key + "\"";
  }

  std::string ValueOf(std::string_view key) {
    if (random_.Chance(0.05)) {
      constexpr const char* kOdd[] = {
          "null", "true",       "[1,{\"a\":2}]",         "{\"x\":\"y\"}",      "\"\"",
          "12.5", "\"a\\\"b\"", "\"\xC3\xA9t\xC3\xA9\"", "\"\\ud83d\\ude00\"", "1e400"};
      return kOdd[random_.Below(std::size(kOdd))];
    }
    if (key == "Timestamp") {
      return "\"" + base::FormatTimestamp(static_cast<int64_t>(random_.Below(2'000'000'000'000))) +
             "\"";
    }
    if (key == "N" || key == "D") {
      return fmt::format("{}", static_cast<int64_t>(random_.Below(10'000'000)) - 5'000'000);
    }
    if (key == "More") {
      return fmt::format(R"({{"deep":[{},"x"]}})", random_.Below(100));
    }
    return fmt::format("\"{}\"", std::string(random_.Below(40), 'v'));
  }

  base::Random random_;
};

TEST(ColumnDecoderTest, TheLearnedLayoutGivesTheSameRows) {
  const uint64_t first = base::TestSeed(1);
  for (uint64_t seed = first; seed < first + 40; ++seed) {
    SCOPED_TRACE(base::SeedTrace(seed));
    RecordMaker maker(seed);
    std::vector<std::string> texts;
    for (int i = 0; i < 300; ++i) {
      texts.push_back(maker.Next());
    }
    std::vector<ColumnMapping> columns = ClickColumns();
    columns.push_back({"N", "$.N", TypeOf("INTEGER")});
    columns.push_back({"D", "$.D", TypeOf("DECIMAL(9,2)")});
    columns.push_back({"Deep", "$.More.deep[0]", TypeOf("VARCHAR(8)")});
    ColumnDecoder learning = Decoder("$", columns);
    ColumnDecoder general = Decoder("$", columns);
    general.set_speculation(false);
    const auto expected = Decoded(general, texts);
    ASSERT_EQ(Decoded(learning, texts), expected);
    ASSERT_EQ(Decoded(learning, texts), expected) << "a second time, with layouts learned";
    EXPECT_GT(learning.fast_records(), 0);
    EXPECT_EQ(general.fast_records(), 0);
  }
}

}  // namespace
}  // namespace weir::json
