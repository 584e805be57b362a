#include "stream/verify.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "json/row_encoder.h"
#include "stream/checkpoint/checkpoint.h"
#include "stream/engine/computation.h"

namespace weir::stream {

namespace {

constexpr size_t kReadRecords = 8'192;
constexpr size_t kReadBytes = size_t{4} << 20;
constexpr size_t kShownBytes = 300;

struct StoredRow {
  uint64_t ordinal = 0;
  int64_t arrival = 0;
  std::string_view data;
};

// The rows of one producer in its derived stream, in order.
class StoredRows {
 public:
  StoredRows(log::Stream& stream, std::string producer)
      : stream_(stream),
        producer_(std::move(producer)),
        shard_(stream.ShardOfProducer(producer_)) {}

  // Finds the ordinal of the first row still there: the producer's rows have no gaps and end at its
  // next ordinal.
  base::Result<void> Open() {
    end_ = stream_.NextOrdinal(producer_);
    uint64_t count = 0;
    next_ = stream_.TrimHorizon(shard_);
    for (;;) {
      RETURN_IF_ERROR(ReadMore());
      if (batch_.records.empty()) {
        break;
      }
      count += static_cast<uint64_t>(
          std::ranges::count(batch_.records, producer_, &model::Record::partition_key));
    }
    if (count > end_) {
      return base::Fail(base::Code::kDataLoss,
                        "stream '{}' holds {} rows of '{}', more than its next ordinal {}",
                        stream_.definition().name, count, producer_, end_);
    }
    first_ = end_ - count;
    ordinal_ = first_;
    next_ = stream_.TrimHorizon(shard_);
    at_ = batch_.records.size();
    return {};
  }

  // Ordinals that are there: [first, end).
  uint64_t first() const { return first_; }

  uint64_t end() const { return end_; }

  // The next row; nothing at the end.
  base::Result<std::optional<StoredRow>> Next() {
    for (;;) {
      for (; at_ < batch_.records.size(); ++at_) {
        const model::Record& record = batch_.records[at_];
        if (record.partition_key == producer_) {
          ++at_;
          return StoredRow{
              .ordinal = ordinal_++, .arrival = record.arrival.millis, .data = record.data};
        }
      }
      RETURN_IF_ERROR(ReadMore());
      if (batch_.records.empty()) {
        return std::nullopt;
      }
    }
  }

 private:
  base::Result<void> ReadMore() {
    ASSIGN_OR_RETURN(log::ReadResult read, stream_.Read(shard_, next_, kReadRecords, kReadBytes));
    batch_ = std::move(read.batch);
    next_ = read.next;
    at_ = 0;
    return {};
  }

  log::Stream& stream_;
  std::string producer_;
  uint32_t shard_;
  uint64_t first_ = 0;
  uint64_t end_ = 0;
  uint64_t ordinal_ = 0;
  model::Sequence next_;
  model::RecordBatch batch_;
  size_t at_ = 0;
};

// One output: what is stored beside what is computed.
class Comparison {
 public:
  Comparison(std::string name, log::Stream& stream, std::string producer, model::Schema schema,
             uint64_t first_ordinal)
      : name_(std::move(name)),
        stored_(stream, std::move(producer)),
        encoder_(std::move(schema)),
        computed_(first_ordinal) {}

  base::Result<void> Open() {
    RETURN_IF_ERROR(stored_.Open());
    // Rows of an earlier definition, or before the checkpoint that is the base, are not checked.
    do {
      RETURN_IF_ERROR(Advance());
    } while (current_ && current_->ordinal < computed_);
    return {};
  }

  base::Result<void> Compare(const model::ColumnBatch& rows, VerifyOutcome& outcome) {
    for (size_t row = 0; row < rows.size(); ++row, ++computed_) {
      if (computed_ < stored_.first()) {
        ++outcome.not_determinable;
        continue;
      }
      if (!current_) {
        ++outcome.missing;
        continue;
      }
      std::string data;
      encoder_.Append(rows, row, data);
      if (data == current_->data && rows.rowtimes[row] == current_->arrival) {
        ++outcome.rows_compared;
      } else {
        ++outcome.different;
        Describe(outcome,
                 fmt::format("computed {} at {}", data.substr(0, kShownBytes), rows.rowtimes[row]));
      }
      RETURN_IF_ERROR(Advance());
    }
    return {};
  }

  base::Result<void> Finish(VerifyOutcome& outcome) {
    while (current_) {
      ++outcome.extra;
      Describe(outcome, "nothing computed");
      RETURN_IF_ERROR(Advance());
    }
    return {};
  }

 private:
  base::Result<void> Advance() {
    ASSIGN_OR_RETURN(current_, stored_.Next());
    return {};
  }

  void Describe(VerifyOutcome& outcome, const std::string& computed) const {
    if (outcome.first_difference.empty()) {
      outcome.first_difference =
          fmt::format("{} row {}: stored {} at {}, {}", name_, current_->ordinal,
                      current_->data.substr(0, kShownBytes), current_->arrival, computed);
    }
  }

  std::string name_;
  StoredRows stored_;
  json::RowEncoder encoder_;
  uint64_t computed_;
  std::optional<StoredRow> current_;
};

// From where the outputs can be computed again.
struct Base {
  Positions input;
  std::vector<uint64_t> ordinals;
  std::string state;
  std::string note;
};

// Shards that were added later begin with their first record.
bool IsThere(const Positions& positions, const log::Stream& input) {
  return std::ranges::all_of(input.definition().shards, [&](const log::ShardDefinition& shard) {
    const auto found = positions.find(shard.id);
    const model::Sequence from = found == positions.end() ? model::Sequence{0} : found->second;
    return input.TrimHorizon(shard.id) <= from;
  });
}

std::vector<uint64_t> Ordinals(const Checkpoint& checkpoint, bool first) {
  std::vector<uint64_t> ordinals;
  for (const Checkpoint::Output& output : checkpoint.outputs) {
    ordinals.push_back(first ? output.first_ordinal : output.next_ordinal);
  }
  return ordinals;
}

std::optional<Base> FindBase(const ApplicationDefinition& definition,
                             const std::string& fingerprint, const log::Stream& input,
                             std::vector<Checkpoint> kept, std::string& problem) {
  if (kept.empty()) {
    Base base;
    base.ordinals.assign(definition.outputs.size(), 0);
    problem = "the input's beginning is gone and there is no checkpoint";
    return IsThere(base.input, input) ? std::optional(base) : std::nullopt;
  }
  std::erase_if(
      kept, [&](const Checkpoint& checkpoint) { return checkpoint.fingerprint != fingerprint; });
  if (kept.empty()) {
    problem = "the definition has changed since the last checkpoint";
    return std::nullopt;
  }
  const Checkpoint& newest = kept.front();
  if (IsThere(newest.origin, input)) {
    Base base{.input = newest.origin, .ordinals = Ordinals(newest, true), .state = {}, .note = {}};
    if (std::ranges::any_of(base.ordinals, [](uint64_t ordinal) { return ordinal != 0; })) {
      base.note = "rows of an earlier definition were not checked";
    }
    return base;
  }
  for (auto oldest = kept.rbegin(); oldest != kept.rend(); ++oldest) {
    if (IsThere(oldest->input, input)) {
      return Base{.input = oldest->input,
                  .ordinals = Ordinals(*oldest, false),
                  .state = oldest->state,
                  .note = fmt::format("retention removed input; checked from checkpoint {} on",
                                      oldest->number)};
    }
  }
  problem = "retention removed the input behind every checkpoint";
  return std::nullopt;
}

}  // namespace

base::Result<VerifyOutcome> RecomputeOutputs(const ApplicationDefinition& definition, log::Log& log,
                                             base::FileSystem& files, base::Clock& /*clock*/,
                                             const ApplicationOptions& options) {
  log::Stream* input = log.Find(definition.input.stream);
  if (input == nullptr) {
    return base::Fail(base::Code::kNotFound,
                      "application '{}' reads stream '{}', which is not open", definition.name,
                      definition.input.stream);
  }
  ASSIGN_OR_RETURN(std::vector<Checkpoint> kept,
                   CheckpointStore::Peek(files, options.checkpoint_directory));
  VerifyOutcome outcome;
  ASSIGN_OR_RETURN(const CompiledApplication compiled, CompileApplication(definition));
  const std::optional<Base> base = FindBase(definition, Fingerprint(definition, compiled.program),
                                            *input, std::move(kept), outcome.note);
  if (!base) {
    return outcome;
  }
  outcome.note = base->note;
  ASSIGN_OR_RETURN(
      std::unique_ptr<Computation> computation,
      Computation::Create(definition, *input, base->input,
                          {.max_keys = options.max_keys, .max_distinct = options.max_distinct}));
  if (!base->state.empty()) {
    base::ByteReader reader(base->state);
    RETURN_IF_ERROR(computation->pipeline().Load(reader));
  }
  std::deque<Comparison> comparisons;
  for (size_t i = 0; i < definition.outputs.size(); ++i) {
    const OutputDefinition& output = definition.outputs[i];
    log::Stream* stream = log.Find(output.destination);
    if (stream == nullptr) {
      return base::Fail(base::Code::kNotFound,
                        "application '{}' writes stream '{}', which is not open", definition.name,
                        output.destination);
    }
    comparisons.emplace_back(output.destination, *stream, ProducerOf(definition, output),
                             computation->pipeline().OutputSchema(i), base->ordinals[i]);
    RETURN_IF_ERROR(comparisons.back().Open());
  }
  for (;;) {
    ASSIGN_OR_RETURN(const Computation::Round round, computation->Next(options.batch_records));
    if (!round.progressed) {
      break;
    }
    for (size_t i = 0; i < comparisons.size(); ++i) {
      RETURN_IF_ERROR(comparisons[i].Compare(round.outputs[i], outcome));
    }
  }
  for (Comparison& comparison : comparisons) {
    RETURN_IF_ERROR(comparison.Finish(outcome));
  }
  return outcome;
}

}  // namespace weir::stream
