#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/logging.h"
#include "base/random.h"
#include "base/test_seed.h"
#include "delivery/delivery_fixture.h"
#include "delivery/verify.h"
#include "json/document.h"

// Crash points: appends, reshards and deliveries over one simulated disk are stopped at each
// operation on it; of what was not synced, various parts are lost. After recovery and going on,
// every record of the log must be in exactly one committed object, every acknowledged record must
// be in the log, and a foreign reader that lists the folders sees only objects that are committed,
// or are going to be with the same bytes.

namespace weir::delivery {
namespace {

using base::SimulatedFileSystem;
using Keys = std::map<std::string, uint32_t>;  // key -> checksum

constexpr int kRounds = 11;
constexpr int kSplitBefore = 4;
constexpr int kMergeBefore = 8;

// What outlives a crash elsewhere: the acknowledged records, and the stream's definition, which is
// durable before the log is given it.
struct Told {
  std::set<std::string> acknowledged;
  log::StreamDefinition definition = log::Definition("Clicks", 2);
};

std::string RecordText(int number) {
  // Each seventh cannot be converted.
  return number % 7 == 3 ? fmt::format("broken-{}", number)
                         : fmt::format("{{\"Id\":\"r-{}\",\"Price\":1.5}}", number);
}

std::vector<std::string> Round(int round) {
  std::vector<std::string> texts;
  for (int i = 0; i < 5; ++i) {
    texts.push_back(RecordText(round * 5 + i));
  }
  return texts;
}

DeliveryDefinition Definition() {
  DeliveryDefinition definition = JsonDefinition();
  definition.buffer_bytes = 120;
  return definition;
}

void Reshard(Engine& engine, log::StreamDefinition definition, Told& told) {
  told.definition = std::move(definition);
  (void)engine.stream().Reshard(told.definition).has_value();
}

// Appends, reshards and delivers until the disk stops.
Told RunWorkload(SimulatedFileSystem& files, base::ManualClock& clock) {
  Told told;
  auto engine = Engine::Open(files, clock, told.definition);
  if (!engine.has_value()) {
    return told;
  }
  auto delivery = (*engine)->Deliver(Definition());
  for (int round = 0; round < kRounds && delivery.has_value(); ++round) {
    if (round == kSplitBefore) {
      Reshard(**engine, log::Split(told.definition, 1), told);
    } else if (round == kMergeBefore) {
      Reshard(**engine, log::Merge(told.definition, 0, 2), told);
    }
    const std::vector<std::string> texts = Round(round);
    if ((*engine)->Append(texts)) {
      told.acknowledged.insert(texts.begin(), texts.end());
    }
    clock.AdvanceMillis(20'000);
    // A failed step is repeated, as the delivery's thread does.
    if (!(*delivery)->Step(round % 3 == 2).has_value()) {
      (void)(*delivery)->Step(false).has_value();
    }
  }
  return told;
}

Keys VisibleObjects(lake::ObjectStore& store) {
  Keys visible;
  const auto keys = store.List("click-stream", "");
  EXPECT_TRUE(keys.has_value());
  for (const std::string& key : *keys) {
    visible[key] = base::Crc32c(*store.Get("click-stream", key));
  }
  return visible;
}

// Before the delivery is started: what is visible is committed or planned.
void CheckVisible(Engine& engine, const Keys& visible) {
  std::set<std::string> named;
  const auto objects = engine.catalog().Objects();
  for (const catalog::Object& object : *objects) {
    named.insert(object.key);
    EXPECT_TRUE(visible.contains(object.key)) << object.key << " is committed, but not there";
  }
  const auto planned = engine.catalog().PlannedObjects("clicks");
  for (const catalog::PlannedObject& plan : *planned) {
    named.insert(plan.key);
    named.insert(plan.error_key);
  }
  for (const auto& [key, checksum] : visible) {
    EXPECT_TRUE(named.contains(key)) << key << " is visible without plan or commit";
  }
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t from = 0; from < text.size();) {
    const size_t end = text.find('\n', from);
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

// The records of all committed objects, with how often each is there.
std::map<std::string, int> DeliveredRecords(Engine& engine) {
  std::map<std::string, int> delivered;
  const auto objects = engine.catalog().Objects();
  for (const catalog::Object& object : *objects) {
    for (const std::string& line : Lines(*engine.store().Get(object.bucket, object.key))) {
      const std::string record =
          object.failed ? base::FromBase64(*json::Parse(line)->StringAt("rawData")).value_or("")
                        : line;
      ++delivered[record];
    }
  }
  return delivered;
}

std::map<std::string, int> LoggedRecords(Engine& engine) {
  std::map<std::string, int> logged;
  for (const log::ShardDefinition& shard : engine.stream().definition().shards) {
    const auto records = log::ReadAll(engine.stream(), shard.id);
    EXPECT_TRUE(records.has_value());
    for (const std::string& record : *records) {
      ++logged[record];
    }
  }
  return logged;
}

void CheckEnd(Engine& engine, const Keys& visible_before,
              const std::set<std::string>& acknowledged) {
  const std::map<std::string, int> logged = LoggedRecords(engine);
  for (const std::string& record : acknowledged) {
    EXPECT_TRUE(logged.contains(record)) << record << " was acknowledged and is lost";
  }
  EXPECT_EQ(DeliveredRecords(engine), logged);
  const auto report = VerifyObjects(engine.catalog(), engine.store());
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  EXPECT_TRUE(report->orphans.empty()) << report->orphans.front();
  const Keys visible = VisibleObjects(engine.store());
  for (const auto& [key, checksum] : visible_before) {
    ASSERT_TRUE(visible.contains(key)) << key << " has vanished";
    EXPECT_EQ(visible.at(key), checksum) << key << " has changed";
  }
}

void Recover(SimulatedFileSystem& disk, base::ManualClock& clock, const Told& told) {
  auto engine = Engine::Open(disk, clock, told.definition);
  ASSERT_TRUE(engine.has_value()) << engine.error().message;
  const Keys visible = VisibleObjects((*engine)->store());
  CheckVisible(**engine, visible);
  auto delivery = (*engine)->Deliver(Definition());
  ASSERT_TRUE(delivery.has_value()) << delivery.error().message;
  ASSERT_TRUE((*engine)->Append({RecordText(1'000), RecordText(1'004)}));
  ASSERT_TRUE((*delivery)->Step(true).has_value());
  CheckEnd(**engine, visible, told.acknowledged);
}

class Runs {
 public:
  explicit Runs(std::string name) : name_(std::move(name)) {}

  ~Runs() { std::printf("%s: %d, failures: %d\n", name_.c_str(), states_, failures_); }

  // Crashes `files` in every way and recovers; false when the test should stop.
  bool CrashAndRecover(const SimulatedFileSystem& files, uint64_t stop, const Told& told) {
    for (const SimulatedFileSystem::Loss loss : SimulatedFileSystem::kLosses) {
      SCOPED_TRACE(
          fmt::format("WEIR_SEED={} stop {} loss {}", seed_, stop, static_cast<int>(loss)));
      const auto disk = files.Crash(loss, seed_ * 1'000'003 + stop);
      base::ManualClock clock(1'700'000'000'000);
      Recover(*disk, clock, told);
      ++states_;
      failures_ += testing::Test::HasFailure() ? 1 : 0;
      if (testing::Test::HasFailure()) {
        return false;
      }
    }
    return true;
  }

  uint64_t seed() const { return seed_; }

 private:
  std::string name_;
  const uint64_t seed_ = base::TestSeed(1);
  int states_ = 0;
  int failures_ = 0;
};

TEST(DeliveryCrashTest, EveryRecordIsInExactlyOneObject) {
  base::SetUpLogging(base::LogFormat::kText, base::LogLevel::kError);
  base::ManualClock clock;
  SimulatedFileSystem whole;
  ASSERT_EQ(RunWorkload(whole, clock).acknowledged.size(), 5u * kRounds);
  Runs runs("delivery crash states");
  for (uint64_t stop = 0; stop <= whole.operations(); ++stop) {
    base::ManualClock run_clock;
    SimulatedFileSystem files;
    files.StopAt(stop);
    const Told told = RunWorkload(files, run_clock);
    if (!runs.CrashAndRecover(files, stop, told)) {
      return;
    }
  }
}

TEST(DeliveryCrashTest, ACrashDuringRecoveryChangesNothing) {
  base::SetUpLogging(base::LogFormat::kText, base::LogLevel::kError);
  base::ManualClock clock;
  SimulatedFileSystem whole;
  ASSERT_EQ(RunWorkload(whole, clock).acknowledged.size(), 5u * kRounds);
  Runs runs("delivery crash states, crash during recovery");
  base::Random random(runs.seed());
  for (int sample = 0; sample < 150; ++sample) {
    const uint64_t stop = random.Below(whole.operations());
    base::ManualClock run_clock;
    SimulatedFileSystem files;
    files.StopAt(stop);
    const Told told = RunWorkload(files, run_clock);
    const auto loss = SimulatedFileSystem::kLosses[random.Below(5)];
    const auto disk = files.Crash(loss, random.Next());
    disk->StopAt(random.Below(40));
    if (auto engine = Engine::Open(*disk, run_clock, told.definition); engine.has_value()) {
      (void)(*engine)->Deliver(Definition()).has_value();
    }
    if (!runs.CrashAndRecover(*disk, stop, told)) {
      return;
    }
  }
}

}  // namespace
}  // namespace weir::delivery
