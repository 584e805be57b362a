#include "duckdb/handles.h"

#include <utility>

namespace weir::duckdb {

base::Error ToError(duckdb_error_type type, std::string_view message) {
  base::Code code = base::Code::kInvalidArgument;
  switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY:
    case DUCKDB_ERROR_OBJECT_SIZE:
      code = base::Code::kLimitExceeded;
      break;
    case DUCKDB_ERROR_IO:
      code = base::Code::kIo;
      break;
    case DUCKDB_ERROR_PERMISSION:
      code = base::Code::kPermission;
      break;
    case DUCKDB_ERROR_INTERRUPT:
      code = base::Code::kUnavailable;
      break;
    case DUCKDB_ERROR_FATAL:
    case DUCKDB_ERROR_INTERNAL:
      code = base::Code::kInternal;
      break;
    default:
      break;
  }
  return base::Error{code, std::string(message)};
}

base::Error ErrorOf(duckdb_result& result) {
  const char* message = duckdb_result_error(&result);
  return ToError(duckdb_result_error_type(&result),
                 message == nullptr ? "the statement failed without a message" : message);
}

base::Error ErrorFromMessage(const char* message) {
  if (message == nullptr) {
    return ToError(DUCKDB_ERROR_INTERNAL, "the statement failed without a message");
  }
  static constexpr std::pair<std::string_view, duckdb_error_type> kPrefixes[] = {
      {"Out of Memory Error", DUCKDB_ERROR_OUT_OF_MEMORY},
      {"IO Error", DUCKDB_ERROR_IO},
      {"Permission Error", DUCKDB_ERROR_PERMISSION},
      {"INTERRUPT Error", DUCKDB_ERROR_INTERRUPT},
      {"INTERNAL Error", DUCKDB_ERROR_INTERNAL},
      {"FATAL Error", DUCKDB_ERROR_FATAL},
  };
  const std::string_view text = message;
  for (const auto& [prefix, type] : kPrefixes) {
    if (text.starts_with(prefix)) {
      return ToError(type, text);
    }
  }
  return ToError(DUCKDB_ERROR_INVALID, text);
}

TypeHandle LogicalType(const model::Type& type) {
  const auto simple = [](duckdb_type id) { return TypeHandle(duckdb_create_logical_type(id)); };
  switch (type.kind) {
    case model::TypeKind::kBoolean:
      return simple(DUCKDB_TYPE_BOOLEAN);
    case model::TypeKind::kTinyint:
      return simple(DUCKDB_TYPE_TINYINT);
    case model::TypeKind::kSmallint:
      return simple(DUCKDB_TYPE_SMALLINT);
    case model::TypeKind::kInteger:
      return simple(DUCKDB_TYPE_INTEGER);
    case model::TypeKind::kBigint:
    case model::TypeKind::kInterval:
      return simple(DUCKDB_TYPE_BIGINT);
    case model::TypeKind::kDecimal:
      return TypeHandle(duckdb_create_decimal_type(static_cast<uint8_t>(type.precision),
                                                   static_cast<uint8_t>(type.scale)));
    case model::TypeKind::kReal:
      return simple(DUCKDB_TYPE_FLOAT);
    case model::TypeKind::kDouble:
      return simple(DUCKDB_TYPE_DOUBLE);
    case model::TypeKind::kVarbinary:
      return simple(DUCKDB_TYPE_BLOB);
    case model::TypeKind::kDate:
      return simple(DUCKDB_TYPE_DATE);
    case model::TypeKind::kTime:
      return simple(DUCKDB_TYPE_TIME);
    case model::TypeKind::kTimestamp:
      return simple(DUCKDB_TYPE_TIMESTAMP);
    case model::TypeKind::kNull:
    case model::TypeKind::kChar:
    case model::TypeKind::kVarchar:
      return simple(DUCKDB_TYPE_VARCHAR);
  }
  std::unreachable();
}

}  // namespace weir::duckdb
