#include "duckdb/database.h"

#include <utility>
#include <variant>

#include "duckdb/connection_state.h"
#include "duckdb/handles.h"
#include "duckdb/result_state.h"

namespace weir::duckdb {
namespace {

std::string Quote(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    quoted.push_back(c);
    if (c == quote) {
      quoted.push_back(c);
    }
  }
  quoted.push_back(quote);
  return quoted;
}

// The C API takes text that ends at the first NUL: a statement must not hide behind one.
base::Result<std::string> WholeText(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the SQL text contains a NUL character; remove it");
  }
  return std::string(sql);
}

struct KindName {
  duckdb_statement_type type;
  std::string_view name;
};

constexpr KindName kKindNames[] = {
    {DUCKDB_STATEMENT_TYPE_SELECT, "SELECT"},
    {DUCKDB_STATEMENT_TYPE_INSERT, "INSERT"},
    {DUCKDB_STATEMENT_TYPE_UPDATE, "UPDATE"},
    {DUCKDB_STATEMENT_TYPE_EXPLAIN, "EXPLAIN"},
    {DUCKDB_STATEMENT_TYPE_DELETE, "DELETE"},
    {DUCKDB_STATEMENT_TYPE_PREPARE, "PREPARE"},
    {DUCKDB_STATEMENT_TYPE_CREATE, "CREATE"},
    {DUCKDB_STATEMENT_TYPE_EXECUTE, "EXECUTE"},
    {DUCKDB_STATEMENT_TYPE_ALTER, "ALTER"},
    {DUCKDB_STATEMENT_TYPE_TRANSACTION, "TRANSACTION"},
    {DUCKDB_STATEMENT_TYPE_COPY, "COPY"},
    {DUCKDB_STATEMENT_TYPE_ANALYZE, "ANALYZE"},
    {DUCKDB_STATEMENT_TYPE_DROP, "DROP"},
    {DUCKDB_STATEMENT_TYPE_EXPORT, "EXPORT"},
    {DUCKDB_STATEMENT_TYPE_PRAGMA, "PRAGMA"},
    {DUCKDB_STATEMENT_TYPE_VACUUM, "VACUUM"},
    {DUCKDB_STATEMENT_TYPE_CALL, "CALL"},
    {DUCKDB_STATEMENT_TYPE_SET, "SET"},
    {DUCKDB_STATEMENT_TYPE_VARIABLE_SET, "SET VARIABLE"},
    {DUCKDB_STATEMENT_TYPE_LOAD, "LOAD"},
    {DUCKDB_STATEMENT_TYPE_ATTACH, "ATTACH"},
    {DUCKDB_STATEMENT_TYPE_DETACH, "DETACH"},
};

StatementInfo Describe(duckdb_prepared_statement prepared) {
  const duckdb_statement_type type = duckdb_prepared_statement_type(prepared);
  StatementInfo info;
  info.parameters = duckdb_nparams(prepared);
  info.kind_name = "OTHER";
  for (const KindName& entry : kKindNames) {
    if (entry.type == type) {
      info.kind_name = entry.name;
    }
  }
  if (type == DUCKDB_STATEMENT_TYPE_SELECT) {
    info.kind = StatementKind::kSelect;
  } else if (type == DUCKDB_STATEMENT_TYPE_EXPLAIN) {
    info.kind = StatementKind::kExplain;
  }
  return info;
}

duckdb_state Bind(duckdb_prepared_statement prepared, size_t index, const model::Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return duckdb_bind_int64(prepared, index, *number);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return duckdb_bind_double(prepared, index, *number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return duckdb_bind_varchar_length(prepared, index, text->data(), text->size());
  }
  return duckdb_bind_null(prepared, index);
}

}  // namespace

std::string TypeName(const model::Type& type) {
  switch (type.kind) {
    case model::TypeKind::kBoolean:
      return "BOOLEAN";
    case model::TypeKind::kTinyint:
      return "TINYINT";
    case model::TypeKind::kSmallint:
      return "SMALLINT";
    case model::TypeKind::kInteger:
      return "INTEGER";
    case model::TypeKind::kBigint:
    case model::TypeKind::kInterval:
      return "BIGINT";
    case model::TypeKind::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case model::TypeKind::kReal:
      return "FLOAT";
    case model::TypeKind::kDouble:
      return "DOUBLE";
    case model::TypeKind::kVarbinary:
      return "BLOB";
    case model::TypeKind::kDate:
      return "DATE";
    case model::TypeKind::kTime:
      return "TIME";
    case model::TypeKind::kTimestamp:
      return "TIMESTAMP";
    case model::TypeKind::kNull:
    case model::TypeKind::kChar:
    case model::TypeKind::kVarchar:
      return "VARCHAR";
  }
  std::unreachable();
}

std::string QuoteIdentifier(std::string_view name) {
  return Quote(name, '"');
}

std::string QuoteText(std::string_view text) {
  return Quote(text, '\'');
}

struct Database::State {
  DatabaseHandle handle;
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

base::Result<Database> Database::Open(const Config& config) {
  Config all = {{"autoinstall_known_extensions", "false"}, {"autoload_known_extensions", "false"}};
  for (const auto& [name, value] : config) {
    all[name] = value;
  }
  duckdb_config raw_config = nullptr;
  if (duckdb_create_config(&raw_config) != DuckDBSuccess) {
    return base::Fail(base::Code::kInternal, "cannot create a DuckDB configuration");
  }
  const ConfigHandle options(raw_config);
  for (const auto& [name, value] : all) {
    if (duckdb_set_config(options.get(), name.c_str(), value.c_str()) != DuckDBSuccess) {
      return base::Fail(base::Code::kInvalidArgument, "DuckDB refuses setting '{}' = '{}'", name,
                        value);
    }
  }
  duckdb_database raw = nullptr;
  char* message = nullptr;
  if (duckdb_open_ext(nullptr, &raw, options.get(), &message) != DuckDBSuccess) {
    base::Error error{
        base::Code::kInvalidArgument,
        fmt::format("DuckDB does not open: {}", message == nullptr ? "no reason given" : message)};
    duckdb_free(message);
    return std::unexpected(std::move(error));
  }
  auto state = std::make_unique<State>();
  state->handle.reset(raw);
  return Database(std::move(state));
}

base::Result<Connection> Database::Connect() {
  duckdb_connection raw = nullptr;
  if (duckdb_connect(state_->handle.get(), &raw) != DuckDBSuccess) {
    return base::Fail(base::Code::kInternal, "DuckDB gives no connection");
  }
  auto state = std::make_unique<Connection::State>();
  state->handle.reset(raw);
  return Connection(std::move(state));
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

base::Result<QueryResult> Connection::Execute(std::string_view sql) {
  ASSIGN_OR_RETURN(const std::string text, WholeText(sql));
  auto state = std::make_unique<QueryResult::State>();
  if (duckdb_query(state_->handle.get(), text.c_str(), &state->holder.result) != DuckDBSuccess) {
    return std::unexpected(ErrorOf(state->holder.result));
  }
  state->rows_changed = duckdb_rows_changed(&state->holder.result);
  state->columns =
      std::make_shared<const std::vector<ColumnInfo>>(DescribeColumns(state->holder.result));
  return QueryResult(std::move(state));
}

base::Result<QueryResult> Connection::Execute(std::string_view sql,
                                              std::span<const model::Value> parameters) {
  return Run(sql, parameters, false);
}

base::Result<QueryResult> Connection::Stream(std::string_view sql) {
  return Run(sql, {}, true);
}

base::Result<QueryResult> Connection::Run(std::string_view sql,
                                          std::span<const model::Value> parameters,
                                          bool streaming) {
  ASSIGN_OR_RETURN(const std::string text, WholeText(sql));
  duckdb_prepared_statement raw = nullptr;
  const duckdb_state prepare_state = duckdb_prepare(state_->handle.get(), text.c_str(), &raw);
  const PreparedHandle prepared(raw);
  if (prepare_state != DuckDBSuccess) {
    return std::unexpected(ErrorFromMessage(duckdb_prepare_error(prepared.get())));
  }
  if (duckdb_nparams(prepared.get()) != parameters.size()) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the statement has {} parameters, {} values are given",
                      duckdb_nparams(prepared.get()), parameters.size());
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (Bind(prepared.get(), i + 1, parameters[i]) != DuckDBSuccess) {
      return base::Fail(base::Code::kInvalidArgument, "DuckDB refuses the value of parameter ${}",
                        i + 1);
    }
  }
  auto state = std::make_unique<QueryResult::State>();
  const duckdb_state run_state =
      streaming ? duckdb_execute_prepared_streaming(prepared.get(), &state->holder.result)
                : duckdb_execute_prepared(prepared.get(), &state->holder.result);
  if (run_state != DuckDBSuccess) {
    return std::unexpected(ErrorOf(state->holder.result));
  }
  if (!streaming) {
    state->rows_changed = duckdb_rows_changed(&state->holder.result);
  }
  state->columns =
      std::make_shared<const std::vector<ColumnInfo>>(DescribeColumns(state->holder.result));
  return QueryResult(std::move(state));
}

base::Result<size_t> Connection::CountStatements(std::string_view sql) {
  ASSIGN_OR_RETURN(const std::string text, WholeText(sql));
  duckdb_extracted_statements raw = nullptr;
  const size_t count = duckdb_extract_statements(state_->handle.get(), text.c_str(), &raw);
  const ExtractedHandle extracted(raw);
  if (count == 0) {
    const char* message = duckdb_extract_statements_error(extracted.get());
    if (message != nullptr && *message != '\0') {
      return std::unexpected(ErrorFromMessage(message));
    }
  }
  return count;
}

base::Result<std::vector<StatementInfo>> Connection::Inspect(std::string_view sql) {
  ASSIGN_OR_RETURN(const std::string text, WholeText(sql));
  ASSIGN_OR_RETURN(const size_t count, CountStatements(text));
  if (count > kMaxStatements) {
    return base::Fail(base::Code::kLimitExceeded,
                      "the text has {} statements, at most {} are allowed", count, kMaxStatements);
  }
  duckdb_extracted_statements raw = nullptr;
  duckdb_extract_statements(state_->handle.get(), text.c_str(), &raw);
  const ExtractedHandle extracted(raw);
  std::vector<StatementInfo> statements;
  for (size_t i = 0; i < count; ++i) {
    duckdb_prepared_statement raw_prepared = nullptr;
    const duckdb_state prepare_state =
        duckdb_prepare_extracted_statement(state_->handle.get(), extracted.get(), i, &raw_prepared);
    const PreparedHandle prepared(raw_prepared);
    if (prepare_state != DuckDBSuccess) {
      return std::unexpected(ErrorFromMessage(duckdb_prepare_error(prepared.get())));
    }
    statements.push_back(Describe(prepared.get()));
  }
  return statements;
}

}  // namespace weir::duckdb
