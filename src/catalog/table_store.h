#pragma once

#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sqlite_database.h"

namespace weir::catalog {

// Registers or widens a table, within a transaction of the caller. Rules: Catalog::RegisterTable.
base::Result<void> StoreTable(SqliteDatabase& database, const Table& table);

// All tables, by database and name.
base::Result<std::vector<Table>> LoadTables(SqliteDatabase& database);

}  // namespace weir::catalog
