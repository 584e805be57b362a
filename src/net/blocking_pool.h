#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::net {

/// A few threads that run jobs which may block, and let all other threads go first: what is written
/// from here (webhooks) waits longer on a busy machine than what a server thread writes.
/// Thread-safe.
class BlockingPool {
 public:
  static constexpr size_t kMaxQueuedJobs = 256;

  explicit BlockingPool(int threads);
  ~BlockingPool();

  /// False, without taking the job, when kMaxQueuedJobs wait already or the pool stops.
  bool Run(std::move_only_function<void()>& job);

  /// Drops what waits, finishes what runs, joins.
  void Stop();

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir::net
