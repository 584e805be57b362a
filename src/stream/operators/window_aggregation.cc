#include "stream/operators/window_aggregation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stream/operators/batch_codec.h"

namespace weir::stream {

namespace {

std::vector<model::Type> KeyTypes(const sql::SelectPlan& select) {
  std::vector<model::Type> types;
  for (const sql::Expression& key : select.keys) {
    types.push_back(key.type);
  }
  return types;
}

model::Schema GroupSchema(const sql::SelectPlan& select) {
  model::Schema schema;
  for (const sql::Expression& key : select.keys) {
    schema.push_back({.name = key.ToString(), .type = key.type});
  }
  for (const sql::Aggregate& aggregate : select.aggregates) {
    schema.push_back({.name = aggregate.ToString(), .type = aggregate.type});
  }
  return schema;
}

size_t StateWords(const sql::SelectPlan& select) {
  size_t unused = 0;
  size_t words = 0;
  for (const sql::Aggregate& aggregate : select.aggregates) {
    words += MakeAggregator(aggregate, &unused)->words();
  }
  return words;
}

}  // namespace

WindowAggregation::WindowAggregation(const sql::PumpPlan& pump, const model::Schema& source,
                                     const model::Schema& target, WindowLimits limits,
                                     CloseTime close_time)
    : where_(pump.select.where),
      group_schema_(GroupSchema(pump.select)),
      time_key_(pump.select.window.time_key),
      limits_(limits),
      close_time_(std::move(close_time)),
      having_(pump.select.having),
      projection_(pump, group_schema_, target),
      reporter_(pump.name, source),
      table_(KeyTypes(pump.select), StateWords(pump.select), limits.max_keys) {
  for (const sql::Expression& key : pump.select.keys) {
    keys_.emplace_back(key);
  }
  size_t offset = 0;
  for (const sql::Aggregate& aggregate : pump.select.aggregates) {
    arguments_.emplace_back();
    if (aggregate.argument) {
      arguments_.back().emplace(*aggregate.argument);
    }
    aggregators_.push_back(MakeAggregator(aggregate, &distinct_values_));
    state_offsets_.push_back(offset);
    offset += aggregators_.back()->words();
    distinct_aggregates_ += aggregate.distinct ? 1 : 0;
  }
  key_values_.resize(keys_.size());
  argument_values_.resize(arguments_.size());
  closed_ = model::EmptyBatch(group_schema_);
}

WindowAggregation::~WindowAggregation() {
  for (uint64_t sequence = table_.first(); sequence < table_.end(); ++sequence) {
    ReleaseStates(sequence);
  }
}

void WindowAggregation::Process(const model::ColumnBatch& batch, int64_t bound,
                                OperatorOutput& out) {
  closed_ = model::EmptyBatch(group_schema_);
  closed_arena_ = std::make_shared<model::StringArena>();
  closed_errors_.clear();
  std::vector<ErrorRow> row_errors;
  if (batch.size() != 0) {
    errors_.Reset(batch.size());
    model::StringArena arena;
    Evaluation evaluation{batch, arena, errors_};
    EvaluateRows(evaluation, where_.Pass(evaluation));
    AggregateRows(batch);
    reporter_.Report(batch, errors_, row_errors);
  }
  CloseUntil(bound);
  EmitClosed(out);
  // What a closing reports comes before what rows of the same time report.
  std::vector<ErrorRow> merged;
  std::ranges::merge(
      std::make_move_iterator(out.errors.begin()), std::make_move_iterator(out.errors.end()),
      std::make_move_iterator(row_errors.begin()), std::make_move_iterator(row_errors.end()),
      std::back_inserter(merged), {}, &ErrorRow::rowtime, &ErrorRow::rowtime);
  out.errors = std::move(merged);
  bound_ = std::max(bound_, projection_.OutputBound(bound));
}

void WindowAggregation::EvaluateRows(Evaluation& evaluation, const Selection& rows) {
  for (size_t i = 0; i < keys_.size(); ++i) {
    key_values_[i] = keys_[i].Evaluate(evaluation, rows);
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    argument_values_[i] = arguments_[i] ? arguments_[i]->Evaluate(evaluation, rows) : Vector{};
  }
  rows_.clear();
  rows_.reserve(rows.size());
  rows.ForEach([&](size_t row) {
    if (!evaluation.errors.Failed(row)) {
      rows_.push_back(static_cast<uint32_t>(row));
    }
  });
}

void WindowAggregation::AggregateRows(const model::ColumnBatch& batch) {
  table_.Stage(key_values_, rows_);
  run_rows_.clear();
  run_groups_.clear();
  for (size_t k = 0; k < rows_.size(); ++k) {
    const uint32_t row = rows_[k];
    const int64_t rowtime = batch.rowtimes[row];
    if (rowtime >= next_close_) {
      UpdateRun();
      CloseUntil(rowtime);
    }
    if (distinct_aggregates_ != 0 && !HasRoomForDistinct()) {
      errors_.Fail(row,
                   fmt::format("more than {} values in COUNT(DISTINCT)", limits_.max_distinct));
      continue;
    }
    const uint64_t group = table_.FindOrAdd(k, [&] {
      const int64_t time_key =
          time_key_ < 0 ? 0 : key_values_[static_cast<size_t>(time_key_)].Int(row);
      return std::max(close_time_(rowtime, time_key), rowtime + 1);
    });
    if (group == GroupTable::kFull) {
      errors_.Fail(row, fmt::format("more than {} open windows", limits_.max_keys));
      continue;
    }
    if (next_close_ == kLatest) {
      next_close_ = table_.CloseOf(table_.first());
    }
    run_rows_.push_back(row);
    run_groups_.push_back(group);
  }
  UpdateRun();
}

bool WindowAggregation::HasRoomForDistinct() {
  const auto fits = [&] {
    return distinct_values_ + (run_rows_.size() + 1) * distinct_aggregates_ <= limits_.max_distinct;
  };
  if (fits()) {
    return true;
  }
  UpdateRun();
  return fits();
}

void WindowAggregation::UpdateRun() {
  if (run_rows_.empty()) {
    return;
  }
  for (size_t i = 0; i < aggregators_.size(); ++i) {
    StateRun run = table_.States(run_groups_);
    run.base += state_offsets_[i];
    aggregators_[i]->Update(argument_values_[i], run_rows_, run);
  }
  run_rows_.clear();
  run_groups_.clear();
}

void WindowAggregation::CloseUntil(int64_t time) {
  if (time < next_close_) {
    return;
  }
  while (table_.size() != 0 && table_.CloseOf(table_.first()) <= time) {
    AppendGroup(table_.first(), closed_, *closed_arena_, closed_errors_);
    ReleaseStates(table_.first());
    table_.PopFront();
  }
  next_close_ = table_.size() == 0 ? kLatest : table_.CloseOf(table_.first());
}

void WindowAggregation::AppendGroup(uint64_t sequence, model::ColumnBatch& closed,
                                    model::StringArena& arena,
                                    std::vector<RowErrors::Entry>& errors) const {
  const size_t row = closed.size();
  closed.rowtimes.push_back(table_.CloseOf(sequence));
  table_.AppendKeys(sequence, std::span(closed.columns).first(keys_.size()), arena);
  const uint64_t* state = table_.State(sequence);
  for (size_t i = 0; i < aggregators_.size(); ++i) {
    model::Column& column = closed.columns[keys_.size() + i];
    if (auto problem = aggregators_[i]->Finish(state + state_offsets_[i], column, arena)) {
      errors.push_back({row, std::move(*problem)});
    }
  }
}

void WindowAggregation::ReleaseStates(uint64_t sequence) {
  uint64_t* state = table_.State(sequence);
  for (size_t i = 0; i < aggregators_.size(); ++i) {
    aggregators_[i]->Release(state + state_offsets_[i]);
  }
}

void WindowAggregation::EmitClosed(OperatorOutput& out) {
  if (closed_.size() == 0) {
    return;
  }
  RowErrors errors;
  errors.Reset(closed_.size());
  for (RowErrors::Entry& entry : closed_errors_) {
    errors.Fail(entry.row, std::move(entry.message));
  }
  Evaluation evaluation{closed_, *closed_arena_, errors};
  projection_.Apply(closed_, having_.Pass(evaluation), errors, out);
  out.rows.keep_alive.push_back(closed_arena_);
}

model::ColumnBatch WindowAggregation::Provisional(const model::ColumnBatch& /*source_rows*/) {
  model::ColumnBatch open = model::EmptyBatch(group_schema_);
  auto arena = std::make_shared<model::StringArena>();
  std::vector<RowErrors::Entry> failed;
  for (uint64_t sequence = table_.first(); sequence < table_.end(); ++sequence) {
    AppendGroup(sequence, open, *arena, failed);
  }
  RowErrors errors;
  errors.Reset(open.size());
  Evaluation evaluation{open, *arena, errors};
  model::ColumnBatch out = projection_.ApplyProvisionally(open, having_.Pass(evaluation));
  out.keep_alive.push_back(std::move(arena));
  return out;
}

std::optional<int64_t> WindowAggregation::NextClose() const {
  return table_.size() == 0 ? std::nullopt : std::optional(next_close_);
}

model::Schema WindowAggregation::KeySchema() const {
  return {group_schema_.begin(), group_schema_.begin() + static_cast<ptrdiff_t>(keys_.size())};
}

void WindowAggregation::Save(base::ByteWriter& writer) const {
  writer.I64(projection_.last_rowtime());
  writer.I64(bound_);
  model::ColumnBatch keys = model::EmptyBatch(KeySchema());
  model::StringArena arena;
  for (uint64_t sequence = table_.first(); sequence < table_.end(); ++sequence) {
    keys.rowtimes.push_back(table_.CloseOf(sequence));
    table_.AppendKeys(sequence, keys.columns, arena);
  }
  EncodeRows(keys, writer);
  for (uint64_t sequence = table_.first(); sequence < table_.end(); ++sequence) {
    for (size_t i = 0; i < aggregators_.size(); ++i) {
      aggregators_[i]->Save(table_.State(sequence) + state_offsets_[i], writer);
    }
  }
}

base::Result<void> WindowAggregation::Load(base::ByteReader& reader) {
  projection_.set_last_rowtime(reader.I64());
  bound_ = reader.I64();
  ASSIGN_OR_RETURN(const model::ColumnBatch keys, DecodeRows(KeySchema(), reader));
  std::vector<Vector> values;
  for (const model::Column& column : keys.columns) {
    values.push_back(ViewOf(column));
  }
  std::vector<uint32_t> rows(keys.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    rows[row] = static_cast<uint32_t>(row);
  }
  table_.Stage(values, rows);
  for (size_t row = 0; row < rows.size(); ++row) {
    const uint64_t group = table_.FindOrAdd(row, [&] { return keys.rowtimes[row]; });
    if (group == GroupTable::kFull || group + 1 != table_.end()) {
      return base::Fail(base::Code::kDataLoss,
                        "a pump's state holds a window twice, or more than max_keys windows");
    }
    for (size_t i = 0; i < aggregators_.size(); ++i) {
      if (!aggregators_[i]->Load(table_.State(group) + state_offsets_[i], reader)) {
        return base::Fail(base::Code::kDataLoss, "a pump's state is cut short");
      }
    }
  }
  next_close_ = table_.size() == 0 ? kLatest : table_.CloseOf(table_.first());
  return {};
}

}  // namespace weir::stream
