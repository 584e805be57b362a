#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/sqlite_database.h"

namespace weir::catalog {

// The tables are documented in docs/formats/catalog.md.
inline constexpr int64_t kFormatVersion = 1;
inline constexpr int64_t kApplicationId = 0x57454952;  // "WEIR"

// Creates the tables of a new file; checks an existing one. kFailedPrecondition when it is no
// catalog or of a newer format.
base::Result<void> PrepareSchema(SqliteDatabase& database);

}  // namespace weir::catalog
