#include "catalog/sqlite_database.h"

#include <sqlite3.h>

#include <utility>

namespace weir::catalog {
namespace {

// Memory for pages; the catalog of a busy day is a few megabytes.
constexpr std::string_view kSetUp =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA cache_size = -8192;";

base::Code CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_FULL:
      return base::Code::kDiskFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Code::kDataLoss;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return base::Code::kIo;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return base::Code::kLimitExceeded;
    default:
      return base::Code::kInternal;
  }
}

int Bind(sqlite3_stmt* statement, int index, const Binding& binding) {
  if (const auto* number = std::get_if<int64_t>(&binding)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  const auto text = std::get<std::string_view>(binding);
  // A null pointer would bind NULL instead of the empty text.
  return sqlite3_bind_text(statement, index, text.data() == nullptr ? "" : text.data(),
                           static_cast<int>(text.size()), SQLITE_STATIC);
}

}  // namespace

int64_t Row::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Row::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text == nullptr
             ? std::string()
             : std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

SqliteDatabase::SqliteDatabase(base::FileSystem& files, base::Clock& clock, std::string path)
    : path_(std::move(path)), vfs_(files, clock) {}

SqliteDatabase::~SqliteDatabase() {
  for (const auto& [sql, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(handle_);
}

base::Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(base::FileSystem& files,
                                                                   base::Clock& clock,
                                                                   const std::string& path) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(files, clock, path));
  RETURN_IF_ERROR(files.CreateDirectories(base::ParentPath(path)));
  ASSIGN_OR_RETURN(database->lock_, files.Lock(path + ".lock", "catalog"));
  const int opened =
      sqlite3_open_v2(path.c_str(), &database->handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                      database->vfs_.name().c_str());
  if (opened != SQLITE_OK) {
    return std::unexpected(database->ErrorOf(opened, "open"));
  }
  sqlite3_extended_result_codes(database->handle_, 1);
  int reserved = SqliteVfs::kReservedBytes;
  sqlite3_file_control(database->handle_, nullptr, SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  RETURN_IF_ERROR(database->RunScript(std::string(kSetUp)));
  return database;
}

base::Error SqliteDatabase::ErrorOf(int code, std::string_view sql) {
  if (vfs_.error().has_value()) {
    return base::Within(fmt::format("catalog '{}'", path_), *vfs_.error());
  }
  if (vfs_.poisoned()) {
    return base::Error{
        base::Code::kIo,
        fmt::format("catalog '{}': an earlier sync failed; restart to read what the disk holds",
                    path_)};
  }
  const char* message = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  return base::Error{CodeOf(code), fmt::format("catalog '{}': {} ({}) in {}", path_, message, code,
                                               sql.substr(0, sql.find_first_of("(\n")))};
}

base::Result<sqlite3_stmt*> SqliteDatabase::Prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second;
  }
  sqlite3_stmt* statement = nullptr;
  const int prepared = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (prepared != SQLITE_OK) {
    return std::unexpected(ErrorOf(prepared, sql));
  }
  statements_.emplace(std::string(sql), statement);
  return statement;
}

base::Result<void> SqliteDatabase::Run(std::string_view sql,
                                       std::initializer_list<Binding> bindings,
                                       const std::function<void(const Row&)>& on_row) {
  vfs_.ClearError();
  ASSIGN_OR_RETURN(sqlite3_stmt* const statement, Prepare(sql));
  int index = 0;
  for (const Binding& binding : bindings) {
    ++index;
    const int bound = Bind(statement, index, binding);
    if (bound != SQLITE_OK) {
      return std::unexpected(ErrorOf(bound, sql));
    }
  }
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    if (on_row) {
      on_row(Row(statement));
    }
  }
  base::Result<void> result;
  if (step != SQLITE_DONE) {
    result = std::unexpected(ErrorOf(step, sql));
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return result;
}

base::Result<void> SqliteDatabase::RunScript(const std::string& sql) {
  vfs_.ClearError();
  const int done = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (done != SQLITE_OK) {
    return std::unexpected(ErrorOf(done, sql));
  }
  return {};
}

base::Result<void> SqliteDatabase::InTransaction(const std::function<base::Result<void>()>& body) {
  RETURN_IF_ERROR(Run("BEGIN IMMEDIATE"));
  base::Result<void> result = body();
  if (result.has_value()) {
    result = Run("COMMIT");
  }
  // SQLite has rolled back by itself after some errors; asking again would only hide the first one.
  if (!result.has_value() && sqlite3_get_autocommit(handle_) == 0) {
    const base::Result<void> rolled_back = Run("ROLLBACK");
    if (!rolled_back.has_value()) {
      vfs_.Poison();
    }
  }
  return result;
}

base::Result<std::vector<std::string>> SqliteDatabase::CheckPages() {
  ASSIGN_OR_RETURN(const std::unique_ptr<base::File> file,
                   vfs_.files().Open(path_, base::OpenMode::kRead));
  ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::vector<std::string> problems;
  std::string page(SqliteVfs::kPageBytes, '\0');
  for (uint64_t offset = 0; offset + page.size() <= size; offset += page.size()) {
    ASSIGN_OR_RETURN(const size_t read, file->ReadAt(offset, page));
    if (read != page.size() || !PageIsIntact(page)) {
      problems.push_back(fmt::format("'{}': damaged page at offset {}", path_, offset));
    }
  }
  return problems;
}

}  // namespace weir::catalog
