#include "base/thread_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace weir::base {
namespace {

TEST(ThreadPriorityTest, ConcernsTheCallingThreadAlone) {
  const auto nice = [] { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); };
  const int before = nice();
  int lowered = before;
  std::thread([&] {
    LetOtherThreadsGoFirst();
    lowered = nice();
  }).join();
  EXPECT_EQ(lowered, std::min(before + 10, 19));
  EXPECT_EQ(nice(), before);
}

}  // namespace
}  // namespace weir::base
