#include "stack/engine.h"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/logging.h"
#include "log/notifier.h"
#include "registry/registry.h"

namespace weir::stack {

namespace {

/// How long Finish waits at a time for the log to make something durable before it looks again.
constexpr int64_t kWaitMillis = 50;

class RunningEngine : public Engine {
 public:
  RunningEngine(const EngineParts& parts, EngineOptions options)
      : parts_(parts), options_(std::move(options)) {}

  ~RunningEngine() override {
    StopRetention();
    for (const auto& application : applications_) {
      if (started_) {
        (void)application->Stop(true);
      }
    }
    for (const auto& delivery : deliveries_) {
      if (started_) {
        delivery->Stop();
      }
    }
  }

  base::Result<void> OpenAll() {
    RETURN_IF_ERROR(registry::FinishDeletions(*parts_.catalog, *parts_.log));
    ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources, parts_.catalog->List(""));
    ASSIGN_OR_RETURN(definitions_, ReadDefinitions(resources));
    for (const auto* list : {&definitions_.streams, &definitions_.derived_streams}) {
      for (const log::StreamDefinition& definition : *list) {
        if (parts_.log->Find(definition.name) == nullptr) {
          RETURN_IF_ERROR(parts_.log->OpenStream(definition));
        }
      }
    }
    for (const stream::ApplicationDefinition& definition : definitions_.applications) {
      stream::ApplicationOptions options = options_.application;
      options.checkpoint_directory = base::JoinPath(options_.checkpoint_directory, definition.name);
      auto application = stream::Application::Create(definition, std::move(options), *parts_.log,
                                                     *parts_.files, *parts_.clock);
      if (!application.has_value()) {
        return std::unexpected(base::Within(fmt::format("application '{}'", definition.name),
                                            std::move(application).error()));
      }
      applications_.push_back(std::move(*application));
    }
    for (const delivery::DeliveryDefinition& definition : definitions_.deliveries) {
      auto delivery = delivery::Delivery::Create(definition, *parts_.log, *parts_.store,
                                                 *parts_.catalog, *parts_.clock);
      if (!delivery.has_value()) {
        return std::unexpected(base::Within(fmt::format("delivery stream '{}'", definition.name),
                                            std::move(delivery).error()));
      }
      deliveries_.push_back(std::move(*delivery));
    }
    return {};
  }

  const Definitions& definitions() const override { return definitions_; }

  void Start() override {
    started_ = true;
    for (const auto& delivery : deliveries_) {
      delivery->Start();
    }
    for (const auto& application : applications_) {
      application->Start();
    }
    retention_ = std::jthread([this](const std::stop_token& stop) { RunRetention(stop); });
  }

  base::Result<void> Stop(bool abandon) override {
    base::Result<void> first;
    StopRetention();
    if (!std::exchange(started_, false)) {
      return first;
    }
    for (const auto& application : applications_) {
      base::Result<void> stopped = application->Stop(abandon);
      if (!stopped.has_value() && first.has_value()) {
        first = std::unexpected(
            base::Within(fmt::format("application '{}'", application->definition().name),
                         std::move(stopped).error()));
      }
    }
    for (const auto& delivery : deliveries_) {
      delivery->Stop();
    }
    return first;
  }

  base::Result<bool> Step() override {
    bool any = false;
    for (const auto& application : applications_) {
      ASSIGN_OR_RETURN(const bool ran, application->Step());
      any = any || ran;
    }
    for (const auto& delivery : deliveries_) {
      ASSIGN_OR_RETURN(const bool delivered, delivery->Step(false));
      any = any || delivered;
    }
    return any;
  }

  base::Result<void> Finish() override {
    for (const auto& application : applications_) {
      RETURN_IF_ERROR(CloseWindows(*application));
    }
    for (const auto& delivery : deliveries_) {
      for (bool more = true; more;) {
        ASSIGN_OR_RETURN(more, delivery->Step(true));
      }
    }
    return {};
  }

  base::Result<uint64_t> ApplyRetention() override {
    // A stream that fails keeps no other from being trimmed: a full disk would stay full.
    uint64_t removed = 0;
    std::optional<base::Error> first;
    for (log::Stream* const stream : parts_.log->Streams()) {
      const base::Result<uint64_t> bytes = stream->ApplyRetention(KeepFrom(*stream));
      if (bytes.has_value()) {
        removed += *bytes;
        continue;
      }
      base::LogEvent(base::LogLevel::kWarning, "stack.retention_failed", bytes.error().message,
                     {{"stream", stream->name()}});
      if (!first.has_value()) {
        first = base::Within(fmt::format("stream '{}'", stream->name()), bytes.error());
      }
    }
    if (removed > 0) {
      base::LogEvent(base::LogLevel::kInfo, "stack.retention",
                     "removed records past their retention", {{"bytes", removed}});
    }
    if (first.has_value()) {
      return std::unexpected(*std::move(first));
    }
    return removed;
  }

  std::vector<NamedApplicationStatus> Applications() const override {
    std::vector<NamedApplicationStatus> list;
    for (const auto& application : applications_) {
      list.push_back({application->definition().name, application->Status()});
    }
    return list;
  }

  std::vector<NamedDeliveryStatus> Deliveries() const override {
    std::vector<NamedDeliveryStatus> list;
    for (const auto& delivery : deliveries_) {
      list.push_back({delivery->definition().name, delivery->Status()});
    }
    return list;
  }

 private:
  /// Runs the application to the end of its input, and until its results are durable.
  base::Result<void> RunAll(stream::Application& application) {
    log::Notifier notifier;
    const auto outputs = Outputs(application);
    for (log::Stream* const output : outputs) {
      output->Watch(&notifier);
    }
    base::Result<void> done = RunAll(application, notifier);
    for (log::Stream* const output : outputs) {
      output->Unwatch(&notifier);
    }
    return done;
  }

  base::Result<void> RunAll(stream::Application& application, log::Notifier& notifier) {
    while (true) {
      const uint64_t seen = notifier.count();
      ASSIGN_OR_RETURN(const bool more, application.Step());
      if (more) {
        continue;
      }
      parts_.log->Drive();
      // A step also does nothing while too many results wait for the log; a checkpoint tells, since
      // it needs them durable.
      const base::Result<void> written = application.Checkpoint();
      if (written.has_value()) {
        ASSIGN_OR_RETURN(const bool again, application.Step());
        if (!again) {
          return {};
        }
        continue;
      }
      if (written.error().code != base::Code::kFailedPrecondition || !parts_.log->healthy()) {
        return written;
      }
      notifier.Wait(seen, kWaitMillis);
    }
  }

  std::vector<log::Stream*> Outputs(const stream::Application& application) const {
    std::vector<log::Stream*> streams;
    for (const stream::OutputDefinition& output : application.definition().outputs) {
      if (log::Stream* const stream = parts_.log->Find(output.destination)) {
        streams.push_back(stream);
      }
    }
    return streams;
  }

  /// Runs the application to its input's end, lets time pass for its windows, runs what that gives,
  /// and writes a checkpoint.
  base::Result<void> CloseWindows(stream::Application& application) {
    const stream::ApplicationDefinition& definition = application.definition();
    log::Stream& input = *parts_.log->Find(definition.input.stream);
    RETURN_IF_ERROR(RunAll(application));
    ASSIGN_OR_RETURN(const int64_t windows, WindowMillis(definition));
    model::Rowtime last;
    for (const log::ShardDefinition& shard : input.definition().shards) {
      last = std::max(last, input.Bound(shard.id));
    }
    const model::Rowtime end{last.millis + windows + 1};
    log::Notifier notifier;
    input.Watch(&notifier);
    input.StateBound(end, true);
    base::Result<void> waited = WaitForBound(input, end, notifier);
    input.Unwatch(&notifier);
    RETURN_IF_ERROR(std::move(waited));
    return RunAll(application);
  }

  base::Result<void> WaitForBound(log::Stream& input, model::Rowtime end, log::Notifier& notifier) {
    while (true) {
      const uint64_t seen = notifier.count();
      parts_.log->Drive();
      if (!parts_.log->healthy()) {
        return base::Fail(base::Code::kIo, "the log of stream '{}' cannot be written",
                          input.definition().name);
      }
      const auto& shards = input.definition().shards;
      if (std::all_of(shards.begin(), shards.end(), [&](const log::ShardDefinition& shard) {
            return shard.closed || input.Bound(shard.id) >= end;
          })) {
        return {};
      }
      notifier.Wait(seen, kWaitMillis);
    }
  }

  /// What the stream's consumers still need, per shard.
  std::vector<model::Sequence> KeepFrom(const log::Stream& stream) const {
    const std::string& name = stream.definition().name;
    const std::vector<log::ShardDefinition>& shards = stream.definition().shards;
    std::vector<model::Sequence> keep;
    for (const log::ShardDefinition& shard : shards) {
      keep.push_back(stream.DurableEnd(shard.id));
    }
    // A consumer that does not know a shard yet needs all of it.
    const auto lower = [&](const std::vector<model::Sequence>& needed) {
      for (size_t i = 0; i < keep.size(); ++i) {
        const uint32_t id = shards[i].id;
        keep[i] = std::min(keep[i], id < needed.size() ? needed[id] : model::Sequence{0});
      }
    };
    for (const auto& application : applications_) {
      if (application->definition().input.stream == name) {
        lower(application->SafePositions());
      }
    }
    for (const auto& delivery : deliveries_) {
      if (delivery->definition().source_stream == name) {
        lower(delivery->SafePositions());
      }
    }
    return keep;
  }

  void RunRetention(const std::stop_token& stop) {
    std::unique_lock lock(retention_mutex_);
    while (!retention_wake_.wait_for(lock, stop,
                                     std::chrono::milliseconds(options_.retention_interval_millis),
                                     [&stop] { return stop.stop_requested(); }) &&
           !stop.stop_requested()) {
      (void)ApplyRetention();  // What failed is in the log, and is tried again.
    }
  }

  void StopRetention() {
    if (retention_.joinable()) {
      retention_.request_stop();
      retention_.join();
    }
  }

  EngineParts parts_;
  EngineOptions options_;
  Definitions definitions_;
  std::vector<std::unique_ptr<stream::Application>> applications_;
  std::vector<std::unique_ptr<delivery::Delivery>> deliveries_;
  bool started_ = false;
  std::mutex retention_mutex_;
  std::condition_variable_any retention_wake_;
  std::jthread retention_;
};

}  // namespace

std::string DescribeStatus(const Engine& engine, const log::Log& log) {
  std::string text =
      fmt::format("\n{:<56} {:>7} {:>14} {:>16}\n", "stream", "shards", "records", "bytes");
  for (const log::Stream* const stream : log.Streams()) {
    uint64_t records = 0;
    size_t open = 0;
    for (const log::ShardDefinition& shard : stream->definition().shards) {
      records += stream->DurableEnd(shard.id).value - stream->TrimHorizon(shard.id).value;
      open += shard.closed ? 0 : 1;
    }
    text += fmt::format("{:<56} {:>7} {:>14} {:>16}\n", stream->name(), open, records,
                        stream->BytesOnDisk());
  }
  text += fmt::format("\n{:<56} {:>14} {:>10} {:>11} {:>14} {}\n", "application", "records in",
                      "rejected", "row errors", "rows out", "");
  for (const auto& [name, status] : engine.Applications()) {
    text +=
        fmt::format("{:<56} {:>14} {:>10} {:>11} {:>14} {}\n", name, status.records_in,
                    status.records_rejected, status.row_errors, status.rows_out, status.failure);
  }
  text += fmt::format("\n{:<56} {:>14} {}\n", "delivery stream", "pending", "");
  for (const auto& [name, status] : engine.Deliveries()) {
    text += fmt::format("{:<56} {:>14} {}\n", name, status.pending_records, status.failure);
  }
  return text;
}

base::Result<std::unique_ptr<Engine>> Engine::Open(const EngineParts& parts,
                                                   EngineOptions options) {
  auto engine = std::make_unique<RunningEngine>(parts, std::move(options));
  RETURN_IF_ERROR(engine->OpenAll());
  return engine;
}

}  // namespace weir::stack
