#include "stream/engine/computation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sql/compiler.h"
#include "stream/engine/error_stream.h"

namespace weir::stream {

base::Result<CompiledApplication> CompileApplication(const ApplicationDefinition& definition) {
  CompiledApplication compiled;
  compiled.input_name = definition.input.name_prefix + "_001";
  model::Schema mapped;
  for (const InputColumn& column : definition.input.columns) {
    mapped.push_back({.name = column.name, .type = column.type});
  }
  compiled.mapped_columns = mapped.size();
  compiled.input_schema = sql::WithImplicitColumns(mapped);
  const std::array inputs{
      sql::InputStream{.name = compiled.input_name, .schema = std::move(mapped)}};
  ASSIGN_OR_RETURN(compiled.program, sql::Compile(definition.code, inputs));
  return compiled;
}

std::string ProducerOf(const ApplicationDefinition& definition, const OutputDefinition& output) {
  return definition.name + "/" + output.in_application_stream;
}

base::Result<model::Schema> OutputSchema(const ApplicationDefinition& definition,
                                         std::string_view in_application_stream) {
  ASSIGN_OR_RETURN(const CompiledApplication compiled, CompileApplication(definition));
  if (in_application_stream == kErrorStream) {
    return ErrorStreamSchema();
  }
  const model::Schema* schema = compiled.program.FindStream(in_application_stream);
  if (schema == nullptr) {
    return base::Fail(base::Code::kInvalidArgument, "application '{}' declares no stream '{}'",
                      definition.name, in_application_stream);
  }
  return *schema;
}

base::Result<std::unique_ptr<Computation>> Computation::Create(
    const ApplicationDefinition& definition, log::Stream& input, const Positions& start,
    WindowLimits limits) {
  ASSIGN_OR_RETURN(CompiledApplication compiled, CompileApplication(definition));
  std::vector<std::string> outputs;
  for (const OutputDefinition& output : definition.outputs) {
    outputs.push_back(output.in_application_stream);
  }
  ASSIGN_OR_RETURN(
      std::unique_ptr<Pipeline> pipeline,
      Pipeline::Create(std::move(compiled.program), compiled.input_name, compiled.input_schema,
                       compiled.mapped_columns, std::move(outputs), limits));
  ASSIGN_OR_RETURN(RecordDecoder decoder,
                   RecordDecoder::Create(definition.input, input, pipeline->implicit_used()));
  return std::unique_ptr<Computation>(
      new Computation(ShardMerge(input, start), std::move(decoder), std::move(pipeline)));
}

base::Result<Computation::Round> Computation::Next(size_t max_records) {
  ASSIGN_OR_RETURN(const MergedRecords records, merge_.Next(max_records));
  Round round;
  round.records = records.batch.records.size();
  round.progressed = round.records != 0 || records.bound > bound_;
  if (!round.progressed) {
    return round;
  }
  bound_ = std::max(bound_, records.bound);
  if (round.records != 0) {
    last_arrival_ = records.batch.records.back().arrival.millis;
  }
  std::vector<ErrorRow> errors;
  model::ColumnBatch rows = decoder_.Decode(records, errors, &round.rejected);
  round.rows = rows.size();
  round.first_error = errors.empty() ? "" : errors.front().message;
  ASSIGN_OR_RETURN(Pipeline::Result result, pipeline_->Process(std::move(rows), errors, bound_));
  round.row_errors = result.row_errors;
  if (round.first_error.empty()) {
    round.first_error = std::move(result.first_error);
  }
  round.outputs = std::move(result.outputs);
  return round;
}

}  // namespace weir::stream
