#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sql/plan.h"
#include "stream/expressions/expression_evaluator.h"
#include "stream/operators/aggregates.h"
#include "stream/operators/error_reporter.h"
#include "stream/operators/group_table.h"
#include "stream/operators/operator.h"
#include "stream/operators/projection.h"
#include "stream/operators/row_filter.h"

namespace weir::stream {

// Limits of one pump's state.
struct WindowLimits {
  size_t max_keys = 1'000'000;
  size_t max_distinct = 10'000'000;
};

// Grouped aggregation in windows: what stagger and tumbling windows share. A row with rowtime r
// first closes every window whose close time is at or before r (windows are half-open), then
// belongs to its key's open window or opens one. Closed windows give result rows in the order
// (close time, opening), with the close time as ROWTIME. A row that would open more than max_keys
// windows or might hold more than max_distinct values is an error row.
//
// Rows of a batch are taken in runs between two closings: groups are looked up for the whole run,
// then each aggregate updates its states for the whole run.
class WindowAggregation : public Operator {
 public:
  // Close time of the window that a row opens, from its rowtime and the value of the window's time
  // key (0 when it has none).
  using CloseTime = std::function<int64_t(int64_t rowtime, int64_t time_key)>;

  WindowAggregation(const sql::PumpPlan& pump, const model::Schema& source,
                    const model::Schema& target, WindowLimits limits, CloseTime close_time);
  ~WindowAggregation() override;

  void Process(const model::ColumnBatch& batch, int64_t bound, OperatorOutput& out) override;

  int64_t OutputBound() const override { return bound_; }

  model::ColumnBatch Provisional(const model::ColumnBatch& source_rows) override;

  size_t open_windows() const override { return table_.size(); }

  std::optional<int64_t> NextClose() const override;
  void Save(base::ByteWriter& writer) const override;
  base::Result<void> Load(base::ByteReader& reader) override;

 private:
  void EvaluateRows(Evaluation& evaluation, const Selection& rows);
  void AggregateRows(const model::ColumnBatch& batch);
  bool HasRoomForDistinct();
  void UpdateRun();
  void CloseUntil(int64_t time);
  void AppendGroup(uint64_t sequence, model::ColumnBatch& closed, model::StringArena& arena,
                   std::vector<RowErrors::Entry>& errors) const;
  void ReleaseStates(uint64_t sequence);
  void EmitClosed(OperatorOutput& out);
  model::Schema KeySchema() const;

  RowFilter where_;
  std::vector<ExpressionEvaluator> keys_;
  std::vector<std::optional<ExpressionEvaluator>> arguments_;
  std::vector<std::unique_ptr<Aggregator>> aggregators_;
  std::vector<size_t> state_offsets_;
  model::Schema group_schema_;  // Keys, then aggregates.
  size_t distinct_aggregates_ = 0;
  int time_key_;
  WindowLimits limits_;
  CloseTime close_time_;
  RowFilter having_;
  Projection projection_;
  ErrorReporter reporter_;
  GroupTable table_;

  int64_t bound_ = kEarliest;
  int64_t next_close_ = kLatest;
  size_t distinct_values_ = 0;

  // Of the batch in hand.
  RowErrors errors_;
  std::vector<uint32_t> rows_;
  std::vector<uint32_t> run_rows_;
  std::vector<uint64_t> run_groups_;
  std::vector<Vector> key_values_;
  std::vector<Vector> argument_values_;
  model::ColumnBatch closed_;
  std::shared_ptr<model::StringArena> closed_arena_;
  std::vector<RowErrors::Entry> closed_errors_;
};

}  // namespace weir::stream
