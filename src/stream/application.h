#pragma once

/// The door of the stream room: what an application is, and one that runs.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "log/log.h"
#include "model/types.h"
#include "sql/plan.h"

namespace weir::stream {

/// One column of an input: JSONPath relative to the row path's record, for example
/// "$.OrderLines[0:].Promotion".
struct InputColumn {
  std::string name;
  std::string mapping;
  model::Type type;
};

/// Where rows come from: a stream of JSON records.
struct InputDefinition {
  std::string stream;                             ///< Name of the stream in the log.
  std::string name_prefix = "SOURCE_SQL_STREAM";  ///< The SQL name is <prefix>_001.
  std::string row_path = "$";
  std::vector<InputColumn> columns;
};

/// Where rows of an in-application stream (or "error_stream") go: a stream of the log, as JSON
/// records.
struct OutputDefinition {
  std::string in_application_stream;
  std::string destination;  ///< Name of the stream in the log.
};

/// A streaming SQL application. Output row i of an output has ordinal i and is appended by producer
/// "<application>/<in-application stream>".
struct ApplicationDefinition {
  std::string name;
  std::string code;
  InputDefinition input;
  std::vector<OutputDefinition> outputs;
};

/// The rows that an output's records hold: schema of the in-application stream. Errors as
/// sql::Compile, or kInvalidArgument for an output that names no stream of the code.
base::Result<model::Schema> OutputSchema(const ApplicationDefinition& definition,
                                         std::string_view in_application_stream);

struct ApplicationOptions {
  std::string checkpoint_directory;  ///< Of this application alone.
  /// A checkpoint is written after this many input records or this long, whichever comes first.
  uint64_t checkpoint_records = 5'000'000;
  int64_t checkpoint_interval_millis = 10'000;
  size_t batch_records = 16'384;     ///< Most records decoded at once.
  size_t max_keys = 1'000'000;       ///< Open windows per pump; a row beyond it is a counted error.
  size_t max_distinct = 10'000'000;  ///< Values held for COUNT(DISTINCT) per pump.
  int64_t live_interval_millis =
      200;  ///< Provisional rows are published at most this often; 0: never.
};

/// Conservation: records_in == records_decoded + records_rejected; every row is counted in exactly
/// one place.
struct ApplicationStatus {
  uint64_t records_in = 0;
  uint64_t records_rejected = 0;  ///< To error_stream.
  uint64_t rows_in = 0;           ///< Rows that the decoded records became.
  uint64_t row_errors = 0;        ///< Rows a pump could not compute; to error_stream.
  uint64_t rows_out = 0;          ///< Appended over all outputs.
  uint64_t open_windows = 0;
  uint64_t checkpoints = 0;
  int64_t millis_behind = 0;  ///< Age of the oldest unread record; 0 when caught up.
  std::string failure;        ///< Why it stopped, "" while it runs.
};

/// A running application: reads its input in (arrival, shard, sequence) order, runs the program
/// over column batches, appends results exactly once, checkpoints. Everything it writes is a
/// function of the input log, the code and nothing else.
class Application {
 public:
  /// Compiles, restores the newest valid checkpoint. The streams must be open in the log.
  static base::Result<std::unique_ptr<Application>> Create(ApplicationDefinition definition,
                                                           ApplicationOptions options,
                                                           log::Log& log, base::FileSystem& files,
                                                           base::Clock& clock);
  virtual ~Application() = default;

  virtual const ApplicationDefinition& definition() const = 0;

  /// Runs in an own thread until Stop.
  virtual void Start() = 0;
  /// Stops the thread; writes a last checkpoint unless `abandon`.
  virtual base::Result<void> Stop(bool abandon) = 0;

  /// For tests and replay, instead of Start: reads what is there now and runs it; true when there
  /// was anything. Results are handed to the log (durable after Log::Drive when the log has no
  /// committers).
  virtual base::Result<bool> Step() = 0;
  /// Writes a checkpoint now; outputs so far must be durable.
  virtual base::Result<void> Checkpoint() = 0;

  /// The input up to which everything has been computed and is durable, per shard id: retention may
  /// go so far.
  virtual std::vector<model::Sequence> SafePositions() const = 0;
  virtual ApplicationStatus Status() const = 0;
};

}  // namespace weir::stream
