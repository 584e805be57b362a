#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "log/log.h"

namespace weir::ingest::kinesis {

// Writes placements as the API's sequence numbers and shard ids. Consecutive records of a shard
// differ by a constant, so that all but the first need an addition instead of a conversion of 188
// bits.
class SequenceText {
 public:
  explicit SequenceText(model::Rowtime stream_created)
      : created_seconds_(stream_created.millis / 1000) {}

  // Appends `"SequenceNumber":"…","ShardId":"…"`.
  void Append(const log::Placement& placement, std::string& out);

 private:
  static constexpr int kLimbs = 3;

  // A number as three digits of base 10^19, lowest first.
  struct Known {
    uint32_t shard = 0;
    int64_t arrival_seconds = 0;
    uint64_t sequence = 0;
    std::array<uint64_t, kLimbs> limbs{};
    std::string shard_id;
  };

  Known& Advance(const log::Placement& placement);

  const int64_t created_seconds_;
  std::vector<Known> shards_;  // In the order of their first record.
};

}  // namespace weir::ingest::kinesis
