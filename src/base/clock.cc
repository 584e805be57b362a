#include "base/clock.h"

#include <time.h>

namespace weir::base {
namespace {

int64_t NanosOf(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class MachineClock : public Clock {
 public:
  int64_t WallMillis() override { return NanosOf(CLOCK_REALTIME) / 1'000'000; }

  int64_t MonotonicNanos() override { return NanosOf(CLOCK_MONOTONIC); }

  int64_t CpuNanos() override { return NanosOf(CLOCK_PROCESS_CPUTIME_ID); }
};

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

}  // namespace weir::base
