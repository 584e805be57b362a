#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "log/segment_format.h"
#include "model/record.h"

namespace weir::log {

/// Where a batch lies; one entry for about every kIndexInterval bytes of a segment.
struct IndexEntry {
  model::Sequence first_sequence;
  model::Rowtime arrival;
  uint64_t offset = 0;
};

inline constexpr uint64_t kIndexInterval = 64 << 10;
/// Files grow by this much at a time, so that most writes need no new space.
inline constexpr uint64_t kAllocationStep = 8 << 20;

/// What is known of one segment file. Id, path and first sequence never change; the rest is guarded
/// by the mutex of the shard.
struct Segment {
  std::string path;
  uint64_t id = 0;
  model::Sequence first_sequence;
  uint32_t previous_checksum = 0;
  /// Where the first write begins.
  uint64_t data_offset = 0;

  /// Sequence after the last durable record.
  model::Sequence end_sequence;
  /// No record of the segment arrived later.
  model::Rowtime bound;
  /// Header checksum of the last batch, or of the segment header.
  uint32_t chain = 0;
  /// End of the last durable write; a multiple of kSectorBytes.
  uint64_t durable_bytes = 0;
  uint64_t file_bytes = 0;
  bool ends_with_statement = false;
  std::vector<IndexEntry> index;
};

/// A segment without writes, as its header tells it. The chain and the size of the file are the
/// caller's to fill in.
std::shared_ptr<Segment> NewSegment(std::string path, const SegmentHeader& header,
                                    uint64_t data_offset);

/// Adds the batch to the segment's index if it is far enough from the last entry. Statements are
/// left out.
void AddToIndex(std::vector<IndexEntry>& index, const BatchHeader& batch, uint64_t offset);

struct OpenedSegment {
  std::shared_ptr<Segment> segment;
  std::shared_ptr<base::File> file;
};

/// Creates the segment in `folder` with space for `allocate` bytes, durable under its final name
/// when this returns; a file of the same name is replaced. On kDiskFull no file of the final name
/// was changed.
base::Result<OpenedSegment> CreateSegment(base::FileSystem& files, std::string_view folder,
                                          const SegmentHeader& header, uint64_t allocate);

/// Open handles of segments for reading, the least recently used closed first. Thread-safe.
class SegmentFiles {
 public:
  static constexpr size_t kMaxOpen = 8;

  explicit SegmentFiles(base::FileSystem& files) : files_(files) {}

  /// The handle of the segment's file, opened if necessary.
  base::Result<std::shared_ptr<base::File>> Get(const std::shared_ptr<Segment>& segment);
  /// Gives the cache a handle that is open already.
  void Put(const std::shared_ptr<Segment>& segment, std::shared_ptr<base::File> file);
  /// Forgets the segment's handle.
  void Drop(const std::shared_ptr<Segment>& segment);
  /// Forgets all handles, and keeps none from now on.
  void Close();

 private:
  struct Handle {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<base::File> file;
  };

  base::FileSystem& files_;
  std::mutex mutex_;
  bool closed_ = false;
  std::list<Handle> handles_;  // most recently used first
};

}  // namespace weir::log
