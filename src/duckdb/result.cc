#include "duckdb/result.h"

#include <limits>
#include <utility>

#include "base/check.h"
#include "duckdb/handles.h"
#include "duckdb/result_state.h"

namespace weir::duckdb {
namespace {

struct TypeEntry {
  duckdb_type id;
  ValueKind kind;
  std::string_view name;
};

constexpr TypeEntry kTypes[] = {
    {DUCKDB_TYPE_SQLNULL, ValueKind::kNull, "NULL"},
    {DUCKDB_TYPE_BOOLEAN, ValueKind::kBoolean, "BOOLEAN"},
    {DUCKDB_TYPE_TINYINT, ValueKind::kInteger, "TINYINT"},
    {DUCKDB_TYPE_SMALLINT, ValueKind::kInteger, "SMALLINT"},
    {DUCKDB_TYPE_INTEGER, ValueKind::kInteger, "INTEGER"},
    {DUCKDB_TYPE_BIGINT, ValueKind::kInteger, "BIGINT"},
    {DUCKDB_TYPE_UTINYINT, ValueKind::kInteger, "UTINYINT"},
    {DUCKDB_TYPE_USMALLINT, ValueKind::kInteger, "USMALLINT"},
    {DUCKDB_TYPE_UINTEGER, ValueKind::kInteger, "UINTEGER"},
    {DUCKDB_TYPE_UBIGINT, ValueKind::kInteger, "UBIGINT"},
    {DUCKDB_TYPE_HUGEINT, ValueKind::kInteger, "HUGEINT"},
    {DUCKDB_TYPE_UHUGEINT, ValueKind::kOther, "UHUGEINT"},
    {DUCKDB_TYPE_DECIMAL, ValueKind::kDecimal, "DECIMAL"},
    {DUCKDB_TYPE_FLOAT, ValueKind::kDouble, "FLOAT"},
    {DUCKDB_TYPE_DOUBLE, ValueKind::kDouble, "DOUBLE"},
    {DUCKDB_TYPE_VARCHAR, ValueKind::kText, "VARCHAR"},
    {DUCKDB_TYPE_BLOB, ValueKind::kBlob, "BLOB"},
    {DUCKDB_TYPE_DATE, ValueKind::kDate, "DATE"},
    {DUCKDB_TYPE_TIME, ValueKind::kTime, "TIME"},
    {DUCKDB_TYPE_TIMESTAMP, ValueKind::kTimestamp, "TIMESTAMP"},
    {DUCKDB_TYPE_TIMESTAMP_S, ValueKind::kTimestamp, "TIMESTAMP_S"},
    {DUCKDB_TYPE_TIMESTAMP_MS, ValueKind::kTimestamp, "TIMESTAMP_MS"},
    {DUCKDB_TYPE_TIMESTAMP_NS, ValueKind::kTimestamp, "TIMESTAMP_NS"},
    {DUCKDB_TYPE_TIMESTAMP_TZ, ValueKind::kTimestamp, "TIMESTAMP WITH TIME ZONE"},
    {DUCKDB_TYPE_INTERVAL, ValueKind::kOther, "INTERVAL"},
    {DUCKDB_TYPE_UUID, ValueKind::kOther, "UUID"},
    {DUCKDB_TYPE_ENUM, ValueKind::kOther, "ENUM"},
    {DUCKDB_TYPE_LIST, ValueKind::kOther, "LIST"},
    {DUCKDB_TYPE_STRUCT, ValueKind::kOther, "STRUCT"},
    {DUCKDB_TYPE_MAP, ValueKind::kOther, "MAP"},
    {DUCKDB_TYPE_ARRAY, ValueKind::kOther, "ARRAY"},
    {DUCKDB_TYPE_UNION, ValueKind::kOther, "UNION"},
    {DUCKDB_TYPE_BIT, ValueKind::kOther, "BIT"},
    {DUCKDB_TYPE_TIME_TZ, ValueKind::kOther, "TIME WITH TIME ZONE"},
    {DUCKDB_TYPE_TIME_NS, ValueKind::kOther, "TIME_NS"},
    {DUCKDB_TYPE_BIGNUM, ValueKind::kOther, "BIGNUM"},
};

template <typename T>
T ElementAt(const void* data, size_t row) {
  return static_cast<const T*>(data)[row];
}

__int128 FromHugeint(duckdb_hugeint value) {
  return static_cast<__int128>(static_cast<unsigned __int128>(value.upper) << 64 | value.lower);
}

// One vector of a chunk: its values, which of them are set, and how they lie.
struct VectorView {
  const void* data = nullptr;
  uint64_t* validity = nullptr;  // null: all are set
  duckdb_type physical = DUCKDB_TYPE_INVALID;
  ValueKind kind = ValueKind::kOther;
};

__int128 IntegerAt(const VectorView& vector, size_t row) {
  switch (vector.physical) {
    case DUCKDB_TYPE_BOOLEAN:
      return ElementAt<bool>(vector.data, row) ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return ElementAt<int8_t>(vector.data, row);
    case DUCKDB_TYPE_SMALLINT:
      return ElementAt<int16_t>(vector.data, row);
    case DUCKDB_TYPE_INTEGER:
      return ElementAt<int32_t>(vector.data, row);
    case DUCKDB_TYPE_BIGINT:
      return ElementAt<int64_t>(vector.data, row);
    case DUCKDB_TYPE_UTINYINT:
      return ElementAt<uint8_t>(vector.data, row);
    case DUCKDB_TYPE_USMALLINT:
      return ElementAt<uint16_t>(vector.data, row);
    case DUCKDB_TYPE_UINTEGER:
      return ElementAt<uint32_t>(vector.data, row);
    case DUCKDB_TYPE_UBIGINT:
      return ElementAt<uint64_t>(vector.data, row);
    case DUCKDB_TYPE_HUGEINT:
      return FromHugeint(ElementAt<duckdb_hugeint>(vector.data, row));
    default:
      CHECK_NOTE(false, "Chunk::Integer of a column that is neither boolean, integer nor decimal");
      return 0;
  }
}

// DuckDB keeps its infinities as the greatest value and its negation, in the type's own unit.
template <typename T>
bool IsInfinite(T value, int64_t& out) {
  if (value == std::numeric_limits<T>::max()) {
    out = Chunk::kInfinity;
    return true;
  }
  if (value == -std::numeric_limits<T>::max()) {
    out = -Chunk::kInfinity;
    return true;
  }
  return false;
}

int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

int64_t TimeAt(const VectorView& vector, size_t row) {
  int64_t infinite = 0;
  if (vector.physical == DUCKDB_TYPE_DATE) {
    const int32_t days = ElementAt<int32_t>(vector.data, row);
    return IsInfinite(days, infinite) ? infinite : days;
  }
  const int64_t value = ElementAt<int64_t>(vector.data, row);
  if (vector.physical != DUCKDB_TYPE_TIME && IsInfinite(value, infinite)) {
    return infinite;
  }
  switch (vector.physical) {
    case DUCKDB_TYPE_TIMESTAMP_S:
      return value * 1'000'000;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return value * 1'000;
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return FloorDivide(value, 1'000);
    default:
      return value;
  }
}

bool IsTemporal(ValueKind kind) {
  return kind == ValueKind::kDate || kind == ValueKind::kTime || kind == ValueKind::kTimestamp;
}

}  // namespace

std::vector<ColumnInfo> DescribeColumns(duckdb_result& result) {
  std::vector<ColumnInfo> columns(duckdb_column_count(&result));
  for (size_t i = 0; i < columns.size(); ++i) {
    ColumnInfo& column = columns[i];
    column.name = duckdb_column_name(&result, i);
    const duckdb_type id = duckdb_column_type(&result, i);
    column.type = "UNKNOWN";
    for (const TypeEntry& entry : kTypes) {
      if (entry.id == id) {
        column.type = entry.name;
        column.kind = entry.kind;
      }
    }
    if (id == DUCKDB_TYPE_DECIMAL) {
      const TypeHandle type(duckdb_column_logical_type(&result, i));
      column.scale = duckdb_decimal_scale(type.get());
      column.type = fmt::format("DECIMAL({},{})", duckdb_decimal_width(type.get()), column.scale);
    }
  }
  return columns;
}

struct Chunk::State {
  ChunkHandle handle;
  size_t rows = 0;
  std::vector<VectorView> vectors;
};

Chunk::Chunk(std::unique_ptr<State> state) : state_(std::move(state)) {}

Chunk::Chunk(Chunk&&) noexcept = default;
Chunk& Chunk::operator=(Chunk&&) noexcept = default;
Chunk::~Chunk() = default;

size_t Chunk::rows() const {
  return state_->rows;
}

size_t Chunk::columns() const {
  return state_->vectors.size();
}

bool Chunk::IsNull(size_t column, size_t row) const {
  const VectorView& vector = state_->vectors[column];
  return vector.kind == ValueKind::kNull ||
         (vector.validity != nullptr && !duckdb_validity_row_is_valid(vector.validity, row));
}

__int128 Chunk::Integer(size_t column, size_t row) const {
  return IsNull(column, row) ? 0 : IntegerAt(state_->vectors[column], row);
}

double Chunk::Double(size_t column, size_t row) const {
  if (IsNull(column, row)) {
    return 0;
  }
  const VectorView& vector = state_->vectors[column];
  CHECK(vector.kind == ValueKind::kDouble);
  return vector.physical == DUCKDB_TYPE_FLOAT ? ElementAt<float>(vector.data, row)
                                              : ElementAt<double>(vector.data, row);
}

std::string_view Chunk::Text(size_t column, size_t row) const {
  if (IsNull(column, row)) {
    return {};
  }
  const VectorView& vector = state_->vectors[column];
  CHECK(vector.kind == ValueKind::kText || vector.kind == ValueKind::kBlob);
  const auto& text = static_cast<const duckdb_string_t*>(vector.data)[row];
  // Short strings lie inside the element itself, which lives as long as the chunk.
  const uint32_t length = text.value.inlined.length;
  constexpr uint32_t kInlined = sizeof(text.value.inlined.inlined);
  return length <= kInlined ? std::string_view(text.value.inlined.inlined, length)
                            : std::string_view(text.value.pointer.ptr, length);
}

int64_t Chunk::Time(size_t column, size_t row) const {
  if (IsNull(column, row)) {
    return 0;
  }
  const VectorView& vector = state_->vectors[column];
  CHECK(IsTemporal(vector.kind));
  return TimeAt(vector, row);
}

QueryResult::QueryResult(std::unique_ptr<State> state) : state_(std::move(state)) {}

QueryResult::QueryResult(QueryResult&&) noexcept = default;
QueryResult& QueryResult::operator=(QueryResult&&) noexcept = default;
QueryResult::~QueryResult() = default;

const std::vector<ColumnInfo>& QueryResult::columns() const {
  return *state_->columns;
}

uint64_t QueryResult::rows_changed() const {
  return state_->rows_changed;
}

base::Result<std::optional<Chunk>> QueryResult::Next() {
  ChunkHandle handle(duckdb_fetch_chunk(state_->holder.result));
  if (handle == nullptr) {
    if (const char* message = duckdb_result_error(&state_->holder.result);
        message != nullptr && *message != '\0') {
      return std::unexpected(ErrorOf(state_->holder.result));
    }
    return std::optional<Chunk>();
  }
  auto chunk = std::make_unique<Chunk::State>();
  chunk->rows = duckdb_data_chunk_get_size(handle.get());
  if (chunk->rows == 0) {
    return std::optional<Chunk>();
  }
  const std::vector<ColumnInfo>& columns = *state_->columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(handle.get(), i);
    const TypeHandle type(duckdb_vector_get_column_type(vector));
    duckdb_type physical = duckdb_get_type_id(type.get());
    if (physical == DUCKDB_TYPE_DECIMAL) {
      physical = duckdb_decimal_internal_type(type.get());
    }
    chunk->vectors.push_back(VectorView{duckdb_vector_get_data(vector),
                                        duckdb_vector_get_validity(vector), physical,
                                        columns[i].kind});
  }
  chunk->handle = std::move(handle);
  return std::optional<Chunk>(Chunk(std::move(chunk)));
}

}  // namespace weir::duckdb
