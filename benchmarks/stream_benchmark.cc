// Clicks through the shipped click application: windows over decoded batches, and from JSON bytes
// to closed windows. Each run checks its own result. Rates are per CPU-second of one thread.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "base/time_format.h"
#include "json/column_decoder.h"
#include "sql/compiler.h"
#include "stream/engine/pipeline.h"

namespace {

using weir::model::ColumnBatch;
using weir::model::Record;

constexpr int64_t kStart = 1'607'101'509'123;
constexpr size_t kBatches = 64;
constexpr size_t kBatchRecords = 16'384;
constexpr int64_t kRecordsPerMilli = 100;
constexpr size_t kMappedColumns = 5;

constexpr std::string_view kCode = R"(
CREATE OR REPLACE STREAM "DESTINATION_SQL_STREAM" (promotion VARCHAR(128), click_minute TIMESTAMP, clickcount BIGINT);
CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM"
SELECT STREAM "Event", FLOOR(COALESCE("COL_Timestamp", APPROXIMATE_ARRIVAL_TIME) TO MINUTE), COUNT(*)
FROM "SOURCE_SQL_STREAM_001"
WHERE "EventType" = 'Promotion' AND "Event" <> ''
WINDOWED BY STAGGER (
  PARTITION BY "Event", FLOOR(COALESCE("COL_Timestamp", APPROXIMATE_ARRIVAL_TIME) TO MINUTE)
  RANGE INTERVAL '1' MINUTE);
)";

// Clicks of about 118 bytes, batch after batch; nine of ten are promotion clicks.
struct Clicks {
  std::vector<std::string> texts;
  std::vector<std::vector<Record>> batches;
  int64_t promotion_clicks = 0;
};

Clicks MakeClicks(uint64_t promotions) {
  Clicks clicks;
  weir::base::Random random(1);
  constexpr const char* kDevices[] = {"mobile", "desktop", "tablet"};
  for (size_t batch = 0; batch < kBatches; ++batch) {
    std::string text;
    std::vector<Record> records;
    std::vector<size_t> ends;
    for (size_t i = 0; i < kBatchRecords; ++i) {
      const int64_t arrival =
          kStart + static_cast<int64_t>(batch * kBatchRecords + i) / kRecordsPerMilli;
      const bool promotion = random.Below(10) != 0;
      clicks.promotion_clicks += promotion ? 1 : 0;
      text += fmt::format(
          R"({{"UserId":"u{}","Device":"{}","Event":"P{}","EventType":"{}","Timestamp":"{}"}})",
          random.Below(1'000'000), kDevices[random.Below(3)], 100 + random.Below(promotions),
          promotion ? "Promotion" : "Checkout", weir::base::FormatTimestamp(arrival - 40));
      ends.push_back(text.size());
      records.push_back({.arrival = {arrival}});
    }
    clicks.texts.push_back(std::move(text));
    for (size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) {
      records[i].data = std::string_view(clicks.texts.back()).substr(begin, ends[i] - begin);
    }
    clicks.batches.push_back(std::move(records));
  }
  return clicks;
}

weir::json::ColumnDecoder MakeDecoder() {
  const auto column = [](const char* name, const char* path, const char* type) {
    return weir::json::ColumnMapping{
        .name = name, .path = path, .type = *weir::model::ParseType(type)};
  };
  return *weir::json::ColumnDecoder::Create(
      "$", {column("UserId", "$.UserId", "VARCHAR(128)"),
            column("Device", "$.Device", "VARCHAR(64)"), column("Event", "$.Event", "VARCHAR(128)"),
            column("EventType", "$.EventType", "VARCHAR(64)"),
            column("COL_Timestamp", "$.Timestamp", "TIMESTAMP")});
}

std::unique_ptr<weir::stream::Pipeline> MakePipeline() {
  weir::model::Schema mapped = MakeDecoder().schema();
  const weir::sql::InputStream input{.name = "SOURCE_SQL_STREAM_001", .schema = mapped};
  auto program = weir::sql::Compile(kCode, {&input, 1});
  CHECK_NOTE(program.has_value(), program.error().message);
  return *weir::stream::Pipeline::Create(std::move(*program), input.name,
                                         weir::sql::WithImplicitColumns(mapped), kMappedColumns,
                                         {"DESTINATION_SQL_STREAM"}, {});
}

// The rows of one batch, with the arrival time as the implicit column.
ColumnBatch Decode(weir::json::ColumnDecoder& decoder, const std::vector<Record>& records) {
  std::vector<weir::json::RejectedRecord> rejected;
  std::vector<uint32_t> record_of_row;
  ColumnBatch batch = decoder.Decode(records, rejected, record_of_row);
  weir::model::Column arrival;
  arrival.type = {.kind = weir::model::TypeKind::kTimestamp};
  arrival.ints = batch.rowtimes;
  batch.columns.push_back(std::move(arrival));
  return batch;
}

// Clicks that the closed windows hold.
int64_t Counted(const ColumnBatch& rows) {
  int64_t total = 0;
  for (const int64_t count : rows.columns[2].ints) {
    total += count;
  }
  return total;
}

int64_t Run(weir::stream::Pipeline& pipeline, ColumnBatch batch) {
  const int64_t bound = batch.rowtimes.back();
  const auto result = pipeline.Process(std::move(batch), {}, bound);
  CHECK(result.has_value());
  return Counted(result->outputs[0]);
}

int64_t CloseAll(weir::stream::Pipeline& pipeline) {
  const auto result = pipeline.Process({}, {}, kStart * 2);
  CHECK(result.has_value());
  return Counted(result->outputs[0]);
}

void StaggerCount(benchmark::State& state) {
  const Clicks clicks = MakeClicks(static_cast<uint64_t>(state.range(0)));
  weir::json::ColumnDecoder decoder = MakeDecoder();
  std::vector<ColumnBatch> batches;
  for (const auto& records : clicks.batches) {
    batches.push_back(Decode(decoder, records));
  }
  for (auto _ : state) {
    state.PauseTiming();
    const auto pipeline = MakePipeline();
    std::vector<ColumnBatch> input = batches;
    state.ResumeTiming();
    int64_t counted = 0;
    for (ColumnBatch& batch : input) {
      counted += Run(*pipeline, std::move(batch));
    }
    counted += CloseAll(*pipeline);
    CHECK(counted == clicks.promotion_clicks);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatches * kBatchRecords));
}

void JsonToWindows(benchmark::State& state) {
  const Clicks clicks = MakeClicks(static_cast<uint64_t>(state.range(0)));
  for (auto _ : state) {
    const auto pipeline = MakePipeline();
    weir::json::ColumnDecoder decoder = MakeDecoder();
    int64_t counted = 0;
    for (const auto& records : clicks.batches) {
      counted += Run(*pipeline, Decode(decoder, records));
    }
    counted += CloseAll(*pipeline);
    CHECK(counted == clicks.promotion_clicks);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatches * kBatchRecords));
}

BENCHMARK(StaggerCount)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(JsonToWindows)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
