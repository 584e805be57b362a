#include "ingest/deduplication/stream_deduplicator.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"

namespace weir::ingest::deduplication {
namespace {

constexpr size_t kReadRecords = 10'000;
constexpr size_t kReadBytes = 4 << 20;
constexpr int64_t kWriteAgainNanos = 1'000'000'000;

EventIndex::Owner OwnerOf(const Parts& parts, const Definition& definition,
                          const log::Stream& stream) {
  return {.folder = base::JoinPath(parts.folder, FolderOf(definition.stream)),
          .stream = definition.stream,
          .stream_created = stream.created().millis,
          .field = definition.field,
          .horizon_millis = definition.horizon_millis};
}

std::map<uint32_t, uint64_t> DurableEnds(const log::Stream& stream) {
  std::map<uint32_t, uint64_t> ends;
  for (const log::ShardDefinition& shard : stream.definition().shards) {
    ends[shard.id] = stream.DurableEnd(shard.id).value;
  }
  return ends;
}

}  // namespace

std::string FolderOf(std::string_view stream) {
  return "stream-" + std::string(stream);
}

Request::Request(std::span<const log::Entry> entries, IntakeDone done) : done_(std::move(done)) {
  size_t size = 0;
  for (const log::Entry& entry : entries) {
    size += entry.partition_key.size() + entry.data.size();
  }
  bytes_.reserve(size);  // The views below stay good.
  entries_.assign(entries.begin(), entries.end());
  const auto keep = [this](std::string_view text) {
    const size_t at = bytes_.size();
    bytes_.append(text);
    return std::string_view(bytes_).substr(at);
  };
  for (log::Entry& entry : entries_) {
    entry.partition_key = keep(entry.partition_key);
    entry.data = keep(entry.data);
  }
  outcome.placements.resize(entries.size());
}

void Request::FinishIfResolved() {
  if (unresolved == 0) {
    std::ranges::sort(outcome.refused, {}, [](const auto& refused) { return refused.first; });
    done_(std::move(outcome));
  }
}

StreamDeduplicator::StreamDeduplicator(const Parts& parts, Definition definition,
                                       log::Stream& stream, std::unique_ptr<EventIndex> index)
    : parts_(parts),
      definition_(std::move(definition)),
      stream_(stream),
      index_(std::move(index)),
      ids_(definition_.field),
      stored_ids_(definition_.field),
      without_id_(parts.metrics.GetCounter(
          "weir_ingest_records_without_event_id_total",
          "Records of a de-duplicated stream that have no event id; taken as they are.",
          {{"stream", definition_.stream}})),
      beyond_horizon_(parts.metrics.GetCounter(
          "weir_ingest_deduplication_horizon_exceeded_total",
          "Records whose event came before, but longer ago than the horizon; taken as new.",
          {{"stream", definition_.stream}})),
      dropped_early_(parts.metrics.GetCounter(
          "weir_ingest_deduplication_runs_dropped_early_total",
          "Runs of event ids that went before the horizon because there were too many.",
          {{"stream", definition_.stream}})),
      events_(parts.metrics.GetGauge("weir_ingest_deduplication_events",
                                     "Event ids that are remembered.",
                                     {{"stream", definition_.stream}})),
      memory_bytes_(parts.metrics.GetGauge("weir_ingest_deduplication_memory_bytes",
                                           "Memory of the index of event ids.",
                                           {{"stream", definition_.stream}})) {}

base::Result<std::shared_ptr<StreamDeduplicator>> StreamDeduplicator::Open(const Parts& parts,
                                                                           Definition definition,
                                                                           log::Stream& stream) {
  ASSIGN_OR_RETURN(std::unique_ptr<EventIndex> index,
                   EventIndex::Open(parts.files, OwnerOf(parts, definition, stream)));
  std::shared_ptr<StreamDeduplicator> opened(
      new StreamDeduplicator(parts, std::move(definition), stream, std::move(index)));
  opened->index_->DropBefore(parts.clock.WallMillis() - opened->definition_.horizon_millis);
  opened->caught_up_ = opened->index_->Covered();
  RETURN_IF_ERROR(opened->CatchUp());
  return opened;
}

base::Result<void> StreamDeduplicator::CatchUp() {
  const bool rebuild = std::exchange(rebuild_, true);
  for (const log::ShardDefinition& shard : stream_.definition().shards) {
    RETURN_IF_ERROR(CatchUp(shard.id));
  }
  rebuild_ = rebuild;
  ShowSize();
  return {};
}

base::Result<void> StreamDeduplicator::CatchUp(uint32_t shard) {
  const int64_t oldest = parts_.clock.WallMillis() - definition_.horizon_millis;
  ASSIGN_OR_RETURN(const model::Sequence first,
                   stream_.FindArrival(shard, model::Rowtime{std::max<int64_t>(oldest, 0)}));
  model::Sequence next = {std::max(first.value, caught_up_[shard])};
  while (next < stream_.DurableEnd(shard)) {
    ASSIGN_OR_RETURN(const log::ReadResult read,
                     stream_.Read(shard, next, kReadRecords, kReadBytes));
    for (const model::Record& record : read.batch.records) {
      if (const auto id = stored_ids_.Find(record.data)) {
        index_->Insert(HashOf(index_->hash_key(), *id), {shard, record.sequence.value},
                       record.arrival.millis);
      }
    }
    if (read.next <= next) {
      break;
    }
    next = read.next;
    caught_up_[shard] = next.value;
    if (index_->in_memory() >= parts_.memory_events) {
      ASSIGN_OR_RETURN(std::unique_ptr<Run> run,
                       EventIndex::Write(parts_.files, index_->BeginSpill(caught_up_)));
      index_->EndSpill(std::move(run));
    }
  }
  return {};
}

void StreamDeduplicator::Append(std::shared_ptr<Request> request) {
  MaintainRuns();
  Fresh fresh;
  for (size_t i = 0; i < request->entries().size(); ++i) {
    Judge(request, i, fresh);
  }
  if (fresh.indexes.empty()) {
    return request->FinishIfResolved();
  }
  std::vector<log::Entry> entries;
  entries.reserve(fresh.indexes.size());
  for (const size_t i : fresh.indexes) {
    entries.push_back(request->entries()[i]);
  }
  ++request->unresolved;
  ++appending_[epoch_ & 1];
  parts_.next.Append(stream_, entries,
                     [this, work = parts_.work, request = std::move(request),
                      fresh = std::move(fresh), epoch = epoch_](IntakeOutcome outcome) mutable {
                       // This object lives for as long as its worker runs.
                       work->Post([this, request = std::move(request), fresh = std::move(fresh),
                                   epoch, outcome = std::move(outcome)]() mutable {
                         Appended(request, fresh, epoch, std::move(outcome));
                       });
                     });
}

bool StreamDeduplicator::Retire() {
  retired_ = true;
  covered_.reset();
  const bool is_writing = spill_ != nullptr && write_again_nanos_ == 0;
  if (is_writing || appending_[0] != 0 || appending_[1] != 0) {
    return false;
  }
  events_.Set(0);
  memory_bytes_.Set(0);
  return true;
}

void StreamDeduplicator::Judge(const std::shared_ptr<Request>& request, size_t entry,
                               Fresh& fresh) {
  const auto id = ids_.Find(request->entries()[entry].data);
  if (!id.has_value()) {
    without_id_.Add();
    fresh.indexes.push_back(entry);
    fresh.hashes.emplace_back();
    return;
  }
  const auto refuse = [&](base::Error error) {
    request->outcome.refused.emplace_back(entry, std::move(error));
  };
  if (!rebuild_ && index_->in_memory() + in_flight_.size() >= 2 * parts_.memory_events) {
    return refuse({base::Code::kUnavailable,
                   "the index of event ids cannot be written as fast as events come: try again"});
  }
  const EventHash hash = HashOf(index_->hash_key(), *id);
  if (const auto found = in_flight_.find(hash); found != in_flight_.end()) {
    if (found->second.id == *id) {
      ++request->unresolved;
      found->second.waiting.emplace_back(request, entry);
      return;
    }
    fresh.indexes.push_back(entry);
    fresh.hashes.emplace_back();
    return;
  }
  const auto place = FindPlace(hash);
  if (!place.has_value()) {
    return refuse(place.error());
  }
  if (place->has_value()) {
    const auto stored = ReadStored(**place, *id);
    if (!stored.has_value()) {
      return refuse(stored.error());
    }
    const int64_t oldest = parts_.clock.WallMillis() - definition_.horizon_millis;
    if (stored->kind == Stored::Kind::kSame && stored->placement.arrival.millis > oldest) {
      request->outcome.placements[entry] = stored->placement;
      ++request->outcome.duplicates;
      return;
    }
    if (stored->kind != Stored::Kind::kOther) {
      beyond_horizon_.Add();
    }
  }
  in_flight_.try_emplace(hash, InFlight{.id = std::string(*id), .waiting = {}});
  fresh.indexes.push_back(entry);
  fresh.hashes.emplace_back(hash);
}

base::Result<std::optional<Place>> StreamDeduplicator::FindPlace(EventHash hash) {
  if (!rebuild_) {
    auto place = index_->Find(hash);
    if (place.has_value() || place.error().code != base::Code::kDataLoss) {
      return place;
    }
    base::LogEvent(base::LogLevel::kWarning, "deduplication.run_damaged",
                   "the index of event ids is made again from the stream",
                   {{"stream", definition_.stream}, {"reason", place.error().message}});
    rebuild_ = true;
    const auto repaired = Repair();
    if (repaired.has_value()) {
      return index_->Find(hash);
    }
    base::LogEvent(base::LogLevel::kError, "deduplication.not_rebuilt", repaired.error().message,
                   {{"stream", definition_.stream}});
  }
  return base::Fail(base::Code::kUnavailable,
                    "the index of event ids is damaged and will be made again: try again");
}

base::Result<void> StreamDeduplicator::Repair() {
  if (!rebuild_) {
    return {};
  }
  if (spill_ != nullptr || covered_.has_value()) {
    return base::Fail(
        base::Code::kUnavailable,
        "the index of event ids of stream '{}' is damaged, and a run is being written",
        definition_.stream);
  }
  RETURN_IF_ERROR(index_->Clear());
  caught_up_.clear();
  RETURN_IF_ERROR(CatchUp());
  rebuild_ = false;
  return {};
}

base::Result<StreamDeduplicator::Stored> StreamDeduplicator::ReadStored(Place place,
                                                                        std::string_view id) {
  const model::Sequence sequence = {place.sequence};
  if (sequence < stream_.TrimHorizon(place.shard)) {
    return Stored{.kind = Stored::Kind::kGone, .placement = {}};
  }
  const auto read = stream_.Read(place.shard, sequence, 1, 1);
  if (!read.has_value() && read.error().code != base::Code::kNotFound) {
    return std::unexpected(read.error());
  }
  if (!read.has_value() || read->batch.records.empty() ||
      read->batch.records.front().sequence != sequence) {
    return Stored{.kind = Stored::Kind::kGone, .placement = {}};
  }
  const model::Record& record = read->batch.records.front();
  const bool same = stored_ids_.Find(record.data) == id;
  return Stored{
      .kind = same ? Stored::Kind::kSame : Stored::Kind::kOther,
      .placement = {.shard = place.shard, .sequence = sequence, .arrival = record.arrival}};
}

void StreamDeduplicator::Appended(const std::shared_ptr<Request>& request, const Fresh& fresh,
                                  uint64_t epoch, IntakeOutcome outcome) {
  auto refused = outcome.refused.begin();
  for (size_t i = 0; i < fresh.indexes.size(); ++i) {
    const size_t entry = fresh.indexes[i];
    const bool is_refused = refused != outcome.refused.end() && refused->first == i;
    if (!is_refused) {
      const log::Placement& placement = outcome.placements[i];
      request->outcome.placements[entry] = placement;
      if (fresh.hashes[i].has_value()) {
        index_->Insert(*fresh.hashes[i], {placement.shard, placement.sequence.value},
                       placement.arrival.millis);
        Settle(*fresh.hashes[i], &placement, nullptr);
      }
      continue;
    }
    if (fresh.hashes[i].has_value()) {
      Settle(*fresh.hashes[i], nullptr, &refused->second);
    }
    request->outcome.refused.emplace_back(entry, std::move(refused->second));
    ++refused;
  }
  --appending_[epoch & 1];
  --request->unresolved;
  request->FinishIfResolved();
  MaintainRuns();
}

void StreamDeduplicator::Settle(EventHash hash, const log::Placement* placement,
                                const base::Error* error) {
  const auto found = in_flight_.find(hash);
  for (auto& [request, entry] : found->second.waiting) {
    if (placement != nullptr) {
      request->outcome.placements[entry] = *placement;
      ++request->outcome.duplicates;
    } else {
      request->outcome.refused.emplace_back(entry, *error);
    }
    --request->unresolved;
    request->FinishIfResolved();
  }
  in_flight_.erase(found);
}

void StreamDeduplicator::MaintainRuns() {
  if (retired_) {
    return;
  }
  index_->DropBefore(parts_.clock.WallMillis() - definition_.horizon_millis);
  if (spill_ != nullptr) {
    if (write_again_nanos_ != 0 && parts_.clock.MonotonicNanos() >= write_again_nanos_) {
      WriteRun(spill_);
    }
  } else if (covered_.has_value()) {
    if (appending_[(epoch_ - 1) & 1] == 0) {
      spill_ = std::make_shared<const EventIndex::Spill>(
          index_->BeginSpill(*std::exchange(covered_, std::nullopt)));
      WriteRun(spill_);
    }
  } else if (!rebuild_ && index_->in_memory() >= parts_.memory_events &&
             appending_[(epoch_ + 1) & 1] == 0) {
    covered_ = DurableEnds(stream_);
    ++epoch_;
  }
  ShowSize();
}

void StreamDeduplicator::WriteRun(std::shared_ptr<const EventIndex::Spill> spill) {
  write_again_nanos_ = 0;
  parts_.writer->Post([this, work = parts_.work, &files = parts_.files, spill = std::move(spill)] {
    auto run = EventIndex::Write(files, *spill);
    work->Post([this, run = std::move(run)]() mutable {
      if (!run.has_value()) {
        base::LogEvent(base::LogLevel::kError, "deduplication.run_not_written", run.error().message,
                       {{"stream", definition_.stream}});
        write_again_nanos_ = parts_.clock.MonotonicNanos() + kWriteAgainNanos;
        return;
      }
      index_->EndSpill(std::move(*run));
      spill_.reset();
      if (index_->DropSurplus()) {
        dropped_early_.Add();
      }
      ShowSize();
    });
  });
}

void StreamDeduplicator::ShowSize() {
  events_.Set(static_cast<double>(index_->size()));
  memory_bytes_.Set(static_cast<double>(index_->bytes()));
}

}  // namespace weir::ingest::deduplication
