#include "log/local_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/format.h"

namespace weir::log {
namespace {

/// Characters of UTF-8 text: bytes that continue none.
size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

base::Result<void> CheckEntry(const Entry& entry) {
  const size_t key = entry.partition_key.size();
  if (key == 0 ||
      (key > kMaxPartitionKey && CountCharacters(entry.partition_key) > kMaxPartitionKey)) {
    return base::Fail(base::Code::kInvalidArgument,
                      "partition key of {} bytes must have 1 to {} characters", key,
                      kMaxPartitionKey);
  }
  if (key + entry.data.size() > kMaxRecordBytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "record of {} bytes is over the limit of {}: send less in one record",
                      key + entry.data.size(), kMaxRecordBytes);
  }
  return {};
}

size_t EncodedBytes(const Entry& entry) {
  return kMaxRecordOverhead + entry.partition_key.size() + entry.data.size();
}

model::Sequence KeepFrom(std::span<const model::Sequence> keep_from, size_t shard) {
  if (keep_from.empty()) {
    return {UINT64_MAX};
  }
  // What the caller does not speak of may be needed.
  return shard < keep_from.size() ? keep_from[shard] : model::Sequence{0};
}

}  // namespace

LocalStream::LocalStream(const Environment& environment, StreamDefinition definition, ShardMap map)
    : environment_(environment),
      definition_(std::move(definition)),
      map_(std::move(map)),
      metrics_(environment.metrics, definition_.name) {}

base::Result<std::unique_ptr<LocalStream>> LocalStream::Open(const Environment& environment,
                                                             const StreamDefinition& definition,
                                                             RecoveryReport& report) {
  RETURN_IF_ERROR(CheckStreamName(definition.name));
  ASSIGN_OR_RETURN(ShardMap map, ShardMap::Of(definition.shards));
  std::unique_ptr<LocalStream> stream(new LocalStream(environment, definition, std::move(map)));
  for (const ShardDefinition& shard : definition.shards) {
    const ShardEnvironment around{.files = environment.files,
                                  .clock = environment.clock,
                                  .options = environment.options,
                                  .health = environment.health,
                                  .metrics = stream->metrics_,
                                  .schedule = environment.schedule,
                                  .notify = [raw = stream.get()] { raw->NotifyWatchers(); }};
    ASSIGN_OR_RETURN(
        auto opened,
        Shard::Open(around, ShardFolder(environment.log_folder, definition.name, shard.id),
                    definition.name, shard, report));
    stream->shards_.push_back(std::move(opened));
  }
  return stream;
}

model::Rowtime LocalStream::Now() const {
  return {environment_.clock.WallMillis()};
}

base::Result<size_t> LocalStream::CheckEntries(std::span<const Entry> entries) const {
  size_t bytes = 0;
  for (const Entry& entry : entries) {
    RETURN_IF_ERROR(CheckEntry(entry));
    bytes += EncodedBytes(entry);
  }
  RETURN_IF_ERROR(environment_.health.Admit());
  return bytes;
}

void LocalStream::Append(std::span<const Entry> entries, AppendDone done) {
  if (entries.empty()) {
    done(std::vector<Placement>{});
    return;
  }
  auto bytes = CheckEntries(entries);
  if (!bytes.has_value()) {
    done(std::unexpected(std::move(bytes).error()));
  } else if (shards_.size() == 1 || entries.size() == 1) {
    AppendToOne(*shards_[map_.Find(entries.front())], entries, *bytes, std::move(done));
  } else {
    AppendToMany(entries, std::move(done));
  }
}

void LocalStream::AppendEach(std::span<const Entry> entries, AppendEachDone done) {
  Append(entries, [count = entries.size(),
                   done = std::move(done)](base::Result<std::vector<Placement>> result) mutable {
    AppendOutcome outcome;
    if (result.has_value()) {
      outcome.placements = std::move(*result);
    } else {
      outcome.placements.resize(count);
      for (size_t i = 0; i < count; ++i) {
        outcome.refused.emplace_back(i, result.error());
      }
    }
    done(std::move(outcome));
  });
}

base::Result<void> LocalStream::Reshard(const StreamDefinition& definition) {
  if (definition.shards == definition_.shards) {
    return {};
  }
  return base::Fail(base::Code::kUnavailable, "stream '{}' cannot be resharded yet",
                    definition_.name);
}

void LocalStream::AppendToOne(Shard& shard, std::span<const Entry> entries, size_t bytes,
                              AppendDone done) {
  auto pending = std::make_shared<PendingAppend>(entries.size(), std::move(done));
  pending->ExpectShards(1);
  const model::Rowtime now = Now();
  base::Result<void> admitted;
  {
    const std::lock_guard lock(shard.mutex());
    admitted = shard.Admit(bytes);
    if (admitted.has_value()) {
      shard.Reserve(bytes);
      for (size_t i = 0; i < entries.size(); ++i) {
        pending->placements[i] = shard.Add(entries[i], now);
      }
      shard.EndAppend(pending);
    }
  }
  if (!admitted.has_value()) {
    pending->Finish(admitted.error());
  }
}

void LocalStream::AppendToMany(std::span<const Entry> entries, AppendDone done) {
  std::vector<uint32_t> shard_of(entries.size());
  std::vector<size_t> bytes(shards_.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    shard_of[i] = static_cast<uint32_t>(map_.Find(entries[i]));
    bytes[shard_of[i]] += EncodedBytes(entries[i]);
  }
  auto pending = std::make_shared<PendingAppend>(entries.size(), std::move(done));
  const model::Rowtime now = Now();
  base::Result<void> admitted;
  {
    // All touched shards are held at once, always in the same order, so that all or none accept.
    std::vector<std::unique_lock<std::mutex>> locks;
    for (size_t shard = 0; shard < shards_.size() && admitted.has_value(); ++shard) {
      if (bytes[shard] > 0) {
        locks.emplace_back(shards_[shard]->mutex());
        admitted = shards_[shard]->Admit(bytes[shard]);
        shards_[shard]->Reserve(admitted.has_value() ? bytes[shard] : 0);
      }
    }
    pending->ExpectShards(admitted.has_value() ? static_cast<int>(locks.size()) : 1);
    if (admitted.has_value()) {
      for (size_t i = 0; i < entries.size(); ++i) {
        pending->placements[i] = shards_[shard_of[i]]->Add(entries[i], now);
      }
      for (size_t shard = 0; shard < shards_.size(); ++shard) {
        if (bytes[shard] > 0) {
          shards_[shard]->EndAppend(pending);
        }
      }
    }
  }
  if (!admitted.has_value()) {
    pending->Finish(admitted.error());
  }
}

void LocalStream::AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries,
                             AppendDone done) {
  if (ordinal.producer.empty() || ordinal.producer.size() > kMaxProducerName) {
    done(base::Fail(base::Code::kInvalidArgument, "producer name of {} bytes must have 1 to {}",
                    ordinal.producer.size(), kMaxProducerName));
    return;
  }
  auto bytes = CheckEntries(entries);
  if (!bytes.has_value()) {
    done(std::unexpected(std::move(bytes).error()));
    return;
  }
  FindShard(ShardOfProducer(ordinal.producer))
      ->AppendOnce(ordinal, entries, *bytes, Now(), std::move(done));
}

uint64_t LocalStream::NextOrdinal(std::string_view producer) const {
  return FindShard(ShardOfProducer(producer))->NextOrdinal(producer);
}

uint32_t LocalStream::ShardOfProducer(std::string_view producer) const {
  return definition_.shards[map_.Find(model::HashOf(producer))].id;
}

Shard* LocalStream::FindShard(uint32_t id) const {
  const auto found = std::ranges::find(definition_.shards, id, &ShardDefinition::id);
  return found == definition_.shards.end()
             ? nullptr
             : shards_[static_cast<size_t>(found - definition_.shards.begin())].get();
}

base::Result<ReadResult> LocalStream::Read(uint32_t shard, model::Sequence from, size_t max_records,
                                           size_t max_bytes) {
  Shard* const found = FindShard(shard);
  if (found == nullptr) {
    return base::Fail(base::Code::kNotFound, "stream '{}' has no {}", definition_.name,
                      model::FormatShardId(shard));
  }
  return found->Read(from, max_records, max_bytes);
}

model::Sequence LocalStream::TrimHorizon(uint32_t shard) const {
  const Shard* const found = FindShard(shard);
  return found == nullptr ? model::Sequence{} : found->TrimHorizon();
}

model::Sequence LocalStream::DurableEnd(uint32_t shard) const {
  const Shard* const found = FindShard(shard);
  return found == nullptr ? model::Sequence{} : found->DurableEnd();
}

base::Result<model::Sequence> LocalStream::FindArrival(uint32_t shard, model::Rowtime at) {
  Shard* const found = FindShard(shard);
  if (found == nullptr) {
    return base::Fail(base::Code::kNotFound, "stream '{}' has no {}", definition_.name,
                      model::FormatShardId(shard));
  }
  return found->FindArrival(at);
}

model::Rowtime LocalStream::Bound(uint32_t shard) const {
  const Shard* const found = FindShard(shard);
  return found == nullptr ? model::Rowtime{} : found->Bound();
}

void LocalStream::StateBound(model::Rowtime at, bool force) {
  if (!force) {
    // After the clock was set back, what a shard holds may lie in the future. No later record of
    // that shard comes before it, so the others may state the same, and the millisecond behind it.
    const model::Rowtime now = Now();
    model::Rowtime latest = now;
    for (const auto& shard : shards_) {
      if (const model::Rowtime bound = shard->Bound(); bound > now) {
        latest = std::max(latest, model::Rowtime{bound.millis + 1});
      }
    }
    at = std::min(at, latest);
  }
  for (const auto& shard : shards_) {
    shard->StateBound(at);
  }
}

void LocalStream::Watch(Notifier* notifier) {
  const std::lock_guard lock(watchers_mutex_);
  watchers_.push_back(notifier);
}

void LocalStream::Unwatch(Notifier* notifier) {
  const std::lock_guard lock(watchers_mutex_);
  std::erase(watchers_, notifier);
}

void LocalStream::NotifyWatchers() {
  const std::lock_guard lock(watchers_mutex_);
  for (Notifier* const watcher : watchers_) {
    watcher->Notify();
  }
}

base::Result<uint64_t> LocalStream::ApplyRetention(std::span<const model::Sequence> keep_from) {
  const std::lock_guard lock(retention_mutex_);
  ASSIGN_OR_RETURN(const uint64_t expired, RemoveExpired(keep_from));
  ASSIGN_OR_RETURN(const uint64_t excess, RemoveExcess(keep_from));
  return expired + excess;
}

base::Result<uint64_t> LocalStream::RemoveExpired(std::span<const model::Sequence> keep_from) {
  uint64_t removed = 0;
  if (definition_.retention_millis <= 0) {
    return removed;
  }
  const model::Rowtime oldest_kept{Now().millis - definition_.retention_millis};
  for (size_t i = 0; i < shards_.size(); ++i) {
    while (true) {
      const auto oldest = shards_[i]->OldestRemovable(KeepFrom(keep_from, i));
      if (!oldest.has_value() || oldest->bound >= oldest_kept) {
        break;
      }
      ASSIGN_OR_RETURN(const uint64_t bytes, shards_[i]->RemoveOldest());
      removed += bytes;
    }
  }
  return removed;
}

base::Result<uint64_t> LocalStream::RemoveExcess(std::span<const model::Sequence> keep_from) {
  uint64_t removed = 0;
  if (definition_.retention_bytes == 0) {
    return removed;
  }
  while (BytesOnDisk() > definition_.retention_bytes) {
    Shard* oldest_shard = nullptr;
    model::Rowtime oldest_bound;
    for (size_t i = 0; i < shards_.size(); ++i) {
      const auto oldest = shards_[i]->OldestRemovable(KeepFrom(keep_from, i));
      if (oldest.has_value() && (oldest_shard == nullptr || oldest->bound < oldest_bound)) {
        oldest_shard = shards_[i].get();
        oldest_bound = oldest->bound;
      }
    }
    if (oldest_shard == nullptr) {
      break;
    }
    ASSIGN_OR_RETURN(const uint64_t bytes, oldest_shard->RemoveOldest());
    removed += bytes;
  }
  return removed;
}

uint64_t LocalStream::BytesOnDisk() const {
  uint64_t bytes = 0;
  for (const auto& shard : shards_) {
    bytes += shard->BytesOnDisk();
  }
  return bytes;
}

void LocalStream::Close() {
  for (const auto& shard : shards_) {
    shard->Close();
  }
}

void LocalStream::AwaitIdle() {
  for (const auto& shard : shards_) {
    shard->AwaitIdle();
  }
}

void LocalStream::StateClosed() {
  for (const auto& shard : shards_) {
    shard->StateClosed();
  }
}

}  // namespace weir::log
