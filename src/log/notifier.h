#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace weir::log {

/// Wakes a reader when any of several streams got new durable records or a later time bound.
/// Thread-safe.
class Notifier {
 public:
  /// Wakes waiters.
  void Notify() {
    {
      const std::lock_guard lock(mutex_);
      ++count_;
    }
    changed_.notify_all();
  }

  /// Changes so far; take it before reading, and give it to Wait.
  uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  /// Returns when something changed since `seen`, or after `timeout_millis`.
  void Wait(uint64_t seen, int64_t timeout_millis) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_millis),
                      [&] { return count_ != seen; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t count_ = 0;
};

}  // namespace weir::log
