#include "log/shard.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "base/logging.h"
#include "base/random.h"

namespace weir::log {

Shard::Shard(ShardEnvironment environment, std::string folder, std::string stream,
             ShardDefinition definition)
    : environment_(std::move(environment)),
      folder_(std::move(folder)),
      stream_(std::move(stream)),
      definition_(std::move(definition)),
      read_files_(environment_.files) {}

base::Result<std::unique_ptr<Shard>> Shard::Open(ShardEnvironment environment, std::string folder,
                                                 std::string stream, ShardDefinition definition,
                                                 const Heritage& heritage, RecoveryReport& report) {
  std::unique_ptr<Shard> shard(new Shard(std::move(environment), std::move(folder),
                                         std::move(stream), std::move(definition)));
  RETURN_IF_ERROR(shard->Start(heritage, report));
  return shard;
}

base::Result<void> Shard::Start(const Heritage& heritage, RecoveryReport& report) {
  auto recovered = RecoverShard(environment_.files, folder_, stream_, definition_);
  if (!recovered.has_value()) {
    if (recovered.error().code == base::Code::kDataLoss) {
      environment_.metrics.corruptions.Add();
    }
    return std::unexpected(std::move(recovered).error());
  }
  if (recovered->torn) {
    ++report.torn_tails;
    report.torn_bytes += recovered->torn_bytes;
    environment_.metrics.torn_tails.Add();
  }
  producers_ = durable_producers_ = std::move(recovered->producers);
  segments_.assign(recovered->segments.begin(), recovered->segments.end());
  if (segments_.empty()) {
    InheritLocked(heritage);
    RETURN_IF_ERROR(StartSegment(FirstAllocation()));
  } else {
    active_ = segments_.back();
    active_file_ = std::move(recovered->active);
    read_files_.Put(active_, active_file_);
    next_sequence_ = durable_end_ = active_->end_sequence;
    last_arrival_ = durable_bound_ = active_->bound;
    report.records += durable_end_.value - segments_.front()->first_sequence.value;
    InheritLocked(heritage);
  }
  if (definition_.closed) {
    handed_over_ = true;
    Retire();
  }
  return {};
}

// Appending.

std::unexpected<base::Error> Shard::Refusal() const {
  return base::Fail(base::Code::kUnavailable, "stream '{}' is being closed", stream_);
}

base::Result<void> Shard::Admit(size_t bytes) const {
  if (closed_) {
    return Refusal();
  }
  const uint64_t limit = environment_.options.max_pending_bytes;
  if (bytes > limit) {
    return base::Fail(
        base::Code::kLimitExceeded,
        "an append of {} bytes to {} of stream '{}' is over the limit of {}: send it in "
        "parts",
        bytes, model::FormatShardId(definition_.id), stream_, limit);
  }
  if (filling_.bytes() + writing_bytes_ + bytes > limit) {
    return base::Fail(
        base::Code::kUnavailable, "{} of stream '{}' has {} bytes waiting for the disk: try again",
        model::FormatShardId(definition_.id), stream_, filling_.bytes() + writing_bytes_);
  }
  return {};
}

Placement Shard::Add(const Entry& entry, model::Rowtime now) {
  last_arrival_ = std::max(last_arrival_, entry.arrival.value_or(now));
  const model::Sequence sequence = next_sequence_;
  ++next_sequence_.value;
  filling_.AddRecord(sequence, last_arrival_, entry.partition_key, entry.explicit_hash_key,
                     entry.data);
  return {.shard = definition_.id, .sequence = sequence, .arrival = last_arrival_};
}

void Shard::EndAppend(std::shared_ptr<PendingAppend> waiter) {
  waiter->AddShard();
  filling_.AddWaiter(std::move(waiter));
  ScheduleLocked();
}

void Shard::ScheduleLocked() {
  if (!scheduled_) {
    scheduled_ = true;
    environment_.schedule(this);
  }
}

bool Shard::AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries, size_t bytes,
                       model::Rowtime now, AppendDone& done) {
  std::unique_lock lock(mutex_);
  if (handed_over_ || awaits_heritage_) {
    return false;
  }
  base::Result<void> admitted = Admit(bytes);
  const auto known = producers_.find(ordinal.producer);
  const uint64_t next = known == producers_.end() ? 0 : known->second;
  if (admitted.has_value() && ordinal.first_ordinal > next) {
    admitted = base::Fail(base::Code::kFailedPrecondition,
                          "producer '{}' of stream '{}' gave ordinal {}, but its next is {}: rows "
                          "between are missing",
                          ordinal.producer, stream_, ordinal.first_ordinal, next);
  }
  if (admitted.has_value() && known == producers_.end() && producers_.size() >= kMaxProducers) {
    admitted =
        base::Fail(base::Code::kLimitExceeded,
                   "{} of stream '{}' has {} producers already, so '{}' is refused",
                   model::FormatShardId(definition_.id), stream_, kMaxProducers, ordinal.producer);
  }
  if (!admitted.has_value()) {
    lock.unlock();
    done(std::unexpected(std::move(admitted).error()));
    return true;
  }
  auto pending = std::make_shared<PendingAppend>(entries.size(), std::move(done));
  const size_t stored = std::min<uint64_t>(next - ordinal.first_ordinal, entries.size());
  for (size_t i = 0; i < stored; ++i) {
    pending->placements[i] = {.shard = definition_.id, .sequence = kAlreadyStored};
  }
  if (stored < entries.size()) {
    Reserve(bytes);
    filling_.BeginProducer(ordinal.producer, next);
    for (size_t i = stored; i < entries.size(); ++i) {
      pending->placements[i] = Add(entries[i], now);
    }
    filling_.EndProducer();
    producers_[ordinal.producer] = ordinal.first_ordinal + entries.size();
  }
  // Rows stored earlier may still wait for their sync: in the group being written, or in this one.
  EndAppend(pending);
  lock.unlock();
  pending->Release();
  return true;
}

std::optional<uint64_t> Shard::NextOrdinal(std::string_view producer) const {
  const std::lock_guard lock(mutex_);
  if (handed_over_ || awaits_heritage_) {
    return std::nullopt;
  }
  const auto found = durable_producers_.find(producer);
  return found == durable_producers_.end() ? 0 : found->second;
}

void Shard::StateBound(model::Rowtime at) {
  const std::lock_guard lock(mutex_);
  if (closed_ || handed_over_ || at <= last_arrival_ || environment_.health.poisoned()) {
    return;
  }
  last_arrival_ = at;
  filling_.AddStatement(next_sequence_, at);
  ScheduleLocked();
}

void Shard::StateClosed() {
  const std::lock_guard lock(mutex_);
  const Segment& active = *segments_.back();
  if (handed_over_ || retired_ || environment_.health.poisoned() || active.ends_with_statement ||
      active.durable_bytes == active.data_offset) {
    return;
  }
  filling_.AddStatement(next_sequence_, last_arrival_);
  ScheduleLocked();
}

// Committing.

void Shard::Commit() {
  {
    const std::lock_guard lock(mutex_);
    std::swap(filling_, writing_);
    writing_bytes_ = writing_.bytes();
  }
  writing_.Close();
  const base::Result<void> written =
      environment_.health.poisoned()
          ? base::Fail(base::Code::kIo, "an earlier write or sync of the log failed")
          : WriteGroup();
  if (written.has_value()) {
    for (const auto& waiter : writing_.TakeWaiters()) {
      waiter->Release();
    }
  } else {
    FailWaiting(written.error());
  }
  environment_.notify();
  writing_.Clear();
  const std::lock_guard lock(mutex_);
  writing_bytes_ = 0;
  scheduled_ = false;
  if (!filling_.empty()) {
    ScheduleLocked();
  }
  idle_.notify_all();
}

size_t Shard::BatchesThatFit(size_t from, uint64_t room) const {
  const std::vector<BatchDraft>& batches = writing_.batches();
  size_t to = from;
  while (to < batches.size() && batches[to].end() - batches[from].offset <= room) {
    ++to;
  }
  return to - from;
}

base::Result<void> Shard::WriteGroup() {
  const size_t count = writing_.batches().size();
  for (size_t from = 0; from < count;) {
    const Segment& active = *active_;
    const uint64_t limit = environment_.options.segment_bytes;
    const uint64_t room = limit > active.durable_bytes ? limit - active.durable_bytes : 0;
    size_t fit = BatchesThatFit(from, room);
    if (fit == 0) {
      if (active.durable_bytes > active.data_offset) {
        RETURN_IF_ERROR(Roll());
        continue;
      }
      fit = 1;  // a batch larger than a segment has one to itself
    }
    RETURN_IF_ERROR(WriteBatches(from, from + fit));
    from += fit;
  }
  return {};
}

base::Result<void> Shard::WriteBatches(size_t from, size_t to) {
  Segment& active = *active_;
  const uint64_t offset = active.durable_bytes;
  WritePlace place{.segment_id = active.id, .offset = offset, .chain = active.chain};
  const std::string_view bytes = writing_.Seal(from, to, place);
  const uint64_t end = AlignUp(offset + bytes.size(), kSectorBytes);
  base::Result<void> written;
  if (end > active.file_bytes) {
    const uint64_t grown =
        std::min(active.file_bytes + kAllocationStep, environment_.options.segment_bytes);
    const uint64_t wanted = std::max(end, grown);
    written = active_file_->Allocate(wanted);
    if (written.has_value()) {
      const std::lock_guard lock(mutex_);
      active.file_bytes = wanted;
    }
  }
  if (written.has_value()) {
    written = WriteAndSync(offset, bytes);
  }
  if (written.has_value()) {
    Publish(from, to, offset, place);
    return {};
  }
  if (written.error().code == base::Code::kDiskFull && Cut(offset).has_value()) {
    environment_.health.SetFull();
    const std::lock_guard lock(mutex_);
    active.file_bytes = offset;
    return std::unexpected(base::Within(active.path, std::move(written).error()));
  }
  written.error().code = base::Code::kIo;  // what was written may be found later
  NoteUnsynced(offset);
  base::Error error = base::Within(active.path, std::move(written).error());
  environment_.health.Poison(error);
  return std::unexpected(std::move(error));
}

base::Result<void> Shard::WriteAndSync(uint64_t offset, std::string_view bytes) {
  RETURN_IF_ERROR(active_file_->WriteAt(offset, bytes));
  return Sync();
}

base::Result<void> Shard::Cut(uint64_t offset) {
  RETURN_IF_ERROR(active_file_->Truncate(offset));
  return Sync();
}

base::Result<void> Shard::Sync() {
  const int64_t begun = environment_.clock.MonotonicNanos();
  auto synced = active_file_->SyncData();
  environment_.metrics.fsync_seconds.Observe(
      static_cast<double>(environment_.clock.MonotonicNanos() - begun) / 1e9);
  if (!synced.has_value()) {
    environment_.metrics.fsync_errors.Add();
    if (synced.error().code == base::Code::kDiskFull) {
      // Late allocation failed at the sync: the data may be lost all the same.
      synced.error().code = base::Code::kIo;
    }
  }
  return synced;
}

void Shard::Publish(size_t from, size_t to, uint64_t offset, const WritePlace& place) {
  uint64_t records = 0;
  const std::vector<BatchDraft>& batches = writing_.batches();
  const size_t base = batches[from].offset;
  const std::lock_guard lock(mutex_);
  Segment& active = *active_;
  for (size_t i = from; i < to; ++i) {
    const BatchDraft& batch = batches[i];
    records += batch.count;
    AddToIndex(active.index,
               {.first_sequence = batch.first_sequence,
                .arrival_base = batch.arrival_base,
                .count = batch.count},
               offset + batch.offset - base);
    if (batch.has_producer) {
      durable_producers_[batch.producer] = batch.next_ordinal;
    }
  }
  const BatchDraft& last = batches[to - 1];
  active.ends_with_statement = last.count == 0;
  active.chain = place.chain;
  active.durable_bytes = AlignUp(offset + last.end() - base, kSectorBytes);
  active.end_sequence = durable_end_ = last.end_sequence();
  active.bound = durable_bound_ = last.last_arrival;
  environment_.metrics.append_bytes.Add(static_cast<double>(last.end() - base));
  environment_.metrics.append_records.Add(static_cast<double>(records));
  environment_.metrics.batch_records.Observe(static_cast<double>(records));
}

void Shard::FailWaiting(const base::Error& error) {
  std::vector<std::shared_ptr<PendingAppend>> failed = writing_.TakeWaiters();
  model::Sequence end;
  {
    // What fills now continues the sequences that failed, so it fails as well.
    const std::lock_guard lock(mutex_);
    for (auto& waiter : filling_.TakeWaiters()) {
      failed.push_back(std::move(waiter));
    }
    filling_.Clear();
    end = next_sequence_ = durable_end_;
    last_arrival_ = std::max(durable_bound_, floor_);
    producers_ = durable_producers_;
  }
  for (const auto& waiter : failed) {
    waiter->Fail(definition_.id, end, error);
  }
}

void Shard::NoteUnsynced(uint64_t offset) {
  const std::string path = base::JoinPath(folder_, kUnsyncedNote);
  const std::string text = fmt::format("{} {}\n", base::FileName(active_->path), offset);
  // For a restart of the process: the page cache keeps the note. After one of the machine it is not
  // needed.
  auto file = environment_.files.Open(path, base::OpenMode::kCreateOrOpen);
  if (!file.has_value() || !(*file)->WriteAt(0, text).has_value()) {
    base::LogEvent(base::LogLevel::kError, "log.unsynced_note_failed",
                   "could not note the write whose sync failed", {{"file", path}});
  }
}

base::Result<void> Shard::Roll() {
  const std::shared_ptr<Segment> full = active_;
  const std::shared_ptr<base::File> full_file = active_file_;
  if (auto started = StartSegment(FirstAllocation()); !started.has_value()) {
    if (started.error().code == base::Code::kDiskFull) {
      environment_.health.SetFull();
    } else {
      environment_.health.Poison(started.error());
    }
    return started;
  }
  if (full->first_sequence == durable_end_) {
    return {};  // only statements: the new file has replaced it
  }
  // Gives back the space that was not used. The data was synced; a failure costs only space.
  if (full_file->Truncate(full->durable_bytes).has_value()) {
    const std::lock_guard lock(mutex_);
    full->file_bytes = full->durable_bytes;
  }
  return {};
}

uint64_t Shard::FirstAllocation() const {
  return std::min(kAllocationStep, environment_.options.segment_bytes);
}

base::Result<void> Shard::StartSegment(uint64_t allocate) {
  SegmentHeader header;
  header.segment_id = base::SystemSeed();
  header.first_sequence = durable_end_;
  header.created.millis = environment_.clock.WallMillis();
  header.first_hash = definition_.first_hash;
  header.last_hash = definition_.last_hash;
  header.shard = definition_.id;
  header.stream = stream_;
  {
    const std::lock_guard lock(mutex_);  // a child may inherit meanwhile
    header.bound = durable_bound_;
    header.producers = durable_producers_;
  }
  const bool replaces = active_ != nullptr && active_->first_sequence == durable_end_;
  if (active_ != nullptr) {
    header.previous_checksum = replaces ? active_->previous_checksum : active_->chain;
  }
  ASSIGN_OR_RETURN(OpenedSegment created,
                   CreateSegment(environment_.files, folder_, header, allocate));
  if (replaces) {
    read_files_.Drop(active_);
  }
  active_ = std::move(created.segment);
  active_file_ = std::move(created.file);
  read_files_.Put(active_, active_file_);
  const std::lock_guard lock(mutex_);
  if (replaces) {
    segments_.pop_back();
  }
  segments_.push_back(active_);
  return {};
}

void Shard::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Shard::AwaitIdle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !scheduled_; });
}

// Resharding.

model::Rowtime Shard::HandOver() {
  handed_over_ = true;
  const Segment& active = *segments_.back();
  const bool in_doubt =
      scheduled_ || (!active.ends_with_statement && active.durable_bytes > active.data_offset);
  if (in_doubt && !environment_.health.poisoned()) {
    filling_.AddStatement(next_sequence_, last_arrival_);
    ScheduleLocked();
  }
  return last_arrival_;
}

void Shard::AwaitHeritage(model::Rowtime bound) {
  const std::lock_guard lock(mutex_);
  awaits_heritage_ = true;
  floor_ = std::max(floor_, bound);
  last_arrival_ = std::max(last_arrival_, bound);
}

void Shard::Inherit(const Heritage& heritage) {
  const std::lock_guard lock(mutex_);
  awaits_heritage_ = false;
  InheritLocked(heritage);
}

void Shard::InheritLocked(const Heritage& heritage) {
  floor_ = std::max(floor_, heritage.bound);
  last_arrival_ = std::max(last_arrival_, heritage.bound);
  durable_bound_ = std::max(durable_bound_, heritage.bound);
  for (const auto& [producer, next] : heritage.producers) {
    for (ProducerTable* const table : {&producers_, &durable_producers_}) {
      uint64_t& known = (*table)[producer];
      known = std::max(known, next);
    }
  }
}

Heritage Shard::Bequest(const ShardDefinition& heir) const {
  const std::lock_guard lock(mutex_);
  Heritage heritage{.bound = durable_bound_};
  for (const auto& [producer, next] : durable_producers_) {
    const model::HashKey key = model::HashOf(producer);
    if (heir.first_hash <= key && key <= heir.last_hash) {
      heritage.producers.emplace(producer, next);
    }
  }
  return heritage;
}

void Shard::Retire() {
  // The data was synced; a failure costs only space.
  const bool cut = active_->file_bytes > active_->durable_bytes &&
                   active_file_->Truncate(active_->durable_bytes).has_value();
  active_file_.reset();
  read_files_.Drop(active_);
  writing_ = Group();
  const std::lock_guard lock(mutex_);
  if (cut) {
    active_->file_bytes = active_->durable_bytes;
  }
  filling_ = Group();
  retired_ = true;
}

void Shard::Release() {
  {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return !scheduled_; });
    // From here on nothing is scheduled, so that there is no committing thread.
    retired_ = true;
    active_file_.reset();
    writing_ = Group();
    filling_ = Group();
  }
  read_files_.Close();
}

// Figures and retention.

model::Sequence Shard::TrimHorizon() const {
  const std::lock_guard lock(mutex_);
  return segments_.front()->first_sequence;
}

model::Sequence Shard::DurableEnd() const {
  const std::lock_guard lock(mutex_);
  return durable_end_;
}

model::Rowtime Shard::Bound() const {
  const std::lock_guard lock(mutex_);
  return durable_bound_;
}

uint64_t Shard::BytesOnDisk() const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& segment : segments_) {
    bytes += segment->file_bytes;
  }
  return bytes;
}

Shard::DurableMark Shard::Mark() const {
  const std::lock_guard lock(mutex_);
  return {segments_.back()->path, segments_.back()->durable_bytes};
}

std::optional<Shard::Removable> Shard::OldestRemovable(model::Sequence keep_from) const {
  const std::lock_guard lock(mutex_);
  const Segment& oldest = *segments_.front();
  const bool complete =
      segments_.size() > 1 || (retired_ && oldest.end_sequence > oldest.first_sequence);
  if (!complete || oldest.end_sequence > keep_from) {
    return std::nullopt;
  }
  return Removable{.bytes = oldest.file_bytes, .bound = oldest.bound};
}

base::Result<void> Shard::SyncRemoval() {
  if (removal_unsynced_) {
    RETURN_IF_ERROR(environment_.files.SyncDirectory(folder_));
    removal_unsynced_ = false;
  }
  return {};
}

base::Result<uint64_t> Shard::RemoveOldest() {
  // Before a later segment goes: a gap in the chain would be taken for damage.
  RETURN_IF_ERROR(SyncRemoval());
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = segments_.size() == 1;
    CHECK(!last || retired_);
  }
  uint64_t kept = 0;
  if (last) {
    // A segment of no records goes on telling where the shard ended, and what its children inherit.
    RETURN_IF_ERROR(StartSegment(0));
    kept = active_->file_bytes;
    active_file_.reset();
    read_files_.Drop(active_);
  }
  std::shared_ptr<Segment> oldest;
  uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    oldest = segments_.front();
    bytes = oldest->file_bytes;
    segments_.pop_front();
    std::erase_if(cursors_, [&](const Cursor& cursor) { return cursor.segment == oldest; });
  }
  auto removed = environment_.files.Remove(oldest->path);
  if (!removed.has_value()) {
    const std::lock_guard lock(mutex_);
    segments_.push_front(oldest);
    return std::unexpected(base::Within(oldest->path, std::move(removed).error()));
  }
  read_files_.Drop(oldest);
  removal_unsynced_ = true;
  RETURN_IF_ERROR(SyncRemoval());
  return bytes - std::min(kept, bytes);
}

}  // namespace weir::log
