#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/time_format.h"
#include "demo/traffic.h"
#include "ingest/files/put_files.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/progress.h"
#include "server/remote.h"

namespace weir::server {

namespace {

constexpr size_t kWriteBytes = 4 << 20;
constexpr size_t kBatch = 500;
constexpr int64_t kPauseMillis = 20;
/// Files are the same wherever and whenever they are made.
constexpr int64_t kFileStartMillis = 1'767'607'200'000;  // 2026-01-05T10:00:00Z

volatile std::sig_atomic_t g_stop = 0;

base::Result<demo::Promotion> ParsePromotion(const std::string& text) {
  demo::Promotion promotion;
  const size_t equals = text.find('=');
  const size_t colon = text.find(':', equals == std::string::npos ? 0 : equals);
  if (equals == std::string::npos || colon == std::string::npos) {
    return base::Fail(base::Code::kInvalidArgument,
                      "--promotion '{}' must be ID=WEIGHT:CONVERSION, for example P601=3:0.08",
                      text);
  }
  promotion.id = text.substr(0, equals);
  promotion.weight = std::strtod(text.c_str() + equals + 1, nullptr);
  promotion.conversion = std::strtod(text.c_str() + colon + 1, nullptr);
  return promotion;
}

base::Result<demo::TrafficOptions> OptionsOf(const GenerateCommand& command) {
  demo::TrafficOptions options;
  options.seed = command.seed;
  options.clicks_per_second = command.rate;
  options.day_curve = !command.out.empty();
  options.duplicate_share = command.duplicates;
  options.out_of_order_share = command.out_of_order;
  options.late_share = command.late;
  options.other_share = command.other;
  options.devices = {command.mobile, command.tablet};
  options.start_millis = command.out.empty() ? base::SystemClock().WallMillis() : kFileStartMillis;
  if (!command.start.empty()) {
    const auto start = base::ParseTimestamp(command.start);
    if (!start.has_value()) {
      return base::Fail(base::Code::kInvalidArgument, "--start '{}' is no ISO 8601 time",
                        command.start);
    }
    options.start_millis = *start;
  }
  if (!command.promotions.empty()) {
    options.promotions.clear();
    for (const std::string& text : command.promotions) {
      ASSIGN_OR_RETURN(demo::Promotion promotion, ParsePromotion(text));
      options.promotions.push_back(std::move(promotion));
    }
  }
  RETURN_IF_ERROR(demo::CheckOptions(options));
  return options;
}

base::Result<void> WriteFile(const GenerateCommand& command, demo::Traffic& traffic) {
  base::FileSystem& files = base::SystemFileSystem();
  ASSIGN_OR_RETURN(const std::unique_ptr<base::File> file,
                   files.Open(command.out, base::OpenMode::kCreateOrOpen));
  RETURN_IF_ERROR(file->Truncate(0));
  const auto wanted = command.orders ? demo::RecordKind::kOrder : demo::RecordKind::kClick;
  Progress progress("generate", base::SystemClock());
  std::string buffer;
  uint64_t offset = 0;
  for (uint64_t made = 0; made < command.count && g_stop == 0;) {
    const demo::GeneratedRecord record = traffic.Next();
    if (record.kind != wanted) {
      continue;
    }
    ++made;
    buffer += record.data;
    buffer += '\n';
    if (buffer.size() >= kWriteBytes) {
      RETURN_IF_ERROR(file->WriteAt(offset, buffer));
      offset += buffer.size();
      buffer.clear();
      progress.Update(made, command.count, fmt::format("{} records", made));
    }
  }
  return file->WriteAt(offset, buffer);
}

base::Result<void> SendBatch(ingest::RecordSink& sink,
                             const std::vector<demo::GeneratedRecord>& records, uint64_t& refused) {
  std::vector<log::Entry> entries;
  for (const demo::GeneratedRecord& record : records) {
    entries.push_back({.partition_key = record.partition_key, .data = record.data});
  }
  return sink.Put(entries, [&refused](size_t, const std::string&) { ++refused; });
}

base::Result<uint64_t> SendLive(const GenerateCommand& command, demo::Traffic& traffic,
                                int64_t start) {
  const std::string stream =
      !command.stream.empty() ? command.stream : (command.orders ? "OrderStream" : "ClickStream");
  ASSIGN_OR_RETURN(const Remote remote, ReadRemote(command.target));
  ASSIGN_OR_RETURN(const auto sink, ingest::MakeServerSink({.url = remote.url,
                                                            .authorities = remote.authorities,
                                                            .authorization = remote.authorization},
                                                           stream, {}));
  const auto wanted = command.orders ? demo::RecordKind::kOrder : demo::RecordKind::kClick;
  base::Clock& clock = base::SystemClock();
  const int64_t begin = clock.MonotonicNanos();
  Progress progress("generate", clock);
  uint64_t sent = 0;
  uint64_t refused = 0;
  demo::GeneratedRecord next = traffic.Next();
  while (g_stop == 0) {
    const int64_t elapsed = (clock.MonotonicNanos() - begin) / 1'000'000;
    if (command.duration_seconds > 0 &&
        static_cast<double>(elapsed) > command.duration_seconds * 1000) {
      break;
    }
    std::vector<demo::GeneratedRecord> batch;
    while (next.at_millis - start <= elapsed && batch.size() < kBatch) {
      demo::GeneratedRecord record = std::exchange(next, traffic.Next());
      if (record.kind == wanted) {
        batch.push_back(std::move(record));
      }
    }
    if (!batch.empty()) {
      RETURN_IF_ERROR(SendBatch(*sink, batch, refused));
      sent += batch.size();
      progress.Update(0, 0, fmt::format("{} records sent, {} refused", sent, refused));
    }
    if (batch.size() < kBatch) {
      const timespec pause{0, kPauseMillis * 1'000'000};
      nanosleep(&pause, nullptr);
    }
  }
  RETURN_IF_ERROR(sink->Finish());
  progress.Finish();
  (void)std::fprintf(stderr, "%s: %lu records sent, %lu refused\n", stream.c_str(), sent, refused);
  return refused;
}

}  // namespace

int RunGenerate(const GenerateCommand& command) {
  auto options = OptionsOf(command);
  if (!options.has_value()) {
    return Report(options.error());
  }
  (void)std::signal(SIGINT, [](int) { g_stop = 1; });
  (void)std::signal(SIGTERM, [](int) { g_stop = 1; });
  const int64_t start = options->start_millis;
  demo::Traffic traffic(std::move(*options));
  if (!command.out.empty()) {
    if (const auto written = WriteFile(command, traffic); !written.has_value()) {
      return Report(written.error(), kExitCannotCreate);
    }
  } else {
    const auto refused = SendLive(command, traffic, start);
    if (!refused.has_value()) {
      return ReportRemote(refused.error());
    }
  }
  if (!command.truth.empty()) {
    const demo::Truth truth = traffic.truth();
    (void)std::fputs((command.truth == "json" ? truth.ToJson() + "\n" : truth.ToText()).c_str(),
                     stdout);
  }
  return kExitOk;
}

}  // namespace weir::server
