#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duckdb/database.h"
#include "query/protocol.h"

namespace weir::query {

/// The spellings of each top-level key in JSON objects, by the key in lower case. Columns are lower
/// case as Glue keeps them, records spell their keys as their writers like.
class KeySpellings {
 public:
  /// Notes the keys of one object; text that is no object has none.
  void Note(std::string_view object);

  /// The spellings seen, sorted; the column's own name when there was none.
  std::vector<std::string> Of(std::string_view column) const;

 private:
  std::map<std::string, std::map<std::string, bool, std::less<>>, std::less<>> spellings_;
  std::string key_;
  std::string lower_;
};

/// Appends JSON objects as rows to a table whose columns are those of `shape` and then its
/// partition keys. Values are taken exactly, as delivery takes them; an object that does not fit
/// the columns gives no row there either, and is left out. `partition` holds the values of the
/// partition keys; empty: year, month, day and hour of each row's arrival, else NULL.
base::Result<void> AppendJsonRows(duckdb::Connection& connection, const std::string& table,
                                  const TableShape& shape, std::span<const RowInput> rows,
                                  const std::vector<std::string>& partition);

/// The columns of the tables that hold a table's rows: those of `shape`, then its partition keys as
/// text. A partition key that is a column too is left out.
model::Schema StoredColumns(const TableShape& shape);

}  // namespace weir::query
