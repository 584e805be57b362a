#include "stream/sink/output_sink.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace weir::stream {

namespace {

constexpr size_t kMaxChunkRows = 8'192;
constexpr size_t kMaxChunkBytes = size_t{1} << 20;
constexpr int64_t kFirstPauseNanos = 10'000'000;
constexpr int64_t kLongestPauseNanos = 1'000'000'000;
// Chunk ends whose sequence is remembered for live tables.
constexpr size_t kMaxRememberedEnds = 64;

}  // namespace

// Consecutive rows that are appended together.
struct OutputSink::Chunk {
  uint64_t first_ordinal = 0;
  std::string bytes;
  std::vector<size_t> ends;  // In bytes, of each row.
  std::vector<int64_t> arrivals;
  bool handed = false;
  bool acknowledged = false;

  uint64_t end_ordinal() const { return first_ordinal + ends.size(); }
};

// What the log's threads change. Kept alive by every append under way.
struct OutputSink::State {
  mutable std::mutex mutex;
  std::deque<std::shared_ptr<Chunk>> chunks;  // Not acknowledged, in order.
  size_t in_flight = 0;
  uint64_t acknowledged_ordinal = 0;
  bool refused = false;  // Something must be handed over again, once nothing is in flight.
  int64_t pause_nanos = kFirstPauseNanos;
  int64_t not_before_nanos = 0;
  std::optional<base::Error> failure;
  std::map<uint64_t, model::Sequence> sequence_at;  // By chunk end.
  std::shared_ptr<log::Notifier> notifier;

  void Done(const std::shared_ptr<Chunk>& chunk,
            const base::Result<std::vector<log::Placement>>& result);
  void Acknowledge(Chunk& chunk, const std::vector<log::Placement>& placements);
  void Refuse(const Chunk& chunk, const base::Error& error);
};

void OutputSink::State::Done(const std::shared_ptr<Chunk>& chunk,
                             const base::Result<std::vector<log::Placement>>& result) {
  {
    const std::lock_guard lock(mutex);
    --in_flight;
    if (result) {
      Acknowledge(*chunk, *result);
    } else {
      Refuse(*chunk, result.error());
    }
  }
  notifier->Notify();
}

void OutputSink::State::Acknowledge(Chunk& chunk, const std::vector<log::Placement>& placements) {
  chunk.acknowledged = true;
  pause_nanos = kFirstPauseNanos;
  if (!placements.empty() && placements.back().sequence != log::kAlreadyStored) {
    sequence_at[chunk.end_ordinal()] = model::Sequence{placements.back().sequence.value + 1};
    if (sequence_at.size() > kMaxRememberedEnds) {
      sequence_at.erase(sequence_at.begin());
    }
  }
  while (!chunks.empty() && chunks.front()->acknowledged) {
    acknowledged_ordinal = chunks.front()->end_ordinal();
    chunks.pop_front();
  }
}

void OutputSink::State::Refuse(const Chunk& chunk, const base::Error& error) {
  const bool again = error.code == base::Code::kUnavailable || error.code == base::Code::kDiskFull;
  // Behind a refused chunk the log misses ordinals; that is no failure of its own.
  const bool behind = error.code == base::Code::kFailedPrecondition && !chunks.empty() &&
                      chunks.front()->first_ordinal != chunk.first_ordinal;
  if (!again && !behind && !failure) {
    failure = error;
  }
  refused = true;
}

OutputSink::OutputSink(log::Stream& stream, std::string producer, model::Schema schema,
                       uint64_t next_ordinal, std::shared_ptr<log::Notifier> notifier)
    : stream_(stream),
      producer_(std::move(producer)),
      encoder_(std::move(schema)),
      next_ordinal_(next_ordinal),
      state_(std::make_shared<State>()) {
  state_->acknowledged_ordinal = next_ordinal;
  state_->notifier = std::move(notifier);
}

void OutputSink::Write(const model::ColumnBatch& rows, int64_t now_nanos) {
  auto chunk = std::make_shared<Chunk>();
  chunk->first_ordinal = next_ordinal_;
  for (size_t row = 0; row < rows.size(); ++row) {
    encoder_.Append(rows, row, chunk->bytes);
    chunk->ends.push_back(chunk->bytes.size());
    chunk->arrivals.push_back(rows.rowtimes[row]);
    ++next_ordinal_;
    if (chunk->ends.size() == kMaxChunkRows || chunk->bytes.size() >= kMaxChunkBytes) {
      Queue(std::move(chunk), now_nanos);
      chunk = std::make_shared<Chunk>();
      chunk->first_ordinal = next_ordinal_;
    }
  }
  if (!chunk->ends.empty()) {
    Queue(std::move(chunk), now_nanos);
  }
}

void OutputSink::Queue(std::shared_ptr<Chunk> chunk, int64_t now_nanos) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->chunks.push_back(std::move(chunk));
  }
  HandOverQueued(now_nanos);
}

void OutputSink::HandOverQueued(int64_t now_nanos) {
  for (;;) {
    std::shared_ptr<Chunk> next;
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->failure || state_->refused || now_nanos < state_->not_before_nanos) {
        return;
      }
      const auto found =
          std::ranges::find_if(state_->chunks, [](const auto& chunk) { return !chunk->handed; });
      if (found == state_->chunks.end()) {
        return;
      }
      next = *found;
      next->handed = true;
      ++state_->in_flight;
    }
    HandOver(next);
  }
}

// Without the lock: the log may call back at once.
void OutputSink::HandOver(const std::shared_ptr<Chunk>& chunk) {
  std::vector<log::Entry> entries;
  entries.reserve(chunk->ends.size());
  size_t begin = 0;
  for (size_t i = 0; i < chunk->ends.size(); ++i) {
    entries.push_back({.partition_key = producer_,
                       .explicit_hash_key = std::nullopt,
                       .data = std::string_view(chunk->bytes).substr(begin, chunk->ends[i] - begin),
                       .arrival = model::Rowtime{chunk->arrivals[i]}});
    begin = chunk->ends[i];
  }
  stream_.AppendOnce({.producer = producer_, .first_ordinal = chunk->first_ordinal}, entries,
                     [state = state_, chunk](base::Result<std::vector<log::Placement>> result) {
                       state->Done(chunk, result);
                     });
}

void OutputSink::Retry(int64_t now_nanos) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->refused && state_->in_flight == 0 && !state_->failure) {
      state_->refused = false;
      state_->not_before_nanos = now_nanos + state_->pause_nanos;
      state_->pause_nanos = std::min(state_->pause_nanos * 2, kLongestPauseNanos);
      for (const auto& chunk : state_->chunks) {
        chunk->handed = chunk->acknowledged;
      }
    }
  }
  HandOverQueued(now_nanos);
}

uint64_t OutputSink::AcknowledgedOrdinal() const {
  const std::lock_guard lock(state_->mutex);
  return state_->acknowledged_ordinal;
}

bool OutputSink::Waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->refused ||
         std::ranges::any_of(state_->chunks, [](const auto& chunk) { return !chunk->handed; });
}

std::optional<base::Error> OutputSink::failure() const {
  const std::lock_guard lock(state_->mutex);
  return state_->failure;
}

std::optional<model::Sequence> OutputSink::SequenceAt(uint64_t ordinal) const {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->acknowledged_ordinal < ordinal) {
      return std::nullopt;
    }
    const auto found = state_->sequence_at.find(ordinal);
    if (found != state_->sequence_at.end()) {
      return found->second;
    }
  }
  // Nothing of this run was stored up to there. If the producer stands exactly there, the stream's
  // end does too.
  const uint32_t shard = stream_.ShardOfProducer(producer_);
  if (stream_.NextOrdinal(producer_) != ordinal) {
    return std::nullopt;
  }
  const model::Sequence end = stream_.DurableEnd(shard);
  return stream_.NextOrdinal(producer_) == ordinal ? std::optional(end) : std::nullopt;
}

}  // namespace weir::stream
