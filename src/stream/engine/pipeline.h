#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/column_batch.h"
#include "sql/plan.h"
#include "stream/engine/stream_merge.h"
#include "stream/operators/operator.h"
#include "stream/operators/window_aggregation.h"

namespace weir::stream {

// A compiled program made ready to run: batches of input rows in, rows of the wanted streams out. A
// pure function of the sequence of input rows and the bounds; knows neither log nor clock. Not
// thread-safe.
class Pipeline {
 public:
  // `input_schema` has the implicit columns behind the mapped ones; error rows show the first
  // `mapped_columns`. `outputs` names the streams whose rows are wanted, "error_stream" among them.
  // kInvalidArgument for a stream that the program does not declare, or a program beyond a limit.
  static base::Result<std::unique_ptr<Pipeline>> Create(
      sql::Program program, std::string_view input_name, const model::Schema& input_schema,
      size_t mapped_columns, std::vector<std::string> outputs, WindowLimits limits);

  struct Result {
    std::vector<model::ColumnBatch> outputs;  // As wanted.
    uint64_t row_errors = 0;                  // Rows that pumps could not compute.
    std::string first_error;                  // Why not the first of them.
  };

  // Takes rows in order, the error rows of records that gave none, and the bound that holds
  // afterwards. kLimitExceeded: see StreamMerge::kMaxHeldRows.
  base::Result<Result> Process(model::ColumnBatch input, const std::vector<ErrorRow>& rejected,
                               int64_t bound);

  // Rows of each wanted output that would be written if every open window closed now. Of pumps that
  // aggregate the windows of other pumps, only their own open windows.
  std::vector<model::ColumnBatch> Provisional();

  model::Schema OutputSchema(size_t output) const;

  // The implicit input columns that the program uses.
  const std::vector<bool>& implicit_used() const { return implicit_used_; }

  size_t open_windows() const;
  std::optional<int64_t> NextClose() const;

  void Save(base::ByteWriter& writer) const;
  // kDataLoss when the bytes are no state of this program. The pipeline must be new.
  base::Result<void> Load(base::ByteReader& reader);

 private:
  // An in-application stream, or the input.
  struct StreamNode {
    std::string name;
    model::Schema schema;
    std::vector<size_t> feeders;  // Pumps.
    std::unique_ptr<StreamMerge> merge;
    bool taken = false;
    model::ColumnBatch rows;  // Of this round.
    int64_t bound = kEarliest;
  };

  struct Pump {
    std::unique_ptr<Operator> run;
    size_t source = 0;
    size_t target = 0;
    size_t feeder = 0;  // Which of the target's feeders.
  };

  Pipeline() = default;
  base::Result<void> AddPump(const sql::PumpPlan& plan, size_t mapped_columns, WindowLimits limits);
  base::Result<void> CheckMergedRowtimes() const;
  size_t FindNode(std::string_view name) const;
  base::Result<void> TakeRows(StreamNode& node);
  base::Result<void> CollectOutputs(Result& result);

  sql::Program program_;
  std::vector<bool> implicit_used_;
  std::vector<StreamNode> nodes_;  // The input first.
  std::vector<Pump> pumps_;
  std::vector<size_t> outputs_;          // Nodes; kErrors for error_stream.
  std::unique_ptr<StreamMerge> errors_;  // Null when error_stream is not wanted.

  static constexpr size_t kErrors = ~size_t{0};
};

}  // namespace weir::stream
