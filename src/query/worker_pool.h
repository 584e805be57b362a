#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "query/worker_process.h"

namespace weir::query {

/// Keeps workers and hands each to one query at a time; at most kMaxRunningQueries at once and
/// kMaxWaitingQueries behind them. The worker that was used last is handed out first, because it
/// has the tables loaded. Thread-safe.
class WorkerPool {
 public:
  /// Idle workers that are kept; a further one is ended when its query is done.
  static constexpr size_t kMaxIdle = 2;
  /// A worker is replaced after so many queries, whatever DuckDB may have leaked by then.
  static constexpr int kMaxQueriesPerWorker = 1'000;
  static constexpr std::string_view kShuttingDown = "the query service is shutting down";

  WorkerPool(std::string program, Hello hello, base::Clock& clock);

  /// A worker for one query. kUnavailable when too many wait already or the service is shutting
  /// down; kLimitExceeded when none became free by the deadline.
  base::Result<std::unique_ptr<WorkerProcess>> Take(int64_t deadline_nanos);

  /// Gives a worker back; null or `reusable` false when it is not to be used again, then a fresh
  /// one is started.
  void Return(std::unique_ptr<WorkerProcess> worker, bool reusable);

  /// Ends every worker: a query that one runs fails at once. Take fails from now on.
  void Shutdown();

  bool is_shut_down() const;

 private:
  /// Enters a worker whose query begins; fails when the pool was shut down meanwhile.
  base::Result<std::unique_ptr<WorkerProcess>> Begin(
      base::Result<std::unique_ptr<WorkerProcess>> worker);
  base::Result<std::unique_ptr<WorkerProcess>> StartReady(int64_t deadline_nanos);

  const std::string program_;
  const Hello hello_;
  base::Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<WorkerProcess>> idle_;
  std::vector<WorkerProcess*> busy_;  // at most running_; alive while they are listed
  int running_ = 0;
  int waiting_ = 0;
  bool shut_down_ = false;
  bool warned_ = false;
};

}  // namespace weir::query
