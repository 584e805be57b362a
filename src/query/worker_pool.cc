#include "query/worker_pool.h"

#include <chrono>
#include <utility>

#include "base/logging.h"

namespace weir::query {

using base::Code;
using base::Fail;

WorkerPool::WorkerPool(std::string program, Hello hello, base::Clock& clock)
    : program_(std::move(program)), hello_(std::move(hello)), clock_(clock) {
  // The first query finds its worker started.
  Return(nullptr, false);
}

base::Result<std::unique_ptr<WorkerProcess>> WorkerPool::Take(int64_t deadline_nanos) {
  std::unique_ptr<WorkerProcess> worker;
  {
    std::unique_lock lock(mutex_);
    if (!shut_down_ && running_ >= kMaxRunningQueries) {
      if (waiting_ >= kMaxWaitingQueries) {
        return Fail(Code::kUnavailable, "{} queries run and {} wait already; try again later",
                    running_, waiting_);
      }
      const std::chrono::nanoseconds left(deadline_nanos - clock_.MonotonicNanos());
      ++waiting_;
      const bool free =
          freed_.wait_for(lock, left, [&] { return shut_down_ || running_ < kMaxRunningQueries; });
      --waiting_;
      if (!free) {
        return Fail(Code::kLimitExceeded, "the query waited its whole time for {} others",
                    kMaxRunningQueries);
      }
    }
    if (shut_down_) {
      return Fail(Code::kUnavailable, "{}", kShuttingDown);
    }
    ++running_;
    if (!idle_.empty()) {
      worker = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (worker != nullptr && worker->AwaitReady(deadline_nanos).has_value()) {
    return Begin(std::move(worker));
  }
  return Begin(StartReady(deadline_nanos));
}

base::Result<std::unique_ptr<WorkerProcess>> WorkerPool::Begin(
    base::Result<std::unique_ptr<WorkerProcess>> worker) {
  const std::lock_guard lock(mutex_);
  if (worker.has_value() && !shut_down_) {
    busy_.push_back(worker->get());
    return worker;
  }
  --running_;
  freed_.notify_one();
  if (shut_down_) {
    return Fail(Code::kUnavailable, "{}", kShuttingDown);
  }
  return worker;
}

base::Result<std::unique_ptr<WorkerProcess>> WorkerPool::StartReady(int64_t deadline_nanos) {
  ASSIGN_OR_RETURN(auto worker, WorkerProcess::Start(program_, hello_, clock_));
  ASSIGN_OR_RETURN(const Ready ready, worker->AwaitReady(deadline_nanos));
  const std::lock_guard lock(mutex_);
  if ((!ready.landlock || !ready.seccomp) && !std::exchange(warned_, true)) {
    base::LogEvent(
        base::LogLevel::kWarning, "query.sandbox",
        "this kernel lacks Landlock or seccomp: query workers are held by DuckDB's own "
        "settings and the statement gate alone",
        {{"landlock", ready.landlock ? "yes" : "no"}, {"seccomp", ready.seccomp ? "yes" : "no"}});
  }
  return worker;
}

void WorkerPool::Return(std::unique_ptr<WorkerProcess> worker, bool reusable) {
  if (worker != nullptr) {
    const std::lock_guard lock(mutex_);
    std::erase(busy_, worker.get());
  }
  if (worker != nullptr && (!reusable || ++worker->answered >= kMaxQueriesPerWorker)) {
    worker.reset();
    reusable = false;
  }
  bool replace = false;
  {
    const std::lock_guard lock(mutex_);
    replace = !reusable && !shut_down_ && idle_.empty();
  }
  if (replace) {
    auto started = WorkerProcess::Start(program_, hello_, clock_);
    if (started.has_value()) {
      worker = std::move(*started);
    }
  }
  const std::lock_guard lock(mutex_);
  if (running_ > 0) {
    --running_;
  }
  if (worker != nullptr && !shut_down_ && idle_.size() < kMaxIdle) {
    idle_.push_back(std::move(worker));
  }
  freed_.notify_one();
}

void WorkerPool::Shutdown() {
  const std::lock_guard lock(mutex_);
  shut_down_ = true;
  idle_.clear();
  for (WorkerProcess* const worker : busy_) {
    worker->Kill();
  }
  freed_.notify_all();
}

bool WorkerPool::is_shut_down() const {
  const std::lock_guard lock(mutex_);
  return shut_down_;
}

}  // namespace weir::query
