#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/log.h"
#include "model/record.h"

namespace weir::stream {

// Next sequence to read, by shard id.
using Positions = std::map<uint32_t, model::Sequence>;

// Records of all shards in their one order, and how far time has come.
struct MergedRecords {
  model::RecordBatch batch;
  std::vector<uint32_t> shards;  // Shard id of each record.
  // No record that is still to come arrived earlier.
  int64_t bound = 0;
};

// Reads all shards of a stream as one sequence, ordered by (arrival, shard id, sequence). The order
// depends on the stored records alone: a record is released only when every other shard's bound, or
// its next record, proves that nothing can come before it.
//
// A reshard changes nothing of that, whenever it is noticed: children have greater ids than their
// parents and no earlier arrivals. A closed shard holds the others back until it is read to its
// end, and its children are read from that same step on. Not thread-safe.
class ShardMerge {
 public:
  // The stream must outlive this. Starts at `positions`; shards not named there start at their trim
  // horizon.
  ShardMerge(log::Stream& stream, const Positions& positions);

  // What can be released now, at most `max_records`. Errors as Stream::Read.
  base::Result<MergedRecords> Next(size_t max_records);

  // Of the first record that was not released. Shards that were read to their end stay.
  Positions positions() const;

  // The bound that every shard must state before the oldest held record can be released; nothing
  // when none is held.
  std::optional<int64_t> WantedBound() const;

  // Arrival of the oldest record that is durable but was not released; nothing when there is none.
  std::optional<int64_t> OldestUnread() const;

 private:
  struct Shard {
    uint32_t id = 0;
    model::Sequence next;  // To read from the log.
    model::RecordBatch held;
    size_t at = 0;  // First held record that was not released.
    int64_t bound = 0;
    bool ended = false;  // Closed, and nothing comes at or after `next`.

    bool empty() const { return at == held.records.size(); }
  };

  // A place in the merged order.
  struct Key {
    int64_t arrival = 0;
    uint32_t shard = 0;
    auto operator<=>(const Key&) const = default;
  };

  static constexpr Key kNever{std::numeric_limits<int64_t>::max(),
                              std::numeric_limits<uint32_t>::max()};

  static Key KeyOf(const Shard& shard);
  // Adds the shards of the stream's definition that are not known yet.
  void FollowDefinition(const Positions& positions);
  base::Result<void> Fill(size_t at, size_t max_records);
  void Release(Shard& shard, Key limit, size_t max_records, MergedRecords& out);

  log::Stream& stream_;
  std::vector<Shard> shards_;  // By id.
};

}  // namespace weir::stream
