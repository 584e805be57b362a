#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::model {

/// Approximate arrival time or ROWTIME: milliseconds since 1970-01-01T00:00:00Z.
struct Rowtime {
  int64_t millis = 0;

  friend auto operator<=>(const Rowtime&, const Rowtime&) = default;
};

/// A record's place in its shard: 0, 1, 2, … without gaps. Kinesis's long decimal form is
/// SequenceNumber.
struct Sequence {
  uint64_t value = 0;

  friend auto operator<=>(const Sequence&, const Sequence&) = default;
};

/// A point on the 128-bit circle on which shards own ranges.
struct HashKey {
  unsigned __int128 value = 0;

  friend auto operator<=>(const HashKey&, const HashKey&) = default;
};

inline constexpr HashKey kMaxHashKey{~static_cast<unsigned __int128>(0)};

/// Where a partition key falls: MD5 of its UTF-8 bytes.
HashKey HashOf(std::string_view partition_key);
/// Decimal text, as in the Kinesis API.
std::string FormatHashKey(HashKey key);
/// kInvalidArgument when `text` is not a decimal number in [0, 2^128).
base::Result<HashKey> ParseHashKey(std::string_view text);

/// A record as read from the log. The views point into memory owned by the RecordBatch.
struct Record {
  Sequence sequence;
  Rowtime arrival;
  std::string_view partition_key;
  std::optional<HashKey> explicit_hash_key;
  std::string_view data;
};

/// Consecutive records of one shard and the memory that they live in.
struct RecordBatch {
  std::vector<Record> records;
  std::vector<std::shared_ptr<const std::string>> buffers;
};

/// "shardId-000000000003".
std::string FormatShardId(uint32_t shard);
base::Result<uint32_t> ParseShardId(std::string_view text);

/// The parts that Kinesis packs into a sequence number (version 2).
struct SequenceNumberParts {
  int64_t shard_created_seconds = 0;
  uint32_t shard = 0;
  Sequence sequence;
  int64_t arrival_seconds = 0;
};

/// 56 decimal digits, ordered like the sequence within a shard (form documented in
/// docs/formats/sequence_number.md).
std::string FormatSequenceNumber(const SequenceNumberParts& parts);
/// kInvalidArgument when `text` is not such a number.
base::Result<SequenceNumberParts> ParseSequenceNumber(std::string_view text);

}  // namespace weir::model
