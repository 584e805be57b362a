#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "ingest/deduplication/place_table.h"

namespace weir::ingest::deduplication {

// What a run knows of itself. docs/formats/deduplication_run.md has the bytes.
struct RunHeader {
  std::string stream;
  int64_t stream_created = 0;
  std::string field;
  int64_t horizon_millis = 0;
  uint64_t number = 0;  // 1, 2, … in the order of writing.
  HashKeyBytes hash_key{};
  int64_t newest_arrival = 0;
  // Per shard: this run and those before it hold every event before this sequence that has arrived
  // within the horizon.
  std::map<uint32_t, uint64_t> covered;
};

// Events that have left memory: a file, sorted by hash, with a filter that tells of most hashes
// without a read that they are not there. Thread-safe.
class Run {
 public:
  // Whole and durable, or not there.
  static base::Result<void> Write(base::FileSystem& files, const std::string& path,
                                  const RunHeader& header, const std::vector<PlacedEvent>& events);
  // kDataLoss for a damaged file.
  static base::Result<std::unique_ptr<Run>> Open(base::FileSystem& files, std::string path);

  // kDataLoss, kIo.
  base::Result<std::optional<Place>> Find(EventHash hash) const;

  const RunHeader& header() const { return header_; }

  const std::string& path() const { return path_; }

  uint64_t size() const { return size_; }

  // In memory.
  size_t bytes() const {
    return fences_.size() * sizeof(Fence) + filter_.size() * sizeof(filter_.front());
  }

 private:
  // The first hash of a block of events, and the block's checksum.
  struct Fence {
    uint64_t first = 0;
    uint32_t crc = 0;
  };

  Run() = default;

  base::Result<void> Load(base::FileSystem& files);
  base::Result<void> ReadMeta(std::string_view meta);
  bool MayHold(EventHash hash) const;
  base::Result<std::string> ReadBlock(size_t block) const;

  std::string path_;
  std::unique_ptr<base::File> file_;
  RunHeader header_;
  uint64_t size_ = 0;
  uint64_t events_offset_ = 0;
  std::vector<Fence> fences_;
  std::vector<uint64_t> filter_;
};

}  // namespace weir::ingest::deduplication
