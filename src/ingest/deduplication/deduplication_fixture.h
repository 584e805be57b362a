#pragma once

/// A world for the tests of de-duplication.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/simulated_file_system.h"
#include "ingest/deduplication/deduplication.h"

namespace weir::ingest::deduplication {

using base::SimulatedFileSystem;

inline constexpr char kStream[] = "clicks";
inline constexpr int64_t kHour = 3'600'000;

inline std::string Event(std::string_view id, int version = 0) {
  return fmt::format(R"({{"Version":{},"EventId":"{}"}})", version, id);
}

/// A log, a catalog and the intake on a simulated disk, without threads unless asked for.
class World {
 public:
  explicit World(size_t memory_events = 1'000, bool threads = false)
      : memory_events_(memory_events),
        threads_(threads),
        files_(std::make_unique<SimulatedFileSystem>()) {
    EXPECT_TRUE(files_->CreateDirectories("/data").has_value());
    Open();
    Define(24);
  }

  ~World() { Close(); }

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Open() {
    metrics_ = std::make_unique<base::Metrics>();
    catalog_ = *catalog::Catalog::Open(*files_, clock_, "/data/catalog.db");
    log_ = *log::Log::Open(
        *files_, clock_, "/data/log",
        {.segment_bytes = 64 << 10, .committers = threads_ ? 1 : 0, .min_free_bytes = 0});
    log::StreamDefinition definition = {.name = kStream, .shards = log::EvenShards(2)};
    definition.retention_millis = retention_millis_;
    stream_ = *log_->OpenStream(definition);
    next_ = Intake::Create({}, *log_, clock_, *metrics_);
    auto created = CreateDeduplication(
        {.folder = "/data/deduplication", .memory_events = memory_events_, .threads = threads_},
        *next_, *log_, *catalog_, *files_, clock_, *metrics_);
    ASSERT_TRUE(created.has_value()) << created.error().message;
    intake_ = std::move(*created);
  }

  void Close() {
    if (log_ != nullptr) {
      log_->Shutdown();
    }
    intake_.reset();
    next_.reset();
    log_.reset();
    catalog_.reset();
  }

  /// The process is killed and the machine restarted: what was not synced is lost as `loss` says.
  void Crash(SimulatedFileSystem::Loss loss, uint64_t seed) {
    std::unique_ptr<SimulatedFileSystem> disk = files_->Crash(loss, seed);
    files_->StopAt(files_->operations());
    Close();
    files_ = std::move(disk);
    Open();
  }

  void Define(int64_t hours, std::string_view field = "EventId") {
    DefineFor(kStream, hours, field);
  }

  void DefineFor(std::string_view stream, int64_t hours, std::string_view field = "EventId") {
    const catalog::ResourceChange change = {
        .resource = {
            .type = "Weir::Deduplication",
            .name = fmt::format("once {}", stream),
            .definition = fmt::format(R"({{"Stream":"{}","EventIdField":"{}","HorizonHours":{}}})",
                                      stream, field, hours)}};
    ASSERT_TRUE(catalog_->Apply({&change, 1}).has_value());
  }

  /// A definition that cannot be read, until RemoveWrong.
  void DefineWrongly(std::string_view definition = "{}") {
    const catalog::ResourceChange change = {.resource = {.type = "Weir::Deduplication",
                                                         .name = "wrong",
                                                         .definition = std::string(definition)}};
    ASSERT_TRUE(catalog_->Apply({&change, 1}).has_value());
  }

  void RemoveWrong() { Remove("wrong"); }

  void RemoveDefinition() { Remove(fmt::format("once {}", kStream)); }

  /// From now on records go to this new stream.
  void Open(std::string_view stream) {
    stream_ = *log_->OpenStream({.name = std::string(stream), .shards = log::EvenShards(2)});
  }

  double Gauge(const char* name) { return metrics_->GetGauge(name, "", {}).Value(); }

  /// Hands over records; their outcome is there after Drive (or when the threads are done).
  std::shared_ptr<std::optional<IntakeOutcome>> Send(const std::vector<std::string>& records) {
    std::vector<log::Entry> entries;
    for (const std::string& record : records) {
      entries.push_back({.partition_key = record, .data = record});
    }
    auto outcome = std::make_shared<std::optional<IntakeOutcome>>();
    intake_->Append(*stream_, entries,
                    [outcome](IntakeOutcome done) { *outcome = std::move(done); });
    return outcome;
  }

  IntakeOutcome Put(const std::vector<std::string>& records) {
    const auto outcome = Send(records);
    Drive();
    EXPECT_TRUE(outcome->has_value());
    return outcome->value_or(IntakeOutcome());
  }

  void Drive() { log_->Drive(); }

  /// Every record that is durable.
  std::vector<std::string> Stored() {
    std::vector<std::string> records;
    for (const log::ShardDefinition& shard : stream_->definition().shards) {
      model::Sequence next;
      while (next < stream_->DurableEnd(shard.id)) {
        const auto read = stream_->Read(shard.id, next, 1'000, 1 << 20);
        EXPECT_TRUE(read.has_value());
        for (const model::Record& record : read->batch.records) {
          records.emplace_back(record.data);
        }
        next = read->next;
      }
    }
    return records;
  }

  double Counted(const char* name) {
    return metrics_->GetCounter(name, "", {{"stream", kStream}}).Value();
  }

  double Shown(const char* name) {
    return metrics_->GetGauge(name, "", {{"stream", kStream}}).Value();
  }

  size_t RunFiles() const {
    size_t runs = 0;
    for (const std::string& path : files_->Files()) {
      runs += path.ends_with(".run") ? 1 : 0;
    }
    return runs;
  }

  SimulatedFileSystem& files() { return *files_; }

  base::ManualClock& clock() { return clock_; }

  log::Stream& stream() { return *stream_; }

  Intake& intake() { return *intake_; }

  void set_retention_millis(int64_t millis) { retention_millis_ = millis; }

 private:
  void Remove(std::string name) {
    const catalog::ResourceChange change = {
        .kind = catalog::ResourceChange::Kind::kDelete,
        .resource = {.type = "Weir::Deduplication", .name = std::move(name)}};
    ASSERT_TRUE(catalog_->Apply({&change, 1}).has_value());
  }

  const size_t memory_events_;
  const bool threads_;
  int64_t retention_millis_ = 0;
  base::ManualClock clock_;
  std::unique_ptr<base::Metrics> metrics_;
  std::unique_ptr<SimulatedFileSystem> files_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<log::Log> log_;
  log::Stream* stream_ = nullptr;
  std::unique_ptr<Intake> next_;
  std::unique_ptr<Intake> intake_;
};

/// Puts 350 events into a world of 100 in memory, and damages the last events of every run.
inline void DamageRuns(World& world) {
  for (int i = 0; i < 350; ++i) {
    world.Put({Event(fmt::format("{}", i))});
  }
  ASSERT_GE(world.RunFiles(), 3);
  for (const std::string& path : world.files().Files()) {
    if (path.ends_with(".run")) {
      world.files().FlipBit(path, (base::ReadFile(world.files(), path)->size() - 1) * 8);
    }
  }
}

}  // namespace weir::ingest::deduplication
