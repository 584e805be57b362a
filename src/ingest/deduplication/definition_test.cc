// What becomes of a stream when its definition comes, changes, cannot be read, or goes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/deduplication/deduplication_fixture.h"

namespace weir::ingest::deduplication {
namespace {

constexpr char kFailed[] = "weir_ingest_deduplication_failed_info";
constexpr int64_t kAgainMillis = 1'001;

base::Code CodeOf(const std::shared_ptr<std::optional<IntakeOutcome>>& outcome) {
  return outcome->has_value() && !(*outcome)->refused.empty()
             ? (*outcome)->refused.front().second.code
             : base::Code::kInternal;
}

TEST(DeduplicationDefinition, AChangeWaitsForTheAppendsThatAreUnderWay) {
  World world;
  const auto first = world.Send({Event("a")});
  world.Define(48);
  EXPECT_EQ(CodeOf(world.Send({Event("a", 2)})), base::Code::kUnavailable);
  world.Drive();
  ASSERT_TRUE(first->has_value());
  EXPECT_TRUE((*first)->refused.empty());
  world.clock().AdvanceMillis(20);
  EXPECT_EQ(world.Put({Event("a", 3)}).duplicates, 1);
  EXPECT_EQ(world.Stored().size(), 1);
}

TEST(DeduplicationDefinition, OneThatComesAgainWaitsForTheAppendsThatAreUnderWay) {
  World world;
  const auto first = world.Send({Event("a")});
  world.RemoveDefinition();
  const auto passes = world.Send({"{}"});
  EXPECT_FALSE(passes->has_value());
  world.Define(24);
  EXPECT_EQ(CodeOf(world.Send({Event("a", 2)})), base::Code::kUnavailable);
  world.Drive();
  world.clock().AdvanceMillis(20);
  EXPECT_EQ(world.Put({Event("a", 3)}).duplicates, 1);
  EXPECT_EQ(world.Stored().size(), 2);
}

TEST(DeduplicationDefinition, WhileAChangeWaitsEachAppendDoesNotLookAgain) {
  World world;
  const auto first = world.Send({Event("a")});
  world.Define(48);
  world.DefineFor("other", 24);
  world.Open("other");
  int looks = 0;
  world.files().SetFaultHook([&looks](std::string_view, std::string_view path) {
    const bool is_look = path.contains("/deduplication/stream-other");
    looks += is_look ? 1 : 0;
    return is_look ? std::optional(base::Error{base::Code::kIo, "broken"}) : std::nullopt;
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(CodeOf(world.Send({Event("b")})), base::Code::kUnavailable);
  }
  EXPECT_EQ(looks, 1);
  world.clock().AdvanceMillis(20);
  EXPECT_EQ(CodeOf(world.Send({Event("b")})), base::Code::kUnavailable);
  EXPECT_EQ(looks, 2);
  world.files().SetFaultHook({});
}

TEST(DeduplicationDefinition, OneThatCannotBeReadHurtsItselfOnly) {
  World world;
  world.DefineWrongly();
  world.DefineFor("later", 24);
  world.Open("later");
  EXPECT_EQ(world.Put({Event("a")}).refused.size(), 0);
  EXPECT_EQ(world.Gauge(kFailed), 1);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1);
  world.RemoveWrong();
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1);
  EXPECT_EQ(world.Gauge(kFailed), 0);
}

TEST(DeduplicationDefinition, TheStreamOfOneThatCannotBeReadIsRefused) {
  World world;
  world.DefineWrongly(R"({"Stream":"later"})");
  world.Open("later");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(CodeOf(world.Send({Event("a")})), base::Code::kUnavailable) << i;
    world.clock().AdvanceMillis(kAgainMillis);
  }
  world.RemoveWrong();
  EXPECT_EQ(world.Put({Event("a")}).refused.size(), 0);
}

TEST(DeduplicationDefinition, AnIndexThatCannotBeOpenedAtTheStartIsTriedAgain) {
  World world(100);
  world.Put({Event("a")});
  world.Close();
  world.files().SetFaultHook([](std::string_view, std::string_view path) {
    return path.contains("/deduplication/stream-clicks")
               ? std::optional(base::Error{base::Code::kIo, "broken"})
               : std::nullopt;
  });
  world.Open();
  EXPECT_EQ(world.Gauge(kFailed), 1);
  EXPECT_EQ(CodeOf(world.Send({Event("a", 2)})), base::Code::kUnavailable);
  world.files().SetFaultHook({});
  world.clock().AdvanceMillis(kAgainMillis);
  EXPECT_EQ(world.Put({Event("a", 3)}).duplicates, 1);
  EXPECT_EQ(world.Gauge(kFailed), 0);
}

TEST(DeduplicationDefinition, AnIndexThatCannotBeMadeAgainShowsAsFailed) {
  World world(100);
  DamageRuns(world);
  world.files().SetFaultHook([](std::string_view operation, std::string_view path) {
    return operation == "remove" && path.ends_with(".run")
               ? std::optional(base::Error{base::Code::kIo, "broken"})
               : std::nullopt;
  });
  size_t refused = 0;
  for (int i = 0; i < 350; ++i) {
    refused += world.Put({Event(fmt::format("{}", i), 2)}).refused.size();
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(world.Gauge(kFailed), 1);
  world.clock().AdvanceMillis(kAgainMillis);
  EXPECT_EQ(world.Put({Event("0", 3)}).refused.size(), 1);
  EXPECT_EQ(world.Gauge(kFailed), 1);
  world.files().SetFaultHook({});
  world.clock().AdvanceMillis(kAgainMillis);
  EXPECT_EQ(world.Put({Event("0", 4)}).duplicates, 1);
  EXPECT_EQ(world.Gauge(kFailed), 0);
}

}  // namespace
}  // namespace weir::ingest::deduplication
