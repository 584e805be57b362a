#include "stream/engine/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "stream/engine/error_stream.h"
#include "stream/operators/batch_codec.h"
#include "stream/operators/filter_project.h"
#include "stream/operators/stagger_window.h"
#include "stream/operators/tumbling_window.h"

namespace weir::stream {

namespace {

template <typename F>
void ForEachColumn(const sql::Expression& expression, F&& f) {
  if (expression.kind == sql::Expression::Kind::kColumn) {
    f(expression.column);
  }
  for (const sql::Expression& argument : expression.arguments) {
    ForEachColumn(argument, f);
  }
}

// Columns of the source that a SELECT refers to.
template <typename F>
void ForEachSourceColumn(const sql::SelectPlan& select, F&& f) {
  if (select.where) {
    ForEachColumn(*select.where, f);
  }
  for (const sql::Expression& key : select.keys) {
    ForEachColumn(key, f);
  }
  for (const sql::Aggregate& aggregate : select.aggregates) {
    if (aggregate.argument) {
      ForEachColumn(*aggregate.argument, f);
    }
  }
  if (select.window.kind == sql::WindowKind::kNone) {
    for (const sql::Expression& output : select.outputs) {
      ForEachColumn(output, f);
    }
    if (select.rowtime) {
      ForEachColumn(*select.rowtime, f);
    }
  }
}

std::unique_ptr<Operator> MakeOperator(const sql::PumpPlan& plan, const model::Schema& source,
                                       const model::Schema& target, WindowLimits limits) {
  switch (plan.select.window.kind) {
    case sql::WindowKind::kNone:
      return MakeFilterProject(plan, source, target);
    case sql::WindowKind::kStagger:
      return MakeStaggerWindow(plan, source, target, limits);
    case sql::WindowKind::kTumbling:
      return MakeTumblingWindow(plan, source, target, limits);
  }
  return nullptr;
}

}  // namespace

size_t Pipeline::FindNode(std::string_view name) const {
  const auto found = std::ranges::find(nodes_, name, &StreamNode::name);
  return found == nodes_.end() ? kErrors : static_cast<size_t>(found - nodes_.begin());
}

base::Result<std::unique_ptr<Pipeline>> Pipeline::Create(
    sql::Program program, std::string_view input_name, const model::Schema& input_schema,
    size_t mapped_columns, std::vector<std::string> outputs, WindowLimits limits) {
  std::unique_ptr<Pipeline> made(new Pipeline);
  made->program_ = std::move(program);
  made->implicit_used_.assign(input_schema.size() - mapped_columns, false);
  made->nodes_.push_back({.name = std::string(input_name), .schema = input_schema});
  for (const sql::StreamPlan& stream : made->program_.streams) {
    made->nodes_.push_back({.name = stream.name, .schema = stream.schema});
  }
  for (const sql::PumpPlan& pump : made->program_.pumps) {
    RETURN_IF_ERROR(made->AddPump(pump, mapped_columns, limits));
  }
  for (StreamNode& node : made->nodes_) {
    if (!node.feeders.empty()) {
      node.merge = std::make_unique<StreamMerge>(node.schema, node.feeders.size());
    }
  }
  RETURN_IF_ERROR(made->CheckMergedRowtimes());
  for (const std::string& output : outputs) {
    made->outputs_.push_back(output == kErrorStream ? kErrors : made->FindNode(output));
    if (output == kErrorStream) {
      made->errors_ = std::make_unique<StreamMerge>(ErrorStreamSchema(), made->pumps_.size() + 1);
    } else if (made->outputs_.back() == kErrors || made->outputs_.back() == 0) {
      return base::Fail(base::Code::kInvalidArgument,
                        "output '{}' is no stream that the code declares", output);
    }
  }
  return made;
}

base::Result<void> Pipeline::AddPump(const sql::PumpPlan& plan, size_t mapped_columns,
                                     WindowLimits limits) {
  if (plan.select.keys.size() > GroupTable::kMaxKeyColumns) {
    return base::Fail(base::Code::kLimitExceeded,
                      "pump '{}' groups by {} expressions; at most {} are allowed", plan.name,
                      plan.select.keys.size(), GroupTable::kMaxKeyColumns);
  }
  Pump pump;
  pump.source = FindNode(plan.select.source);
  pump.target = FindNode(plan.target);
  if (pump.source == kErrors || pump.target == kErrors) {
    return base::Fail(base::Code::kInvalidArgument,
                      "pump '{}' reads '{}' and writes '{}', which are not both declared",
                      plan.name, plan.select.source, plan.target);
  }
  model::Schema shown = nodes_[pump.source].schema;
  if (pump.source == 0) {
    ForEachSourceColumn(plan.select, [&](int column) {
      if (column >= static_cast<int>(mapped_columns)) {
        implicit_used_[static_cast<size_t>(column) - mapped_columns] = true;
      }
    });
    shown.resize(mapped_columns);
  }
  pump.run = MakeOperator(plan, shown, nodes_[pump.target].schema, limits);
  pump.feeder = nodes_[pump.target].feeders.size();
  nodes_[pump.target].feeders.push_back(pumps_.size());
  pumps_.push_back(std::move(pump));
  return {};
}

// Rows of several pumps are merged by ROWTIME; a pump whose ROWTIME may stand still would hold up
// the others for ever.
base::Result<void> Pipeline::CheckMergedRowtimes() const {
  for (const StreamNode& node : nodes_) {
    for (const size_t feeder : node.feeders) {
      const sql::PumpPlan& plan = program_.pumps[feeder];
      if (node.feeders.size() > 1 && plan.select.rowtime &&
          !IsMonotoneInRowtime(*plan.select.rowtime)) {
        return base::Fail(base::Code::kInvalidArgument,
                          "pump '{}' sets ROWTIME from columns, so no other pump may write to "
                          "'{}': their rows could "
                          "not be merged in time",
                          plan.name, node.name);
      }
    }
  }
  return {};
}

base::Result<void> Pipeline::TakeRows(StreamNode& node) {
  if (node.taken || node.merge == nullptr) {
    return {};
  }
  ASSIGN_OR_RETURN(node.rows, node.merge->Take());
  node.bound = node.merge->bound();
  node.taken = true;
  return {};
}

base::Result<Pipeline::Result> Pipeline::Process(model::ColumnBatch input,
                                                 const std::vector<ErrorRow>& rejected,
                                                 int64_t bound) {
  for (StreamNode& node : nodes_) {
    node.taken = false;
  }
  nodes_[0].rows = std::move(input);
  nodes_[0].bound = std::max(nodes_[0].bound, bound);
  if (errors_ != nullptr) {
    errors_->Push(0, ToErrorRows(rejected), nodes_[0].bound);
  }
  Result result;
  for (size_t i = 0; i < pumps_.size(); ++i) {
    Pump& pump = pumps_[i];
    StreamNode& source = nodes_[pump.source];
    RETURN_IF_ERROR(TakeRows(source));
    OperatorOutput out;
    out.rows = model::EmptyBatch(nodes_[pump.target].schema);
    pump.run->Process(source.rows, source.bound, out);
    if (result.row_errors == 0 && !out.errors.empty()) {
      result.first_error = out.errors.front().message;
    }
    result.row_errors += out.errors.size();
    if (errors_ != nullptr) {
      errors_->Push(i + 1, ToErrorRows(out.errors), source.bound);
    }
    nodes_[pump.target].merge->Push(pump.feeder, std::move(out.rows), pump.run->OutputBound());
  }
  RETURN_IF_ERROR(CollectOutputs(result));
  nodes_[0].rows = {};
  return result;
}

base::Result<void> Pipeline::CollectOutputs(Result& result) {
  for (StreamNode& node : nodes_) {
    RETURN_IF_ERROR(TakeRows(node));
  }
  for (const size_t output : outputs_) {
    if (output == kErrors) {
      ASSIGN_OR_RETURN(model::ColumnBatch errors, errors_->Take());
      result.outputs.push_back(std::move(errors));
    } else {
      result.outputs.push_back(
          std::exchange(nodes_[output].rows, model::EmptyBatch(nodes_[output].schema)));
    }
  }
  return {};
}

std::vector<model::ColumnBatch> Pipeline::Provisional() {
  std::vector<model::ColumnBatch> rows;
  for (const StreamNode& node : nodes_) {
    rows.push_back(node.merge == nullptr ? model::EmptyBatch(node.schema) : node.merge->Held());
  }
  for (Pump& pump : pumps_) {
    const model::ColumnBatch made = pump.run->Provisional(rows[pump.source]);
    AppendRows(made, 0, made.size(), rows[pump.target]);
  }
  std::vector<model::ColumnBatch> wanted;
  for (const size_t output : outputs_) {
    wanted.push_back(output == kErrors ? errors_->Held() : rows[output]);
  }
  return wanted;
}

model::Schema Pipeline::OutputSchema(size_t output) const {
  return outputs_[output] == kErrors ? ErrorStreamSchema() : nodes_[outputs_[output]].schema;
}

size_t Pipeline::open_windows() const {
  size_t open = 0;
  for (const Pump& pump : pumps_) {
    open += pump.run->open_windows();
  }
  return open;
}

std::optional<int64_t> Pipeline::NextClose() const {
  std::optional<int64_t> next;
  for (const Pump& pump : pumps_) {
    if (const std::optional<int64_t> close = pump.run->NextClose()) {
      next = std::min(next.value_or(*close), *close);
    }
  }
  return next;
}

void Pipeline::Save(base::ByteWriter& writer) const {
  writer.I64(nodes_[0].bound);
  for (const Pump& pump : pumps_) {
    pump.run->Save(writer);
  }
  for (const StreamNode& node : nodes_) {
    if (node.merge != nullptr) {
      node.merge->Save(writer);
    }
  }
  if (errors_ != nullptr) {
    errors_->Save(writer);
  }
}

base::Result<void> Pipeline::Load(base::ByteReader& reader) {
  nodes_[0].bound = reader.I64();
  for (Pump& pump : pumps_) {
    RETURN_IF_ERROR(pump.run->Load(reader));
  }
  for (StreamNode& node : nodes_) {
    if (node.merge != nullptr) {
      RETURN_IF_ERROR(node.merge->Load(reader));
    }
  }
  if (errors_ != nullptr) {
    RETURN_IF_ERROR(errors_->Load(reader));
  }
  if (!reader.ok() || reader.remaining() != 0) {
    return base::Fail(base::Code::kDataLoss, "the state of a program is cut short or too long");
  }
  return {};
}

}  // namespace weir::stream
