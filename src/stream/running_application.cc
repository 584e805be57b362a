#include "stream/running_application.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/logging.h"

namespace weir::stream {

namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
// Least pause between two requests to state a time bound; each may cost the log a sync.
constexpr int64_t kBoundRequestMillis = 100;
// Least pause between two warnings about what could not be computed.
constexpr int64_t kRejectedWarningMillis = 10'000;
constexpr int64_t kLongestWaitMillis = 1'000;
constexpr int64_t kRetryWaitMillis = 10;
// How long Stop waits for the log to acknowledge the last rows.
constexpr int64_t kStopWaitMillis = 10'000;

}  // namespace

// The application's metrics.
struct RunningApplication::Figures {
  base::Counter& decoded;
  base::Counter& rejected;
  base::Counter& rows_in;
  base::Counter& row_errors;
  base::Counter& rows_out;
  base::Gauge& open_windows;
  base::Gauge& millis_behind;
  base::Histogram& checkpoint_seconds;
  base::Counter& checkpoint_failures;

  static Figures Of(const std::string& application) {
    base::Metrics& metrics = base::ProcessMetrics();
    const auto records = [&](const char* result) -> base::Counter& {
      return metrics.GetCounter("weir_application_records_total",
                                "Input records of an application.",
                                {{"application", application}, {"result", result}});
    };
    const auto rows = [&](const char* result) -> base::Counter& {
      return metrics.GetCounter("weir_application_rows_total", "Rows of an application.",
                                {{"application", application}, {"result", result}});
    };
    const base::Labels labels{{"application", application}};
    return {
        .decoded = records("decoded"),
        .rejected = records("rejected"),
        .rows_in = rows("in"),
        .row_errors = rows("error"),
        .rows_out = rows("out"),
        .open_windows =
            metrics.GetGauge("weir_windows_open", "Open windows of an application.", labels),
        .millis_behind = metrics.GetGauge("weir_application_millis_behind",
                                          "Age of the oldest unread input record.", labels),
        .checkpoint_seconds = metrics.GetHistogram("weir_application_checkpoint_duration_seconds",
                                                   "Time to write a checkpoint.", labels),
        .checkpoint_failures = metrics.GetCounter("weir_application_checkpoint_failures_total",
                                                  "Checkpoints that could not be written.", labels),
    };
  }
};

RunningApplication::RunningApplication(ApplicationDefinition definition, ApplicationOptions options,
                                       log::Log& log, log::Stream& input, base::Clock& clock,
                                       CheckpointStore store, StartingPoint start,
                                       std::unique_ptr<Computation> computation)
    : definition_(std::move(definition)),
      options_(std::move(options)),
      log_(log),
      input_(input),
      clock_(clock),
      store_(std::move(store)),
      start_(std::move(start)),
      computation_(std::move(computation)),
      notifier_(std::make_shared<log::Notifier>()),
      live_(log.live(), options_.live_interval_millis),
      figures_(std::make_unique<Figures>(Figures::Of(definition_.name))) {
  for (size_t i = 0; i < definition_.outputs.size(); ++i) {
    const OutputDefinition& output = definition_.outputs[i];
    const Checkpoint::Output& ordinals = start_.checkpoint.outputs[i];
    sinks_.emplace_back(*log_.Find(output.destination), ProducerOf(definition_, output),
                        computation_->pipeline().OutputSchema(i), ordinals.next_ordinal, notifier_);
    first_ordinals_.push_back(ordinals.first_ordinal);
  }
  counters_ = start_.checkpoint.counters;
  origin_ = start_.checkpoint.origin;
  safe_ = start_.safe;
  latest_ = start_.checkpoint.input;
  last_checkpoint_nanos_ = clock_.MonotonicNanos();
  input_.Watch(notifier_.get());
  UpdateStatus();
}

RunningApplication::~RunningApplication() {
  stopping_ = true;
  notifier_->Notify();
  if (thread_.joinable()) {
    thread_.join();
  }
  input_.Unwatch(notifier_.get());
  live_.Withdraw(definition_);
}

base::Result<void> RunningApplication::Begin() {
  if (start_.restore_state) {
    base::ByteReader reader(start_.checkpoint.state);
    RETURN_IF_ERROR(computation_->pipeline().Load(reader));
    start_.checkpoint.state.clear();
  }
  if (start_.write_at_once) {
    RETURN_IF_ERROR(Checkpoint());
  }
  UpdateStatus();
  return {};
}

void RunningApplication::Start() {
  thread_ = std::thread([this] { Run(); });
}

void RunningApplication::Run() {
  while (!stopping_) {
    const uint64_t seen = notifier_->count();
    const base::Result<bool> step = Step();
    if (!step) {
      Fail(step.error());
      return;
    }
    if (CheckpointIsDue()) {
      TryCheckpoint();
    }
    if (!*step) {
      notifier_->Wait(seen, WaitMillis());
    }
  }
}

base::Result<void> RunningApplication::CheckSinks(int64_t now_nanos) {
  for (OutputSink& sink : sinks_) {
    sink.Retry(now_nanos);
    if (const std::optional<base::Error> failure = sink.failure()) {
      return std::unexpected(
          base::Within(fmt::format("output of '{}'", sink.producer()), *failure));
    }
  }
  return {};
}

base::Result<bool> RunningApplication::Step() {
  const int64_t now = clock_.MonotonicNanos();
  RETURN_IF_ERROR(CheckSinks(now));
  if (draining_ || !HasRoom()) {
    live_.Tick(definition_, *computation_, sinks_, clock_);
    UpdateStatus();
    return false;
  }
  ASSIGN_OR_RETURN(const Computation::Round round, computation_->Next(options_.batch_records));
  if (round.progressed) {
    WriteOutputs(round, now);
    WarnOfRejected(round, now);
    changed_since_checkpoint_ = true;
    records_since_checkpoint_ += round.records;
    live_.MarkChanged();
  }
  RequestBound();
  live_.Tick(definition_, *computation_, sinks_, clock_);
  UpdateStatus();
  return round.progressed;
}

void RunningApplication::WriteOutputs(const Computation::Round& round, int64_t now_nanos) {
  uint64_t written = 0;
  for (size_t i = 0; i < sinks_.size(); ++i) {
    if (round.outputs[i].size() != 0) {
      sinks_[i].Write(round.outputs[i], now_nanos);
      written += round.outputs[i].size();
    }
  }
  counters_.records_in += round.records;
  counters_.records_rejected += round.rejected;
  counters_.rows_in += round.rows;
  counters_.row_errors += round.row_errors;
  counters_.rows_out += written;
  figures_->decoded.Add(static_cast<double>(round.records - round.rejected));
  figures_->rejected.Add(static_cast<double>(round.rejected));
  figures_->rows_in.Add(static_cast<double>(round.rows));
  figures_->row_errors.Add(static_cast<double>(round.row_errors));
  figures_->rows_out.Add(static_cast<double>(written));
}

// The rows themselves stand in error_stream if it is an output.
void RunningApplication::WarnOfRejected(const Computation::Round& round, int64_t now_nanos) {
  const uint64_t grown = round.rejected + round.row_errors;
  if (grown == 0) {
    return;
  }
  if (unwarned_ == 0) {
    unwarned_reason_ = round.first_error;
  }
  unwarned_ += grown;
  if (last_warning_nanos_ != kEarliest &&
      now_nanos - last_warning_nanos_ < kRejectedWarningMillis * kNanosPerMilli) {
    return;
  }
  base::LogEvent(base::LogLevel::kWarning, "stream.rejected",
                 "records were rejected, or rows could not be computed",
                 {{"application", definition_.name},
                  {"count", unwarned_},
                  {"first_reason", unwarned_reason_}});
  last_warning_nanos_ = now_nanos;
  unwarned_ = 0;
}

// The time that every shard must have reached for the next thing to happen, if it can have been
// reached by now.
std::optional<int64_t> RunningApplication::WantedBound() const {
  std::optional<int64_t> wanted = computation_->merge().WantedBound();
  const std::optional<int64_t> close = computation_->pipeline().NextClose();
  if (close && *close <= clock_.WallMillis() && *close > computation_->bound()) {
    wanted = std::min(wanted.value_or(*close), *close);
  }
  return wanted;
}

// Until a bound may be requested again. While nothing is read, none is.
int64_t RunningApplication::BoundRestMillis() const {
  if (draining_ || !HasRoom()) {
    return kBoundRequestMillis;
  }
  if (last_bound_request_nanos_ == kEarliest) {
    return 1;
  }
  const int64_t rested = (clock_.MonotonicNanos() - last_bound_request_nanos_) / kNanosPerMilli;
  return std::clamp<int64_t>(kBoundRequestMillis - rested, 1, kBoundRequestMillis);
}

void RunningApplication::RequestBound() {
  const int64_t now = clock_.MonotonicNanos();
  const bool rested = last_bound_request_nanos_ == kEarliest ||
                      now - last_bound_request_nanos_ >= kBoundRequestMillis * kNanosPerMilli;
  const std::optional<int64_t> wanted = rested ? WantedBound() : std::nullopt;
  const int64_t wall = clock_.WallMillis();
  // What the clock reaches in a millisecond is worth waiting for: a request before would be in
  // vain.
  if (!wanted || *wanted == wall + 1) {
    return;
  }
  // Further ahead the clock was set back, and may take long to come there.
  last_bound_request_nanos_ = now;
  input_.StateBound(model::Rowtime{std::max(wall, *wanted)}, false);
}

uint64_t RunningApplication::Unacknowledged() const {
  uint64_t rows = 0;
  for (const OutputSink& sink : sinks_) {
    rows += sink.Unacknowledged();
  }
  return rows;
}

bool RunningApplication::HasRoom() const {
  return std::ranges::all_of(sinks_, [](const OutputSink& sink) {
    return sink.Unacknowledged() < OutputSink::kMaxUnacknowledgedRows;
  });
}

bool RunningApplication::CheckpointIsDue() const {
  if (!changed_since_checkpoint_) {
    return false;
  }
  const int64_t age = clock_.MonotonicNanos() - last_checkpoint_nanos_;
  return records_since_checkpoint_ >= options_.checkpoint_records ||
         age >= options_.checkpoint_interval_millis * kNanosPerMilli;
}

void RunningApplication::TryCheckpoint() {
  draining_ = Unacknowledged() != 0;
  if (draining_) {
    return;
  }
  if (const base::Result<void> written = Checkpoint(); !written) {
    base::LogEvent(base::LogLevel::kError, "stream.checkpoint_failed",
                   "a checkpoint could not be written; the application goes on and tries again",
                   {{"application", definition_.name}, {"problem", written.error().message}});
    last_checkpoint_nanos_ = clock_.MonotonicNanos();
    records_since_checkpoint_ = 0;
  }
}

base::Result<void> RunningApplication::Checkpoint() {
  if (const uint64_t waiting = Unacknowledged(); waiting != 0) {
    return base::Fail(
        base::Code::kFailedPrecondition,
        "{} rows of application '{}' are not durable yet, so no checkpoint can be written", waiting,
        definition_.name);
  }
  const int64_t begin = clock_.MonotonicNanos();
  stream::Checkpoint checkpoint;
  checkpoint.application = definition_.name;
  checkpoint.fingerprint = start_.checkpoint.fingerprint;
  checkpoint.input = computation_->merge().positions();
  checkpoint.origin = origin_;
  for (size_t i = 0; i < sinks_.size(); ++i) {
    checkpoint.outputs.push_back(
        {.in_application_stream = definition_.outputs[i].in_application_stream,
         .next_ordinal = sinks_[i].next_ordinal(),
         .first_ordinal = first_ordinals_[i]});
  }
  checkpoint.counters = counters_;
  ++checkpoint.counters.checkpoints;
  base::ByteWriter writer(checkpoint.state);
  computation_->pipeline().Save(writer);
  if (base::Result<void> written = store_.Write(checkpoint); !written) {
    figures_->checkpoint_failures.Add();
    return std::unexpected(
        base::Within(fmt::format("checkpoint of '{}'", definition_.name), written.error()));
  }
  ++counters_.checkpoints;
  changed_since_checkpoint_ = false;
  records_since_checkpoint_ = 0;
  last_checkpoint_nanos_ = clock_.MonotonicNanos();
  figures_->checkpoint_seconds.Observe(static_cast<double>(last_checkpoint_nanos_ - begin) / 1e9);
  {
    const std::lock_guard lock(mutex_);
    safe_ = std::exchange(latest_, checkpoint.input);
  }
  UpdateStatus();
  return {};
}

base::Result<void> RunningApplication::Stop(bool abandon) {
  stopping_ = true;
  notifier_->Notify();
  const bool threaded = thread_.joinable();
  if (threaded) {
    thread_.join();
  }
  live_.Withdraw(definition_);
  if (abandon || !Status().failure.empty()) {
    return {};
  }
  const int64_t until = clock_.MonotonicNanos() + kStopWaitMillis * kNanosPerMilli;
  while (threaded && Unacknowledged() != 0 && clock_.MonotonicNanos() < until) {
    const uint64_t seen = notifier_->count();
    RETURN_IF_ERROR(CheckSinks(clock_.MonotonicNanos()));
    if (Unacknowledged() != 0) {
      notifier_->Wait(seen, kRetryWaitMillis);
    }
  }
  if (const uint64_t waiting = Unacknowledged(); waiting != 0) {
    base::LogEvent(base::LogLevel::kWarning, "stream.stopped_without_checkpoint",
                   "the log did not take the last rows in time; the next start computes them again",
                   {{"application", definition_.name}, {"rows", waiting}});
    return {};
  }
  return changed_since_checkpoint_ ? Checkpoint() : base::Result<void>{};
}

int64_t RunningApplication::WaitMillis() const {
  int64_t wait = kLongestWaitMillis;
  const int64_t now = clock_.MonotonicNanos();
  if (std::ranges::any_of(sinks_, [](const OutputSink& sink) { return sink.Waiting(); })) {
    wait = std::min(wait, kRetryWaitMillis);
  }
  if (WantedBound()) {
    wait = std::min(wait, BoundRestMillis());
  }
  if (const std::optional<int64_t> close = computation_->pipeline().NextClose()) {
    const int64_t until = *close - clock_.WallMillis();
    wait = std::min(wait, until > 0 ? until : kBoundRequestMillis);
  }
  if (const std::optional<int64_t> due = live_.DueInMillis(now)) {
    wait = std::min(wait, *due);
  }
  if (changed_since_checkpoint_ && !draining_) {
    const int64_t due = last_checkpoint_nanos_ / kNanosPerMilli +
                        options_.checkpoint_interval_millis - now / kNanosPerMilli;
    wait = std::min(wait, due + 1);
  }
  return std::max<int64_t>(1, wait);
}

void RunningApplication::UpdateStatus() {
  const std::optional<int64_t> oldest = computation_->merge().OldestUnread();
  const std::lock_guard lock(mutex_);
  status_.records_in = counters_.records_in;
  status_.records_rejected = counters_.records_rejected;
  status_.rows_in = counters_.rows_in;
  status_.row_errors = counters_.row_errors;
  status_.rows_out = counters_.rows_out;
  status_.checkpoints = counters_.checkpoints;
  status_.open_windows = computation_->pipeline().open_windows();
  status_.millis_behind = oldest ? std::max<int64_t>(0, clock_.WallMillis() - *oldest) : 0;
  figures_->open_windows.Set(static_cast<double>(status_.open_windows));
  figures_->millis_behind.Set(static_cast<double>(status_.millis_behind));
}

void RunningApplication::Fail(const base::Error& error) {
  base::LogEvent(base::LogLevel::kError, "stream.application_failed", "an application has stopped",
                 {{"application", definition_.name},
                  {"code", base::CodeName(error.code)},
                  {"problem", error.message}});
  live_.Withdraw(definition_);
  const std::lock_guard lock(mutex_);
  status_.failure = error.message;
}

std::vector<model::Sequence> RunningApplication::SafePositions() const {
  const std::lock_guard lock(mutex_);
  std::vector<model::Sequence> positions;
  for (const auto& [shard, sequence] : safe_) {
    positions.resize(std::max<size_t>(positions.size(), shard + 1));
    positions[shard] = sequence;
  }
  return positions;
}

ApplicationStatus RunningApplication::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace weir::stream
