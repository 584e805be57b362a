// Crash points of an application: the machine stops at every change of storage that a workload
// makes, loses what was not synced in every way, and starts again. The outputs must be the same as
// without a crash, each row once.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "stream/stream_fixture.h"

namespace weir::stream {
namespace {

constexpr int kRecords = 24;
constexpr int kPutsPerStep = 3;

std::string DataOf(int record) {
  return fmt::format(R"({{"k":"key{}","v":{}}})", record % 5, record);
}

int64_t ArrivalOf(int record) {
  return kStart + record * 150;
}

struct Progress {
  int acknowledged = 0;  // Records known to be durable.
};

// Puts what is missing, computes, checkpoints now and then. Stops with an error when the machine
// does.
base::Result<void> Work(Machine& machine, Progress& progress) {
  RETURN_IF_ERROR(machine.Open());
  ASSIGN_OR_RETURN(const std::unique_ptr<Application> application,
                   machine.CreateApplication(CountApplication()));
  while (progress.acknowledged < kRecords) {
    const int begin = progress.acknowledged;
    for (int record = begin; record < begin + kPutsPerStep; ++record) {
      machine.Put(ArrivalOf(record), DataOf(record));
    }
    machine.log().Drive();
    if (machine.input().DurableEnd(0).value < static_cast<uint64_t>(begin + kPutsPerStep)) {
      return base::Fail(base::Code::kIo, "the machine has stopped");
    }
    progress.acknowledged = begin + kPutsPerStep;
    RETURN_IF_ERROR(machine.RunDry(*application));
    if (begin % (2 * kPutsPerStep) == 0) {
      RETURN_IF_ERROR(application->Checkpoint());
    }
  }
  machine.input().StateBound(model::Rowtime{ArrivalOf(kRecords) + 10'000}, true);
  machine.log().Drive();
  RETURN_IF_ERROR(machine.RunDry(*application));
  return application->Checkpoint();
}

// The workload after a restart: records that arrived although never acknowledged are counted as
// put.
base::Result<std::vector<std::string>> Finish(base::SimulatedFileSystem& files) {
  Machine machine(files);
  Progress progress;
  {
    Machine look(files);
    RETURN_IF_ERROR(look.Open());
    progress.acknowledged = static_cast<int>(look.input().DurableEnd(0).value);
    look.log().Shutdown();
  }
  // Groups of puts may have arrived in part; complete the group.
  RETURN_IF_ERROR([&]() -> base::Result<void> {
    Machine fill(files);
    RETURN_IF_ERROR(fill.Open());
    while (progress.acknowledged % kPutsPerStep != 0) {
      fill.Put(ArrivalOf(progress.acknowledged), DataOf(progress.acknowledged));
      fill.log().Drive();
      ++progress.acknowledged;
    }
    fill.log().Shutdown();
    return {};
  }());
  RETURN_IF_ERROR(Work(machine, progress));
  return machine.Rows();
}

TEST(CheckpointCrash, OutputsAreExactlyOnceAfterACrashAtEveryPoint) {
  std::vector<std::string> expected;
  uint64_t operations = 0;
  {
    base::SimulatedFileSystem files;
    Machine machine(files);
    Progress progress;
    const auto done = Work(machine, progress);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    expected = machine.Rows();
    operations = files.operations();
  }
  ASSERT_GT(expected.size(), 10);
  int states = 0;
  for (uint64_t stop = 0; stop < operations; ++stop) {
    base::SimulatedFileSystem files;
    files.StopAt(stop);
    {
      Machine machine(files);
      Progress progress;
      ASSERT_FALSE(Work(machine, progress).has_value()) << stop;
    }
    for (const base::SimulatedFileSystem::Loss loss : base::SimulatedFileSystem::kLosses) {
      SCOPED_TRACE(fmt::format("stopped at operation {}, loss {}", stop, static_cast<int>(loss)));
      const auto image = files.Crash(loss, stop);
      const auto rows = Finish(*image);
      ASSERT_TRUE(rows.has_value()) << rows.error().message;
      ASSERT_EQ(*rows, expected);
      ++states;
    }
  }
  fmt::print("crash points of checkpoints: {} operations, {} states, 0 failures\n", operations,
             states);
  RecordProperty("states", states);
}

}  // namespace
}  // namespace weir::stream
