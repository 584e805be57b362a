#pragma once

/// The door of the sql room: text in, plan out.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/plan.h"

namespace weir::sql {

/// An input stream as an application sees it, for example "SOURCE_SQL_STREAM_001".
struct InputStream {
  std::string name;
  model::Schema schema;  ///< The mapped columns, without the implicit ones.
};

/// The schema of `input` with the implicit columns behind: APPROXIMATE_ARRIVAL_TIME TIMESTAMP,
/// PARTITION_KEY VARCHAR(256), SEQUENCE_NUMBER VARCHAR(128), SHARD_ID VARCHAR(64).
model::Schema WithImplicitColumns(const model::Schema& schema);

/// True for "error_stream" in any case: the name of the stream to which the system writes rows that
/// it cannot compute.
bool IsErrorStream(std::string_view name);

inline constexpr size_t kMaxCodeBytes = 102'400;
inline constexpr int kMaxNesting = 64;

/// Compiles application code: CREATE STREAM and CREATE PUMP statements. Thread-safe.
/// Errors are kInvalidArgument and carry line, column, the source line and a caret, for example
///   line 3, column 8: no column named "Evnt" in stream "SOURCE_SQL_STREAM_001"; did you mean
///   "Event"?
///     SELECT "Evnt"
///            ^
base::Result<Program> Compile(std::string_view code, std::span<const InputStream> inputs);

}  // namespace weir::sql
