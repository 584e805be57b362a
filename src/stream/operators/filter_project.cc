#include "stream/operators/filter_project.h"

#include <utility>

#include "stream/operators/batch_codec.h"
#include "stream/operators/projection.h"
#include "stream/operators/row_filter.h"

namespace weir::stream {

namespace {

class FilterProject : public Operator {
 public:
  FilterProject(const sql::PumpPlan& pump, const model::Schema& source, const model::Schema& target)
      : where_(pump.select.where), projection_(pump, source, target) {}

  void Process(const model::ColumnBatch& batch, int64_t bound, OperatorOutput& out) override {
    if (batch.size() != 0) {
      errors_.Reset(batch.size());
      model::StringArena arena;
      Evaluation evaluation{batch, arena, errors_};
      projection_.Apply(batch, where_.Pass(evaluation), errors_, out);
    }
    bound_ = projection_.OutputBound(bound);
  }

  int64_t OutputBound() const override { return bound_; }

  model::ColumnBatch Provisional(const model::ColumnBatch& source_rows) override {
    RowErrors errors;
    errors.Reset(source_rows.size());
    model::StringArena arena;
    Evaluation evaluation{source_rows, arena, errors};
    return projection_.ApplyProvisionally(source_rows, where_.Pass(evaluation));
  }

  void Save(base::ByteWriter& writer) const override {
    writer.I64(projection_.last_rowtime());
    writer.I64(bound_);
  }

  base::Result<void> Load(base::ByteReader& reader) override {
    projection_.set_last_rowtime(reader.I64());
    bound_ = reader.I64();
    if (!reader.ok()) {
      return base::Fail(base::Code::kDataLoss, "a pump's state is cut short");
    }
    return {};
  }

 private:
  RowFilter where_;
  Projection projection_;
  RowErrors errors_;
  int64_t bound_ = kEarliest;
};

}  // namespace

std::unique_ptr<Operator> MakeFilterProject(const sql::PumpPlan& pump, const model::Schema& source,
                                            const model::Schema& target) {
  return std::make_unique<FilterProject>(pump, source, target);
}

}  // namespace weir::stream
