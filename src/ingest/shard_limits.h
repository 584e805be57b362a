#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ingest/intake.h"
#include "log/log.h"

namespace weir::ingest {

// What each shard takes in a second, as a bucket that holds one second's worth. Thread-safe.
class ShardLimits {
 public:
  static constexpr size_t kMaxBuckets = 100'000;

  ShardLimits(const IntakeOptions& options, base::Clock& clock)
      : records_(options.shard_records_per_second),
        bytes_(options.shard_bytes_per_second),
        clock_(clock) {}

  bool active() const { return records_ > 0 || bytes_ > 0; }

  // Takes what the entries need from their shards' buckets, in their order; the entries for which
  // there is not enough, by index, with kLimitExceeded. A group (log::Entry) is taken or refused as
  // a whole.
  std::vector<std::pair<size_t, base::Error>> Take(const log::Stream& stream,
                                                   std::span<const log::Entry> entries);

 private:
  struct Bucket {
    double records = 0;
    double bytes = 0;
    int64_t filled_nanos = 0;
  };

  Bucket& Filled(const std::string& stream, uint32_t shard, int64_t now_nanos);
  bool TakeFrom(Bucket& bucket, uint64_t records, uint64_t bytes) const;

  const uint64_t records_;
  const uint64_t bytes_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<std::string, uint32_t>, Bucket> buckets_;
};

}  // namespace weir::ingest
