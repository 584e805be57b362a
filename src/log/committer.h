#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "log/shard.h"

namespace weir::log {

/// Commits the shards that asked for it, on its own threads or, without threads, in Drive.
/// Thread-safe.
class Committer {
 public:
  explicit Committer(int threads);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Queues the shard; it is not queued again before its Commit has begun (Shard sees to it).
  void Schedule(Shard* shard);
  /// Commits until nothing is queued, in this thread.
  void Drive();
  /// Ends the threads once nothing is queued; Drive goes on working.
  void Stop();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable queued_;
  std::deque<Shard*> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir::log
