/// Crash points. A workload runs on a simulated disk that stops at its n-th changing operation, for
/// every n; then the machine "loses power", and the log is opened on each disk that could be found.
/// What must hold:
///
///   I1  every acknowledged record is there, with its bytes and its sequence
///   I2  every record there was sent, whole, and is there once
///   I3  order and sequences are kept
///   I4  a child's records come after its parents', by time and by order of sending
///   I8  opening again changes nothing, and a crash during opening is as harmless
///
/// and likewise for producers' ordinals and for the stated bound.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include "base/random.h"
#include "base/test_seed.h"
#include "log/log_fixture.h"

namespace weir::log {
namespace {

using base::SimulatedFileSystem;
using Loss = SimulatedFileSystem::Loss;

constexpr uint64_t kSeedsPerLoss = 3;
constexpr uint64_t kMaxOperations = 100'000;

LogOptions CrashOptions() {
  LogOptions options = SmallOptions();
  options.segment_bytes = 6 << 10;
  return options;
}

/// What the clients of the log know.
struct Known {
  struct PerShard {
    std::map<uint64_t, std::string> acknowledged;  // by sequence
    int64_t bound = 0;
    uint64_t keep_from = 0;  // retention was allowed before it
  };

  explicit Known(StreamDefinition stream)
      : definition(std::move(stream)), shards(definition.shards.size()) {}

  void NoteSent(const std::string& data) { sent.emplace(data, orders++); }

  /// The rows from `next` on were never stored: they will be sent again, after everything else.
  void ForgetRows(uint64_t next) {
    for (; rows.size() > next; rows.pop_back()) {
      sent.erase(rows.back());
    }
  }

  StreamDefinition definition;  // durable elsewhere, before the log hears of a change
  std::vector<PerShard> shards;
  std::map<std::string, uint64_t, std::less<>> sent;  // data -> order of sending
  uint64_t orders = 0;
  std::set<std::string, std::less<>> refused;  // and certainly not stored
  std::vector<std::string> rows;               // the producer's, by ordinal
  uint64_t rows_acknowledged = 0;
};

/// A client of one log: sends, and notes what was acknowledged.
class Client {
 public:
  Client(SimulatedFileSystem& files, base::ManualClock& clock, Known& known)
      : clock_(clock), known_(known) {
    auto log = Log::Open(files, clock, "data", CrashOptions());
    if (!log.has_value()) {
      return;
    }
    log_ = std::move(*log);
    auto stream = log_->OpenStream(known.definition);
    stream_ = stream.has_value() ? *stream : nullptr;
  }

  Stream* stream() { return stream_; }

  Log& log() { return *log_; }

  bool alive() const { return stream_ != nullptr && log_->healthy(); }

  /// Sends records of the sizes in one append; acknowledged after the next Drive.
  void Send(const std::vector<size_t>& sizes) {
    std::vector<std::string> data;
    for (const size_t size : sizes) {
      data.push_back(fmt::format("{:06}:{}", known_.orders, std::string(size, 'x')));
      known_.NoteSent(data.back());
    }
    std::vector<Entry> entries;
    for (const std::string& record : data) {
      entries.push_back({.partition_key = std::string_view(record).substr(0, 6), .data = record});
    }
    stream_->Append(entries, [this, data](base::Result<std::vector<Placement>> result) {
      for (size_t i = 0; result.has_value() && i < data.size(); ++i) {
        const Placement& placement = (*result)[i];
        known_.shards[placement.shard].acknowledged[placement.sequence.value] = data[i];
      }
    });
  }

  /// Likewise; each record may be acknowledged without the others.
  void SendEach(const std::vector<size_t>& sizes) {
    std::vector<std::string> data;
    for (const size_t size : sizes) {
      data.push_back(fmt::format("{:06}:{}", known_.orders, std::string(size, 'x')));
      known_.NoteSent(data.back());
    }
    std::vector<Entry> entries;
    for (const std::string& record : data) {
      entries.push_back({.partition_key = std::string_view(record).substr(0, 6), .data = record});
    }
    stream_->AppendEach(entries, [this, data](const AppendOutcome& outcome) {
      std::set<size_t> refused;
      for (const auto& [index, error] : outcome.refused) {
        refused.insert(index);
        if (error.code != base::Code::kIo) {
          known_.refused.insert(data[index]);
        }
      }
      for (size_t i = 0; i < data.size(); ++i) {
        if (!refused.contains(i)) {
          const Placement& placement = outcome.placements[i];
          known_.shards[placement.shard].acknowledged[placement.sequence.value] = data[i];
        }
      }
    });
  }

  /// Repeats the last change of the definition when that may have failed.
  void Reshard(StreamDefinition definition) {
    known_.definition = std::move(definition);
    known_.shards.resize(known_.definition.shards.size());
    static_cast<void>(stream_->Reshard(known_.definition));
  }

  const StreamDefinition& definition() const { return known_.definition; }

  /// Sends the producer's rows [first, end), making up the ones that are new.
  void SendRows(uint64_t first, uint64_t end) {
    while (known_.rows.size() < end) {
      known_.rows.push_back(fmt::format("row:{}", known_.rows.size()));
      known_.NoteSent(known_.rows.back());
    }
    std::vector<Entry> entries;
    for (uint64_t i = first; i < end; ++i) {
      entries.push_back({.partition_key = "row", .data = known_.rows[i]});
    }
    stream_->AppendOnce({"app", first}, entries,
                        [this, end](const base::Result<std::vector<Placement>>& result) {
                          if (result.has_value()) {
                            known_.rows_acknowledged = std::max(known_.rows_acknowledged, end);
                          }
                        });
  }

  void Drive() {
    clock_.AdvanceMillis(3);
    log_->Drive();
    for (uint32_t shard = 0; shard < known_.shards.size(); ++shard) {
      known_.shards[shard].bound = stream_->Bound(shard).millis;
    }
  }

  void Retain(uint64_t keep_from) {
    known_.shards[0].keep_from = keep_from;
    const std::vector<model::Sequence> keep = {{keep_from}};
    static_cast<void>(stream_->ApplyRetention(keep));
  }

 private:
  base::ManualClock& clock_;
  Known& known_;
  std::unique_ptr<Log> log_;
  Stream* stream_ = nullptr;
};

struct Workload {
  std::string name;
  StreamDefinition definition;
  std::function<void(Client&)> run;
};

void AppendWorkload(Client& client) {
  for (size_t i = 0; i < 12 && client.alive(); ++i) {
    client.Send({i * 40});
    if (i % 3 == 1) {
      client.Send({5, 600, 1});
    }
    client.Drive();
  }
}

void RollWorkload(Client& client) {
  for (size_t i = 0; i < 14 && client.alive(); ++i) {
    client.Send({1500, i * 10, 700});
    client.Drive();
  }
  if (client.alive()) {
    client.Send(std::vector<size_t>(12, 1400));  // one group over several segments
    client.Drive();
  }
}

void BatchesWorkload(Client& client) {
  for (size_t i = 0; i < 3 && client.alive(); ++i) {
    client.SendEach({200'000, 100'000, 10});  // two batches, the second in the next segment
    client.Drive();
  }
}

/// Each write holds a small batch and a larger one.
void PairsWorkload(Client& client) {
  for (uint64_t i = 0; i < 4 && client.alive(); ++i) {
    client.SendEach({10, 20});
    client.SendRows(i, i + 1);
    client.SendEach({700, 900});
    client.Drive();
  }
}

void ProducerWorkload(Client& client) {
  for (uint64_t i = 0; i < 14 && client.alive(); ++i) {
    client.SendRows(i == 0 ? 0 : i * 3 - 1, i * 3 + 3);  // one row of each is a repetition
    if (i % 4 == 0) {
      client.Send({900});
    }
    if (i % 3 == 0) {
      client.stream()->StateBound({2'000'000'000'000 + static_cast<int64_t>(i)}, true);
    }
    client.Drive();
  }
}

void RetentionWorkload(Client& client) {
  for (size_t i = 0; i < 20 && client.alive(); ++i) {
    client.Send({1100, 1100});
    client.SendRows(i, i + 1);
    client.Drive();
    if (i % 5 == 4 && client.alive()) {
      client.Retain(client.stream()->DurableEnd(0).value - 4);
    }
  }
}

void ShardedWorkload(Client& client) {
  for (size_t i = 0; i < 10 && client.alive(); ++i) {
    client.Send({10, 300, 20, 800, 5, 90});
    client.Drive();
  }
}

void ShutdownWorkload(Client& client) {
  client.Send({100});
  client.Drive();
  client.Send({100});
  client.SendRows(0, 2);
  client.log().Shutdown();
}

/// Splits, splits a child and merges, with unsynced records in between; later empties the first
/// shard.
void ReshardWorkload(Client& client) {
  const std::vector<size_t> sizes = {700, 20, 900};
  for (uint64_t i = 0; i < 4 && client.alive(); ++i) {
    client.SendEach(sizes);
    client.SendRows(i == 0 ? 0 : i * 2 - 1, i * 2 + 2);
    if (i < 2) {
      client.Reshard(Split(client.definition(), i == 0 ? 0 : 1));
    } else if (i == 2) {
      client.Reshard(Merge(client.definition(), 4, 2));
    } else {
      client.Reshard(client.definition());
    }
    client.SendEach(sizes);
    if (client.alive()) {
      client.Drive();
    }
    if (i == 3 && client.alive()) {
      client.Retain(client.stream()->DurableEnd(0).value);
    }
  }
}

std::vector<Workload> Workloads() {
  StreamDefinition retained = Definition("retention");
  retained.retention_millis = 1;
  StreamDefinition resharded = Definition("reshard");
  resharded.retention_millis = 1;
  return {{"append", Definition("append"), AppendWorkload},
          {"roll", Definition("roll"), RollWorkload},
          {"producer", Definition("producer"), ProducerWorkload},
          {"retention", retained, RetentionWorkload},
          {"sharded", Definition("sharded", 3), ShardedWorkload},
          {"reshard", resharded, ReshardWorkload},
          {"shutdown", Definition("shutdown"), ShutdownWorkload}};
}

/// What one opening finds.
struct Found {
  std::vector<std::vector<std::pair<uint64_t, std::string>>> shards;
  std::vector<int64_t> bounds;
  std::vector<std::pair<int64_t, int64_t>> arrivals;  // first and last; none: maximum and minimum
  uint64_t next_ordinal = 0;
  uint64_t torn_tails = 0;

  /// Whether another opening found the same, with nothing left to repair.
  bool IsRepeatedBy(const Found& again) const {
    return shards == again.shards && bounds == again.bounds && next_ordinal == again.next_ordinal &&
           again.torn_tails == 0;
  }
};

/// Opens the log on `disk` and reads everything; the clock's time does not matter.
std::optional<Found> OpenAndRead(SimulatedFileSystem& disk, const StreamDefinition& definition) {
  base::ManualClock clock;
  auto log = Log::Open(disk, clock, "data", CrashOptions());
  EXPECT_TRUE(log.has_value());
  auto opened = (*log)->OpenStream(definition);
  if (!opened.has_value()) {
    ADD_FAILURE() << opened.error().message;
    return std::nullopt;
  }
  Stream& stream = **opened;
  Found found;
  for (uint32_t shard = 0; shard < definition.shards.size(); ++shard) {
    auto& records = found.shards.emplace_back();
    int64_t first_arrival = INT64_MAX;
    int64_t arrival = INT64_MIN;
    for (model::Sequence from;;) {
      const auto read = stream.Read(shard, from, 10, 4000);
      if (!read.has_value()) {
        ADD_FAILURE() << read.error().message;
        return std::nullopt;
      }
      if (read->batch.records.empty()) {
        EXPECT_EQ(read->next, stream.DurableEnd(shard));
        EXPECT_EQ(read->ended, definition.shards[shard].closed);
        break;
      }
      for (const model::Record& record : read->batch.records) {
        EXPECT_GE(record.arrival.millis, arrival);
        arrival = record.arrival.millis;
        first_arrival = std::min(first_arrival, arrival);
        records.emplace_back(record.sequence.value, record.data);
      }
      from = read->next;
    }
    found.arrivals.emplace_back(first_arrival, arrival);
    found.bounds.push_back(stream.Bound(shard).millis);
    EXPECT_GE(found.bounds.back(), arrival);
  }
  found.next_ordinal = stream.NextOrdinal("app");
  found.torn_tails = (*log)->recovery().torn_tails;
  const auto verified = (*log)->Verify(definition);
  EXPECT_TRUE(verified.has_value() && verified->problems.empty())
      << (verified.has_value() ? verified->problems.front() : verified.error().message);
  // No clean shutdown: a later opening must see what recovery made durable, and no more.
  disk.StopAt(0);
  return found;
}

void CheckShard(const Known::PerShard& known, const Known& all,
                const std::vector<std::pair<uint64_t, std::string>>& records) {
  std::map<uint64_t, std::string> by_sequence;
  std::set<std::string> seen;
  uint64_t last_order = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const auto& [sequence, data] = records[i];
    ASSERT_TRUE(i == 0 || sequence == records[i - 1].first + 1) << "gap before " << sequence;
    const auto sent = all.sent.find(data);
    ASSERT_NE(sent, all.sent.end()) << "invented record " << sequence;
    ASSERT_TRUE(seen.insert(data).second) << "stored twice: " << data;
    ASSERT_TRUE(i == 0 || sent->second > last_order) << "out of order: " << data;
    last_order = sent->second;
    by_sequence[sequence] = data;
  }
  for (const auto& [sequence, data] : known.acknowledged) {
    const auto found = by_sequence.find(sequence);
    if (found == by_sequence.end()) {
      ASSERT_LT(sequence, known.keep_from) << "lost acknowledged record " << sequence;
    } else {
      ASSERT_EQ(found->second, data) << "at " << sequence;
    }
  }
}

/// When the shard's first and last records were sent.
std::pair<uint64_t, uint64_t> SentBetween(
    const Known& known, const std::vector<std::pair<uint64_t, std::string>>& records) {
  std::pair<uint64_t, uint64_t> range{UINT64_MAX, 0};
  for (const auto& [sequence, data] : records) {
    const uint64_t order = known.sent.at(data);
    range = {std::min(range.first, order), std::max(range.second, order)};
  }
  return range;
}

void CheckGenerations(const Known& known, const Found& found) {
  for (const ShardDefinition& shard : known.definition.shards) {
    for (const uint32_t parent : shard.parents) {
      ASSERT_GE(found.bounds[shard.id], found.bounds[parent]);
      ASSERT_GE(found.arrivals[shard.id].first, found.arrivals[parent].second);
      ASSERT_GE(SentBetween(known, found.shards[shard.id]).first,
                SentBetween(known, found.shards[parent]).second);
    }
  }
}

void CheckInvariants(const Known& known, const Found& found) {
  for (size_t shard = 0; shard < known.shards.size(); ++shard) {
    CheckShard(known.shards[shard], known, found.shards[shard]);
    EXPECT_GE(found.bounds[shard], known.shards[shard].bound);
  }
  if (testing::Test::HasFatalFailure()) {
    return;
  }
  CheckGenerations(known, found);
  EXPECT_GE(found.next_ordinal, known.rows_acknowledged);
  EXPECT_LE(found.next_ordinal, known.rows.size());
  uint64_t rows = 0;
  uint64_t first_row = UINT64_MAX;
  for (const auto& records : found.shards) {
    for (const auto& [sequence, data] : records) {
      EXPECT_FALSE(known.refused.contains(data)) << data.substr(0, 6);
      if (data.starts_with("row:")) {
        first_row = std::min<uint64_t>(first_row, std::stoull(data.substr(4)));
        ++rows;
      }
    }
  }
  if (rows > 0) {
    EXPECT_EQ(first_row + rows, found.next_ordinal);
  }
}

class LogCrashTest : public ::testing::Test {
 protected:
  /// Recovers one disk, checks the invariants, recovers again, and lets the clients go on.
  void CheckDisk(const Known& known, SimulatedFileSystem& disk, uint64_t seed) {
    ++states_;
    const auto found = OpenAndRead(disk, known.definition);
    ASSERT_TRUE(found.has_value());
    CheckInvariants(known, *found);
    const auto again = disk.Crash(Loss::kUnsynced, seed);
    const auto found_again = OpenAndRead(*again, known.definition);
    ASSERT_TRUE(found_again.has_value());
    ASSERT_TRUE(found->IsRepeatedBy(*found_again)) << "a second opening found something else";
    GoOn(known, *again->Crash(Loss::kUnsynced, seed), *found);
  }

  /// The producer repeats what is not acknowledged, and another record is sent.
  void GoOn(Known known, SimulatedFileSystem& disk, const Found& found) {
    base::ManualClock clock;
    {
      Client client(disk, clock, known);
      ASSERT_TRUE(client.alive());
      known.ForgetRows(found.next_ordinal);
      client.SendRows(known.rows_acknowledged, found.next_ordinal + 1);
      client.Send({50});
      client.Drive();
      ASSERT_EQ(known.rows_acknowledged, found.next_ordinal + 1);
    }
    const auto after = OpenAndRead(*disk.Crash(Loss::kUnsynced, 1), known.definition);
    ASSERT_TRUE(after.has_value());
    CheckInvariants(known, *after);
  }

  /// The process died, but not the machine: what the page cache holds is found, and must then be
  /// durable.
  void CheckRestart(const Known& known, SimulatedFileSystem& files) {
    ++states_;
    files.StopAt(UINT64_MAX);
    const auto found = OpenAndRead(files, known.definition);
    ASSERT_TRUE(found.has_value());
    CheckInvariants(known, *found);
    const auto found_again = OpenAndRead(*files.Crash(Loss::kUnsynced, 1), known.definition);
    ASSERT_TRUE(found_again.has_value());
    ASSERT_TRUE(found->IsRepeatedBy(*found_again)) << "a restart showed what was not durable";
    files.StopAt(UINT64_MAX);
    GoOn(known, files, *found);
  }

  /// Crashes at each operation of the recovery of one disk.
  void CrashDuringRecovery(const Known& known, const SimulatedFileSystem& stopped, Loss loss,
                           uint64_t seed) {
    for (uint64_t operation = 0; operation < kMaxOperations; ++operation) {
      SCOPED_TRACE(fmt::format("recovery operation {}", operation));
      const auto disk = stopped.Crash(loss, seed);
      disk->StopAt(operation);
      {
        base::ManualClock clock;
        auto log = Log::Open(*disk, clock, "data", CrashOptions());
        if (log.has_value()) {
          static_cast<void>((*log)->OpenStream(known.definition));
        }
      }
      if (disk->operations() <= operation) {
        return;
      }
      for (const Loss second : {Loss::kUnsynced, Loss::kRandomCut, Loss::kTornSectors}) {
        const auto found = disk->Crash(second, seed + operation);
        CheckDisk(known, *found, seed);
        if (HasFatalFailure()) {
          return;
        }
      }
    }
  }

  /// Calls `check` for each way to lose what was not synced, and for each of the random images of
  /// one; false as soon as it has failed.
  template <typename Check>
  static bool ForEachImage(Check check) {
    for (const Loss loss : SimulatedFileSystem::kLosses) {
      const bool random = loss == Loss::kRandomCut || loss == Loss::kTornSectors;
      for (uint64_t i = 0; i < (random ? kSeedsPerLoss : 1); ++i) {
        check(loss, i);
        if (HasFailure()) {
          return false;
        }
      }
    }
    return true;
  }

  /// Runs the workload until the disk stops at `operation`; false when the workload needs fewer.
  bool CrashAt(const Workload& workload, uint64_t operation, uint64_t seed) {
    SimulatedFileSystem files;
    files.StopAt(operation);
    Known known(workload.definition);
    base::ManualClock clock;
    {
      Client client(files, clock, known);
      if (client.alive()) {
        workload.run(client);
      }
    }
    const bool sound = ForEachImage([&](Loss loss, uint64_t i) {
      SCOPED_TRACE(fmt::format("workload {}, operation {}, loss {}, {}", workload.name, operation,
                               static_cast<int>(loss), base::SeedTrace(seed)));
      const uint64_t image = seed + operation * kSeedsPerLoss + i;
      const auto disk = files.Crash(loss, image);
      CheckDisk(known, *disk, image);
      if (i == 0 && operation % 8 == seed % 8) {
        CrashDuringRecovery(known, files, loss, image);
      }
    });
    if (!sound) {
      return false;
    }
    const bool stopped = files.operations() > operation;
    SCOPED_TRACE(fmt::format("workload {}, restart after operation {}", workload.name, operation));
    CheckRestart(known, files);
    return stopped;
  }

  /// Runs the workload with a disk whose `operation`-th change fails once; false when there are
  /// fewer.
  bool FailAt(const Workload& workload, uint64_t operation, base::Code code) {
    SimulatedFileSystem files;
    uint64_t seen = 0;
    files.SetFaultHook(
        [&](std::string_view kind, std::string_view path) -> std::optional<base::Error> {
          if (kind == "read" || seen++ != operation) {
            return std::nullopt;
          }
          return base::Error{code, fmt::format("injected: {} of {}", kind, path)};
        });
    Known known(workload.definition);
    base::ManualClock clock;
    {
      Client client(files, clock, known);
      if (client.alive()) {
        workload.run(client);
      }
    }
    files.SetFaultHook(nullptr);
    SCOPED_TRACE(fmt::format("workload {}, operation {} fails with {}", workload.name, operation,
                             base::CodeName(code)));
    ++states_;
    const auto lost = files.Crash(Loss::kUnsynced, operation);
    const auto found = OpenAndRead(*lost, known.definition);
    if (found.has_value()) {
      CheckInvariants(known, *found);
    }
    CheckRestart(known, files);
    return seen > operation && !HasFailure();
  }

  /// Runs the workload with a disk that has no space for the last byte of the `write`-th write, or
  /// for what it allocates, and stops after `more` further operations; false when there are fewer.
  bool FillAt(const Workload& workload, uint64_t write, uint64_t more, uint64_t seed) {
    SimulatedFileSystem files;
    uint64_t seen = 0;
    files.SetFaultHook([&](std::string_view kind, std::string_view) -> std::optional<base::Error> {
      if ((kind != "write" && kind != "allocate") || seen++ != write) {
        return std::nullopt;
      }
      files.StopAt(files.operations() + more);
      return base::Error{base::Code::kDiskFull, "no space"};
    });
    Known known(workload.definition);
    base::ManualClock clock;
    {
      Client client(files, clock, known);
      if (client.alive()) {
        workload.run(client);
      }
    }
    const bool sound = ForEachImage([&](Loss loss, uint64_t i) {
      SCOPED_TRACE(fmt::format("workload {}, full at write {}, stops {} later, loss {}, {}",
                               workload.name, write, more, static_cast<int>(loss),
                               base::SeedTrace(seed)));
      const uint64_t image = seed + write * kSeedsPerLoss + i;
      CheckDisk(known, *files.Crash(loss, image), image);
    });
    return sound && seen > write;
  }

  uint64_t states_ = 0;
};

TEST_F(LogCrashTest, EveryCrashPointKeepsTheInvariants) {
  const uint64_t seed = base::TestSeed(1);
  for (const Workload& workload : Workloads()) {
    uint64_t operation = 0;
    while (operation < kMaxOperations && CrashAt(workload, operation, seed)) {
      ++operation;
    }
    EXPECT_GT(operation, 10U);
    if (HasFailure()) {
      break;
    }
  }
  RecordProperty("states", static_cast<int>(states_));
  std::printf("log crash states: %llu, failures: %d\n", static_cast<unsigned long long>(states_),
              HasFailure() ? 1 : 0);
  EXPECT_TRUE(HasFailure() || states_ >= 5000U);
}

TEST_F(LogCrashTest, EveryFailingOperationKeepsTheInvariants) {
  std::vector<Workload> workloads = Workloads();
  workloads.push_back({"batches", Definition("batches"), BatchesWorkload});
  for (const Workload& workload : workloads) {
    for (const base::Code code :
         {base::Code::kIo, base::Code::kPermission, base::Code::kDiskFull}) {
      uint64_t operation = 0;
      while (operation < kMaxOperations && FailAt(workload, operation, code)) {
        ++operation;
      }
      EXPECT_GT(operation, 10U);
    }
  }
  RecordProperty("states", static_cast<int>(states_));
  std::printf("log fault states: %llu, failures: %d\n", static_cast<unsigned long long>(states_),
              HasFailure() ? 1 : 0);
}

TEST_F(LogCrashTest, WhatAFullDiskRefusedIsNotFoundAfterAPowerLoss) {
  const uint64_t seed = base::TestSeed(1);
  StreamDefinition resharded = Definition("reshard");
  resharded.retention_millis = 1;
  const std::vector<Workload> workloads = {{"pairs", Definition("pairs"), PairsWorkload},
                                           {"batches", Definition("batches"), BatchesWorkload},
                                           {"reshard", resharded, ReshardWorkload}};
  for (const Workload& workload : workloads) {
    for (uint64_t more = 0; more < 4; ++more) {
      uint64_t write = 0;
      while (write < kMaxOperations && FillAt(workload, write, more, seed)) {
        ++write;
      }
      ASSERT_FALSE(HasFailure());
      EXPECT_GT(write, 5U);
    }
  }
}

}  // namespace
}  // namespace weir::log
