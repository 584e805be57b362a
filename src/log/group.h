#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/pending_append.h"
#include "log/segment_format.h"
#include "model/record.h"

namespace weir::log {

/// Payloads are closed at this size, so that a reader never needs to read more to find one record.
inline constexpr size_t kBatchTargetBytes = 256 << 10;

/// A batch in a group's buffer, with room for its header before the payload.
struct BatchDraft {
  size_t offset = 0;  ///< in the buffer; a multiple of kBatchAlignment
  size_t payload_bytes = 0;
  uint32_t count = 0;
  model::Sequence first_sequence;
  model::Rowtime arrival_base;
  /// Arrival of the last record.
  model::Rowtime last_arrival;
  bool has_producer = false;
  std::string producer;
  uint64_t next_ordinal = 0;  ///< of the producer, after this batch

  model::Sequence end_sequence() const { return {first_sequence.value + count}; }

  size_t end() const {
    return AlignUp(offset + kBatchHeaderBytes + payload_bytes, kBatchAlignment);
  }
};

/// Where a group's batches go: fills in what was not known when they were encoded.
struct WritePlace {
  uint64_t segment_id = 0;
  uint64_t offset = 0;
  uint32_t chain = 0;
};

/// What one sync will make durable: encoded batches, and who waits for them. Appends encode
/// straight into its buffer. Not thread-safe.
class Group {
 public:
  bool empty() const { return batches_.empty() && waiters_.empty(); }

  size_t bytes() const { return buffer_.size(); }

  const std::vector<BatchDraft>& batches() const { return batches_; }

  /// Makes room for records of `bytes` in all, with their overhead, to follow.
  void Reserve(size_t bytes);

  /// Adds one record; Reserve was called for it.
  void AddRecord(model::Sequence sequence, model::Rowtime arrival, std::string_view partition_key,
                 const std::optional<model::HashKey>& explicit_hash_key, std::string_view data);

  /// The records that follow, until EndProducer, are this producer's, from `ordinal` on.
  void BeginProducer(std::string_view producer, uint64_t ordinal);
  void EndProducer();

  /// Adds the statement that no later record arrives before `bound`.
  void AddStatement(model::Sequence next, model::Rowtime bound);

  void AddWaiter(std::shared_ptr<PendingAppend> waiter) { waiters_.push_back(std::move(waiter)); }

  std::vector<std::shared_ptr<PendingAppend>> TakeWaiters() { return std::move(waiters_); }

  /// Completes the last batch. Before the group is written.
  void Close();

  /// Fills in the headers of batches [from, to), as one write at `place`; returns their bytes, and
  /// the chain's new end in `place.chain`.
  std::string_view Seal(size_t from, size_t to, WritePlace& place);

  /// Empties the group; keeps its memory unless it is unusually large.
  void Clear();

 private:
  void BeginBatch(model::Sequence first, model::Rowtime arrival);

  std::string buffer_;
  std::vector<BatchDraft> batches_;
  std::vector<std::shared_ptr<PendingAppend>> waiters_;
  bool open_ = false;  // the last batch takes more records
  bool in_producer_ = false;
  std::string producer_;
  uint64_t ordinal_ = 0;
};

}  // namespace weir::log
