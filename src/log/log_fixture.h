#pragma once

/// A log on a simulated disk, driven by hand, for this room's tests.

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

}  // namespace weir::log
