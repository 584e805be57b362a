#include "net/frame_allowance.h"

#include <gtest/gtest.h>

namespace weir::net {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// How many pass at one moment.
int Pass(FrameAllowance& allowance, int64_t now) {
  int passed = 0;
  while (passed < 10'000 && allowance.Use(1, now)) {
    ++passed;
  }
  return passed;
}

TEST(FrameAllowanceTest, HoldsNoMoreThanItsMostAfterAnIdleTime) {
  FrameAllowance allowance(1'000, 200, 0);
  EXPECT_EQ(Pass(allowance, 60 * kSecond), 1'000);
}

TEST(FrameAllowanceTest, FillsWithTime) {
  FrameAllowance allowance(1'000, 200, 0);
  EXPECT_EQ(Pass(allowance, 0), 1'000);
  EXPECT_EQ(Pass(allowance, kSecond / 2), 100);
  int passed = 0;
  for (int64_t now = kSecond / 2; now < 3 * kSecond / 2; now += 1'000'000) {
    passed += Pass(allowance, now);
  }
  EXPECT_GE(passed, 198);
  EXPECT_LE(passed, 200);
}

TEST(FrameAllowanceTest, TakesBackWhatFits) {
  FrameAllowance allowance(10, 1, 0);
  allowance.GiveBack(5);
  EXPECT_EQ(Pass(allowance, 0), 10);
  allowance.GiveBack(4);
  EXPECT_EQ(Pass(allowance, 0), 4);
}

}  // namespace
}  // namespace weir::net
