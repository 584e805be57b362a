#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "delivery/definition.h"
#include "log/log.h"
#include "model/record.h"

namespace weir::delivery {

// The records of one shard that wait to become the next object, in memory: at most `buffer_bytes`
// of data, plus one record. Not thread-safe.
class ShardBuffer {
 public:
  // Of one object, however small they are.
  static constexpr uint64_t kMaxRecords = 4'000'000;

  // `next` is the first record to deliver. Records before `backlog_end` have waited since they
  // arrived; later ones since they were first read here, so that history put into a stream does not
  // count as waiting.
  ShardBuffer(uint32_t shard, model::Sequence next, model::Sequence backlog_end,
              uint64_t buffer_bytes)
      : shard_(shard), next_(next), backlog_end_(backlog_end), buffer_bytes_(buffer_bytes) {}

  uint32_t shard() const { return shard_; }

  // The first record that is not committed.
  model::Sequence position() const { return batches_.empty() ? next_ : range_.first; }

  // Whether the shard is closed and nothing more of it will come after what is held.
  bool ended() const { return ended_; }

  // Reads what is durable until the buffer is full. Returns whether records were skipped because
  // retention took them: how many.
  base::Result<uint64_t> Fill(log::Stream& stream, int64_t now_millis);

  // Reads exactly these records, in place of what is held. kDataLoss when the log does not have
  // them.
  base::Result<void> FillExactly(log::Stream& stream, model::Sequence first, model::Sequence last);

  bool empty() const { return batches_.empty(); }

  bool full() const {
    return bytes_ >= buffer_bytes_ ||
           (!batches_.empty() && range_.last.value - range_.first.value + 1 >= kMaxRecords);
  }

  // Wall time since which the oldest record waits; only when not empty.
  int64_t waiting_since() const { return waiting_since_; }

  const ObjectRange& range() const { return range_; }

  std::span<const model::RecordBatch> batches() const { return batches_; }

  // What is held has been committed.
  void Clear();

 private:
  // Takes records of `batch` until the buffer is full or `last` is in it.
  void Take(model::RecordBatch batch, std::optional<model::Sequence> last, int64_t now_millis);

  uint32_t shard_;
  model::Sequence next_;  // to read
  model::Sequence backlog_end_;
  uint64_t buffer_bytes_;
  std::vector<model::RecordBatch> batches_;
  ObjectRange range_;
  uint64_t bytes_ = 0;
  int64_t waiting_since_ = 0;
  bool ended_ = false;
};

}  // namespace weir::delivery
