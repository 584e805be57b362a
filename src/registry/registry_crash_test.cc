// Crash points: streams are created, filled, resharded and deleted while the disk stops at each of
// its operations. On each disk that a crash can leave, everything opens, every acknowledged record
// of a living stream is there once, and log and catalog agree on the shards.

#include <map>
#include <set>

#include "base/test_seed.h"
#include "registry/registry_fixture.h"

namespace weir::registry {
namespace {

using base::SimulatedFileSystem;

constexpr model::HashKey kMiddle{static_cast<unsigned __int128>(1) << 127};

// What a client was told.
struct Told {
  std::set<std::string> stored;  // In "kept".
  std::set<std::string> sent;    // To "kept".
  size_t open_shards = 0;        // Of "kept", as acknowledged.
  bool old_deleted = false;      // "gone" and its record.
  bool new_created = false;
};

void Send(World& world, Told& told) {
  for (int i = 0; i < 3; ++i) {
    const std::string key = fmt::format("r{}", told.sent.size());
    told.sent.insert(key);
    if (world.Append("kept", key)) {
      told.stored.insert(key);
    }
  }
}

// Until the disk stops.
base::Result<void> Change(World& world, base::ManualClock& clock, Told& told) {
  Registry& registry = *world.registry;
  RETURN_IF_ERROR(registry.CreateStream("kept", 1, "PROVISIONED", {}));
  told.open_shards = 1;
  Send(world, told);
  clock.AdvanceMillis(5);
  RETURN_IF_ERROR(registry.SplitShard("kept", 0, kMiddle));
  told.open_shards = 2;
  Send(world, told);
  RETURN_IF_ERROR(registry.CreateStream("gone", 1, "PROVISIONED", {}));
  RETURN_IF_ERROR(registry.AddConsumer("gone", "reader"));
  (void)world.Append("gone", "old");
  RETURN_IF_ERROR(registry.DeleteStream("gone", true));
  told.old_deleted = true;
  RETURN_IF_ERROR(registry.CreateStream("gone", 2, "PROVISIONED", {}));
  told.new_created = true;
  clock.AdvanceMillis(5);
  RETURN_IF_ERROR(registry.MergeShards("kept", 1, 2));
  told.open_shards = 1;
  Send(world, told);
  return {};
}

void CheckKept(World& world, const Told& told) {
  const auto stream = world.registry->Get("kept");
  if (told.open_shards == 0 && !stream.has_value()) {
    return;
  }
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  EXPECT_EQ(world.log->Find("kept")->definition().shards, stream->definition.shards);
  std::map<std::string, int> found;
  for (const std::string& record : world.Records("kept")) {
    EXPECT_TRUE(told.sent.contains(record)) << record;
    EXPECT_EQ(++found[record], 1) << record;
  }
  for (const std::string& record : told.stored) {
    EXPECT_EQ(found.count(record), 1u) << record;
  }
  EXPECT_TRUE(world.Append("kept", "after"));
}

void CheckRecovered(SimulatedFileSystem& disk, base::ManualClock& clock, const Told& told) {
  World world(disk, clock);
  ASSERT_EQ(world.error, "");
  CheckKept(world, told);
  const auto gone = world.registry->Get("gone");
  if (told.new_created) {
    ASSERT_TRUE(gone.has_value()) << gone.error().message;
    EXPECT_EQ(gone->definition.shards.size(), 2u);
  }
  if (told.old_deleted && gone.has_value()) {
    EXPECT_TRUE(world.Records("gone").empty());
    EXPECT_TRUE(world.registry->Consumers("gone")->empty());
  }
  if (!gone.has_value()) {
    EXPECT_EQ(ErrorOf(world.registry->CreateStream("gone", 1, "PROVISIONED", {})), "");
    EXPECT_TRUE(world.Records("gone").empty());
  }
  EXPECT_EQ(ErrorOf(world.registry->DeleteStream("gone", true)), "");
}

TEST(RegistryCrashTest, CatalogAndLogAgreeAfterEveryCrash) {
  const uint64_t seed = base::TestSeed(1);
  uint64_t operations = 0;
  {
    SimulatedFileSystem whole;
    base::ManualClock clock;
    World world(whole, clock);
    Told told;
    ASSERT_EQ(ErrorOf(Change(world, clock, told)), "");
    ASSERT_EQ(told.stored.size(), 9u);
    operations = whole.operations();
  }
  int states = 0;
  for (uint64_t stop = 0; stop <= operations; ++stop) {
    SimulatedFileSystem files;
    base::ManualClock clock;
    files.StopAt(stop);
    Told told;
    {
      World world(files, clock);
      if (world.error.empty()) {
        (void)Change(world, clock, told);
      }
    }
    for (const SimulatedFileSystem::Loss loss : SimulatedFileSystem::kLosses) {
      SCOPED_TRACE(fmt::format("WEIR_SEED={} stop {} loss {}", seed, stop, static_cast<int>(loss)));
      const auto disk = files.Crash(loss, seed * 1'000'003 + stop);
      CheckRecovered(*disk, clock, told);
      ++states;
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
  std::printf("registry crash states: %d of %lu operations\n", states, operations);
}

}  // namespace
}  // namespace weir::registry
