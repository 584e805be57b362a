#include "catalog/table_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::catalog {
namespace {

base::Result<void> CheckUnchanged(const Table& old, const Table& table) {
  const std::string name = fmt::format("table '{}.{}'", table.database, table.name);
  if (old.delivery != table.delivery) {
    return base::Fail(base::Code::kAlreadyExists,
                      "{} is filled by delivery '{}' already; choose another name", name,
                      old.delivery);
  }
  if (old.bucket != table.bucket || old.format != table.format) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "{} holds {} objects of bucket '{}'; delete it before changing either", name,
                      old.format, old.bucket);
  }
  if (!old.partition_keys.empty() && old.partition_keys != table.partition_keys) {
    return base::Fail(
        base::Code::kFailedPrecondition,
        "{} has other partition keys already ({}, …); choose another table for the new prefix",
        name, old.partition_keys.front());
  }
  for (const model::Field& field : table.columns) {
    const int at = model::FindField(old.columns, field.name);
    if (at >= 0 && old.columns[static_cast<size_t>(at)].type != field.type) {
      return base::Fail(base::Code::kFailedPrecondition,
                        "{}: column '{}' is {} already and cannot become {}; name a new column",
                        name, field.name, old.columns[static_cast<size_t>(at)].type.ToString(),
                        field.type.ToString());
    }
  }
  return {};
}

base::Result<void> AddColumn(SqliteDatabase& database, const Table& table, size_t position,
                             const model::Field& field) {
  const std::string type = field.type.ToString();
  return database.Run(
      "INSERT INTO lake_column (database, table_name, position, name, type, nullable) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {std::string_view(table.database), std::string_view(table.name),
       static_cast<int64_t>(position), std::string_view(field.name), std::string_view(type),
       int64_t{field.nullable ? 1 : 0}});
}

base::Result<std::optional<Table>> FindTable(SqliteDatabase& database, const Table& wanted) {
  ASSIGN_OR_RETURN(std::vector<Table> tables, LoadTables(database));
  for (Table& table : tables) {
    if (table.database == wanted.database && table.name == wanted.name) {
      return std::optional<Table>(std::move(table));
    }
  }
  return std::optional<Table>();
}

}  // namespace

base::Result<void> StoreTable(SqliteDatabase& database, const Table& table) {
  ASSIGN_OR_RETURN(const std::optional<Table> old, FindTable(database, table));
  const std::string_view owner = table.database;
  const std::string_view name = table.name;
  if (old.has_value()) {
    RETURN_IF_ERROR(CheckUnchanged(*old, table));
    RETURN_IF_ERROR(
        database.Run("UPDATE lake_table SET source_stream = ?3 WHERE database = ?1 AND name = ?2",
                     {owner, name, std::string_view(table.source_stream)}));
  } else {
    RETURN_IF_ERROR(database.Run(
        "INSERT INTO lake_table (database, name, bucket, format, delivery, source_stream) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        {owner, name, std::string_view(table.bucket), std::string_view(table.format),
         std::string_view(table.delivery), std::string_view(table.source_stream)}));
  }
  size_t position = old.has_value() ? old->columns.size() : 0;
  for (const model::Field& field : table.columns) {
    if (!old.has_value() || model::FindField(old->columns, field.name) < 0) {
      RETURN_IF_ERROR(AddColumn(database, table, position++, field));
    }
  }
  if (!old.has_value() || old->partition_keys.empty()) {
    for (size_t i = 0; i < table.partition_keys.size(); ++i) {
      RETURN_IF_ERROR(database.Run(
          "INSERT INTO lake_partition_key (database, table_name, position, name) "
          "VALUES (?1, ?2, ?3, ?4)",
          {owner, name, static_cast<int64_t>(i), std::string_view(table.partition_keys[i])}));
    }
  }
  return {};
}

base::Result<std::vector<Table>> LoadTables(SqliteDatabase& database) {
  std::vector<Table> tables;
  RETURN_IF_ERROR(
      database.Run("SELECT database, name, bucket, format, delivery, source_stream FROM lake_table "
                   "ORDER BY database, name",
                   {}, [&](const Row& row) {
                     tables.push_back(Table{.database = row.Text(0),
                                            .name = row.Text(1),
                                            .bucket = row.Text(2),
                                            .format = row.Text(3),
                                            .delivery = row.Text(4),
                                            .source_stream = row.Text(5)});
                   }));
  for (Table& table : tables) {
    base::Result<void> types;
    const std::string_view owner = table.database;
    const std::string_view name = table.name;
    RETURN_IF_ERROR(database.Run(
        "SELECT name, type, nullable FROM lake_column WHERE database = ?1 AND table_name = ?2 "
        "ORDER BY position",
        {owner, name}, [&](const Row& row) {
          base::Result<model::Type> type = model::ParseType(row.Text(1));
          if (type.has_value()) {
            table.columns.push_back(model::Field{row.Text(0), *type, row.Int(2) != 0});
          } else {
            types = std::unexpected(base::Within("catalog", type.error()));
          }
        }));
    RETURN_IF_ERROR(types);
    RETURN_IF_ERROR(database.Run(
        "SELECT name FROM lake_partition_key WHERE database = ?1 AND table_name = ?2 "
        "ORDER BY position",
        {owner, name}, [&](const Row& row) { table.partition_keys.push_back(row.Text(0)); }));
  }
  return tables;
}

}  // namespace weir::catalog
