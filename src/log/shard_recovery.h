#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "log/log.h"
#include "log/segment.h"
#include "log/segment_scan.h"

namespace weir::log {

/// The file in a shard's folder that names the write whose sync failed.
inline constexpr std::string_view kUnsyncedNote = "unsynced";

/// A shard as it was found on disk.
struct RecoveredShard {
  /// In order; empty for a new shard.
  std::vector<std::shared_ptr<Segment>> segments;
  /// The last segment, open for writing.
  std::shared_ptr<base::File> active;
  ProducerTable producers;
  uint64_t torn_bytes = 0;
  bool torn = false;
};

/// Segment files of a shard's folder by first sequence, and the staged ones.
struct ShardFiles {
  std::vector<std::string> segments;
  std::vector<std::string> staged;
};

/// Lists `folder`. kNotFound when it is missing.
base::Result<ShardFiles> ListShard(base::FileSystem& files, std::string_view folder);

/// Removes a shard's folder with all its files. May be repeated after a crash.
base::Result<void> RemoveShardFolder(base::FileSystem& files, const std::string& folder);

/// kDataLoss unless the segment at `path` begins where `previous` (scanned from `previous_path`)
/// ends. The file and offset of the damage are in the message.
base::Result<void> CheckContinues(std::string_view previous_path, const SegmentScan& previous,
                                  std::string_view path, const SegmentScan& scan);

/// kFailedPrecondition unless the segment belongs to this stream and shard.
base::Result<void> CheckBelongs(std::string_view path, const SegmentHeader& header,
                                std::string_view stream, const ShardDefinition& shard);

/// Opens the shard in `folder` (created when missing) as docs/formats/segment.md says: cuts a torn
/// tail, refuses rot with kDataLoss. When this returns, all that was found is durable. May be
/// repeated after a crash at any point.
base::Result<RecoveredShard> RecoverShard(base::FileSystem& files, const std::string& folder,
                                          std::string_view stream, const ShardDefinition& shard);

}  // namespace weir::log
