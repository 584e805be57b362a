#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "catalog/sqlite_vfs.h"

struct sqlite3;       // NOLINT(readability-identifier-naming): SQLite's name
struct sqlite3_stmt;  // NOLINT(readability-identifier-naming): SQLite's name

namespace weir::catalog {

// A value to bind: integer or text. The text must live until the call returns.
using Binding = std::variant<int64_t, std::string_view>;

// The current row of a query; valid within the callback only.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  int64_t Int(int column) const;
  std::string Text(int column) const;

 private:
  sqlite3_stmt* statement_;
};

// One connection to one SQLite file, through SqliteVfs. Statements are prepared once and kept. Not
// thread-safe.
class SqliteDatabase {
 public:
  // Opens or creates the file: exclusive, write-ahead log, full sync, foreign keys on.
  static base::Result<std::unique_ptr<SqliteDatabase>> Open(base::FileSystem& files,
                                                            base::Clock& clock,
                                                            const std::string& path);
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;
  ~SqliteDatabase();

  // Runs one statement; `sql` must be a literal (statements are kept by its text). Rows go to
  // `on_row`.
  base::Result<void> Run(std::string_view sql, std::initializer_list<Binding> bindings = {},
                         const std::function<void(const Row&)>& on_row = {});

  // Runs several statements without bindings.
  base::Result<void> RunScript(const std::string& sql);

  // Runs `body` in one transaction, rolled back when it fails. Durable when this returns.
  base::Result<void> InTransaction(const std::function<base::Result<void>()>& body);

  // Whether a failed sync made further writing unsafe.
  bool poisoned() const { return vfs_.poisoned(); }

  // Checks the checksum of each page that is in the main file.
  base::Result<std::vector<std::string>> CheckPages();

 private:
  SqliteDatabase(base::FileSystem& files, base::Clock& clock, std::string path);

  base::Result<sqlite3_stmt*> Prepare(std::string_view sql);
  base::Error ErrorOf(int code, std::string_view sql);

  std::string path_;
  SqliteVfs vfs_;
  std::unique_ptr<base::FileLock> lock_;
  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace weir::catalog
