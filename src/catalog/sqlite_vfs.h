#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"

struct sqlite3_vfs;  // NOLINT(readability-identifier-naming): SQLite's name

namespace weir::catalog {

// Problem: SQLite does its own file I/O, which crash-point tests could not see, and it would not
// notice a bit that flipped in its main file. Idea: a SQLite VFS on top of base::FileSystem for one
// connection. Pages of the main file carry a checksum in their last 8 bytes (SQLite leaves them
// free, see docs/formats/catalog.md): set when a page is written, checked when it is read. The file
// is used by one connection of one process, so locks and shared memory do nothing.
//
// After a failed sync nothing more may be written: what the disk holds is unknown. `poisoned` then
// stays true.
class SqliteVfs {
 public:
  static constexpr int kPageBytes = 4096;
  static constexpr int kReservedBytes = 8;

  SqliteVfs(base::FileSystem& files, base::Clock& clock);
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;
  ~SqliteVfs();

  // The name to open a connection with.
  const std::string& name() const { return name_; }

  base::FileSystem& files() const { return files_; }

  base::Clock& clock() const { return clock_; }

  // The reason of the last failed operation since ClearError; SQLite's own codes say less.
  const std::optional<base::Error>& error() const { return error_; }

  void ClearError() { error_.reset(); }

  void SetError(base::Error error) { error_ = std::move(error); }

  bool poisoned() const { return poisoned_; }

  void Poison() { poisoned_ = true; }

 private:
  base::FileSystem& files_;
  base::Clock& clock_;
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::optional<base::Error> error_;
  bool poisoned_ = false;
};

// Puts the checksum into the last 8 bytes of a page / whether it is right there. A page of zeros is
// right.
void SealPage(std::string& page);
bool PageIsIntact(std::string_view page);

}  // namespace weir::catalog
