#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::base {

/// An open file with positional access. Reads may run concurrently with one writer.
class File {
 public:
  virtual ~File() = default;

  /// Reads up to into.size() bytes at `offset`; fewer only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> into) = 0;

  /// Writes all of `data` at `offset` (short writes are continued), extending the file as needed.
  /// kDiskFull when there is no space; the file then holds an unknown part of `data`.
  virtual Result<void> WriteAt(uint64_t offset, std::string_view data) = 0;

  /// Reserves space so that writes below `size` bytes need none (posix_fallocate); the size becomes
  /// at least `size`, and new bytes read as zero.
  virtual Result<void> Allocate(uint64_t size) = 0;

  virtual Result<void> Truncate(uint64_t size) = 0;

  /// fdatasync. A failure means that data may be lost: never retry on the same file, give up on it.
  virtual Result<void> SyncData() = 0;

  virtual Result<uint64_t> Size() = 0;
};

enum class OpenMode : uint8_t {
  kRead,              ///< kNotFound when missing.
  kReadWrite,         ///< kNotFound when missing.
  kCreateNew,         ///< Read and write; kAlreadyExists when there.
  kCreateOrOpen,      ///< Read and write.
  kCreateNewPrivate,  ///< As kCreateNew, readable by the owner alone (mode 0600).
};

struct DirectoryEntry {
  std::string name;  ///< Without the folder.
  bool is_directory = false;
};

/// Released (and unlocked) when destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The only way to files. Paths are given whole, with '/'. Thread-safe.
/// Creating, linking, renaming and removing become durable with SyncDirectory of the folder.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) = 0;

  /// Creates `path` and its missing parents, each durable when this returns. Fine when it exists.
  virtual Result<void> CreateDirectories(std::string_view path) = 0;

  /// Entries of the folder, sorted by name.
  virtual Result<std::vector<DirectoryEntry>> List(std::string_view path) = 0;

  virtual bool Exists(std::string_view path) = 0;

  /// Removes a file or an empty folder. kNotFound when missing.
  virtual Result<void> Remove(std::string_view path) = 0;

  /// Hard link; kAlreadyExists when `to` exists.
  virtual Result<void> Link(std::string_view from, std::string_view to) = 0;

  /// Atomic replace.
  virtual Result<void> Rename(std::string_view from, std::string_view to) = 0;

  virtual Result<void> SyncDirectory(std::string_view path) = 0;

  /// Bytes that can still be written to the volume of `path`.
  virtual Result<uint64_t> FreeBytes(std::string_view path) = 0;

  /// Takes the exclusive advisory lock on `path` (created when missing) and writes `note` into it.
  /// kFailedPrecondition, with the holder's note in the message, when another process holds it.
  virtual Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view note) = 0;
};

/// The machine's files.
FileSystem& SystemFileSystem();

/// Reads a whole file.
Result<std::string> ReadFile(FileSystem& files, std::string_view path);

/// Makes `path` hold `data`, whole or not at all, durable when this returns: writes `path`.tmp
/// beside it, syncs, renames over `path`, syncs the folder.
Result<void> ReplaceFile(FileSystem& files, std::string_view path, std::string_view data);

/// "a/b" + "c" = "a/b/c".
std::string JoinPath(std::string_view folder, std::string_view name);

/// The folder part of `path` ("" when there is none) and its last part.
std::string_view ParentPath(std::string_view path);
std::string_view FileName(std::string_view path);

}  // namespace weir::base
