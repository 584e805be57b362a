#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/simulated_file_system.h"
#include "base/test_seed.h"
#include "catalog/catalog.h"

// Crash points: a workload of delivery commits is stopped at each of its operations on the disk; of
// what was not synced, various parts are lost. The catalog must open again, hold every acknowledged
// commit, and each commit whole or not at all.

namespace weir::catalog {
namespace {

using base::SimulatedFileSystem;

constexpr char kPath[] = "/data/catalog.db";
constexpr uint64_t kCommits = 25;

base::Result<void> CommitNumber(Catalog& catalog, uint64_t i) {
  const std::string key = fmt::format("clicks-0-{}.json", i);
  RETURN_IF_ERROR(catalog.PlanObject(
      "clicks", {.shard = 0, .first = {i}, .last = {i}, .bucket = "b", .key = key}));
  return catalog.CommitDelivery(
      {.delivery = "clicks",
       .objects = {Object{.bucket = "b",
                          .key = key,
                          .bytes = 1,
                          .crc32c = static_cast<uint32_t>(i),
                          .rows = 1,
                          .first = {i},
                          .last = {i},
                          // Some commits span several pages.
                          .partition = {{"p", std::string(i % 5 == 0 ? 9000 : 1, 'x')}}}},
       .positions = {{0, {i + 1}}}});
}

// Commits until the disk stops; returns how many were acknowledged.
uint64_t RunWorkload(SimulatedFileSystem& files, base::Clock& clock) {
  auto catalog = Catalog::Open(files, clock, kPath);
  if (!catalog.has_value()) {
    return 0;
  }
  uint64_t done = 0;
  while (done < kCommits && CommitNumber(**catalog, done).has_value()) {
    ++done;
  }
  return done;
}

void CheckRecovered(SimulatedFileSystem& disk, base::Clock& clock, uint64_t acknowledged) {
  auto opened = Catalog::Open(disk, clock, kPath);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Catalog& catalog = **opened;
  const auto objects = catalog.Objects();
  ASSERT_TRUE(objects.has_value()) << objects.error().message;
  const auto positions = catalog.DeliveryPositions("clicks");
  ASSERT_TRUE(positions.has_value());
  const uint64_t position = positions->contains(0) ? positions->at(0).value : 0;
  EXPECT_EQ(objects->size(), position);
  EXPECT_GE(position, acknowledged);
  EXPECT_LE(position, acknowledged + 1);
  const auto problems = catalog.Verify();
  ASSERT_TRUE(problems.has_value()) << problems.error().message;
  EXPECT_TRUE(problems->empty()) << problems->front();
  const auto planned = catalog.PlannedObjects("clicks");
  ASSERT_TRUE(planned.has_value());
  for (const PlannedObject& plan : *planned) {
    EXPECT_EQ(plan.first.value, position);
  }
  // And it goes on.
  EXPECT_TRUE(CommitNumber(catalog, position).has_value());
}

TEST(CatalogCrashTest, EveryCommitIsWholeOrAbsent) {
  const uint64_t seed = base::TestSeed(1);
  base::ManualClock clock;
  SimulatedFileSystem whole;
  ASSERT_EQ(RunWorkload(whole, clock), kCommits);
  const uint64_t operations = whole.operations();
  int states = 0;
  int failures = 0;
  for (uint64_t stop = 0; stop <= operations; ++stop) {
    SimulatedFileSystem files;
    files.StopAt(stop);
    const uint64_t acknowledged = RunWorkload(files, clock);
    for (const SimulatedFileSystem::Loss loss : SimulatedFileSystem::kLosses) {
      SCOPED_TRACE(fmt::format("WEIR_SEED={} stop {} loss {}", seed, stop, static_cast<int>(loss)));
      const auto disk = files.Crash(loss, seed * 1'000'003 + stop);
      CheckRecovered(*disk, clock, acknowledged);
      ++states;
      failures += testing::Test::HasFailure() ? 1 : 0;
      if (testing::Test::HasFatalFailure()) {
        return;
      }
    }
  }
  std::printf("catalog crash states: %d, failures: %d\n", states, failures);
}

}  // namespace
}  // namespace weir::catalog
