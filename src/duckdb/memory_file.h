#pragma once

#include <string>

#include "base/result.h"

namespace weir::duckdb {

/// A file without a name, in memory, for statements that read or write files by path (COPY … TO).
/// What it holds goes to real files through base::FileSystem only, so that this is no way around
/// it.
class MemoryFile {
 public:
  static base::Result<MemoryFile> Create();
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile();

  /// The path under which this process can open it.
  std::string path() const;

  /// All of it.
  base::Result<std::string> Contents() const;

 private:
  explicit MemoryFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace weir::duckdb
