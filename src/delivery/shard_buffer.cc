#include "delivery/shard_buffer.h"

#include <algorithm>
#include <utility>

namespace weir::delivery {
namespace {

constexpr size_t kReadRecords = 16'384;
constexpr size_t kReadBytes = 1 << 20;

}  // namespace

base::Result<uint64_t> ShardBuffer::Fill(log::Stream& stream, int64_t now_millis) {
  uint64_t skipped = 0;
  while (!full() && !ended_) {
    const size_t wanted = std::min<uint64_t>(kReadBytes, buffer_bytes_ - bytes_);
    ASSIGN_OR_RETURN(log::ReadResult read, stream.Read(shard_, next_, kReadRecords, wanted));
    if (read.batch.records.empty()) {
      ended_ = read.ended;
      return skipped;
    }
    const model::Sequence first = read.batch.records.front().sequence;
    if (first > next_ && !batches_.empty()) {
      // What is held must stay without a gap; the rest comes with the next object.
      return skipped;
    }
    skipped += first.value - next_.value;
    Take(std::move(read.batch), std::nullopt, now_millis);
  }
  return skipped;
}

base::Result<void> ShardBuffer::FillExactly(log::Stream& stream, model::Sequence first,
                                            model::Sequence last) {
  Clear();
  next_ = first;
  ended_ = false;
  while (batches_.empty() || range_.last < last) {
    ASSIGN_OR_RETURN(log::ReadResult read, stream.Read(shard_, next_, kReadRecords, kReadBytes));
    if (read.batch.records.empty() || read.batch.records.front().sequence != next_) {
      return base::Fail(base::Code::kDataLoss,
                        "stream '{}' shard {}: records {} to {} were to be delivered, but the log "
                        "has no record {}; "
                        "restore the log or the catalog from one backup",
                        stream.definition().name, shard_, first.value, last.value, next_.value);
    }
    const int64_t arrival = read.batch.records.front().arrival.millis;
    Take(std::move(read.batch), last, arrival);
  }
  return {};
}

void ShardBuffer::Take(model::RecordBatch batch, std::optional<model::Sequence> last,
                       int64_t now_millis) {
  size_t count = 0;
  for (const model::Record& record : batch.records) {
    if (last.has_value() ? record.sequence > *last : full()) {
      break;
    }
    if (batches_.empty() && count == 0) {
      range_ =
          ObjectRange{shard_, record.sequence, record.sequence, record.arrival, record.arrival};
      waiting_since_ =
          record.sequence < backlog_end_ ? std::min(record.arrival.millis, now_millis) : now_millis;
    }
    range_.last = record.sequence;
    // Arrival times are monotone within a shard: the first record's is the oldest.
    range_.newest_arrival = record.arrival;
    bytes_ += record.data.size();
    ++count;
  }
  batch.records.resize(count);
  next_ = model::Sequence{range_.last.value + 1};
  batches_.push_back(std::move(batch));
}

void ShardBuffer::Clear() {
  batches_.clear();
  bytes_ = 0;
}

}  // namespace weir::delivery
