#include "net/turns.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::net {
namespace {

TEST(TurnsTest, OwnersAlternateAndKeepTheirOrder) {
  const int busy = 0;
  const int calm = 0;
  Turns<int, std::string> turns;
  for (const char* item : {"b1", "b2", "b3", "b4"}) {
    turns.Add(&busy, item);
  }
  EXPECT_EQ(turns.Next(), "b1");
  turns.Add(&calm, "c1");
  turns.Add(&calm, "c2");
  EXPECT_EQ(turns.Next(), "b2");
  EXPECT_EQ(turns.Next(), "c1");
  turns.Add(&busy, "b5");
  EXPECT_EQ(turns.Next(), "b3");
  EXPECT_EQ(turns.Next(), "c2");
  EXPECT_EQ(turns.Next(), "b4");
  turns.Add(&calm, "c3");
  EXPECT_EQ(turns.Next(), "b5");
  EXPECT_EQ(turns.Next(), "c3");
  EXPECT_TRUE(turns.empty());
}

}  // namespace
}  // namespace weir::net
