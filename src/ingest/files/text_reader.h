#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace weir::ingest {

// Reads a file in large pieces and takes it apart into lines, or into CSV rows, whose line breaks
// may be quoted.
class TextReader {
 public:
  // The most that one line or row may have.
  static constexpr size_t kMaxUnitBytes = 1 << 20;

  static base::Result<std::unique_ptr<TextReader>> Open(base::FileSystem& files,
                                                        const std::string& path, bool csv);

  struct Unit {
    std::string_view text;  // Without its line break; valid until Fill.
    uint64_t line = 0;      // Where it begins, from 1.
    bool too_long = false;  // Then `text` is only its beginning.
  };

  // The next line or row in memory; nothing when Fill must read on.
  std::optional<Unit> Next();
  // Reads on. False at the end of the file.
  base::Result<bool> Fill();

  uint64_t bytes_done() const { return offset_ - (end_ - at_); }

  uint64_t bytes_total() const { return total_; }

 private:
  static constexpr size_t kReadBytes = 4 << 20;

  explicit TextReader(std::unique_ptr<base::File> file, uint64_t total, bool csv)
      : file_(std::move(file)), total_(total), csv_(csv) {}

  // The end of the unit that begins at at_, its line break not included; nothing when it is not in
  // memory.
  std::optional<size_t> FindEnd() const;
  Unit Take(size_t end);

  std::unique_ptr<base::File> file_;
  const uint64_t total_;
  const bool csv_;
  std::string buffer_;
  size_t at_ = 0;
  size_t end_ = 0;  // Of what was read into the buffer.
  uint64_t offset_ = 0;
  uint64_t line_ = 1;
  bool at_end_ = false;
  bool skipping_ = false;  // The rest of a line that was too long.
};

}  // namespace weir::ingest
