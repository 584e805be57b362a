#include <cstdio>

#include "base/clock.h"
#include "base/file_system.h"
#include "ingest/files/put_files.h"
#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"
#include "server/progress.h"
#include "server/remote.h"

namespace weir::server {

namespace {

ingest::PutOptions OptionsOf(const PutCommand& command) {
  ingest::PutOptions options;
  options.format = command.format == "csv"    ? ingest::FileFormat::kCsv
                   : command.format == "json" ? ingest::FileFormat::kJsonLines
                                              : ingest::FileFormat::kByName;
  options.partition_key_field = command.partition_key;
  options.arrival_field = command.arrival_field;
  return options;
}

base::Result<void> PutFiles(const PutCommand& command, const ingest::PutOptions& options,
                            ingest::RecordSink& sink, ingest::PutReport& report) {
  base::Clock& clock = base::SystemClock();
  for (const std::string& file : command.files) {
    Progress progress("put " + file, clock);
    RETURN_IF_ERROR(ingest::PutFile(base::SystemFileSystem(), clock, file, options, sink, report,
                                    [&](uint64_t done, uint64_t total) {
                                      progress.Update(done, total,
                                                      fmt::format("{} records", report.records));
                                    }));
  }
  return sink.Finish();
}

int Summarize(const PutCommand& command, const ingest::PutReport& report, double seconds) {
  for (const ingest::RejectedLine& line : report.rejections) {
    (void)std::fprintf(stderr, "%s:%lu: %s\n", line.file.c_str(), line.line, line.error.c_str());
  }
  if (report.rejected > report.rejections.size()) {
    (void)std::fprintf(stderr, "… and %lu more lines\n",
                       report.rejected - report.rejections.size());
  }
  (void)std::fprintf(stderr, "%s: %lu records (%lu bytes) put, %lu lines refused, %.1f s\n",
                     command.stream.c_str(), report.records, report.bytes, report.rejected,
                     seconds);
  return report.rejected == 0 ? kExitOk : kExitData;
}

}  // namespace

int RunPut(const PutCommand& command) {
  const ingest::PutOptions options = OptionsOf(command);
  base::Clock& clock = base::SystemClock();
  const int64_t begin = clock.MonotonicNanos();
  ingest::PutReport report;
  base::Result<void> done;
  if (!command.target.server.empty()) {
    const auto remote = ReadRemote(command.target);
    if (!remote.has_value()) {
      return Report(remote.error());
    }
    auto sink = ingest::MakeServerSink({.url = remote->url,
                                        .authorities = remote->authorities,
                                        .authorization = remote->authorization},
                                       command.stream, options);
    if (!sink.has_value()) {
      return Report(sink.error());
    }
    done = PutFiles(command, options, **sink, report);
    if (!done.has_value()) {
      return ReportRemote(done.error());
    }
  } else {
    auto folder = DataFolder::Open({.path = command.target.data, .purpose = "put"});
    if (!folder.has_value()) {
      return ReportOpenFailure(folder.error());
    }
    if (const auto deployed = DeployChoice({}, (*folder)->catalog()); !deployed.has_value()) {
      return Report(deployed.error());
    }
    auto engine = stack::Engine::Open((*folder)->parts(),
                                      {.checkpoint_directory = (*folder)->checkpoint_directory()});
    if (!engine.has_value()) {
      return Report(engine.error());
    }
    log::Stream* const stream = (*folder)->log().Find(command.stream);
    if (stream == nullptr) {
      return Report({base::Code::kNotFound, fmt::format("no stream named '{}'", command.stream)});
    }
    const auto sink = ingest::MakeLogSink((*folder)->log(), *stream, false);
    done = PutFiles(command, options, *sink, report);
    engine->reset();
    (*folder)->log().Shutdown();
  }
  if (!done.has_value()) {
    return Report(done.error());
  }
  return Summarize(command, report, static_cast<double>(clock.MonotonicNanos() - begin) / 1e9);
}

}  // namespace weir::server
