#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "json/row_encoder.h"
#include "log/log.h"
#include "model/column_batch.h"

namespace weir::stream {

// Appends the rows of one output to its derived stream, each once: row i has ordinal i, its arrival
// time is its ROWTIME, its partition key is the producer. Holds rows until the log has acknowledged
// them, and gives them to the log again after kUnavailable and kDiskFull, in order, with growing
// pauses. Used by one thread; the log may acknowledge from others, also after the sink is gone.
class OutputSink {
 public:
  // Rows that may wait for acknowledgement before the application pauses.
  static constexpr uint64_t kMaxUnacknowledgedRows = 100'000;

  // `next_ordinal` is that of the first row to come. The stream must outlive every append;
  // `notifier` hears of acknowledgements.
  OutputSink(log::Stream& stream, std::string producer, model::Schema schema, uint64_t next_ordinal,
             std::shared_ptr<log::Notifier> notifier);

  // Encodes the rows and hands them to the log.
  void Write(const model::ColumnBatch& rows, int64_t now_nanos);

  // Hands rows to the log again if it refused them and the pause is over.
  void Retry(int64_t now_nanos);

  uint64_t next_ordinal() const { return next_ordinal_; }

  // Rows before this ordinal are durable.
  uint64_t AcknowledgedOrdinal() const;

  uint64_t Unacknowledged() const { return next_ordinal_ - AcknowledgedOrdinal(); }

  // True when rows were refused and wait for Retry.
  bool Waiting() const;

  // Why no more rows can be written; nothing while they can.
  std::optional<base::Error> failure() const;

  // The sequence behind the row `ordinal - 1` in the stream's shard: every row before `ordinal`
  // stands before it, and no later one. Nothing when it is not known, or those rows are not durable
  // yet.
  std::optional<model::Sequence> SequenceAt(uint64_t ordinal) const;

  const std::string& producer() const { return producer_; }

  log::Stream& stream() const { return stream_; }

  // Row as it is stored.
  void Encode(const model::ColumnBatch& rows, size_t row, std::string& out) const {
    encoder_.Append(rows, row, out);
  }

 private:
  struct Chunk;
  struct State;

  void Queue(std::shared_ptr<Chunk> chunk, int64_t now_nanos);
  void HandOver(const std::shared_ptr<Chunk>& chunk);
  void HandOverQueued(int64_t now_nanos);

  log::Stream& stream_;
  std::string producer_;
  json::RowEncoder encoder_;
  uint64_t next_ordinal_;
  std::shared_ptr<State> state_;
};

}  // namespace weir::stream
