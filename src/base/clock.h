#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir::base {

/// The only way to the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Milliseconds since 1970-01-01T00:00:00Z. May jump; is data, never a timer.
  virtual int64_t WallMillis() = 0;

  /// Nanoseconds since some start; never goes back. For timers and durations.
  virtual int64_t MonotonicNanos() = 0;

  /// Processor time this process has used so far, in nanoseconds (all threads).
  virtual int64_t CpuNanos() = 0;
};

/// The machine's clocks.
Clock& SystemClock();

/// A clock that moves only when told to. Wall and monotonic time move together.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t wall_millis = 1'600'000'000'000) : wall_millis_(wall_millis) {}

  int64_t WallMillis() override { return wall_millis_; }

  int64_t MonotonicNanos() override { return wall_millis_ * 1'000'000; }

  int64_t CpuNanos() override { return 0; }

  void SetWallMillis(int64_t wall_millis) { wall_millis_ = wall_millis; }

  void AdvanceMillis(int64_t millis) { wall_millis_ += millis; }

 private:
  std::atomic<int64_t> wall_millis_;
};

}  // namespace weir::base
