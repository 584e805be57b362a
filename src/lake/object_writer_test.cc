#include "lake/object_writer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "base/file_system.h"
#include "base/random.h"
#include "duckdb/database.h"

namespace weir::lake {
namespace {

const model::Schema kSchema = {{"price", {model::TypeKind::kDecimal, 18, 4}},
                               {"at", {model::TypeKind::kTimestamp}},
                               {"device", {model::TypeKind::kVarchar, 64}},
                               {"quantity", {model::TypeKind::kInteger}}};
constexpr size_t kRows = 130'000;  // more than one row group

model::ColumnBatch MakeRows() {
  model::ColumnBatch batch = model::EmptyBatch(kSchema);
  batch.rowtimes.resize(kRows);
  for (model::Column& column : batch.columns) {
    column.Resize(kRows);
  }
  static constexpr std::string_view kTexts[] = {"",
                                                "phone",
                                                "quote \" and \\ and \n",
                                                "žluťoučký 🐎",
                                                std::string_view("nul\0nul", 7),
                                                "a text that is longer than twelve bytes"};
  for (size_t row = 0; row < kRows; ++row) {
    batch.columns[0].ints[row] = static_cast<int64_t>(row) * 10'001 - 7;
    batch.columns[1].ints[row] = static_cast<int64_t>(row) - 5;
    batch.columns[2].strings[row] = kTexts[row % 6];
    batch.columns[3].ints[row] = static_cast<int64_t>(row);
    if (row % 7 == 0) {
      for (model::Column& column : batch.columns) {
        column.SetNull(row, kRows);
      }
    }
  }
  return batch;
}

TEST(ParquetEncoderTest, RoundTripsThroughDuckdb) {
  auto encoder = ParquetEncoder::Create();
  ASSERT_TRUE(encoder.has_value());
  const model::ColumnBatch rows = MakeRows();
  const auto bytes = encoder->Encode(kSchema, {&rows, 1});
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  const std::string path =
      testing::TempDir() + "/weir_round_trip_" + base::SystemRandomHex(8) + ".parquet";
  ASSERT_TRUE(base::ReplaceFile(base::SystemFileSystem(), path, *bytes).has_value());

  auto database = duckdb::Database::Open({{"threads", "1"}});
  auto connection = database->Connect();
  auto result = connection->Stream(fmt::format("SELECT * FROM read_parquet('{}')", path));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->columns()[0].type, "DECIMAL(18,4)");
  EXPECT_EQ(result->columns()[1].type, "TIMESTAMP");
  size_t at = 0;
  for (;;) {
    auto chunk = result->Next();
    ASSERT_TRUE(chunk.has_value());
    if (!chunk->has_value()) {
      break;
    }
    for (size_t row = 0; row < (*chunk)->rows(); ++row, ++at) {
      ASSERT_EQ((*chunk)->IsNull(0, row), at % 7 == 0);
      ASSERT_EQ((*chunk)->IsNull(2, row), at % 7 == 0);
      if (at % 7 != 0) {
        ASSERT_EQ((*chunk)->Integer(0, row), rows.columns[0].ints[at]);
        ASSERT_EQ((*chunk)->Time(1, row), rows.columns[1].ints[at] * 1000);
        ASSERT_EQ((*chunk)->Text(2, row), rows.columns[2].strings[at]);
        ASSERT_EQ((*chunk)->Integer(3, row), rows.columns[3].ints[at]);
      }
    }
  }
  EXPECT_EQ(at, kRows);
  std::remove(path.c_str());
}

TEST(ParquetEncoderTest, TheSameRowsGiveTheSameBytes) {
  const model::ColumnBatch rows = MakeRows();
  auto first = ParquetEncoder::Create();
  auto second = ParquetEncoder::Create();
  const auto bytes = first->Encode(kSchema, {&rows, 1});
  ASSERT_TRUE(bytes.has_value());
  EXPECT_TRUE(*bytes == *first->Encode(kSchema, {&rows, 1}));
  EXPECT_TRUE(*bytes == *second->Encode(kSchema, {&rows, 1}));
}

TEST(ParquetEncoderTest, WritesNoRowsToo) {
  auto encoder = ParquetEncoder::Create();
  const auto bytes = encoder->Encode(kSchema, {});
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  EXPECT_TRUE(bytes->starts_with("PAR1"));
  EXPECT_TRUE(bytes->ends_with("PAR1"));
}

TEST(JsonLinesTest, EachRecordIsOneLine) {
  std::string lines;
  AppendJsonLine("{\"a\":1}", lines);
  AppendJsonLine("{\n  \"b\": \"x\\n\"\r\n}\r\n\n", lines);
  EXPECT_EQ(lines, "{\"a\":1}\n{   \"b\": \"x\\n\"  }\n");
}

TEST(GzipTest, RoundTripsDeterministically) {
  const std::string data(100'000, 'x');
  const auto packed = Gzip(data);
  ASSERT_TRUE(packed.has_value());
  EXPECT_LT(packed->size(), 1000u);
  EXPECT_EQ(packed->substr(4, 4), std::string(4, '\0'));  // no time
  EXPECT_EQ(*packed, *Gzip(data));
  EXPECT_EQ(*Gunzip(*packed, 100'000), data);
  EXPECT_EQ(Gunzip(*packed, 1000).error().code, base::Code::kLimitExceeded);
  EXPECT_EQ(Gunzip(packed->substr(0, packed->size() - 1), 100'000).error().code,
            base::Code::kDataLoss);
  EXPECT_EQ(Gunzip("no gzip", 100).error().code, base::Code::kDataLoss);
  EXPECT_EQ(*Gunzip(*Gzip(""), 10), "");
}

}  // namespace
}  // namespace weir::lake
