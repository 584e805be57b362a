#pragma once

#include <duckdb.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "model/types.h"

namespace weir::duckdb {

// Owners of the C API's handles: each is a pointer that its own function destroys by address.
template <typename Handle, auto kDestroy>
struct HandleDeleter {
  using pointer = Handle;

  void operator()(Handle handle) const { kDestroy(&handle); }
};

template <typename Handle, auto kDestroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, HandleDeleter<Handle, kDestroy>>;

using DatabaseHandle = Owned<duckdb_database, duckdb_close>;
using ConnectionHandle = Owned<duckdb_connection, duckdb_disconnect>;
using ConfigHandle = Owned<duckdb_config, duckdb_destroy_config>;
using PreparedHandle = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using ExtractedHandle = Owned<duckdb_extracted_statements, duckdb_destroy_extracted>;
using PendingHandle = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using AppenderHandle = Owned<duckdb_appender, duckdb_appender_destroy>;
using ChunkHandle = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using TypeHandle = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

// A duckdb_result is a struct, not a pointer; it must be destroyed even when it holds an error.
struct ResultHolder {
  ResultHolder() = default;
  ResultHolder(const ResultHolder&) = delete;
  ResultHolder& operator=(const ResultHolder&) = delete;

  ~ResultHolder() { duckdb_destroy_result(&result); }

  duckdb_result result{};
};

// The failure that `type` and DuckDB's message stand for.
base::Error ToError(duckdb_error_type type, std::string_view message);
base::Error ErrorOf(duckdb_result& result);
// For interfaces that give only a message ("Binder Error: …"): the code is read from its first
// words.
base::Error ErrorFromMessage(const char* message);

// DuckDB's type for a column of this SQL type.
TypeHandle LogicalType(const model::Type& type);

}  // namespace weir::duckdb
