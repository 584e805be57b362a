#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "duckdb/connection_state.h"
#include "duckdb/database.h"
#include "duckdb/handles.h"

namespace weir::duckdb {
namespace {

// Length of the well-formed UTF-8 character at the start of `text`, 0 when there is none (RFC
// 3629).
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
    return 0;
  }
  // The second byte's range keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) {
    return 0;
  }
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  return length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string RepairUtf8(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      repaired += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      repaired += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return repaired;
}

template <typename T>
void CopyInts(const model::Column& column, size_t from, size_t rows, void* data,
              int64_t factor = 1) {
  T* out = static_cast<T*>(data);
  for (size_t i = 0; i < rows; ++i) {
    out[i] = static_cast<T>(column.ints[from + i] * factor);
  }
}

template <typename T>
void CopyDoubles(const model::Column& column, size_t from, size_t rows, void* data) {
  T* out = static_cast<T*>(data);
  for (size_t i = 0; i < rows; ++i) {
    out[i] = static_cast<T>(column.doubles[from + i]);
  }
}

void CopyStrings(const model::Column& column, size_t from, size_t rows, duckdb_vector vector) {
  const bool text = column.type.IsString() || column.type.kind == model::TypeKind::kNull;
  for (size_t i = 0; i < rows; ++i) {
    const std::string_view value = column.strings[from + i];
    if (text && !IsUtf8(value)) {
      const std::string repaired = RepairUtf8(value);
      duckdb_vector_assign_string_element_len(vector, i, repaired.data(), repaired.size());
    } else {
      duckdb_vector_assign_string_element_len(vector, i, value.data(), value.size());
    }
  }
}

void CopyDecimals(const model::Column& column, size_t from, size_t rows, void* data) {
  if (column.type.precision <= 4) {
    CopyInts<int16_t>(column, from, rows, data);
  } else if (column.type.precision <= 9) {
    CopyInts<int32_t>(column, from, rows, data);
  } else {
    CopyInts<int64_t>(column, from, rows, data);
  }
}

void CopyValues(const model::Column& column, size_t from, size_t rows, duckdb_vector vector) {
  void* data = duckdb_vector_get_data(vector);
  switch (column.type.kind) {
    case model::TypeKind::kBoolean:
      return CopyInts<bool>(column, from, rows, data);
    case model::TypeKind::kTinyint:
      return CopyInts<int8_t>(column, from, rows, data);
    case model::TypeKind::kSmallint:
      return CopyInts<int16_t>(column, from, rows, data);
    case model::TypeKind::kInteger:
    case model::TypeKind::kDate:
      return CopyInts<int32_t>(column, from, rows, data);
    case model::TypeKind::kBigint:
    case model::TypeKind::kInterval:
      return CopyInts<int64_t>(column, from, rows, data);
    case model::TypeKind::kTime:
    case model::TypeKind::kTimestamp:
      return CopyInts<int64_t>(column, from, rows, data, 1000);  // milliseconds to microseconds
    case model::TypeKind::kDecimal:
      return CopyDecimals(column, from, rows, data);
    case model::TypeKind::kReal:
      return CopyDoubles<float>(column, from, rows, data);
    case model::TypeKind::kDouble:
      return CopyDoubles<double>(column, from, rows, data);
    case model::TypeKind::kNull:
    case model::TypeKind::kChar:
    case model::TypeKind::kVarchar:
    case model::TypeKind::kVarbinary:
      return CopyStrings(column, from, rows, vector);
  }
}

void CopyNulls(const model::Column& column, size_t from, size_t rows, duckdb_vector vector) {
  if (column.nulls.empty()) {
    return;
  }
  duckdb_vector_ensure_validity_writable(vector);
  uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t i = 0; i < rows; ++i) {
    duckdb_validity_set_row_validity(validity, i, column.nulls[from + i] == 0);
  }
}

}  // namespace

base::Result<void> Connection::CreateTable(std::string_view table, const model::Schema& schema) {
  std::string sql = fmt::format("CREATE TABLE {} (", QuoteIdentifier(table));
  for (size_t i = 0; i < schema.size(); ++i) {
    sql += fmt::format("{}{} {}", i == 0 ? "" : ", ", QuoteIdentifier(schema[i].name),
                       TypeName(schema[i].type));
  }
  RETURN_IF_ERROR(Execute(sql + ")"));
  return {};
}

base::Result<void> Connection::Append(std::string_view table, const model::Schema& schema,
                                      const model::ColumnBatch& batch) {
  CHECK(schema.size() == batch.columns.size());
  const std::string name(table);
  duckdb_appender raw = nullptr;
  const duckdb_state created =
      duckdb_appender_create(state_->handle.get(), nullptr, name.c_str(), &raw);
  const AppenderHandle appender(raw);
  if (created != DuckDBSuccess) {
    return std::unexpected(ErrorFromMessage(duckdb_appender_error(appender.get())));
  }
  std::vector<TypeHandle> types;
  std::vector<duckdb_logical_type> raw_types;
  for (const model::Field& field : schema) {
    types.push_back(LogicalType(field.type));
    raw_types.push_back(types.back().get());
  }
  const size_t step = duckdb_vector_size();
  for (size_t from = 0; from < batch.size(); from += step) {
    const size_t rows = std::min(step, batch.size() - from);
    const ChunkHandle chunk(duckdb_create_data_chunk(raw_types.data(), raw_types.size()));
    for (size_t i = 0; i < schema.size(); ++i) {
      CHECK(batch.columns[i].type.kind == schema[i].type.kind);
      const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk.get(), i);
      CopyValues(batch.columns[i], from, rows, vector);
      CopyNulls(batch.columns[i], from, rows, vector);
    }
    duckdb_data_chunk_set_size(chunk.get(), rows);
    if (duckdb_append_data_chunk(appender.get(), chunk.get()) != DuckDBSuccess) {
      return std::unexpected(ErrorFromMessage(duckdb_appender_error(appender.get())));
    }
  }
  if (duckdb_appender_close(appender.get()) != DuckDBSuccess) {
    return std::unexpected(ErrorFromMessage(duckdb_appender_error(appender.get())));
  }
  return {};
}

}  // namespace weir::duckdb
