#include <algorithm>
#include <utility>

#include "base/check.h"
#include "log/segment_reader.h"
#include "log/shard.h"

namespace weir::log {
namespace {

constexpr size_t kFindRecords = 4096;
constexpr size_t kFindBytes = 1 << 20;

}  // namespace

Shard::ReadPlace Shard::PlaceOf(model::Sequence from) const {
  const auto after = std::ranges::upper_bound(
      segments_, from, {}, [](const std::shared_ptr<Segment>& one) { return one->first_sequence; });
  CHECK(after != segments_.begin());
  const std::shared_ptr<Segment>& segment = *std::prev(after);
  ReadPlace place{segment, segment->data_offset, segment->durable_bytes};
  const auto next = std::ranges::upper_bound(segment->index, from, {}, &IndexEntry::first_sequence);
  if (next != segment->index.begin()) {
    place.offset = std::prev(next)->offset;
  }
  for (const Cursor& cursor : cursors_) {
    if (cursor.segment == segment && cursor.sequence == from) {
      place.offset = cursor.offset;
    }
  }
  return place;
}

void Shard::RememberCursor(Cursor cursor) {
  if (cursors_.size() == kCursors) {
    cursors_.erase(cursors_.begin());
  }
  cursors_.push_back(std::move(cursor));
}

base::Result<ReadResult> Shard::Read(model::Sequence from, size_t max_records, size_t max_bytes) {
  const ReadLimits limits{.max_records = std::max<size_t>(max_records, 1),
                          .max_bytes = std::max<size_t>(max_bytes, 1)};
  while (true) {
    ReadResult result;
    ReadPlace place;
    model::Sequence end;
    bool complete = false;
    {
      const std::lock_guard lock(mutex_);
      complete = handed_over_ && !scheduled_;
      from = std::max(from, segments_.front()->first_sequence);
      result.next = from;
      result.bound = durable_bound_;
      end = durable_end_;
      if (from >= end) {
        result.ended = complete;
        return result;
      }
      place = PlaceOf(from);
    }
    const auto file = read_files_.Get(place.segment);
    if (!file.has_value()) {
      if (file.error().code == base::Code::kNotFound && TrimHorizon() > from) {
        continue;  // retention took the segment meanwhile
      }
      return std::unexpected(file.error());
    }
    const auto stopped = ReadSegment({.file = **file,
                                      .path = place.segment->path,
                                      .segment_id = place.segment->id,
                                      .offset = place.offset,
                                      .limit = place.limit},
                                     from, limits, result.batch);
    if (!stopped.has_value()) {
      if (stopped.error().code == base::Code::kDataLoss) {
        environment_.metrics.corruptions.Add();
      }
      return std::unexpected(stopped.error());
    }
    if (result.batch.records.empty()) {
      return base::Fail(base::Code::kDataLoss, "damaged segment {}: record {} is missing",
                        place.segment->path, from.value);
    }
    const model::Record& last = result.batch.records.back();
    result.next.value = last.sequence.value + 1;
    if (result.next < end) {
      result.bound = last.arrival;
    } else {
      result.ended = complete;
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(cursors_, [&](const Cursor& cursor) { return cursor.sequence == from; });
    RememberCursor({result.next, place.segment, *stopped});
    return result;
  }
}

base::Result<model::Sequence> Shard::FindArrival(model::Rowtime at) {
  model::Sequence from;
  model::Sequence end;
  {
    const std::lock_guard lock(mutex_);
    from = segments_.front()->first_sequence;
    end = durable_end_;
    for (const auto& segment : segments_) {
      const auto next = std::ranges::lower_bound(segment->index, at, {}, &IndexEntry::arrival);
      if (next == segment->index.begin()) {
        break;
      }
      from = std::max(from, std::prev(next)->first_sequence);
    }
  }
  while (from < end) {
    ASSIGN_OR_RETURN(const ReadResult read, Read(from, kFindRecords, kFindBytes));
    const auto& records = read.batch.records;
    const auto found = std::ranges::lower_bound(records, at, {}, &model::Record::arrival);
    if (found != records.end()) {
      return found->sequence;
    }
    from = read.next;
  }
  return std::max(from, end);
}

}  // namespace weir::log
