// Decoding and checking of clicks of about 118 bytes. Each run checks its own result.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/md5.h"
#include "base/random.h"
#include "base/time_format.h"
#include "json/column_decoder.h"
#include "json/row_encoder.h"
#include "json/validate.h"

namespace {

using weir::json::ColumnDecoder;
using weir::model::Record;

constexpr size_t kRecords = 4096;
constexpr int64_t kStart = 1'607'101'509'123;

/// Clicks in one text; of each hundred, `odd_percent` have another order of keys.
struct Clicks {
  std::string text;
  std::vector<Record> records;
};

enum class Odd { kShuffled, kEscaped };

Clicks MakeClicks(uint64_t odd_percent, Odd odd) {
  weir::base::Random random(1);
  Clicks clicks;
  std::vector<std::pair<size_t, size_t>> places;
  constexpr const char* kDevices[] = {"mobile", "desktop", "tablet"};
  for (size_t i = 0; i < kRecords; ++i) {
    const std::string user = fmt::format("u{}", random.Below(1'000'000));
    const char* device = kDevices[random.Below(3)];
    const std::string event = fmt::format("P{}", 100 + random.Below(900));
    const std::string time = weir::base::FormatTimestamp(kStart + static_cast<int64_t>(i));
    const size_t begin = clicks.text.size();
    if (random.Below(100) >= odd_percent) {
      clicks.text += fmt::format(
          R"({{"UserId":"{}","Device":"{}","Event":"{}","EventType":"Promotion","Timestamp":"{}"}})",
          user, device, event, time);
    } else if (odd == Odd::kEscaped) {
      clicks.text += fmt::format(
          R"({{"UserId":"\u0075{}","Device":"{}","Event":"{}","EventType":"Promotion","Timestamp":"{}"}})",
          user.substr(1), device, event, time);
    } else {
      // A new member name each time, so that no layout can be learned.
      clicks.text += fmt::format(
          R"({{"x{}":1,"Event":"{}","UserId":"{}","EventType":"Promotion","Timestamp":"{}","Device":"{}"}})",
          i, event, user, time, device);
    }
    places.emplace_back(begin, clicks.text.size() - begin);
  }
  for (const auto& [begin, size] : places) {
    clicks.records.push_back({.data = std::string_view(clicks.text).substr(begin, size)});
  }
  return clicks;
}

ColumnDecoder MakeDecoder(bool speculate) {
  const auto text = *weir::model::ParseType("VARCHAR(16)");
  auto decoder =
      ColumnDecoder::Create("$", {{"UserId", "$.UserId", text},
                                  {"Device", "$.Device", text},
                                  {"Event", "$.Event", text},
                                  {"EventType", "$.EventType", text},
                                  {"Time", "$.Timestamp", *weir::model::ParseType("TIMESTAMP")}});
  CHECK(decoder.has_value());
  decoder->set_speculation(speculate);
  return *std::move(decoder);
}

void Decode(benchmark::State& state, bool speculate, uint64_t odd_percent, Odd odd) {
  const Clicks clicks = MakeClicks(odd_percent, odd);
  ColumnDecoder decoder = MakeDecoder(speculate);
  std::vector<weir::json::RejectedRecord> rejected;
  std::vector<uint32_t> record_of_row;
  for (auto _ : state) {
    const auto batch = decoder.Decode(std::span(clicks.records), rejected, record_of_row);
    CHECK(batch.size() == kRecords && rejected.empty());
    CHECK(batch.columns[4].ints[kRecords - 1] == kStart + static_cast<int64_t>(kRecords) - 1);
    CHECK(batch.columns[0].strings[7].starts_with('u'));
    benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(clicks.text.size()));
  state.counters["fast_share"] =
      static_cast<double>(decoder.fast_records()) /
      static_cast<double>(decoder.fast_records() + decoder.general_records());
}

/// The peer: simdjson's On-Demand parser reads the same five fields, line by line, without columns.
void SimdjsonOnDemand(benchmark::State& state) {
  const Clicks clicks = MakeClicks(0, Odd::kShuffled);
  const simdjson::padded_string padded(clicks.text);
  simdjson::ondemand::parser parser;
  for (auto _ : state) {
    size_t bytes = 0;
    size_t begin = 0;
    for (const Record& record : clicks.records) {
      simdjson::ondemand::document document =
          parser.iterate(padded.data() + begin, record.data.size(),
                         padded.size() - begin + simdjson::SIMDJSON_PADDING);
      begin += record.data.size();
      for (const char* name : {"UserId", "Device", "Event", "EventType", "Timestamp"}) {
        bytes += std::string_view(document.find_field(name)).size();
      }
    }
    CHECK(bytes > kRecords * 40);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
}

void Validate(benchmark::State& state) {
  const Clicks clicks = MakeClicks(0, Odd::kShuffled);
  weir::json::Validator validator;
  for (auto _ : state) {
    for (const Record& record : clicks.records) {
      CHECK(validator.Validate(record.data).has_value());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(clicks.text.size()));
}

void Encode(benchmark::State& state) {
  const Clicks clicks = MakeClicks(0, Odd::kShuffled);
  ColumnDecoder decoder = MakeDecoder(true);
  std::vector<weir::json::RejectedRecord> rejected;
  std::vector<uint32_t> record_of_row;
  const auto batch = decoder.Decode(std::span(clicks.records), rejected, record_of_row);
  const weir::json::RowEncoder encoder(decoder.schema());
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (size_t row = 0; row < batch.size(); ++row) {
      encoder.Append(batch, row, out);
    }
    CHECK(out.size() > kRecords * 100);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
}

void Crc32cOf(benchmark::State& state) {
  const std::string data(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(weir::base::Crc32c(data));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Md5OfKey(benchmark::State& state) {
  const std::string key = "u123456";
  for (auto _ : state) {
    benchmark::DoNotOptimize(weir::base::Md5(key));
  }
}

BENCHMARK_CAPTURE(Decode, learned, true, 0, Odd::kShuffled);
BENCHMARK_CAPTURE(Decode, learned_1_percent_escaped, true, 1, Odd::kEscaped);
BENCHMARK_CAPTURE(Decode, learned_1_percent_other, true, 1, Odd::kShuffled);
BENCHMARK_CAPTURE(Decode, learned_10_percent_other, true, 10, Odd::kShuffled);
BENCHMARK_CAPTURE(Decode, learned_100_percent_other, true, 100, Odd::kShuffled);
BENCHMARK_CAPTURE(Decode, general, false, 0, Odd::kShuffled);
BENCHMARK_CAPTURE(Decode, general_100_percent_other, false, 100, Odd::kShuffled);
BENCHMARK(SimdjsonOnDemand);
BENCHMARK(Validate);
BENCHMARK(Encode);
BENCHMARK(Crc32cOf)->Arg(118)->Arg(65'536)->Arg(1 << 20);
BENCHMARK(Md5OfKey);

}  // namespace
