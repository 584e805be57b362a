#pragma once

/// A log on a simulated disk, driven by hand, for this room's tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/format.h"
#include "base/simulated_file_system.h"
#include "log/log.h"

namespace weir::log {

inline StreamDefinition Definition(std::string name, uint32_t shards = 1) {
  return {.name = std::move(name), .shards = EvenShards(shards)};
}

/// What `definition` becomes when a shard is split so that its second child begins at `start`.
inline StreamDefinition Split(StreamDefinition definition, uint32_t shard, model::HashKey start) {
  ShardDefinition& parent = definition.shards[shard];
  parent.closed = true;
  ShardDefinition low{.id = static_cast<uint32_t>(definition.shards.size()),
                      .first_hash = parent.first_hash,
                      .last_hash = {start.value - 1},
                      .parents = {shard}};
  low.created = ChildCreated(definition, low.parents, {});
  ShardDefinition high = low;
  high.id += 1;
  high.first_hash = start;
  high.last_hash = parent.last_hash;
  definition.shards.push_back(std::move(low));
  definition.shards.push_back(std::move(high));
  return definition;
}

/// Splits in the middle.
inline StreamDefinition Split(StreamDefinition definition, uint32_t shard) {
  const ShardDefinition& parent = definition.shards[shard];
  const auto half = (parent.last_hash.value - parent.first_hash.value) / 2 + 1;
  return Split(definition, shard, {parent.first_hash.value + half});
}

/// What `definition` becomes when two shards that touch are merged; `low` has the smaller keys.
inline StreamDefinition Merge(StreamDefinition definition, uint32_t low, uint32_t high) {
  ShardDefinition child{.id = static_cast<uint32_t>(definition.shards.size()),
                        .first_hash = definition.shards[low].first_hash,
                        .last_hash = definition.shards[high].last_hash,
                        .parents = {low, high}};
  child.created = ChildCreated(definition, child.parents, {});
  definition.shards[low].closed = true;
  definition.shards[high].closed = true;
  definition.shards.push_back(std::move(child));
  return definition;
}

/// Options for tests: small segments, no threads, no reserve of free space.
inline LogOptions SmallOptions() {
  LogOptions options;
  options.segment_bytes = 16 << 10;
  options.committers = 0;
  options.min_free_bytes = 0;
  return options;
}

/// What an append came to.
struct Outcome {
  bool called = false;
  base::Result<std::vector<Placement>> result;

  bool ok() const { return called && result.has_value(); }

  base::Code code() const {
    return result.has_value() ? base::Code::kInternal : result.error().code;
  }
};

inline AppendDone Into(Outcome& outcome) {
  return [&outcome](base::Result<std::vector<Placement>> result) {
    outcome.called = true;
    outcome.result = std::move(result);
  };
}

/// Appends one record and drives the log.
inline Outcome AppendOne(Log& log, Stream& stream, std::string_view key, std::string_view data) {
  Outcome outcome;
  const Entry entry{.partition_key = key, .data = data};
  stream.Append({&entry, 1}, Into(outcome));
  log.Drive();
  return outcome;
}

/// The data of every record of the shard from `from` on, read `max_records` at a time.
inline base::Result<std::vector<std::string>> ReadAll(Stream& stream, uint32_t shard,
                                                      size_t max_records = 100,
                                                      model::Sequence from = {}) {
  std::vector<std::string> all;
  while (true) {
    ASSIGN_OR_RETURN(const ReadResult read, stream.Read(shard, from, max_records, 1 << 20));
    if (read.batch.records.empty()) {
      return all;
    }
    for (const model::Record& record : read.batch.records) {
      all.emplace_back(record.data);
    }
    from = read.next;
  }
}

/// A test with one stream, "clicks".
class LogFixture : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  /// Ends the log cleanly if it is open, and opens it (and the stream as it should be) again.
  void Reopen() {
    log_.reset();
    auto log = Log::Open(files_, clock_, "data", options_);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = std::move(*log);
    auto stream = log_->OpenStream(definition_);
    ASSERT_TRUE(stream.has_value()) << stream.error().message;
    stream_ = *stream;
  }

  /// The data of every record of the shard.
  std::vector<std::string> All(uint32_t shard = 0) {
    auto all = ReadAll(*stream_, shard);
    EXPECT_TRUE(all.has_value()) << all.error().message;
    return all.value_or(std::vector<std::string>{});
  }

  /// Appends a producer's rows and drives the log.
  Outcome Once(std::string_view producer, uint64_t ordinal, const std::vector<std::string>& rows) {
    std::vector<Entry> entries;
    for (const std::string& row : rows) {
      entries.push_back({.partition_key = "p", .data = row});
    }
    Outcome outcome;
    stream_->AppendOnce({std::string(producer), ordinal}, entries, Into(outcome));
    log_->Drive();
    return outcome;
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  LogOptions options_ = SmallOptions();
  StreamDefinition definition_ = Definition("clicks");
  std::unique_ptr<Log> log_;
  Stream* stream_ = nullptr;
};

}  // namespace weir::log
