#include "net/turns.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
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
  turns.Add(&calm, "c1");
  turns.Add(&calm, "c2");
  EXPECT_EQ(turns.Next(), "b1");
  EXPECT_EQ(turns.Next(), "c1");
  EXPECT_EQ(turns.Next(), "b2");
  turns.Add(&busy, "b5");
  EXPECT_EQ(turns.Next(), "c2");
  EXPECT_EQ(turns.Next(), "b3");
  EXPECT_EQ(turns.Next(), "b4");
  turns.Add(&calm, "c3");
  EXPECT_EQ(turns.Next(), "c3");
  EXPECT_FALSE(turns.empty());
  EXPECT_EQ(turns.Next(), "b5");
  EXPECT_TRUE(turns.empty());
}

TEST(TurnsTest, ANewcomerWaitsForNobody) {
  const std::array<int, 3> busy = {};
  const int calm = 0;
  Turns<int, std::string> turns;
  for (const int& owner : busy) {
    turns.Add(&owner, "b");
    turns.Add(&owner, "b");
  }
  EXPECT_EQ(turns.Next(), "b");
  EXPECT_EQ(turns.Next(), "b");
  EXPECT_EQ(turns.Next(), "b");
  turns.Add(&calm, "c1");
  EXPECT_EQ(turns.Next(), "c1");
}

// Who comes with one thing after the other takes no more turns than who has many at once.
TEST(TurnsTest, WhoComesAgainIsNoNewcomerUntilTheOthersHadTheirTurn) {
  const int busy = 0;
  const int again = 0;
  Turns<int, std::string> turns;
  for (int i = 0; i < 4; ++i) {
    turns.Add(&busy, "b");
  }
  std::string order;
  for (int i = 0; i < 6; ++i) {
    turns.Add(&again, "a");
    order += turns.Next();
    if (order.back() == 'b') {
      turns.Add(&busy, "b");
    }
  }
  EXPECT_EQ(order, "bababa");
}

TEST(TurnsTest, ForgetsWhatWaits) {
  const int owner = 0;
  Turns<int, std::shared_ptr<int>> turns;
  const auto item = std::make_shared<int>(1);
  turns.Add(&owner, item);
  turns.Clear();
  EXPECT_TRUE(turns.empty());
  EXPECT_EQ(item.use_count(), 1);
}

}  // namespace
}  // namespace weir::net
