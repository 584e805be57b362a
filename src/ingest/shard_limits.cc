#include "ingest/shard_limits.h"

#include <algorithm>

#include "base/check.h"

namespace weir::ingest {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace

ShardLimits::Bucket& ShardLimits::Filled(const std::string& stream, uint32_t shard,
                                         int64_t now_nanos) {
  if (buckets_.size() >= kMaxBuckets) {
    // Those that are full again say nothing.
    std::erase_if(buckets_, [&](const auto& entry) {
      return entry.second.bytes >= 0 && entry.second.records >= 0 &&
             now_nanos - entry.second.filled_nanos > kNanosPerSecond;
    });
  }
  const auto [found, added] = buckets_.try_emplace({stream, shard});
  Bucket& bucket = found->second;
  const double seconds =
      added ? 1 : static_cast<double>(now_nanos - bucket.filled_nanos) / kNanosPerSecond;
  const auto records = static_cast<double>(records_);
  const auto bytes = static_cast<double>(bytes_);
  bucket.records = std::min(records, bucket.records + records * seconds);
  bucket.bytes = std::min(bytes, bucket.bytes + bytes * seconds);
  bucket.filled_nanos = now_nanos;
  return bucket;
}

// What is more than a second's worth is taken when the bucket is full, and leaves it owing: else it
// could never be.
bool ShardLimits::TakeFrom(Bucket& bucket, uint64_t records, uint64_t bytes) const {
  if ((records_ > 0 && bucket.records < static_cast<double>(std::min(records, records_))) ||
      (bytes_ > 0 && bucket.bytes < static_cast<double>(std::min(bytes, bytes_)))) {
    return false;
  }
  bucket.records -= records_ > 0 ? static_cast<double>(records) : 0;
  bucket.bytes -= bytes_ > 0 ? static_cast<double>(bytes) : 0;
  return true;
}

std::vector<std::pair<size_t, base::Error>> ShardLimits::Take(const log::Stream& stream,
                                                              std::span<const log::Entry> entries) {
  const std::string name(stream.name());
  const std::vector<uint32_t> shards = stream.ShardsOf(entries);
  std::vector<std::pair<size_t, base::Error>> refused;
  std::map<uint32_t, Bucket*> used;
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.MonotonicNanos();
  for (size_t i = 0, end = 0; i < entries.size(); i = end) {
    uint64_t bytes = 0;
    do {
      CHECK(shards[end] == shards[i]);
      bytes += entries[end].data.size() + entries[end].partition_key.size();
      ++end;
    } while (end < entries.size() && entries[end].group != 0 &&
             entries[end].group == entries[i].group);
    Bucket*& bucket = used[shards[i]];
    if (bucket == nullptr) {
      bucket = &Filled(name, shards[i], now);
    }
    if (TakeFrom(*bucket, end - i, bytes)) {
      continue;
    }
    const base::Error error{base::Code::kLimitExceeded,
                            fmt::format("Rate exceeded for shard {} in stream {}",
                                        model::FormatShardId(shards[i]), name)};
    for (size_t entry = i; entry < end; ++entry) {
      refused.emplace_back(entry, error);
    }
  }
  return refused;
}

}  // namespace weir::ingest
