#include "ingest/deduplication/event_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "base/logging.h"
#include "crypto/digest.h"

namespace weir::ingest::deduplication {
namespace {

constexpr std::string_view kSuffix = ".run";

}  // namespace

base::Result<std::unique_ptr<EventIndex>> EventIndex::Open(base::FileSystem& files, Owner owner) {
  std::unique_ptr<EventIndex> index(new EventIndex(files, std::move(owner)));
  RETURN_IF_ERROR(files.CreateDirectories(index->owner_.folder));
  RETURN_IF_ERROR(index->OpenRuns());
  if (index->runs_.empty()) {
    RETURN_IF_ERROR(index->Clear());
    crypto::RandomBytes(index->hash_key_.size()).copy(index->hash_key_.data(), SIZE_MAX);
  }
  return index;
}

base::Result<void> EventIndex::OpenRuns() {
  ASSIGN_OR_RETURN(const auto entries, files_.List(owner_.folder));
  for (const base::DirectoryEntry& entry : entries) {  // By name, which is by number.
    if (!entry.name.ends_with(kSuffix)) {
      continue;
    }
    auto run = Run::Open(files_, base::JoinPath(owner_.folder, entry.name));
    if (!run.has_value() && run.error().code != base::Code::kDataLoss) {
      return std::unexpected(std::move(run).error());
    }
    if (!run.has_value() || !IsMine(**run)) {
      base::LogEvent(base::LogLevel::kWarning, "deduplication.run_refused",
                     "the index of event ids is made again from the stream",
                     {{"stream", owner_.stream},
                      {"run", entry.name},
                      {"reason", run.has_value() ? "of another stream, field, horizon or row"
                                                 : run.error().message}});
      runs_.clear();
      return {};
    }
    hash_key_ = (*run)->header().hash_key;
    last_run_ = (*run)->header().number;
    runs_.push_back(std::move(*run));
  }
  return {};
}

bool EventIndex::IsMine(const Run& run) const {
  const RunHeader& header = run.header();
  return header.stream == owner_.stream && header.stream_created == owner_.stream_created &&
         header.field == owner_.field && header.horizon_millis == owner_.horizon_millis &&
         (runs_.empty() || (header.number == last_run_ + 1 && header.hash_key == hash_key_));
}

std::map<uint32_t, uint64_t> EventIndex::Covered() const {
  return runs_.empty() ? std::map<uint32_t, uint64_t>() : runs_.back()->header().covered;
}

base::Result<std::optional<Place>> EventIndex::Find(EventHash hash) const {
  if (const auto place = table_.Find(hash)) {
    return place;
  }
  if (spilling_ != nullptr) {
    if (const auto place = spilling_->Find(hash)) {
      return place;
    }
  }
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    ASSIGN_OR_RETURN(const std::optional<Place> place, (*run)->Find(hash));
    if (place.has_value()) {
      return place;
    }
  }
  return std::nullopt;
}

void EventIndex::Insert(EventHash hash, Place place, int64_t arrival) {
  table_.Insert(hash, place);
  newest_arrival_ = std::max(newest_arrival_, arrival);
}

size_t EventIndex::size() const {
  size_t events = table_.size() + (spilling_ == nullptr ? 0 : spilling_->size());
  for (const std::unique_ptr<Run>& run : runs_) {
    events += run->size();
  }
  return events;
}

size_t EventIndex::bytes() const {
  size_t bytes = table_.bytes() + (spilling_ == nullptr ? 0 : spilling_->bytes());
  for (const std::unique_ptr<Run>& run : runs_) {
    bytes += run->bytes();
  }
  return bytes;
}

EventIndex::Spill EventIndex::BeginSpill(std::map<uint32_t, uint64_t> covered) {
  CHECK(spilling_ == nullptr);
  spilling_ = std::make_shared<const PlaceTable>(std::exchange(table_, PlaceTable()));
  ++last_run_;
  return {.path = base::JoinPath(owner_.folder, fmt::format("{:020}{}", last_run_, kSuffix)),
          .header = {.stream = owner_.stream,
                     .stream_created = owner_.stream_created,
                     .field = owner_.field,
                     .horizon_millis = owner_.horizon_millis,
                     .number = last_run_,
                     .hash_key = hash_key_,
                     .newest_arrival = std::exchange(newest_arrival_, 0),
                     .covered = std::move(covered)},
          .table = spilling_};
}

base::Result<std::unique_ptr<Run>> EventIndex::Write(base::FileSystem& files, const Spill& spill) {
  RETURN_IF_ERROR(Run::Write(files, spill.path, spill.header, spill.table->Sorted()));
  return Run::Open(files, spill.path);
}

void EventIndex::EndSpill(std::unique_ptr<Run> run) {
  runs_.push_back(std::move(run));
  spilling_.reset();
}

void EventIndex::DropBefore(int64_t time) {
  while (!runs_.empty() && runs_.front()->header().newest_arrival < time) {
    RemoveOldest();
  }
}

bool EventIndex::DropSurplus() {
  if (runs_.size() <= kMaxRuns) {
    return false;
  }
  RemoveOldest();
  return true;
}

void EventIndex::RemoveOldest() {
  const auto removed = files_.Remove(runs_.front()->path());
  if (!removed.has_value()) {
    base::LogEvent(base::LogLevel::kWarning, "deduplication.run_not_removed",
                   removed.error().message);
  }
  runs_.erase(runs_.begin());
}

base::Result<void> EventIndex::Clear() {
  runs_.clear();
  spilling_.reset();
  table_ = PlaceTable();
  newest_arrival_ = 0;
  ASSIGN_OR_RETURN(auto entries, files_.List(owner_.folder));
  // The newest first, each durably: a run is good only with those before it, and the oldest are
  // not missed when they are gone.
  std::ranges::reverse(entries);
  for (const base::DirectoryEntry& entry : entries) {
    RETURN_IF_ERROR(files_.Remove(base::JoinPath(owner_.folder, entry.name)));
    RETURN_IF_ERROR(files_.SyncDirectory(owner_.folder));
  }
  return {};
}

}  // namespace weir::ingest::deduplication
