#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/log.h"
#include "sql/plan.h"
#include "stream/application.h"
#include "stream/engine/pipeline.h"
#include "stream/source/record_decoder.h"
#include "stream/source/shard_merge.h"

namespace weir::stream {

// An application's code against its input's columns.
struct CompiledApplication {
  sql::Program program;
  std::string input_name;      // In SQL, for example SOURCE_SQL_STREAM_001.
  model::Schema input_schema;  // Mapped columns, then implicit ones.
  size_t mapped_columns = 0;
};

// Errors as sql::Compile.
base::Result<CompiledApplication> CompileApplication(const ApplicationDefinition& definition);

// The producer name under which an application appends an output.
std::string ProducerOf(const ApplicationDefinition& definition, const OutputDefinition& output);

// Everything of an application that is a function of its input alone: records of all shards in
// order, to rows, through the pumps, to the rows of each output. Not thread-safe.
class Computation {
 public:
  // Reads `input` from `start` on. The stream must outlive this.
  static base::Result<std::unique_ptr<Computation>> Create(const ApplicationDefinition& definition,
                                                           log::Stream& input,
                                                           const Positions& start,
                                                           WindowLimits limits);

  struct Round {
    bool progressed = false;  // There were records, or time advanced.
    uint64_t records = 0;
    uint64_t rejected = 0;
    uint64_t rows = 0;
    uint64_t row_errors = 0;
    std::string first_error;  // Why one of them was rejected or failed; "" when none.
    std::vector<model::ColumnBatch> outputs;  // In the order of the definition's outputs.
  };

  // Computes what can be released of the input now, at most `max_records`. Errors of the log and of
  // Pipeline::Process.
  base::Result<Round> Next(size_t max_records);

  Pipeline& pipeline() { return *pipeline_; }

  const Pipeline& pipeline() const { return *pipeline_; }

  const ShardMerge& merge() const { return merge_; }

  // No record that is still to come arrived earlier.
  int64_t bound() const { return bound_; }

  // Of the newest record computed; 0 before the first.
  int64_t last_arrival() const { return last_arrival_; }

 private:
  Computation(ShardMerge merge, RecordDecoder decoder, std::unique_ptr<Pipeline> pipeline)
      : merge_(std::move(merge)), decoder_(std::move(decoder)), pipeline_(std::move(pipeline)) {}

  ShardMerge merge_;
  RecordDecoder decoder_;
  std::unique_ptr<Pipeline> pipeline_;
  int64_t bound_ = kEarliest;
  int64_t last_arrival_ = 0;
};

}  // namespace weir::stream
