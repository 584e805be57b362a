#include "catalog/schema.h"

#include <string>

namespace weir::catalog {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE resource (
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  stack TEXT NOT NULL,
  logical_id TEXT NOT NULL,
  definition TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (type, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lake_table (
  database TEXT NOT NULL,
  name TEXT NOT NULL,
  bucket TEXT NOT NULL,
  format TEXT NOT NULL CHECK (format IN ('parquet', 'json')),
  delivery TEXT NOT NULL,
  source_stream TEXT NOT NULL,
  PRIMARY KEY (database, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lake_column (
  database TEXT NOT NULL,
  table_name TEXT NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  nullable INTEGER NOT NULL,
  PRIMARY KEY (database, table_name, position),
  UNIQUE (database, table_name, name),
  FOREIGN KEY (database, table_name) REFERENCES lake_table (database, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE lake_partition_key (
  database TEXT NOT NULL,
  table_name TEXT NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (database, table_name, position),
  FOREIGN KEY (database, table_name) REFERENCES lake_table (database, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE object (
  delivery TEXT NOT NULL,
  shard INTEGER NOT NULL,
  first INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  last INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  crc32c INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  oldest_arrival INTEGER NOT NULL,
  newest_arrival INTEGER NOT NULL,
  partition TEXT NOT NULL,
  PRIMARY KEY (delivery, shard, first, failed),
  UNIQUE (bucket, key),
  CHECK (first <= last)
) STRICT, WITHOUT ROWID;

CREATE TABLE planned_object (
  delivery TEXT NOT NULL,
  shard INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  error_key TEXT NOT NULL,
  PRIMARY KEY (delivery, shard),
  CHECK (first <= last)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery_position (
  delivery TEXT NOT NULL,
  shard INTEGER NOT NULL,
  next INTEGER NOT NULL,
  PRIMARY KEY (delivery, shard)
) STRICT, WITHOUT ROWID;
)sql";

base::Result<int64_t> ReadPragma(SqliteDatabase& database, std::string_view sql) {
  int64_t value = 0;
  RETURN_IF_ERROR(database.Run(sql, {}, [&](const Row& row) { value = row.Int(0); }));
  return value;
}

}  // namespace

base::Result<void> PrepareSchema(SqliteDatabase& database) {
  ASSIGN_OR_RETURN(const int64_t version, ReadPragma(database, "PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t application, ReadPragma(database, "PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t tables,
                   ReadPragma(database, "SELECT count(*) FROM sqlite_schema"));
  if (version == 0 && application == 0 && tables == 0) {
    return database.InTransaction([&] {
      return database.RunScript(
          fmt::format("{}PRAGMA application_id = {}; PRAGMA user_version = {};", kTables,
                      kApplicationId, kFormatVersion));
    });
  }
  if (application != kApplicationId) {
    return base::Fail(
        base::Code::kFailedPrecondition,
        "the catalog file is an SQLite file of another program (application id {}); name "
        "another data folder",
        application);
  }
  if (version != kFormatVersion) {
    return base::Fail(
        base::Code::kFailedPrecondition,
        "the catalog has format {}, this program reads format {}; use the newer program", version,
        kFormatVersion);
  }
  return {};
}

}  // namespace weir::catalog
