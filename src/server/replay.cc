#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "ingest/files/put_files.h"
#include "log/notifier.h"
#include "query/query.h"
#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"
#include "server/program_path.h"
#include "server/progress.h"

namespace weir::server {

namespace {

constexpr int64_t kWaitMillis = 20;
constexpr int kShownRows = 60;

/// In a replay only the log's records move time: nothing may close a window because of the hour at
/// which it is replayed.
class ReplayClock : public base::Clock {
 public:
  int64_t WallMillis() override { return 0; }

  int64_t MonotonicNanos() override { return base::SystemClock().MonotonicNanos(); }

  int64_t CpuNanos() override { return base::SystemClock().CpuNanos(); }
};

/// One stream's files, put in order by a thread of its own.
struct StreamInput {
  log::Stream* stream = nullptr;
  std::vector<std::string> files;
  ingest::PutReport report;
  base::Result<void> result;
};

base::Result<std::vector<std::unique_ptr<StreamInput>>> ReadPuts(const ReplayCommand& command,
                                                                 log::Log& log) {
  std::vector<std::unique_ptr<StreamInput>> inputs;
  for (const std::string& put : command.puts) {
    const size_t equals = put.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == put.size()) {
      return base::Fail(base::Code::kInvalidArgument, "--put '{}' must be STREAM=FILE", put);
    }
    log::Stream* const stream = log.Find(put.substr(0, equals));
    if (stream == nullptr) {
      return base::Fail(base::Code::kNotFound, "--put {}: the stack has no stream '{}'", put,
                        put.substr(0, equals));
    }
    const std::string file = put.substr(equals + 1);
    if (!base::SystemFileSystem().Exists(file)) {
      return base::Fail(base::Code::kNotFound, "--put {}: no file '{}'", put, file);
    }
    StreamInput* into = nullptr;
    for (const auto& input : inputs) {
      into = input->stream == stream ? input.get() : into;
    }
    if (into == nullptr) {
      inputs.push_back(std::make_unique<StreamInput>());
      into = inputs.back().get();
      into->stream = stream;
    }
    into->files.push_back(file);
  }
  return inputs;
}

void PutAll(const ReplayCommand& command, log::Log& log, StreamInput& input,
            std::atomic<uint64_t>& records) {
  ingest::PutOptions options;
  options.arrival_field = command.arrival_field;
  options.partition_key_field = command.partition_key;
  const auto sink = ingest::MakeLogSink(log, *input.stream, false);
  uint64_t told = 0;
  for (const std::string& file : input.files) {
    input.result = ingest::PutFile(base::SystemFileSystem(), base::SystemClock(), file, options,
                                   *sink, input.report, [&](uint64_t, uint64_t) {
                                     records += input.report.records - told;
                                     told = input.report.records;
                                   });
    if (!input.result.has_value()) {
      return;
    }
  }
  input.result = sink->Finish();
}

/// Puts every file while the applications already run behind; then to the end.
base::Result<void> RunAll(const ReplayCommand& command, log::Log& log, stack::Engine& engine,
                          const std::vector<std::unique_ptr<StreamInput>>& inputs) {
  log::Notifier notifier;
  std::atomic<size_t> running = inputs.size();
  std::atomic<uint64_t> records = 0;
  std::vector<std::jthread> threads;
  for (const auto& input : inputs) {
    input->stream->Watch(&notifier);
    threads.emplace_back([&, target = input.get()] {
      PutAll(command, log, *target, records);
      --running;
      notifier.Notify();
    });
  }
  Progress progress("replay", base::SystemClock());
  base::Result<void> stepped;
  while (running > 0) {
    const uint64_t seen = notifier.count();
    const base::Result<bool> more = stepped.has_value() ? engine.Step() : base::Result<bool>(false);
    if (!more.has_value()) {
      stepped = std::unexpected(more.error());
    } else if (!*more) {
      notifier.Wait(seen, kWaitMillis);
    }
    progress.Update(0, 0, fmt::format("{} records put", records.load()));
  }
  threads.clear();
  for (const auto& input : inputs) {
    input->stream->Unwatch(&notifier);
    RETURN_IF_ERROR(input->result);
  }
  RETURN_IF_ERROR(stepped);
  return engine.Finish();
}

void PrintFigures(DataFolder& folder) {
  const auto service = query::QueryService::Create(ProgramPath(), folder.catalog(), folder.store(),
                                                   folder.log(), base::SystemClock());
  if (!service.has_value()) {
    (void)Report(service.error());
    return;
  }
  const auto result = (*service)->Run(
      fmt::format("SELECT * FROM view_conversion_ratio ORDER BY \"date\", promotion LIMIT {}",
                  kShownRows),
      {});
  if (result.has_value()) {
    (void)std::fputs(query::FormatResult(*result, query::OutputFormat::kTable).c_str(), stdout);
    if (result->row_count == kShownRows) {
      (void)std::printf(
          "… the first %d rows; the rest: weir query --data %s \"SELECT * FROM "
          "view_conversion_ratio\"\n",
          kShownRows, folder.path().c_str());
    }
  } else {
    (void)std::fprintf(stderr, "no conversion table: %s\n", result.error().message.c_str());
  }
  (*service)->Shutdown();
}

}  // namespace

int RunReplay(const ReplayCommand& command) {
  ReplayClock clock;
  auto folder =
      DataFolder::Open({.path = command.data, .purpose = "replay", .engine_clock = &clock});
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  if (const auto deployed = DeployChoice(command.stack, (*folder)->catalog());
      !deployed.has_value()) {
    return Report(deployed.error());
  }
  stack::EngineOptions options{.checkpoint_directory = (*folder)->checkpoint_directory()};
  options.application.live_interval_millis = 0;
  auto engine = stack::Engine::Open((*folder)->parts(), std::move(options));
  if (!engine.has_value()) {
    return Report(engine.error());
  }
  const auto inputs = ReadPuts(command, (*folder)->log());
  if (!inputs.has_value()) {
    return Report(inputs.error());
  }
  base::Clock& system = base::SystemClock();
  const int64_t begin = system.MonotonicNanos();
  const int64_t cpu_begin = system.CpuNanos();
  if (const auto ran = RunAll(command, (*folder)->log(), **engine, *inputs); !ran.has_value()) {
    return Report(ran.error());
  }
  const double seconds = static_cast<double>(system.MonotonicNanos() - begin) / 1e9;
  const double cpu = static_cast<double>(system.CpuNanos() - cpu_begin) / 1e9;
  PrintFigures(**folder);
  uint64_t records = 0;
  uint64_t rejected = 0;
  for (const auto& input : *inputs) {
    records += input->report.records;
    rejected += input->report.rejected;
    for (const ingest::RejectedLine& line : input->report.rejections) {
      (void)std::fprintf(stderr, "%s:%lu: %s\n", line.file.c_str(), line.line, line.error.c_str());
    }
  }
  (void)std::printf(
      "%lu records in %.2f s (%.0f records/s), %.2f CPU-seconds (%.0f records per CPU-second), %lu "
      "lines refused\n",
      records, seconds, static_cast<double>(records) / seconds, cpu,
      static_cast<double>(records) / cpu, rejected);
  engine->reset();
  (*folder)->log().Shutdown();
  return rejected == 0 ? kExitOk : kExitData;
}

}  // namespace weir::server
