#include "duckdb/database.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::duckdb {
namespace {

Connection Connect(Database& database) {
  return std::move(*database.Connect());
}

Chunk OneChunk(Connection& connection, std::string_view sql) {
  auto result = connection.Execute(sql);
  EXPECT_TRUE(result.has_value()) << (result.has_value() ? "" : result.error().message);
  auto chunk = result->Next();
  EXPECT_TRUE(chunk.has_value() && chunk->has_value());
  return std::move(**chunk);
}

class DatabaseTest : public testing::Test {
 protected:
  Database database_ = std::move(*Database::Open({{"threads", "1"}}));
  Connection connection_ = Connect(database_);
};

TEST_F(DatabaseTest, ReadsEveryKindExactly) {
  auto result = connection_.Execute(
      "SELECT true AS b, (-128)::TINYINT, 18446744073709551615::UBIGINT, "
      "170141183460469231731687303715884105727::HUGEINT, 12.3456::DECIMAL(18,4), "
      "(-99999999999999999999.5)::DECIMAL(38,1), 0.25::FLOAT, 1e300::DOUBLE, 'žluť', "
      "'a long text that is not inlined', '\\x00\\xFF'::BLOB, DATE '1969-12-31', TIME "
      "'00:00:01.5', "
      "TIMESTAMP '2026-11-22 07:35:31.123456', '1969-12-31 23:59:59.999999999'::TIMESTAMP_NS, "
      "NULL::INTEGER, INTERVAL 1 DAY, NULL, 1.5::DECIMAL(4,1), 'infinity'::TIMESTAMP, "
      "'-infinity'::DATE");
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const std::vector<ColumnInfo>& columns = result->columns();
  EXPECT_EQ(columns[0].name, "b");
  EXPECT_EQ(columns[0].kind, ValueKind::kBoolean);
  EXPECT_EQ(columns[4].type, "DECIMAL(18,4)");
  EXPECT_EQ(columns[4].scale, 4);
  EXPECT_EQ(columns[16].kind, ValueKind::kOther);
  auto next = result->Next();
  ASSERT_TRUE(next.has_value() && next->has_value());
  const Chunk& chunk = **next;
  ASSERT_EQ(chunk.rows(), 1u);
  EXPECT_EQ(chunk.Integer(0, 0), 1);
  EXPECT_EQ(chunk.Integer(1, 0), -128);
  EXPECT_EQ(chunk.Integer(2, 0), static_cast<__int128>(UINT64_MAX));
  EXPECT_TRUE(chunk.Integer(3, 0) ==
              static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1));
  EXPECT_EQ(chunk.Integer(4, 0), 123456);
  EXPECT_TRUE(chunk.Integer(5, 0) == -static_cast<__int128>(1'000'000'000'000) * 1'000'000'000 + 5);
  EXPECT_EQ(chunk.Double(6, 0), 0.25);
  EXPECT_EQ(chunk.Double(7, 0), 1e300);
  EXPECT_EQ(chunk.Text(8, 0), "žluť");
  EXPECT_EQ(chunk.Text(9, 0), "a long text that is not inlined");
  EXPECT_EQ(chunk.Text(10, 0), std::string_view("\x00\xFF", 2));
  EXPECT_EQ(chunk.Time(11, 0), -1);
  EXPECT_EQ(chunk.Time(12, 0), 1'500'000);
  EXPECT_EQ(chunk.Time(13, 0), 1'795'332'931'123'456);
  EXPECT_EQ(chunk.Time(14, 0), -1);
  EXPECT_TRUE(chunk.IsNull(15, 0));
  EXPECT_TRUE(chunk.IsNull(17, 0));
  EXPECT_EQ(chunk.Integer(18, 0), 15);
  EXPECT_EQ(chunk.Time(19, 0), Chunk::kInfinity);
  EXPECT_EQ(chunk.Time(20, 0), -Chunk::kInfinity);
  auto end = result->Next();
  ASSERT_TRUE(end.has_value());
  EXPECT_FALSE(end->has_value());
}

TEST_F(DatabaseTest, StreamsManyRows) {
  auto result = connection_.Stream("SELECT i FROM range(10000) t(i)");
  ASSERT_TRUE(result.has_value());
  int64_t rows = 0;
  int64_t sum = 0;
  for (;;) {
    auto chunk = result->Next();
    ASSERT_TRUE(chunk.has_value());
    if (!chunk->has_value()) {
      break;
    }
    for (size_t row = 0; row < (*chunk)->rows(); ++row) {
      sum += static_cast<int64_t>((*chunk)->Integer(0, row));
    }
    rows += static_cast<int64_t>((*chunk)->rows());
  }
  EXPECT_EQ(rows, 10000);
  EXPECT_EQ(sum, 49'995'000);
}

TEST_F(DatabaseTest, StreamReportsAnErrorInTheMiddle) {
  auto result = connection_.Stream(
      "SELECT (CASE WHEN i = 1500000 THEN 'stop here' ELSE i::VARCHAR END)::BIGINT FROM "
      "range(2000000) t(i)");
  ASSERT_TRUE(result.has_value());
  for (int i = 0; i < 1000; ++i) {
    auto chunk = result->Next();
    if (!chunk.has_value()) {
      EXPECT_EQ(chunk.error().code, base::Code::kInvalidArgument);
      EXPECT_NE(chunk.error().message.find("stop here"), std::string::npos);
      return;
    }
  }
  FAIL() << "no error was reported";
}

TEST_F(DatabaseTest, BindsParameters) {
  const std::vector<model::Value> values = {int64_t{7}, std::string("o'x"), std::monostate{}, 1.5};
  auto result = connection_.Execute("SELECT $1 + 1, $2, $3 IS NULL, $4", values);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  auto chunk = result->Next();
  EXPECT_EQ((*chunk)->Integer(0, 0), 8);
  EXPECT_EQ((*chunk)->Text(1, 0), "o'x");
  EXPECT_EQ((*chunk)->Integer(2, 0), 1);
  EXPECT_EQ(
      connection_.Execute("SELECT $1, $2", std::vector<model::Value>{int64_t{1}}).error().code,
      base::Code::kInvalidArgument);
}

TEST_F(DatabaseTest, NamesErrors) {
  EXPECT_EQ(connection_.Execute("SELEC 1").error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(connection_.Execute("SELECT * FROM missing").error().code,
            base::Code::kInvalidArgument);
  EXPECT_EQ(connection_.Execute(std::string_view("SELECT 1\0; DROP", 15)).error().code,
            base::Code::kInvalidArgument);
  EXPECT_EQ(connection_.Execute("SELECT * FROM read_parquet('/nowhere/x.parquet')").error().code,
            base::Code::kIo);
  EXPECT_EQ(Database::Open({{"no_such_setting", "1"}}).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(Database::Open({{"memory_limit", "much"}}).error().code, base::Code::kInvalidArgument);
}

TEST_F(DatabaseTest, RunsOutOfMemoryWithANamedError) {
  auto small = Database::Open({{"threads", "1"}, {"memory_limit", "5MB"}, {"temp_directory", ""}});
  ASSERT_TRUE(small.has_value()) << small.error().message;
  Connection connection = Connect(*small);
  const auto result = connection.Execute(
      "SELECT count(*) FROM (SELECT DISTINCT i::VARCHAR FROM range(3000000) t(i))");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, base::Code::kLimitExceeded) << result.error().message;
}

TEST_F(DatabaseTest, InspectsStatements) {
  const auto statements = connection_.Inspect(
      "SELECT 1; COPY (SELECT 1) TO '/nowhere/x'; EXPLAIN SELECT $1; ATTACH ':memory:' AS a");
  ASSERT_TRUE(statements.has_value()) << statements.error().message;
  ASSERT_EQ(statements->size(), 4u);
  EXPECT_EQ((*statements)[0].kind, StatementKind::kSelect);
  EXPECT_EQ((*statements)[1].kind_name, "COPY");
  EXPECT_EQ((*statements)[2].kind, StatementKind::kExplain);
  EXPECT_EQ((*statements)[3].kind, StatementKind::kOther);
  EXPECT_EQ(*connection_.CountStatements("SELECT 1; SELECT 2"), 2u);
  EXPECT_EQ(*connection_.CountStatements(" -- nothing"), 0u);
  EXPECT_EQ(connection_.CountStatements("SELECT (").error().code, base::Code::kInvalidArgument);
}

TEST_F(DatabaseTest, Quotes) {
  EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("it's"), "'it''s'");
}

TEST_F(DatabaseTest, AppendsBatchesOfEveryType) {
  const model::Schema schema = {
      {"b", {model::TypeKind::kBoolean}},        {"t", {model::TypeKind::kTinyint}},
      {"i", {model::TypeKind::kInteger}},        {"l", {model::TypeKind::kBigint}},
      {"d4", {model::TypeKind::kDecimal, 4, 2}}, {"d18", {model::TypeKind::kDecimal, 18, 4}},
      {"f", {model::TypeKind::kReal}},           {"g", {model::TypeKind::kDouble}},
      {"s", {model::TypeKind::kVarchar, 100}},   {"x", {model::TypeKind::kVarbinary, 100}},
      {"day", {model::TypeKind::kDate}},         {"c", {model::TypeKind::kTime}},
      {"at", {model::TypeKind::kTimestamp}},     {"d9", {model::TypeKind::kDecimal, 9, 0}},
      {"sm", {model::TypeKind::kSmallint}}};
  constexpr size_t kRows = 5000;
  model::ColumnBatch batch = model::EmptyBatch(schema);
  for (model::Column& column : batch.columns) {
    column.Resize(kRows);
  }
  batch.rowtimes.resize(kRows);
  for (size_t row = 0; row < kRows; ++row) {
    const auto n = static_cast<int64_t>(row);
    for (const size_t i : {2u, 3u, 5u, 10u, 11u, 12u, 13u}) {
      batch.columns[i].ints[row] = n;
    }
    batch.columns[0].ints[row] = n % 2;
    batch.columns[1].ints[row] = -(n % 128);
    batch.columns[4].ints[row] = n % 10000;
    batch.columns[14].ints[row] = n;
    batch.columns[6].doubles[row] = 0.5;
    batch.columns[7].doubles[row] = static_cast<double>(n);
    batch.columns[8].strings[row] =
        row == 3 ? std::string_view("bad\xFF\xC3(", 6) : "text of some length";
    batch.columns[9].strings[row] = std::string_view("\xFF\x00", 2);
  }
  batch.columns[8].SetNull(4, kRows);
  ASSERT_TRUE(connection_.CreateTable("all types", schema).has_value());
  const auto appended = connection_.Append("all types", schema, batch);
  ASSERT_TRUE(appended.has_value()) << appended.error().message;
  const Chunk sums = OneChunk(
      connection_,
      "SELECT count(*), sum(l), sum(d18), count(s), sum(d4), max(\"at\"), max(day), sum(b::INT), "
      "min(t), max(c), "
      "sum(d9), sum(sm), count(*) FILTER (x = '\\xFF\\x00'::BLOB), sum(g) FROM \"all types\"");
  EXPECT_EQ(sums.Integer(0, 0), 5000);
  EXPECT_EQ(sums.Integer(1, 0), 12'497'500);
  EXPECT_EQ(sums.Integer(2, 0), 12'497'500);  // scale 4
  EXPECT_EQ(sums.Integer(3, 0), 4999);
  EXPECT_EQ(sums.Integer(4, 0), 12'497'500);  // scale 2
  EXPECT_EQ(sums.Time(5, 0), 4'999'000);
  EXPECT_EQ(sums.Time(6, 0), 4999);
  EXPECT_EQ(sums.Integer(7, 0), 2500);
  EXPECT_EQ(sums.Integer(8, 0), -127);
  EXPECT_EQ(sums.Time(9, 0), 4'999'000);
  EXPECT_EQ(sums.Integer(12, 0), 5000);
  const Chunk repaired = OneChunk(connection_, "SELECT s FROM \"all types\" WHERE l = 3");
  EXPECT_EQ(repaired.Text(0, 0), "bad\xEF\xBF\xBD\xEF\xBF\xBD(");
}

}  // namespace
}  // namespace weir::duckdb
