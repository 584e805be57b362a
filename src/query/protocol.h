#pragma once

/// What the service and its workers say to each other. One query is four frames:
///
///   service                                     worker
///     Prepare  (sql, limits, names) ──────────▶   gates the SQL, makes the views
///     ◀──────────────────────────────  Needs      which tables the SQL reads, or the error
///     Data     (objects, rows) ──────────────▶    loads them, runs the SQL; or drops it
///     ◀──────────────────────────────  Outcome    the result, or the error
///
/// Both ends are the same program, so the encoding has no versions; it is checked all the same,
/// because a worker that was taken over by hostile SQL must not take over the service.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/types.h"
#include "query/query.h"

namespace weir::query {

/// The first frame of a worker's life.
struct Hello {
  std::string readable_root;  ///< The only folder that it may read.
  uint64_t memory_bytes = 0;
};

/// The worker's answer: it is inside its walls, or why not.
struct Ready {
  std::optional<base::Error> error;
  bool landlock = false;
  bool seccomp = false;
};

/// A table's shape.
struct TableShape {
  std::string database;  ///< "" for main, where bare names are.
  std::string name;      ///< Lower case.
  std::string format;    ///< "parquet" or "json": what its objects are.
  model::Schema columns;
  std::vector<std::string> partition_keys;

  friend bool operator==(const TableShape&, const TableShape&) = default;
};

/// A named query as its user wrote it.
struct NamedQuery {
  std::string database;
  std::string name;
  std::string text;

  friend bool operator==(const NamedQuery&, const NamedQuery&) = default;
};

struct Prepare {
  std::string sql;
  QueryLimits limits;
  std::vector<TableShape> tables;
  std::vector<NamedQuery> queries;
  std::vector<uint32_t> hidden;  ///< Tables that the asker may not read: no list names them.
};

/// A named query that made no view, and why.
struct ViewFailure {
  std::string name;
  std::string reason;
};

struct Needs {
  std::optional<base::Error> error;
  std::vector<uint32_t> tables;  ///< Positions in Prepare::tables, ascending.
  std::vector<ViewFailure> failures;
};

/// A committed object of a table.
struct ObjectInput {
  std::string path;
  uint64_t bytes = 0;
  std::vector<std::string> partition;  ///< Values of the table's partition keys.
};

/// A row that is not in the lake yet: a JSON object.
struct RowInput {
  model::Rowtime arrival;
  std::string_view json;
};

struct TableData {
  uint32_t table = 0;  ///< Position in Prepare::tables.
  std::vector<ObjectInput> objects;
  std::vector<RowInput> rows;
};

struct Data {
  bool abandoned = false;  ///< The query is not to be run; the Outcome is empty.
  std::vector<TableData> tables;
};

struct Outcome {
  std::optional<base::Error> error;
  std::vector<ResultColumn> columns;
  std::string rows_json;
  uint64_t row_count = 0;
};

std::string Encode(const Hello& hello);
std::string Encode(const Ready& ready);
std::string Encode(const Prepare& prepare);
std::string Encode(const Needs& needs);
std::string Encode(const Data& data);
std::string Encode(const Outcome& outcome);

/// kInternal when the frame is not such a message. Views in Data point into `frame`.
base::Result<Hello> DecodeHello(std::string_view frame);
base::Result<Ready> DecodeReady(std::string_view frame);
base::Result<Prepare> DecodePrepare(std::string_view frame);
base::Result<Needs> DecodeNeeds(std::string_view frame);
base::Result<Data> DecodeData(std::string_view frame);
base::Result<Outcome> DecodeOutcome(std::string_view frame);

}  // namespace weir::query
