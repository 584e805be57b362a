#include "log/local_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/format.h"

namespace weir::log {
namespace {

model::Sequence KeepFrom(std::span<const model::Sequence> keep_from, size_t shard) {
  if (keep_from.empty()) {
    return {UINT64_MAX};
  }
  // What the caller does not speak of may be needed.
  return shard < keep_from.size() ? keep_from[shard] : model::Sequence{0};
}

}  // namespace

LocalStream::LocalStream(const Environment& environment, const StreamDefinition& definition)
    : environment_(environment),
      name_(definition.name),
      metrics_(environment.metrics, definition.name) {}

base::Result<std::unique_ptr<LocalStream>> LocalStream::Open(const Environment& environment,
                                                             const StreamDefinition& definition,
                                                             RecoveryReport& report) {
  RETURN_IF_ERROR(CheckStreamName(definition.name));
  std::unique_ptr<LocalStream> stream(new LocalStream(environment, definition));
  ASSIGN_OR_RETURN(auto layout, stream->PlanLayout(definition));
  RETURN_IF_ERROR(stream->OpenShards(*layout, report));
  RETURN_IF_ERROR(environment.files.SyncDirectory(
      base::ParentPath(StreamFolder(environment.log_folder, definition.name))));
  stream->Publish(std::move(layout));
  return stream;
}

model::Rowtime LocalStream::Now() const {
  return {environment_.clock.WallMillis()};
}

Shard* LocalStream::FindShard(const Layout& layout, uint32_t id) {
  const std::vector<ShardDefinition>& definitions = layout.definition.shards;
  if (id < layout.shards.size() && definitions[id].id == id) {
    return layout.shards[id];
  }
  for (size_t i = 0; i < layout.shards.size(); ++i) {
    if (definitions[i].id == id) {
      return layout.shards[i];
    }
  }
  return nullptr;
}

base::Result<ReadResult> LocalStream::Read(uint32_t shard, model::Sequence from, size_t max_records,
                                           size_t max_bytes) {
  Shard* const found = FindShard(shard);
  if (found == nullptr) {
    return base::Fail(base::Code::kNotFound, "stream '{}' has no {}", name_,
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
    return base::Fail(base::Code::kNotFound, "stream '{}' has no {}", name_,
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
    for (const Shard* const shard : layout().open) {
      if (const model::Rowtime bound = shard->Bound(); bound > now) {
        latest = std::max(latest, model::Rowtime{bound.millis + 1});
      }
    }
    at = std::min(at, latest);
  }
  for (Shard* const shard : layout().open) {
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
  if (retention_stopped_) {
    return 0;
  }
  const Layout& now = layout();
  RetentionPass pass{.failed = std::vector<bool>(now.shards.size())};
  RemoveExpired(now, keep_from, pass);
  if (pass.error.has_value()) {
    return std::unexpected(*std::move(pass.error));
  }
  return pass.removed;
}

void LocalStream::RemoveOldest(const Layout& layout, size_t shard, RetentionPass& pass) {
  auto removed = layout.shards[shard]->RemoveOldest();
  if (removed.has_value()) {
    pass.removed += *removed;
    return;
  }
  pass.failed[shard] = true;
  if (!pass.error.has_value()) {
    pass.error = std::move(removed).error();
  }
}

void LocalStream::RemoveExpired(const Layout& now, std::span<const model::Sequence> keep_from,
                                RetentionPass& pass) {
  if (now.definition.retention_millis <= 0) {
    return;
  }
  const model::Rowtime oldest_kept{Now().millis - now.definition.retention_millis};
  for (size_t i = 0; i < now.shards.size(); ++i) {
    while (!pass.failed[i]) {
      const auto oldest = now.shards[i]->OldestRemovable(KeepFrom(keep_from, i));
      if (!oldest.has_value() || oldest->bound >= oldest_kept) {
        break;
      }
      RemoveOldest(now, i, pass);
    }
  }
}

uint64_t LocalStream::BytesOnDisk() const {
  uint64_t bytes = 0;
  for (const Shard* const shard : layout().shards) {
    bytes += shard->BytesOnDisk();
  }
  return bytes;
}

std::optional<Shard::DurableMark> LocalStream::Mark(uint32_t shard) const {
  const Shard* const found = FindShard(shard);
  return found == nullptr ? std::nullopt : std::optional(found->Mark());
}

void LocalStream::Close() {
  const std::unique_lock lock(reshard_mutex_);
  closing_ = true;
  for (Shard* const shard : layout().shards) {
    shard->Close();
  }
}

void LocalStream::StateClosed() {
  for (Shard* const shard : layout().open) {
    shard->StateClosed();
  }
}

void LocalStream::Release() {
  {
    // In the removed folder it would fail, and pass for a disk that does.
    const std::lock_guard lock(retention_mutex_);
    retention_stopped_ = true;
  }
  for (Shard* const shard : layout().shards) {
    shard->Release();
  }
}

}  // namespace weir::log
