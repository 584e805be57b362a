#include "stream/source/shard_merge.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace weir::stream {

namespace {

// Of one shard at a time: few enough to be in the processor's cache still when they are decoded.
constexpr size_t kMaxReadBytes = size_t{512} << 10;
// The bound of a shard of which nothing was read.
constexpr int64_t kUnknownTime = std::numeric_limits<int64_t>::min();

}  // namespace

ShardMerge::ShardMerge(log::Stream& stream, const Positions& positions) : stream_(stream) {
  FollowDefinition(positions);
}

void ShardMerge::FollowDefinition(const Positions& positions) {
  for (const log::ShardDefinition& definition : stream_.definition().shards) {
    if (std::ranges::binary_search(shards_, definition.id, {}, &Shard::id)) {
      continue;
    }
    const auto found = positions.find(definition.id);
    const model::Sequence next =
        found == positions.end() ? stream_.TrimHorizon(definition.id) : found->second;
    const auto place = std::ranges::lower_bound(shards_, definition.id, {}, &Shard::id);
    shards_.insert(place, {.id = definition.id, .next = next, .bound = kUnknownTime});
  }
}

ShardMerge::Key ShardMerge::KeyOf(const Shard& shard) {
  if (!shard.empty()) {
    return {shard.held.records[shard.at].arrival.millis, shard.id};
  }
  return shard.ended ? kNever : Key{shard.bound, shard.id};
}

base::Result<void> ShardMerge::Fill(size_t at, size_t max_records) {
  ASSIGN_OR_RETURN(log::ReadResult read,
                   stream_.Read(shards_[at].id, shards_[at].next, max_records, kMaxReadBytes));
  Shard& shard = shards_[at];
  shard.held = std::move(read.batch);
  shard.at = 0;
  shard.next = read.next;
  shard.bound = std::max(shard.bound, read.bound.millis);
  shard.ended = read.ended;
  if (shard.ended) {
    FollowDefinition({});
  }
  return {};
}

void ShardMerge::Release(Shard& shard, Key limit, size_t max_records, MergedRecords& out) {
  std::vector<model::Record>& records = shard.held.records;
  size_t end = shard.at;
  const size_t most = std::min(records.size(), shard.at + (max_records - out.batch.records.size()));
  while (end < most && Key{records[end].arrival.millis, shard.id} < limit) {
    ++end;
  }
  shard.bound = std::max(shard.bound, records[end - 1].arrival.millis);
  if (shard.at == 0 && out.batch.records.empty() && end == records.size()) {
    out.batch.records = std::move(records);
    shard.held.records.clear();
    end = 0;
  } else {
    out.batch.records.insert(out.batch.records.end(),
                             records.begin() + static_cast<ptrdiff_t>(shard.at),
                             records.begin() + static_cast<ptrdiff_t>(end));
  }
  out.shards.resize(out.batch.records.size(), shard.id);
  shard.at = end;
  for (const auto& buffer : shard.held.buffers) {
    if (out.batch.buffers.empty() || out.batch.buffers.back() != buffer) {
      out.batch.buffers.push_back(buffer);
    }
  }
}

base::Result<MergedRecords> ShardMerge::Next(size_t max_records) {
  MergedRecords out;
  // Children stand behind their parents, so that those found on the way are read, too.
  for (size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i].empty() && !shards_[i].ended) {
      RETURN_IF_ERROR(Fill(i, max_records));
    }
  }
  while (out.batch.records.size() < max_records) {
    Shard* first = nullptr;
    Key limit = kNever;
    for (Shard& shard : shards_) {
      if (first == nullptr || KeyOf(shard) < KeyOf(*first)) {
        limit = first == nullptr ? limit : std::min(limit, KeyOf(*first));
        first = &shard;
      } else {
        limit = std::min(limit, KeyOf(shard));
      }
    }
    if (first == nullptr || first->empty()) {
      break;
    }
    Release(*first, limit, max_records, out);
  }
  out.bound = std::numeric_limits<int64_t>::max();
  for (const Shard& shard : shards_) {
    out.bound = std::min(out.bound, KeyOf(shard).arrival);
  }
  return out;
}

Positions ShardMerge::positions() const {
  Positions positions;
  for (const Shard& shard : shards_) {
    positions[shard.id] = shard.empty() ? shard.next : shard.held.records[shard.at].sequence;
  }
  return positions;
}

std::optional<int64_t> ShardMerge::WantedBound() const {
  std::optional<int64_t> oldest;
  for (const Shard& shard : shards_) {
    if (!shard.empty()) {
      const int64_t arrival = shard.held.records[shard.at].arrival.millis;
      oldest = std::min(oldest.value_or(arrival), arrival);
    }
  }
  return oldest ? std::optional(*oldest + 1) : std::nullopt;
}

std::optional<int64_t> ShardMerge::OldestUnread() const {
  std::optional<int64_t> oldest;
  for (const Shard& shard : shards_) {
    if (!shard.empty() || shard.next < stream_.DurableEnd(shard.id)) {
      const int64_t arrival = KeyOf(shard).arrival;
      if (arrival != kUnknownTime) {  // Else nothing was read of it yet, so its age is not known.
        oldest = std::min(oldest.value_or(arrival), arrival);
      }
    }
  }
  return oldest;
}

}  // namespace weir::stream
