// The intake that stores each event once, against a model, through crashes at any moment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/test_seed.h"
#include "ingest/deduplication/deduplication_fixture.h"

namespace weir::ingest::deduplication {
namespace {

bool operator==(const log::Placement& a, const log::Placement& b) {
  return a.shard == b.shard && a.sequence == b.sequence && a.arrival == b.arrival;
}

TEST(Deduplication, ARepeatedEventIsAnsweredWithTheFirstPlace) {
  World world;
  const IntakeOutcome first = world.Put({Event("a"), Event("b")});
  EXPECT_EQ(first.duplicates, 0);
  world.clock().AdvanceMillis(5'000);
  const IntakeOutcome again = world.Put({Event("b", 2), Event("c"), Event("a", 2)});
  EXPECT_EQ(again.duplicates, 2);
  EXPECT_TRUE(again.refused.empty());
  EXPECT_TRUE(again.placements[0] == first.placements[1]);
  EXPECT_TRUE(again.placements[2] == first.placements[0]);
  EXPECT_THAT(world.Stored(), testing::UnorderedElementsAre(Event("a"), Event("b"), Event("c")));
}

TEST(Deduplication, AnEventTwiceInOneRequestIsStoredOnce) {
  World world;
  const IntakeOutcome outcome = world.Put({Event("a", 1), Event("a", 2), Event("a", 3)});
  EXPECT_EQ(outcome.duplicates, 2);
  EXPECT_TRUE(outcome.placements[2] == outcome.placements[0]);
  EXPECT_THAT(world.Stored(), testing::ElementsAre(Event("a", 1)));
}

TEST(Deduplication, RecordsWithoutAnEventIdAreTakenAndCounted) {
  World world;
  const std::vector<std::string> records = {R"({"Other":1})",
                                            R"({"EventId":""})",
                                            R"({"EventId":null})",
                                            R"({"EventId":{"a":1}})",
                                            "no JSON",
                                            "[1]",
                                            R"({"Inner":{"EventId":"a"}})"};
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(world.Put(records).duplicates, 0);
  }
  EXPECT_EQ(world.Stored().size(), 2 * records.size());
  EXPECT_EQ(world.Counted("weir_ingest_records_without_event_id_total"), 2.0 * records.size());
}

TEST(Deduplication, IdsAreComparedByTheirMeaningAndKind) {
  World world;
  world.Put({R"({"EventId":"7"})"});
  EXPECT_EQ(world.Put({R"({ "x":1, "EventId" : "\u0037" })"}).duplicates, 1);
  EXPECT_EQ(world.Put({R"({"EventId":7})"}).duplicates, 0) << "a number is not a string";
  EXPECT_EQ(world.Put({R"({"EventId": 7 })"}).duplicates, 1);
  EXPECT_EQ(world.Put({R"({"EventId":"s7"})"}).duplicates, 0);
}

TEST(Deduplication, AnEventInFlightIsWaitedFor) {
  World world;
  const auto first = world.Send({Event("a", 1), Event("b")});
  const auto second = world.Send({Event("a", 2)});
  const auto third = world.Send({Event("c"), Event("a", 3)});
  EXPECT_FALSE(first->has_value());
  EXPECT_FALSE(second->has_value()) << "nothing is durable yet";
  world.Drive();
  ASSERT_TRUE(first->has_value() && second->has_value() && third->has_value());
  EXPECT_EQ((*second)->duplicates, 1);
  EXPECT_TRUE((*second)->placements[0] == (*first)->placements[0]);
  EXPECT_TRUE((*third)->placements[1] == (*first)->placements[0]);
  EXPECT_EQ(world.Stored().size(), 3);
}

TEST(Deduplication, WhoWaitsFailsWithTheFirst) {
  World world;
  world.Put({Event("before")});
  const auto first = world.Send({Event("a")});
  const auto second = world.Send({Event("a"), Event("before")});
  world.files().SetFaultHook([](std::string_view operation, std::string_view) {
    return operation == "sync" ? std::optional(base::Error{base::Code::kIo, "broken"})
                               : std::nullopt;
  });
  world.Drive();
  world.files().SetFaultHook({});
  ASSERT_TRUE(first->has_value() && second->has_value());
  ASSERT_EQ((*first)->refused.size(), 1);
  ASSERT_EQ((*second)->refused.size(), 1);
  EXPECT_EQ((*second)->refused[0].first, 0);
  EXPECT_EQ((*second)->refused[0].second, (*first)->refused[0].second);
  EXPECT_EQ((*second)->duplicates, 1) << "the other entry has its own outcome";
}

TEST(Deduplication, AnIndexThatCannotBeOpenedIsTriedAgain) {
  World world;
  world.Put({Event("a")});
  world.files().SetFaultHook([](std::string_view, std::string_view path) {
    return path.contains("/deduplication/") ? std::optional(base::Error{base::Code::kIo, "broken"})
                                            : std::nullopt;
  });
  world.Define(48);  // Its index is opened anew.
  for (int i = 0; i < 3; ++i) {
    const IntakeOutcome refused = world.Put({Event("a", i)});
    ASSERT_EQ(refused.refused.size(), 1) << "not stored a second time";
    EXPECT_EQ(refused.refused[0].second.code, base::Code::kUnavailable);
  }
  EXPECT_EQ(world.Gauge("weir_ingest_deduplication_failed_info"), 1);
  world.files().SetFaultHook({});
  EXPECT_EQ(world.Put({Event("a")}).refused.size(), 1) << "not at once";
  world.clock().AdvanceMillis(1'000);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1);
  EXPECT_EQ(world.Gauge("weir_ingest_deduplication_failed_info"), 0);
}

TEST(Deduplication, AStreamThatComesAfterItsDefinitionIsFound) {
  World world;
  world.DefineFor("later", 24);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 0);
  world.Open("later");  // The catalog knew it before.
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 0);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1);
}

TEST(Deduplication, ANewStreamIsLookedForNoMoreOftenThanAfterAFailure) {
  World world;
  world.DefineFor("later", 24);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 0);
  bool broken = true;
  int looks = 0;
  world.files().SetFaultHook([&](std::string_view, std::string_view path) {
    const bool fails = broken && path.contains("/deduplication/stream-clicks");
    looks += fails ? 1 : 0;
    return fails ? std::optional(base::Error{base::Code::kIo, "broken"}) : std::nullopt;
  });
  world.Define(48);
  EXPECT_EQ(world.Put({Event("a")}).refused.size(), 1);
  const int once = looks;
  ASSERT_GT(once, 0);
  world.Open("later");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(world.Put({Event("a")}).refused.size(), 1) << i;
  }
  EXPECT_EQ(looks, once) << "no refresh for each append";
  world.clock().AdvanceMillis(1'000);
  EXPECT_EQ(world.Put({Event("a")}).refused.size(), 0);
  EXPECT_EQ(looks, 2 * once);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1);
  broken = false;
}

TEST(Deduplication, OtherStreamsPassUnchanged) {
  World world;
  world.Define(24, "Elsewhere");
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 0);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 0) << "another field is meant now";
  world.Define(24, "EventId");
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1) << "what the stream holds is read anew";
}

TEST(Deduplication, AnIndexThatServesNoStreamLeavesMemoryWhenItsWorkIsDone) {
  World world;
  world.Put({Event("a")});
  const auto under_way = world.Send({Event("b")});
  world.RemoveDefinition();
  const auto passes = world.Send({Event("c")});
  EXPECT_GT(world.Shown("weir_ingest_deduplication_memory_bytes"), 0) << "its append comes back";
  world.Drive();
  EXPECT_TRUE(under_way->has_value() && passes->has_value());
  world.clock().AdvanceMillis(20);
  world.Put({Event("d")});
  EXPECT_EQ(world.Shown("weir_ingest_deduplication_memory_bytes"), 0);
  EXPECT_EQ(world.Shown("weir_ingest_deduplication_events"), 0);
  world.Define(24);
  EXPECT_EQ(world.Put({Event("b", 2)}).duplicates, 1);
  EXPECT_EQ(world.Shown("weir_ingest_deduplication_events"), 4);
}

TEST(Deduplication, TheHorizonEnds) {
  World world;
  world.Define(2);
  world.Put({Event("a")});
  world.clock().AdvanceMillis(2 * kHour - 1);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1);
  world.clock().AdvanceMillis(1);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 0);
  EXPECT_EQ(world.Counted("weir_ingest_deduplication_horizon_exceeded_total"), 1);
  EXPECT_EQ(world.Put({Event("a")}).duplicates, 1) << "of the second, from now on";
  EXPECT_EQ(world.Stored().size(), 2);
}

TEST(Deduplication, RunsGoWhenTheirHorizonHasPassed) {
  World world(100);
  for (int i = 0; i < 1'000; ++i) {
    world.Put({Event(fmt::format("{}", i))});
  }
  const size_t runs = world.RunFiles();
  EXPECT_GE(runs, 8);
  world.clock().AdvanceMillis(12 * kHour);
  for (int i = 0; i < 250; ++i) {
    world.Put({Event(fmt::format("later {}", i))});
  }
  EXPECT_GT(world.RunFiles(), runs);
  world.clock().AdvanceMillis(12 * kHour + 1);
  EXPECT_EQ(world.Put({Event("later 3")}).duplicates, 1);
  EXPECT_LE(world.RunFiles(), 4);
  EXPECT_EQ(world.Put({Event("3")}).duplicates, 0);
}

TEST(Deduplication, ALongerHorizonReachesBackAtOnce) {
  for (const bool restart : {false, true}) {
    for (const bool was_long : {false, true}) {
      SCOPED_TRACE(fmt::format("restart {}, was long {}", restart, was_long));
      World world(100);
      world.Define(was_long ? 24 : 2);
      for (int i = 0; i < 350; ++i) {
        world.Put({Event(fmt::format("{}", i))});
      }
      world.clock().AdvanceMillis(3 * kHour);
      for (int i = 0; i < 250; ++i) {
        world.Put({Event(fmt::format("later {}", i))});
      }
      world.Define(2);
      EXPECT_EQ(world.Put({Event("later 3", 2)}).duplicates, 1);
      EXPECT_EQ(world.Put({Event("3")}).duplicates, 0);
      world.Define(24);
      if (restart) {
        world.Close();
        world.Open();
      }
      EXPECT_EQ(world.Put({Event("4", 2)}).duplicates, 1);
      EXPECT_EQ(world.Put({Event("later 4", 2)}).duplicates, 1);
      EXPECT_EQ(world.Stored().size(), 601);
    }
  }
}

TEST(Deduplication, MemoryStaysBounded) {
  constexpr size_t kEvents = 50'000;
  constexpr size_t kBatch = 500;
  World world(2'000);
  double most = 0;
  for (size_t first = 0; first < kEvents; first += kBatch) {
    std::vector<std::string> records;
    for (size_t i = first; i < first + kBatch; ++i) {
      records.push_back(Event(fmt::format("{}", i)));
    }
    EXPECT_EQ(world.Put(records).duplicates, 0);
    most = std::max(most, world.Shown("weir_ingest_deduplication_memory_bytes"));
  }
  EXPECT_EQ(world.Shown("weir_ingest_deduplication_events"), kEvents);
  // Two tables, and two bytes for each event in a run.
  EXPECT_LE(most, 2 * 2 * 2'500 * 40 * 4 / 3 + 2.0 * kEvents + 10'000);
  for (size_t first = 0; first < kEvents; first += 9 * kBatch) {
    std::vector<std::string> records;
    for (size_t i = first; i < first + kBatch; ++i) {
      records.push_back(Event(fmt::format("{}", i), 2));
    }
    EXPECT_EQ(world.Put(records).duplicates, kBatch);
  }
}

TEST(Deduplication, RunsAreReadAgainAfterARestart) {
  World world(100);
  for (int i = 0; i < 950; ++i) {
    world.Put({Event(fmt::format("{}", i))});
  }
  const size_t runs = world.RunFiles();
  for (const auto loss : SimulatedFileSystem::kLosses) {
    world.Crash(loss, 7);
    EXPECT_EQ(world.RunFiles(), runs);
    EXPECT_EQ(world.Shown("weir_ingest_deduplication_events"), 950) << "nothing is counted twice";
    for (int i = 0; i < 950; i += 10) {
      EXPECT_EQ(world.Put({Event(fmt::format("{}", i), 2)}).duplicates, 1) << i;
    }
  }
}

TEST(Deduplication, DamagedRunsAreMadeAgain) {
  for (uint64_t bit : {uint64_t{3}, uint64_t{150}, uint64_t{400}, uint64_t{2'000}}) {
    World world(100);
    for (int i = 0; i < 350; ++i) {
      world.Put({Event(fmt::format("{}", i))});
    }
    ASSERT_GE(world.RunFiles(), 3);
    std::vector<std::string> paths;
    for (const std::string& path : world.files().Files()) {
      if (path.ends_with(".run")) {
        paths.push_back(path);
      }
    }
    world.Close();
    world.files().FlipBit(paths[1], bit);
    world.Open();
    for (int i = 0; i < 350; ++i) {
      EXPECT_EQ(world.Put({Event(fmt::format("{}", i), 2)}).duplicates, 1) << "bit " << bit;
    }
  }
}

TEST(Deduplication, ARunDamagedUnderwayIsMadeAgain) {
  World world(100);
  for (int i = 0; i < 350; ++i) {
    world.Put({Event(fmt::format("{}", i))});
  }
  for (const std::string& path : world.files().Files()) {
    if (path.ends_with(".run")) {
      world.files().FlipBit(path, (base::ReadFile(world.files(), path)->size() - 1) * 8);
    }
  }
  for (int i = 0; i < 350; ++i) {
    EXPECT_EQ(world.Put({Event(fmt::format("{}", i), 2)}).duplicates, 1);
  }
}

TEST(Deduplication, WhileRunsCannotBeMadeAgainNothingIsTakenAsNew) {
  struct Broken {
    std::string_view operation;
    std::string_view path;
  };

  for (const Broken& broken :
       {Broken{"write", ".run"}, Broken{"list", "/deduplication"}, Broken{"remove", ".run"},
        Broken{"sync_directory", "/deduplication"}, Broken{"read", "/log/"}}) {
    SCOPED_TRACE(broken.operation);
    World world(100);
    DamageRuns(world);
    world.files().SetFaultHook([broken](std::string_view operation, std::string_view path) {
      return operation == broken.operation && path.find(broken.path) != std::string_view::npos
                 ? std::optional(base::Error{base::Code::kIo, "broken"})
                 : std::nullopt;
    });
    size_t refused = 0;
    for (int i = 0; i < 350; ++i) {
      world.clock().AdvanceMillis(i % 50 == 0 ? 1'001 : 0);
      const IntakeOutcome outcome = world.Put({Event(fmt::format("{}", i), 2)});
      EXPECT_EQ(outcome.duplicates + outcome.refused.size(), 1) << i;
      refused += outcome.refused.size();
    }
    EXPECT_GT(refused, 100);
    world.files().SetFaultHook({});
    world.clock().AdvanceMillis(1'001);
    for (int i = 0; i < 350; ++i) {
      EXPECT_EQ(world.Put({Event(fmt::format("{}", i), 3)}).duplicates, 1) << i;
    }
    EXPECT_EQ(world.Stored().size(), 350);
    const size_t runs = world.RunFiles();
    for (int i = 350; i < 700; ++i) {
      EXPECT_TRUE(world.Put({Event(fmt::format("{}", i))}).refused.empty()) << i;
    }
    EXPECT_GT(world.RunFiles(), runs) << "memory is written as before";
  }
}

TEST(Deduplication, ACrashWhileRunsAreRemovedLosesNoEvent) {
  for (int removed = 0; removed < 3; ++removed) {
    SCOPED_TRACE(removed);
    World world(100);
    DamageRuns(world);
    int left = removed;
    world.files().SetFaultHook([&left](std::string_view operation, std::string_view path) {
      return operation == "remove" && path.ends_with(".run") && left-- <= 0
                 ? std::optional(base::Error{base::Code::kIo, "broken"})
                 : std::nullopt;
    });
    for (int i = 0; i < 350 && left >= 0; ++i) {
      world.Put({Event(fmt::format("{}", i), 2)});
    }
    world.Crash(SimulatedFileSystem::Loss::kNothing, 7);
    for (int i = 0; i < 350; ++i) {
      EXPECT_EQ(world.Put({Event(fmt::format("{}", i), 3)}).duplicates, 1) << i;
    }
  }
}

TEST(Deduplication, AMissingRunIsMadeAgain) {
  World world(100);
  for (int i = 0; i < 450; ++i) {
    world.Put({Event(fmt::format("{}", i))});
  }
  for (const std::string& path : world.files().Files()) {
    if (path.ends_with("2.run")) {
      ASSERT_TRUE(world.files().Remove(path).has_value());
    }
  }
  world.Close();
  world.Open();
  for (int i = 0; i < 450; ++i) {
    EXPECT_EQ(world.Put({Event(fmt::format("{}", i), 2)}).duplicates, 1);
  }
}

TEST(Deduplication, ARunThatCannotBeWrittenIsTriedAgain) {
  World world(100);
  world.files().SetFaultHook([](std::string_view operation, std::string_view path) {
    return operation == "write" && path.find(".run") != std::string_view::npos
               ? std::optional(base::Error{base::Code::kDiskFull, "full"})
               : std::nullopt;
  });
  size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    refused += world.Put({Event(fmt::format("{}", i))}).refused.size();
  }
  EXPECT_GT(refused, 0) << "rather than taking memory without a bound";
  EXPECT_LT(refused, 300);
  world.files().SetFaultHook({});
  world.clock().AdvanceMillis(1'001);
  for (int tries = 0; tries < 5; ++tries) {
    world.Put({Event("0", 2)});  // Refused until there is space in memory again.
  }
  for (int i = 0; i < 400; ++i) {
    EXPECT_TRUE(world.Put({Event(fmt::format("{}", i), 2)}).refused.empty()) << i;
  }
  EXPECT_EQ(world.Stored().size(), 400);
  EXPECT_GT(world.RunFiles(), 0);
}

TEST(Deduplication, RecordsThatRetentionRemovedCountAsBeyondTheHorizon) {
  World world;
  world.set_retention_millis(kHour);
  world.Close();
  world.Open();
  world.Put({Event("a")});
  world.clock().AdvanceMillis(3 * kHour);
  for (int i = 0; i < 3'000; ++i) {
    world.Put({Event(fmt::format("{}", i))});
  }
  ASSERT_TRUE(world.stream().ApplyRetention({}).has_value());
  const IntakeOutcome outcome = world.Put({Event("a", 2)});
  EXPECT_TRUE(outcome.refused.empty());
  EXPECT_EQ(outcome.duplicates + world.Counted("weir_ingest_deduplication_horizon_exceeded_total"),
            1);
}

/// Random batches, some repeated, some in flight together, with restarts and crashes between and
/// within. An event that was answered as stored must stay, and no event may ever be stored twice.
void RunModel(uint64_t seed) {
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  World world(20 + random.Below(100));
  std::map<std::string, log::Placement> places;  // Of what was answered.
  for (int step = 0; step < 60; ++step) {
    struct Sent {
      std::vector<std::string> ids;
      std::shared_ptr<std::optional<IntakeOutcome>> outcome;
    };

    std::vector<Sent> sent;
    for (uint64_t requests = 1 + random.Below(4); requests > 0; --requests) {
      Sent& request = sent.emplace_back();
      std::vector<std::string> records;
      for (uint64_t events = 1 + random.Below(10); events > 0; --events) {
        request.ids.push_back(fmt::format("{}", random.Below(400)));
        records.push_back(Event(request.ids.back(), step));
      }
      request.outcome = world.Send(records);
    }
    if (random.Chance(0.1)) {
      const auto loss = SimulatedFileSystem::kLosses[random.Below(5)];
      if (random.Chance(0.5)) {
        world.files().StopAt(world.files().operations() + random.Below(12));
        world.Drive();
      }
      world.Crash(loss, random.Next());
    } else {
      world.Drive();
    }
    for (const Sent& request : sent) {
      if (!request.outcome->has_value() || !(*request.outcome)->refused.empty()) {
        continue;
      }
      for (size_t i = 0; i < request.ids.size(); ++i) {
        const log::Placement& placement = (*request.outcome)->placements[i];
        const auto [known, added] = places.try_emplace(request.ids[i], placement);
        ASSERT_TRUE(added || known->second == placement) << "event " << request.ids[i];
      }
    }
    std::map<std::string, int> stored;
    for (const std::string& record : world.Stored()) {
      const size_t at = record.find("\"EventId\":\"") + 11;
      const std::string id = record.substr(at, record.find('"', at) - at);
      ASSERT_EQ(++stored[id], 1) << "event " << id << " after step " << step;
    }
    for (const auto& [id, placement] : places) {
      ASSERT_TRUE(stored.contains(id)) << "event " << id << " was answered";
    }
  }
}

TEST(Deduplication, ModelWithCrashes) {
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  for (uint64_t i = 0; i < 40 && !testing::Test::HasFatalFailure(); ++i) {
    RunModel(seed + i);
  }
}

TEST(Deduplication, ManyThreadsSendTheSameEvents) {
  World world(800, true);  // Twice that is never reached: nothing is refused.
  constexpr int kThreads = 4;
  constexpr int kEvents = 1'500;
  std::atomic<size_t> duplicates = 0;
  std::mutex mutex;
  std::condition_variable changed;
  int answered = 0;
  std::vector<std::vector<log::Placement>> places(kThreads, std::vector<log::Placement>(kEvents));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEvents; ++i) {
        const std::string record = Event(fmt::format("{}", i), t);
        const log::Entry entry = {.partition_key = record, .data = record};
        world.intake().Append(world.stream(), {&entry, 1}, [&, t, i](IntakeOutcome outcome) {
          EXPECT_TRUE(outcome.refused.empty());
          duplicates += outcome.duplicates;
          places[t][i] = outcome.placements[0];
          const std::lock_guard lock(mutex);
          ++answered;
          changed.notify_one();
        });
        if (i % 50 == 0) {
          std::unique_lock lock(mutex);  // Not more at once than memory is for.
          changed.wait(lock, [&] { return answered + 100 * kThreads >= i * kThreads; });
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return answered == kThreads * kEvents; });
  }
  EXPECT_EQ(duplicates, (kThreads - 1) * kEvents);
  EXPECT_EQ(world.Stored().size(), kEvents);
  for (int t = 1; t < kThreads; ++t) {
    for (int i = 0; i < kEvents; ++i) {
      EXPECT_TRUE(places[t][i] == places[0][i]);
    }
  }
}

}  // namespace
}  // namespace weir::ingest::deduplication
