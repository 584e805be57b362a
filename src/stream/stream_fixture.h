#pragma once

// A log over a simulated file system, one application and its streams, for tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/simulated_file_system.h"
#include "log/log.h"
#include "stream/application.h"

namespace weir::stream {

inline constexpr int64_t kStart = 1'600'000'000'000;

inline constexpr std::string_view kCountCode = R"(
CREATE OR REPLACE STREAM "OUT" (k VARCHAR(40), n BIGINT, total BIGINT);
CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT"
SELECT STREAM "K", COUNT(*), SUM("V") FROM "SOURCE_SQL_STREAM_001"
WINDOWED BY STAGGER (PARTITION BY "K" RANGE INTERVAL '1' SECOND);
)";

// The application over "input" that writes "out".
inline ApplicationDefinition CountApplication() {
  ApplicationDefinition definition;
  definition.name = "app";
  definition.code = kCountCode;
  definition.input.stream = "input";
  definition.input.columns = {
      {.name = "K", .mapping = "$.k", .type = *model::ParseType("VARCHAR(40)")},
      {.name = "V", .mapping = "$.v", .type = *model::ParseType("INTEGER")},
  };
  definition.outputs = {{.in_application_stream = "OUT", .destination = "out"}};
  return definition;
}

// Everything below the application. Opening fails only when the simulated machine stops.
class Machine {
 public:
  explicit Machine(base::SimulatedFileSystem& files, uint32_t shards = 1, int committers = 0)
      : files_(files), shards_(shards), committers_(committers) {}

  base::Result<void> Open() {
    log::LogOptions options;
    options.committers = committers_;
    options.segment_bytes = uint64_t{1} << 20;
    options.min_free_bytes = 0;
    ASSIGN_OR_RETURN(log_, log::Log::Open(files_, clock_, "data", options));
    ASSIGN_OR_RETURN(input_, log_->OpenStream(StreamOf("input", shards_)));
    ASSIGN_OR_RETURN(out_, log_->OpenStream(StreamOf("out", 1)));
    return {};
  }

  base::Result<std::unique_ptr<Application>> CreateApplication(
      const ApplicationDefinition& definition) {
    return Application::Create(definition, options_, *log_, files_, clock_);
  }

  // Moves the clock there and appends.
  void Put(int64_t arrival, std::string_view data, uint32_t shard = 0) {
    clock_.SetWallMillis(std::max(clock_.WallMillis(), arrival));
    const log::Entry entry{.partition_key = "key",
                           .explicit_hash_key = input_->definition().shards[shard].first_hash,
                           .data = data,
                           .arrival = model::Rowtime{arrival}};
    input_->Append({&entry, 1}, [](const base::Result<std::vector<log::Placement>>&) {});
  }

  // Steps until nothing moves.
  base::Result<void> RunDry(Application& application) {
    for (int idle = 0; idle < 2;) {
      ASSIGN_OR_RETURN(const bool progressed, application.Step());
      log_->Drive();
      idle = progressed ? 0 : idle + 1;
    }
    return {};
  }

  // Rows of "out" with their arrival.
  std::vector<std::string> Rows() {
    std::vector<std::string> rows;
    model::Sequence next{0};
    for (;;) {
      const auto read = out_->Read(0, next, 10'000, size_t{1} << 24);
      if (!read || read->batch.records.empty()) {
        return rows;
      }
      for (const model::Record& record : read->batch.records) {
        rows.push_back(fmt::format("{} {}", record.arrival.millis - kStart, record.data));
      }
      next = read->next;
    }
  }

  base::ManualClock& clock() { return clock_; }

  log::Log& log() { return *log_; }

  log::Stream& input() { return *input_; }

  log::Stream& out() { return *out_; }

  ApplicationOptions& options() { return options_; }

 private:
  static log::StreamDefinition StreamOf(std::string name, uint32_t shards) {
    return {.name = std::move(name),
            .created = model::Rowtime{kStart},
            .shards = log::EvenShards(shards),
            .retention_millis = 0};
  }

  base::SimulatedFileSystem& files_;
  uint32_t shards_;
  int committers_;
  base::ManualClock clock_{kStart};
  ApplicationOptions options_{.checkpoint_directory = "checkpoints/app"};
  std::unique_ptr<log::Log> log_;
  log::Stream* input_ = nullptr;
  log::Stream* out_ = nullptr;
};

}  // namespace weir::stream
