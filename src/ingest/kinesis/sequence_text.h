#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.h"

namespace weir::ingest::kinesis {

// Writes placements in `stream`, which must outlive this, as the API's sequence numbers and shard
// ids. Consecutive records of a shard differ by a constant, so that all but the first need an
// addition of decimal digits instead of a conversion of 188 bits.
class SequenceText {
 public:
  static constexpr size_t kDigits = 56;

  explicit SequenceText(const log::StreamDefinition& stream) : stream_(stream) {}

  // The sequence number, kDigits digits; valid until the next call.
  std::string_view Number(const log::Placement& placement);

  // "shardId-…" of the placement of the last call; valid until the next one.
  std::string_view shard_id() const { return shard_id_; }

 private:
  // Eight decimal digits, one a byte, the lowest in the lowest byte.
  using Digits = uint64_t;
  static constexpr size_t kWords = kDigits / sizeof(Digits);

  struct Known {
    uint32_t shard = 0;
    int64_t created_seconds = 0;
    int64_t arrival_seconds = 0;
    uint64_t sequence = 0;
    std::array<Digits, kWords> digits{};  // Of the number, lowest first.
    std::array<char, kDigits> text{};
    std::string shard_id;
  };

  // Adds the distance to the next record.
  static void AddStep(Known& known);
  Known& Advance(const log::Placement& placement);

  const log::StreamDefinition& stream_;
  std::vector<Known> shards_;  // In the order of their first record.
  std::string_view shard_id_;
};

}  // namespace weir::ingest::kinesis
