#include "model/types.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/random.h"
#include "base/test_seed.h"
#include "model/column_batch.h"
#include "model/value.h"

namespace weir::model {
namespace {

TEST(TypesTest, ParsesAndPrintsTypes) {
  const std::pair<const char*, const char*> cases[] = {{"varchar(16)", "VARCHAR(16)"},
                                                       {"VARCHAR", "VARCHAR(65535)"},
                                                       {"decimal(18, 4)", "DECIMAL(18,4)"},
                                                       {"NUMERIC", "DECIMAL(18,0)"},
                                                       {"DEC ( 5 )", "DECIMAL(5,0)"},
                                                       {"int", "INTEGER"},
                                                       {"FLOAT", "DOUBLE"},
                                                       {" double  precision ", "DOUBLE"},
                                                       {"Timestamp", "TIMESTAMP"},
                                                       {"TIMESTAMP(3)", "TIMESTAMP"},
                                                       {"CHAR", "CHAR(1)"},
                                                       {"VARBINARY(8)", "VARBINARY(8)"},
                                                       {"character varying(3)", "VARCHAR(3)"},
                                                       {"REAL", "REAL"},
                                                       {"DATE", "DATE"}};
  for (const auto& [text, printed] : cases) {
    const auto type = ParseType(text);
    ASSERT_TRUE(type.has_value()) << text << ": " << type.error().message;
    EXPECT_EQ(type->ToString(), printed);
    EXPECT_EQ(*ParseType(type->ToString()), *type);
  }
}

TEST(TypesTest, RefusesWhatIsNoType) {
  for (const char* text :
       {"", "TEXT", "VARCHAR(", "VARCHAR()", "VARCHAR(0)", "VARCHAR(70000)", "VARCHAR(-1)",
        "VARCHAR(1,2)", "DECIMAL(19,0)", "DECIMAL(4,5)", "DECIMAL(1,2,3)", "INTEGER(4)", "NULL",
        "DECIMAL(4;2)", "INTERVAL", "VARCHAR(9999999999999)", ")", "("}) {
    EXPECT_EQ(ParseType(text).has_value(), false) << text;
  }
}

TEST(TypesTest, PhysicalTypesAndBounds) {
  EXPECT_EQ((Type{TypeKind::kTimestamp}).physical(), Physical::kInt64);
  EXPECT_EQ((Type{TypeKind::kReal}).physical(), Physical::kDouble);
  EXPECT_EQ((Type{TypeKind::kVarbinary}).physical(), Physical::kString);
  EXPECT_EQ(MinOf(TypeKind::kTinyint), -128);
  EXPECT_EQ(MaxOf(TypeKind::kSmallint), 32'767);
  EXPECT_EQ(MaxOf(TypeKind::kBigint), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(PowerOfTen(0), 1);
  EXPECT_EQ(PowerOfTen(18), 1'000'000'000'000'000'000);
  const Schema schema = {{"a", {}, true}, {"b", {}, true}};
  EXPECT_EQ(FindField(schema, "b"), 1);
  EXPECT_EQ(FindField(schema, "B"), -1);
}

TEST(ValueTest, FormatsByType) {
  EXPECT_EQ(FormatValue({}, {TypeKind::kInteger}), "");
  EXPECT_EQ(FormatValue(int64_t{1}, {TypeKind::kBoolean}), "true");
  EXPECT_EQ(FormatValue(int64_t{-5}, {TypeKind::kDecimal, 18, 2}), "-0.05");
  EXPECT_EQ(FormatValue(int64_t{1'795'332'931'123}, {TypeKind::kTimestamp}),
            "2026-11-22 07:35:31.123");
  EXPECT_EQ(FormatValue(int64_t{-1}, {TypeKind::kDate}), "1969-12-31");
  EXPECT_EQ(FormatValue(int64_t{61'001}, {TypeKind::kTime}), "00:01:01.001");
  EXPECT_EQ(FormatValue(0.1, {TypeKind::kDouble}), "0.1");
  EXPECT_EQ(FormatValue(static_cast<double>(0.1F), {TypeKind::kReal}), "0.1");
  EXPECT_EQ(FormatValue(std::string("\x01"), {TypeKind::kVarbinary, 4}), "01");
  EXPECT_EQ(FormatValue(std::string("x"), {TypeKind::kVarchar, 4}), "x");
}

TEST(ValueTest, ParsesDecimalsExactly) {
  const std::tuple<const char*, int, int64_t> cases[] = {
      {"123.45", 2, 12'345},
      {"-12.30", 2, -1230},
      {"1e3", 2, 100'000},
      {"1.005", 2, 101},
      {"-1.005", 2, -101},
      {"0.004", 2, 0},
      {"0.005", 2, 1},
      {"0.0049999", 2, 0},
      {".5", 0, 1},
      {"5.", 1, 50},
      {"+7", 0, 7},
      {"12345E-2", 2, 12'345},
      {"0e999999999999", 2, 0},
      {"1e-999999999", 2, 0},
      {"0.05", 0, 0},
      {"999999999999999999", 0, 999'999'999'999'999'999},
      {"99999999999999999.94", 1, 999'999'999'999'999'999}};
  for (const auto& [text, scale, expected] : cases) {
    const auto value = ParseDecimal(text, scale);
    ASSERT_TRUE(value.has_value()) << text << ": " << value.error().message;
    EXPECT_EQ(*value, expected) << text;
  }
  for (const char* text : {"", "-", ".", "1e", "1e+", "abc", "1.2.3", "1 ", " 1", "0x10", "NaN",
                           "1000000000000000000", "1e18", "1e999999999999", "1,5"}) {
    EXPECT_FALSE(ParseDecimal(text, 0).has_value()) << text;
  }
  EXPECT_FALSE(ParseDecimal("99999999999999999.95", 1).has_value()) << "rounds to 19 digits";
}

TEST(ValueTest, DecimalTextRoundTrips) {
  const uint64_t seed = base::TestSeed(11);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const auto bound = static_cast<uint64_t>(PowerOfTen(static_cast<int>(random.Below(19))));
    const int64_t value = static_cast<int64_t>(random.Below(bound)) * (random.Chance(0.5) ? 1 : -1);
    const int scale = static_cast<int>(random.Below(19));
    const auto parsed = ParseDecimal(FormatDecimal(value, scale), scale);
    ASSERT_TRUE(parsed.has_value()) << FormatDecimal(value, scale);
    ASSERT_EQ(*parsed, value) << FormatDecimal(value, scale);
  }
}

TEST(ColumnBatchTest, HoldsValuesAndNulls) {
  ColumnBatch batch =
      EmptyBatch({{"n", {TypeKind::kBigint}, true}, {"s", {TypeKind::kVarchar, 9}, true}});
  ASSERT_EQ(batch.columns.size(), 2);
  EXPECT_EQ(batch.size(), 0);
  batch.columns[0].Resize(2);
  batch.columns[1].Resize(2);
  batch.columns[0].ints[1] = 7;
  batch.columns[1].strings[0] = "x";
  batch.columns[1].SetNull(1, 2);
  EXPECT_EQ(batch.columns[0].At(1), Value(int64_t{7}));
  EXPECT_EQ(batch.columns[1].At(0), Value(std::string("x")));
  EXPECT_TRUE(IsNull(batch.columns[1].At(1)));
  EXPECT_FALSE(batch.columns[0].IsNull(0));
}

TEST(StringArenaTest, ViewsStayPut) {
  StringArena arena;
  std::vector<std::pair<std::string_view, std::string>> added;
  for (size_t i = 0; i < 300; ++i) {
    std::string text(i * 37 % 2000, static_cast<char>('a' + i % 26));
    if (i == 150) {
      text.assign(200'000, 'L');
    }
    added.emplace_back(arena.Add(text), text);
  }
  for (const auto& [view, text] : added) {
    EXPECT_EQ(view, text);
  }
}

}  // namespace
}  // namespace weir::model
