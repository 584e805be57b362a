#include "dashboard/refresher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/logging.h"
#include "json/row_encoder.h"

namespace weir::dashboard {
namespace {

/// At most two datasets a second.
constexpr std::chrono::milliseconds kPause{500};
constexpr int64_t kBeatNanos = 950'000'000;
/// A refresh that takes longer says so; the page must not wait for it for ever.
constexpr int64_t kRefreshTimeoutMillis = 10'000;

std::string FailureJson(std::string_view message) {
  std::string text = R"({"message":)";
  json::AppendQuoted(message, text);
  return text + "}";
}

}  // namespace

Refresher::Refresher(query::QueryService& queries, base::Clock& clock, PipelineProbe probe)
    : queries_(queries), clock_(clock), probe_(std::move(probe)) {}

Refresher::~Refresher() {
  Stop();
}

void Refresher::Start() {
  thread_ = std::thread([this] { Work(); });
}

void Refresher::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
  const std::lock_guard lock(mutex_);
  listeners_.clear();
}

Moment Refresher::Now() const {
  return {.now_millis = clock_.WallMillis(), .pipeline = probe_()};
}

void Refresher::Work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !listeners_.empty(); });
      if (stopping_) {
        return;
      }
    }
    Step();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

void Refresher::AddListener(std::shared_ptr<net::EventStream> stream, MayListen may_listen) {
  const Moment moment = Now();
  const std::lock_guard lock(mutex_);
  if (stopping_ || listeners_.size() >= kMaxListeners) {
    stream->Send("", "failure", FailureJson("too many pages are open; close some and try again"));
    return;
  }
  Listener listener{.stream = std::move(stream),
                    .may_listen = std::move(may_listen),
                    .asked_nanos = clock_.MonotonicNanos()};
  if (dataset_.has_value() && listener.stream->Send(fmt::format("{}", sequence_), "data",
                                                    DatasetJson(*dataset_, sequence_, moment))) {
    listener.sent = sequence_;
  }
  listeners_.push_back(std::move(listener));
  changed_.notify_all();
}

base::Result<void> Refresher::Refresh() {
  const std::lock_guard one(refresh_mutex_);
  query::QueryOptions options;
  options.limits.timeout_millis = kRefreshTimeoutMillis;
  options.reuse = true;
  ASSIGN_OR_RETURN(const query::QueryResult result, queries_.Run(ConversionSql(), options));
  ASSIGN_OR_RETURN(ConversionDataset dataset, BuildDataset(result));
  const std::lock_guard lock(mutex_);
  if (!dataset_.has_value() || dataset_->body != dataset.body) {
    ++sequence_;
  }
  dataset_ = std::move(dataset);
  return {};
}

base::Result<std::string> Refresher::ReadNow() {
  RETURN_IF_ERROR(Refresh());
  const Moment moment = Now();
  const std::lock_guard lock(mutex_);
  return DatasetJson(*dataset_, sequence_, moment);
}

void Refresher::DropListeners() {
  const int64_t now = clock_.MonotonicNanos();
  std::erase_if(listeners_, [now](Listener& listener) {
    if (now - listener.asked_nanos >= kBeatNanos) {
      listener.asked_nanos = now;
      if (!listener.may_listen()) {
        listener.stream->Send("", "ended", "{}");
        return true;
      }
    }
    return !listener.stream->open();
  });
}

void Refresher::Step() {
  {
    const std::lock_guard lock(mutex_);
    DropListeners();
    if (listeners_.empty()) {
      return;
    }
  }
  const auto refreshed = Refresh();
  if (!refreshed.has_value()) {
    base::LogEvent(base::LogLevel::kWarning, "dashboard.refresh_failed",
                   "the conversion dataset could not be refreshed",
                   {{"reason", refreshed.error().message}});
  }
  Tell(refreshed);
}

void Refresher::Tell(const base::Result<void>& refreshed) {
  const Moment moment = Now();
  const std::lock_guard lock(mutex_);
  DropListeners();  // Of those that may no longer: a refresh can take seconds.
  const int64_t now_nanos = clock_.MonotonicNanos();
  const std::string id = fmt::format("{}", sequence_);
  const std::string failure = refreshed.has_value() ? "" : refreshed.error().message;
  std::string data;
  for (Listener& listener : listeners_) {
    const bool was_failing = !listener.failure.empty();
    if (!failure.empty() && listener.failure != failure) {
      listener.stream->Send("", "failure", FailureJson(failure));
    }
    listener.failure = failure;
    // After a failure the dataset is sent again, so that the page takes its warning away.
    if (failure.empty() && (listener.sent != sequence_ || was_failing)) {
      if (data.empty()) {
        data = DatasetJson(*dataset_, sequence_, moment);
      }
      listener.stream->Send(id, "data", data);
      listener.sent = sequence_;
      listener.last_beat_nanos = now_nanos;
    } else if (now_nanos - listener.last_beat_nanos >= kBeatNanos) {
      const model::Rowtime as_of = dataset_.has_value() ? dataset_->as_of : model::Rowtime{};
      listener.stream->Send("", "heartbeat", HeartbeatJson(as_of, sequence_, moment));
      listener.last_beat_nanos = now_nanos;
    }
  }
}

}  // namespace weir::dashboard
