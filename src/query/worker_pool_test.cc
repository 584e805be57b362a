#include "query/worker_pool.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::query {
namespace {

TEST(WorkerPool, ShutdownEndsTheWorkersThatAreBusy) {
  base::Clock& clock = base::SystemClock();
  const int64_t never = clock.MonotonicNanos() + 3'600'000'000'000;
  WorkerPool pool("/proc/self/exe",
                  {.readable_root = testing::TempDir(), .memory_bytes = 1ull << 30}, clock);
  auto worker = pool.Take(never);
  ASSERT_TRUE(worker.has_value()) << worker.error().message;
  pool.Shutdown();
  const std::string endless =
      "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7";
  EXPECT_FALSE((*worker)->Ask(Encode(Prepare{.sql = endless}), never).has_value());
  EXPECT_TRUE(pool.is_shut_down());
  pool.Return(std::move(*worker), false);
  EXPECT_EQ(pool.Take(never).error().code, base::Code::kUnavailable);
}

}  // namespace
}  // namespace weir::query
