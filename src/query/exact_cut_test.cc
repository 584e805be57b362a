#include "query/exact_cut.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "log/log_fixture.h"
#include "query/test_world.h"

namespace weir::query {
namespace {

/// Rows with their number as the whole text.
std::vector<std::string> Numbers(uint64_t from, uint64_t to) {
  std::vector<std::string> rows;
  for (uint64_t i = from; i < to; ++i) {
    rows.push_back(std::to_string(i));
  }
  return rows;
}

catalog::TableSnapshot DeliveredTo(uint64_t position) {
  return {.table = World::ClicksTable(), .objects = {}, .positions = {{0, {position}}}};
}

TEST(ExactCut, TakesTheTailBetweenDeliveryAndOpenWindows) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, Numbers(0, 10));
  world.log->live().Publish("ClickCount",
                            {.continues_from = {7}, .rows = {"a", "b"}, .as_of = {5}});
  const CutPlan plan = PlanCut(DeliveredTo(4), &stream, world.log->live());
  ASSERT_FALSE(plan.stale);
  const auto cut = ReadCut(DeliveredTo(4), &stream, plan.mark);
  ASSERT_TRUE(cut.has_value()) << cut.error().message;
  std::vector<std::string> rows;
  for (const FreshRow& row : cut->rows) {
    rows.emplace_back(row.json);
  }
  EXPECT_EQ(rows, (std::vector<std::string>{"4", "5", "6", "a", "b"}));
}

TEST(ExactCut, IsAsOfTheNewestRecordOfTheObjects) {
  World world;
  catalog::TableSnapshot table = DeliveredTo(9);
  table.objects = {{.oldest_arrival = {10}, .newest_arrival = {90}},
                   {.oldest_arrival = {20}, .newest_arrival = {30}}};
  const auto cut = ReadCut(table, nullptr, {});
  ASSERT_TRUE(cut.has_value()) << cut.error().message;
  EXPECT_EQ(cut->as_of.millis, 90);
}

TEST(ExactCut, IsStaleWhileDeliveryOrTheLiveTableIsAhead) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, Numbers(0, 10));
  world.log->live().Publish("ClickCount", {.continues_from = {7}});
  EXPECT_TRUE(PlanCut(DeliveredTo(8), &stream, world.log->live()).stale);
  EXPECT_FALSE(PlanCut(DeliveredTo(7), &stream, world.log->live()).stale);
  world.log->live().Publish("ClickCount", {.continues_from = {11}});
  EXPECT_TRUE(PlanCut(DeliveredTo(7), &stream, world.log->live()).stale);
  const CutMark without = PlanCutWithoutLive(DeliveredTo(7), &stream);
  EXPECT_EQ(without.to.front().value, 10u);
  EXPECT_EQ(without.live, nullptr);
}

TEST(ExactCut, HoldsTheRowsOfClosedShardsAndOfTheirChildren) {
  World world;
  auto opened = world.log->OpenStream({.name = "Raw", .shards = log::EvenShards(1)});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  log::Stream& stream = **opened;
  world.Append(stream, Numbers(0, 5));
  const CutMark before = PlanCutWithoutLive(DeliveredTo(2), &stream);
  ASSERT_TRUE(stream.Reshard(log::Split(stream.definition(), 0)).has_value());
  world.Append(stream, Numbers(5, 20));
  const auto rows = [&](const CutMark& mark) {
    std::set<std::string> texts;
    const auto cut = ReadCut(DeliveredTo(2), &stream, mark);
    EXPECT_TRUE(cut.has_value()) << cut.error().message;
    for (const FreshRow& row : cut->rows) {
      EXPECT_TRUE(texts.emplace(row.json).second) << row.json;
    }
    return texts;
  };
  EXPECT_EQ(rows(before), (std::set<std::string>{"2", "3", "4"}));
  const CutMark after = PlanCutWithoutLive(DeliveredTo(2), &stream);
  EXPECT_EQ(rows(after).size(), 18u);
  EXPECT_FALSE(before == after);
}

TEST(ExactCut, EqualMarksMeanEqualRows) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, Numbers(0, 3));
  world.log->live().Publish("ClickCount", {.continues_from = {3}, .rows = {"a"}, .as_of = {1}});
  const CutMark first = PlanCut(DeliveredTo(1), &stream, world.log->live()).mark;
  world.log->live().Publish("ClickCount", {.continues_from = {3}, .rows = {"a"}, .as_of = {2}});
  EXPECT_EQ(PlanCut(DeliveredTo(1), &stream, world.log->live()).mark, first);
  world.log->live().Publish("ClickCount", {.continues_from = {3}, .rows = {"b"}, .as_of = {2}});
  EXPECT_FALSE(PlanCut(DeliveredTo(1), &stream, world.log->live()).mark == first);
  EXPECT_FALSE(PlanCut(DeliveredTo(2), &stream, world.log->live()).mark == first);
}

TEST(ExactCut, IsPlannedAgainWhenRetentionOvertakesIt) {
  World world;
  auto opened =
      world.log->OpenStream({.name = "Short", .shards = log::EvenShards(1), .retention_millis = 1});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  log::Stream& stream = **opened;
  for (int i = 0; i < 40; ++i) {
    world.Append(stream, {std::string(100'000, '1')});
  }
  const CutMark before = PlanCutWithoutLive(DeliveredTo(2), &stream);
  EXPECT_EQ(before.from.front().value, 2u);
  while (stream.TrimHorizon(0).value <= 2) {  // Until the oldest are old enough.
    ASSERT_TRUE(stream.ApplyRetention({}).has_value());
  }
  const model::Sequence horizon = stream.TrimHorizon(0);
  EXPECT_EQ(ReadCut(DeliveredTo(2), &stream, before).error().code, base::Code::kUnavailable);
  const CutMark after = PlanCutWithoutLive(DeliveredTo(2), &stream);
  EXPECT_EQ(after.from.front(), horizon);
  const auto cut = ReadCut(DeliveredTo(2), &stream, after);
  ASSERT_TRUE(cut.has_value()) << cut.error().message;
  EXPECT_EQ(cut->rows.size(), 40 - horizon.value);
}

// An application turns its open rows into stream rows one by one and publishes what is left, while
// delivery follows behind; whoever cuts at any moment, catalog first, sees each of the rows exactly
// once.
TEST(ExactCut, NeitherLosesNorDoublesUnderConcurrency) {
  constexpr uint64_t kRows = 300;
  World world;
  log::Stream& stream = world.AddClicks();
  std::atomic<uint64_t> delivered = 0;
  const auto publish = [&](uint64_t from) {
    world.log->live().Publish(
        "ClickCount", {.continues_from = {from}, .rows = Numbers(from, kRows), .as_of = {1}});
  };
  publish(0);
  std::atomic<bool> done = false;
  std::thread application([&] {
    base::Random random(7);
    for (uint64_t written = 0; written < kRows;) {
      const uint64_t more = std::min(kRows - written, 1 + random.Below(4));
      world.Append(stream, Numbers(written, written + more));
      written += more;
      // Delivery may overtake the publication.
      if (random.Chance(0.3)) {
        delivered = written;
      }
      publish(written);
    }
    done = true;
  });
  uint64_t cuts = 0;
  uint64_t stale = 0;
  while (!done || cuts == 0) {
    const uint64_t position = delivered;
    const catalog::TableSnapshot table = DeliveredTo(position);
    const CutPlan plan = PlanCut(table, &stream, world.log->live());
    if (plan.stale) {
      ++stale;
      continue;
    }
    const auto cut = ReadCut(table, &stream, plan.mark);
    ASSERT_TRUE(cut.has_value()) << cut.error().message;
    ASSERT_EQ(cut->rows.size(), kRows - position);
    for (uint64_t i = 0; i < cut->rows.size(); ++i) {
      ASSERT_EQ(cut->rows[i].json, std::to_string(position + i));
    }
    ++cuts;
  }
  application.join();
  RecordProperty("cuts", static_cast<int>(cuts));
  RecordProperty("stale", static_cast<int>(stale));
}

}  // namespace
}  // namespace weir::query
