#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace weir::ingest::deduplication {

// Runs work one piece after the other: in a thread of its own, or, without one, within Post.
// Thread-safe.
class Worker {
 public:
  using Work = std::move_only_function<void()>;

  explicit Worker(bool threaded);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ~Worker() { Stop(); }

  // Work posted by work runs after it. Dropped after Stop.
  void Post(Work work);
  // Returns when what was posted has run.
  void Stop();

 private:
  // Until there is nothing to do (or, with a thread, until Stop).
  void Run(std::unique_lock<std::mutex>& lock);

  const bool threaded_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool running_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace weir::ingest::deduplication
