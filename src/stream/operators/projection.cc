#include "stream/operators/projection.h"

#include <algorithm>
#include <utility>

#include "stream/operators/batch_codec.h"

namespace weir::stream {

bool IsMonotoneInRowtime(const sql::Expression& expression) {
  using Kind = sql::Expression::Kind;
  if (expression.kind == Kind::kRowtime) {
    return true;
  }
  if (expression.kind != Kind::kCall) {
    return false;
  }
  switch (expression.function) {
    case sql::Function::kFloorTo:
    case sql::Function::kCeilTo:
    case sql::Function::kStep:
    case sql::Function::kTimestampAddInterval:
    case sql::Function::kTimestampSubtractInterval:
      return IsMonotoneInRowtime(expression.arguments[0]) &&
             expression.arguments[1].kind == Kind::kLiteral &&
             !model::IsNull(expression.arguments[1].literal);
    default:
      return false;
  }
}

Projection::Projection(const sql::PumpPlan& pump, const model::Schema& input,
                       const model::Schema& target)
    : target_(target), reporter_(pump.name, input) {
  for (const sql::Expression& output : pump.select.outputs) {
    outputs_.emplace_back(output);
  }
  if (pump.select.rowtime) {
    rowtime_.emplace(*pump.select.rowtime);
    rowtime_is_monotone_ = IsMonotoneInRowtime(*pump.select.rowtime);
  }
  values_.resize(outputs_.size());
}

void Projection::Evaluate(const model::ColumnBatch& batch, const Selection& rows, RowErrors& errors,
                          bool remember) {
  arena_ = std::make_shared<model::StringArena>();
  Evaluation evaluation{batch, *arena_, errors};
  for (size_t i = 0; i < outputs_.size(); ++i) {
    values_[i] = outputs_[i].Evaluate(evaluation, rows);
  }
  CheckNotNull(rows, errors);
  if (rowtime_) {
    rowtimes_ = rowtime_->Evaluate(evaluation, rows);
    CheckRowtime(rows, errors, remember);
  } else {
    rowtimes_ = {};
    rowtimes_.ints = batch.rowtimes.data();
  }
}

void Projection::CheckNotNull(const Selection& rows, RowErrors& errors) const {
  for (size_t i = 0; i < values_.size(); ++i) {
    if (target_[i].nullable || values_[i].nulls == nullptr) {
      continue;
    }
    rows.ForEach([&](size_t row) {
      if (values_[i].IsNull(row)) {
        errors.Fail(row,
                    fmt::format("column '{}' is NOT NULL but the value is NULL", target_[i].name));
      }
    });
  }
}

void Projection::CheckRowtime(const Selection& rows, RowErrors& errors, bool remember) {
  int64_t last = remember ? last_rowtime_ : kEarliest;
  rows.ForEach([&](size_t row) {
    if (errors.Failed(row)) {
      return;
    }
    if (rowtimes_.IsNull(row)) {
      errors.Fail(row, "ROWTIME is NULL");
    } else if (rowtimes_.Int(row) < last) {
      errors.Fail(row, "ROWTIME is before that of an earlier row");
    } else {
      last = rowtimes_.Int(row);
    }
  });
  if (remember) {
    last_rowtime_ = last;
  }
}

void Projection::GatherInto(const model::ColumnBatch& batch, const Selection& rows,
                            const RowErrors& errors, model::ColumnBatch& out) {
  Selection kept = rows;
  if (!errors.empty()) {
    kept_.clear();
    rows.ForEach([&](size_t row) {
      if (!errors.Failed(row)) {
        kept_.push_back(static_cast<uint32_t>(row));
      }
    });
    kept = Selection::Of(kept_);
  }
  if (kept.size() == 0) {
    return;
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    Gather(values_[i], kept, out.columns[i]);
  }
  const size_t before = out.rowtimes.size();
  out.rowtimes.resize(before + kept.size());
  size_t k = before;
  kept.ForEach([&](size_t row) { out.rowtimes[k++] = rowtimes_.Int(row); });
  out.keep_alive.insert(out.keep_alive.end(), batch.keep_alive.begin(), batch.keep_alive.end());
  out.keep_alive.push_back(arena_);
}

void Projection::Apply(const model::ColumnBatch& batch, const Selection& rows, RowErrors& errors,
                       OperatorOutput& out) {
  if (rows.size() != 0) {
    Evaluate(batch, rows, errors, true);
    GatherInto(batch, rows, errors, out.rows);
  }
  reporter_.Report(batch, errors, out.errors);
}

model::ColumnBatch Projection::ApplyProvisionally(const model::ColumnBatch& batch,
                                                  const Selection& rows) {
  model::ColumnBatch out = model::EmptyBatch(target_);
  if (rows.size() == 0) {
    return out;
  }
  RowErrors errors;
  errors.Reset(batch.size());
  Evaluate(batch, rows, errors, false);
  GatherInto(batch, rows, errors, out);
  return out;
}

int64_t Projection::OutputBound(int64_t input_bound) {
  if (!rowtime_) {
    return input_bound;
  }
  if (!rowtime_is_monotone_ || input_bound == kEarliest || input_bound == kLatest) {
    return last_rowtime_;
  }
  // A batch of one row that arrived at the bound.
  model::ColumnBatch probe;
  probe.rowtimes.push_back(input_bound);
  model::StringArena arena;
  RowErrors errors;
  errors.Reset(1);
  Evaluation evaluation{probe, arena, errors};
  const Vector bound = rowtime_->Evaluate(evaluation, Selection::All(1));
  return bound.IsNull(0) || errors.Failed(0) ? last_rowtime_
                                             : std::max(last_rowtime_, bound.Int(0));
}

}  // namespace weir::stream
