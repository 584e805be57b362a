#include "runner.h"

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/simulated_file_system.h"
#include "json/document.h"
#include "log/log_fixture.h"
#include "stream/application.h"
#include "stream/verify.h"

namespace weir::sql_test {

namespace {

constexpr std::string_view kInput = "input";
constexpr size_t kManyRecords = 1'000'000;
constexpr int kMostRounds = 100'000;

class Run {
 public:
  Run(const TestFile& file, const RunMode& mode)
      : file_(file), mode_(mode), clock_(FirstMillis(file)) {}

  base::Result<Lines> All() {
    RETURN_IF_ERROR(Open());
    RETURN_IF_ERROR(CreateApplication());
    size_t done = 0;
    for (const InputLine& line : file_.rows) {
      if (mode_.reshard) {
        RETURN_IF_ERROR(Reshard(done));
      }
      Feed(line);
      ++done;
      if (mode_.at_once) {
        continue;
      }
      RETURN_IF_ERROR(RunDry());
      if (mode_.checkpoint_every == 0) {
        continue;
      }
      if (done % mode_.checkpoint_every == 0) {
        RETURN_IF_ERROR(application_->Checkpoint());
      }
      application_.reset();
      RETURN_IF_ERROR(CreateApplication());
    }
    RETURN_IF_ERROR(RunDry());
    RETURN_IF_ERROR(CheckConservation());
    application_.reset();
    RETURN_IF_ERROR(Verify());
    return ReadOutputs();
  }

 private:
  static int64_t FirstMillis(const TestFile& file) {
    return file.rows.empty() ? 0 : file.rows.front().arrival;
  }

  log::StreamDefinition StreamOf(std::string name, uint32_t shards) const {
    return {.name = std::move(name),
            .created = model::Rowtime{FirstMillis(file_)},
            .shards = log::EvenShards(shards),
            .retention_millis = 0};
  }

  base::Result<void> Open() {
    log::LogOptions options;
    options.committers = 0;
    options.segment_bytes = uint64_t{1} << 20;
    options.min_free_bytes = 0;
    ASSIGN_OR_RETURN(log_, log::Log::Open(files_, clock_, "data", options));
    ASSIGN_OR_RETURN(input_, log_->OpenStream(StreamOf(std::string(kInput), mode_.shards)));
    definition_.name = "app";
    definition_.code = file_.program;
    definition_.input.stream = kInput;
    definition_.input.row_path = file_.row_path;
    definition_.input.columns = file_.columns;
    for (const auto& [stream, lines] : file_.expected) {
      const std::string destination = fmt::format("out{}", definition_.outputs.size());
      definition_.outputs.push_back({.in_application_stream = stream, .destination = destination});
      RETURN_IF_ERROR(log_->OpenStream(StreamOf(destination, 2)));
    }
    options_.checkpoint_directory = "checkpoints/app";
    options_.batch_records = mode_.batch_records;
    options_.max_keys = file_.max_keys;
    options_.max_distinct = file_.max_distinct;
    return {};
  }

  base::Result<void> CreateApplication() {
    ASSIGN_OR_RETURN(application_,
                     stream::Application::Create(definition_, options_, *log_, files_, clock_));
    return {};
  }

  void Feed(const InputLine& line) {
    clock_.SetWallMillis(line.arrival);
    if (line.data.empty()) {
      input_->StateBound(model::Rowtime{line.arrival}, true);
    } else {
      // Equal arrivals share a shard; the multiplier only spreads neighbours.
      const uint64_t spread = static_cast<uint64_t>(line.arrival) * 0x9E3779B97F4A7C15ull;
      const std::vector<log::ShardDefinition> open = OpenShards(input_->definition());
      const log::Entry entry{.partition_key = "key",
                             .explicit_hash_key = open[(spread >> 32) % open.size()].first_hash,
                             .data = line.data,
                             .arrival = model::Rowtime{line.arrival}};
      input_->Append({&entry, 1}, [](const base::Result<std::vector<log::Placement>>&) {});
    }
    log_->Drive();
  }

  static std::vector<log::ShardDefinition> OpenShards(const log::StreamDefinition& definition) {
    std::vector<log::ShardDefinition> open = definition.shards;
    std::erase_if(open, [](const log::ShardDefinition& shard) { return shard.closed; });
    return open;
  }

  /// Splits a shard after a third of the rows and merges two after two thirds. Records of one
  /// millisecond keep their order by being in one shard, so that a change waits for the next one.
  base::Result<void> Reshard(size_t done) {
    const std::vector<InputLine>& rows = file_.rows;
    if (done == 0 || rows[done - 1].arrival == rows[done].arrival ||
        done * 3 < rows.size() * (changes_ + 1)) {
      return {};
    }
    const log::StreamDefinition& now = input_->definition();
    const std::vector<log::ShardDefinition> open = OpenShards(now);
    switch (changes_++) {
      case 0:
        return input_->Reshard(log::Split(now, open.back().id));
      case 1:
        return input_->Reshard(log::Merge(now, open[open.size() - 2].id, open.back().id));
      default:
        return {};
    }
  }

  base::Result<void> RunDry() {
    int idle = 0;
    for (int round = 0; idle < 2; ++round) {
      if (round == kMostRounds) {
        return base::Fail(base::Code::kInternal, "the application does not come to rest");
      }
      ASSIGN_OR_RETURN(const bool progressed, application_->Step());
      log_->Drive();
      idle = progressed ? 0 : idle + 1;
    }
    return {};
  }

  base::Result<void> CheckConservation() const {
    const stream::ApplicationStatus status = application_->Status();
    uint64_t records = 0;
    for (const InputLine& line : file_.rows) {
      records += line.data.empty() ? 0 : 1;
    }
    if (status.records_in != records) {
      return base::Fail(base::Code::kInternal, "{} records in, but {} were appended",
                        status.records_in, records);
    }
    return {};
  }

  base::Result<void> Verify() {
    ASSIGN_OR_RETURN(const stream::VerifyOutcome outcome,
                     stream::RecomputeOutputs(definition_, *log_, files_, clock_, options_));
    if (!outcome.ok() || outcome.missing != 0 || !outcome.note.empty()) {
      return base::Fail(base::Code::kInternal, "verify: {} different, {} extra, {} missing; {} {}",
                        outcome.different, outcome.extra, outcome.missing, outcome.first_difference,
                        outcome.note);
    }
    return {};
  }

  base::Result<Lines> ReadOutputs() {
    Lines lines;
    for (const stream::OutputDefinition& output : definition_.outputs) {
      std::vector<std::string>& into = lines[output.in_application_stream];
      log::Stream* stream = log_->Find(output.destination);
      for (const log::ShardDefinition& shard : stream->definition().shards) {
        ASSIGN_OR_RETURN(const log::ReadResult read, stream->Read(shard.id, model::Sequence{0},
                                                                  kManyRecords, uint64_t{1} << 30));
        for (const model::Record& record : read.batch.records) {
          ASSIGN_OR_RETURN(const std::string row, output.in_application_stream == "error_stream"
                                                      ? ShowError(record.data)
                                                      : std::string(record.data));
          into.push_back(fmt::format("{} {}", ShowTime(record.arrival.millis), row));
        }
      }
    }
    return lines;
  }

  static base::Result<std::string> ShowError(std::string_view data) {
    ASSIGN_OR_RETURN(const json::Value row, json::Parse(data, {.max_bytes = size_t{1} << 20}));
    ASSIGN_OR_RETURN(const std::string name, row.StringAt("ERROR_NAME"));
    ASSIGN_OR_RETURN(const std::string message, row.StringAt("MESSAGE"));
    const json::Value* pump = row.Find("PUMP_NAME");
    const bool has_pump = pump != nullptr && pump->IsString();
    return fmt::format("{} {} {}", name, has_pump ? *pump->AsString() : "-", message);
  }

  const TestFile& file_;
  const RunMode& mode_;
  base::ManualClock clock_;
  base::SimulatedFileSystem files_;
  std::unique_ptr<log::Log> log_;
  log::Stream* input_ = nullptr;
  size_t changes_ = 0;  // Of the input's shards.
  stream::ApplicationDefinition definition_;
  stream::ApplicationOptions options_;
  std::unique_ptr<stream::Application> application_;
};

}  // namespace

std::vector<RunMode> AllModes() {
  std::vector<RunMode> modes;
  const auto add = [&modes](uint32_t shards, bool reshard) {
    const std::string shown =
        fmt::format("{} shards{}", shards, reshard ? ", split and merged" : "");
    for (const size_t batch : {1, 2, 3, 7, 1000}) {
      modes.push_back({.name = fmt::format("straight, {}, batches of {}", shown, batch),
                       .batch_records = batch,
                       .shards = shards,
                       .reshard = reshard});
    }
    modes.push_back({.name = fmt::format("stepwise, {}", shown),
                     .shards = shards,
                     .reshard = reshard,
                     .at_once = false});
    modes.push_back({.name = fmt::format("restored, {}", shown),
                     .shards = shards,
                     .reshard = reshard,
                     .at_once = false,
                     .checkpoint_every = 1});
    modes.push_back({.name = fmt::format("crashed, {}", shown),
                     .shards = shards,
                     .reshard = reshard,
                     .at_once = false,
                     .checkpoint_every = kManyRecords});
    modes.push_back({.name = fmt::format("mixed, {}", shown),
                     .batch_records = 2,
                     .shards = shards,
                     .reshard = reshard,
                     .at_once = false,
                     .checkpoint_every = 3});
  };
  for (const uint32_t shards : {1, 2, 3}) {
    add(shards, false);
    add(shards, true);
  }
  return modes;
}

base::Result<Lines> RunTest(const TestFile& file, const RunMode& mode) {
  return Run(file, mode).All();
}

}  // namespace weir::sql_test
