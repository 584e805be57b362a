#include "log/shard_recovery.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/format.h"
#include "base/logging.h"

namespace weir::log {
namespace {

struct UnsyncedWrite {
  std::string file;
  uint64_t offset = 0;
};

/// The note of a failed sync, or nothing when there is none or it is not whole.
base::Result<std::optional<UnsyncedWrite>> ReadNote(base::FileSystem& files,
                                                    const std::string& path) {
  if (!files.Exists(path)) {
    return std::optional<UnsyncedWrite>{};
  }
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(files, path));
  const size_t space = text.find(' ');
  if (space == std::string::npos || !text.ends_with('\n')) {
    return std::optional<UnsyncedWrite>{};
  }
  UnsyncedWrite note{.file = text.substr(0, space)};
  const char* end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data() + space + 1, end, note.offset);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::optional<UnsyncedWrite>{};
  }
  return std::optional(std::move(note));
}

std::unexpected<base::Error> Rot(std::string_view path, uint64_t offset, std::string_view what) {
  return base::Fail(
      base::Code::kDataLoss,
      "damaged segment {} at offset {}: {}, and valid data was written after it; nothing "
      "was changed, restore the file from a backup",
      path, offset, what);
}

std::shared_ptr<Segment> ToSegment(std::string path, SegmentScan& scan) {
  auto segment = NewSegment(std::move(path), scan.header, scan.data_offset);
  segment->end_sequence = scan.end_sequence;
  segment->bound = scan.bound;
  segment->chain = scan.chain;
  segment->durable_bytes = scan.valid_bytes;
  segment->file_bytes = scan.file_bytes;
  segment->ends_with_statement = scan.ends_with_statement;
  segment->index = std::move(scan.index);
  return segment;
}

/// Recovers one shard; see RecoverShard.
class Recovery {
 public:
  Recovery(base::FileSystem& files, const std::string& folder, std::string_view stream,
           const ShardDefinition& shard)
      : files_(files), folder_(folder), stream_(stream), shard_(shard) {}

  base::Result<RecoveredShard> Run() {
    RETURN_IF_ERROR(files_.CreateDirectories(folder_));
    ASSIGN_OR_RETURN(const ShardFiles listed, ListShard(files_, folder_));
    for (const std::string& name : listed.staged) {
      RETURN_IF_ERROR(files_.Remove(base::JoinPath(folder_, name)));
    }
    std::string previous_path;
    SegmentScan previous;
    for (const std::string& name : listed.segments) {
      const bool last = &name == &listed.segments.back();
      const std::string path = base::JoinPath(folder_, name);
      ASSIGN_OR_RETURN(SegmentScan scan, last ? OpenLast(path) : ScanClosed(path));
      RETURN_IF_ERROR(CheckBelongs(path, scan.header, stream_, shard_));
      RETURN_IF_ERROR(CheckName(path, name, scan.header));
      if (!previous_path.empty()) {
        RETURN_IF_ERROR(CheckContinues(previous_path, previous, path, scan));
        found_.segments.back()->bound = scan.header.bound;
      }
      if (last) {
        RETURN_IF_ERROR(RepairLast(path, scan));
        found_.producers = scan.producers;
      }
      found_.segments.push_back(ToSegment(path, scan));
      previous_path = path;
      previous = std::move(scan);
    }
    RETURN_IF_ERROR(RemoveNote());
    // A killed process may have left a segment whose name, or whose removal, nobody synced.
    RETURN_IF_ERROR(files_.SyncDirectory(folder_));
    return std::move(found_);
  }

 private:
  static base::Result<void> CheckName(std::string_view path, std::string_view name,
                                      const SegmentHeader& header) {
    if (ParseSegmentFileName(name) != header.first_sequence) {
      return base::Fail(
          base::Code::kDataLoss,
          "segment {} begins with sequence {}, unlike its name; give the file its name "
          "back",
          path, header.first_sequence.value);
    }
    return {};
  }

  base::Result<SegmentScan> ScanClosed(const std::string& path) {
    ASSIGN_OR_RETURN(const auto file, files_.Open(path, base::OpenMode::kRead));
    return ScanSegment(*file, path, {});
  }

  base::Result<SegmentScan> OpenLast(const std::string& path) {
    ASSIGN_OR_RETURN(found_.active, files_.Open(path, base::OpenMode::kReadWrite));
    return ScanSegment(*found_.active, path, {.payloads = true});
  }

  /// Cuts what was never acknowledged from the last segment, and makes the rest durable.
  base::Result<void> RepairLast(const std::string& path, SegmentScan& scan) {
    ASSIGN_OR_RETURN(const Tail tail, InspectTail(*found_.active, path, scan));
    if (tail.later_write.has_value()) {
      return Rot(path, scan.stop_offset, scan.stop_reason);
    }
    uint64_t used_end = tail.used_end;
    ASSIGN_OR_RETURN(const auto note, ReadNote(files_, base::JoinPath(folder_, kUnsyncedNote)));
    if (note.has_value() && note->file == base::FileName(path) && note->offset != 0 &&
        note->offset == scan.last_write_offset) {
      used_end = std::max(used_end, scan.valid_bytes);
      ASSIGN_OR_RETURN(scan,
                       ScanSegment(*found_.active, path, {.payloads = true, .end = note->offset}));
    }
    if (used_end > scan.valid_bytes) {
      found_.torn = true;
      found_.torn_bytes = used_end - scan.valid_bytes;
      base::LogEvent(base::LogLevel::kWarning, "log.torn_tail",
                     "cut an unacknowledged write from the end of a segment",
                     {{"file", path}, {"offset", scan.valid_bytes}, {"bytes", found_.torn_bytes}});
      RETURN_IF_ERROR(found_.active->Truncate(scan.valid_bytes));
      scan.file_bytes = scan.valid_bytes;
    }
    // A killed process leaves writes that nobody synced.
    return found_.active->SyncData();
  }

  base::Result<void> RemoveNote() {
    const std::string path = base::JoinPath(folder_, kUnsyncedNote);
    if (files_.Exists(path)) {
      RETURN_IF_ERROR(files_.Remove(path));
    }
    return {};
  }

  base::FileSystem& files_;
  const std::string& folder_;
  std::string_view stream_;
  const ShardDefinition& shard_;
  RecoveredShard found_;
};

}  // namespace

base::Result<ShardFiles> ListShard(base::FileSystem& files, std::string_view folder) {
  ASSIGN_OR_RETURN(const std::vector<base::DirectoryEntry> entries, files.List(folder));
  ShardFiles found;
  for (const base::DirectoryEntry& entry : entries) {
    if (entry.name.ends_with(kStagedSuffix)) {
      found.staged.push_back(entry.name);
    } else if (ParseSegmentFileName(entry.name).has_value()) {
      found.segments.push_back(entry.name);
    }
  }
  std::ranges::sort(found.segments);
  return found;
}

base::Result<void> RemoveShardFolder(base::FileSystem& files, const std::string& folder) {
  ASSIGN_OR_RETURN(const auto entries, files.List(folder));
  for (const base::DirectoryEntry& entry : entries) {
    RETURN_IF_ERROR(files.Remove(base::JoinPath(folder, entry.name)));
  }
  RETURN_IF_ERROR(files.SyncDirectory(folder));
  RETURN_IF_ERROR(files.Remove(folder));
  return files.SyncDirectory(base::ParentPath(folder));
}

base::Result<void> CheckContinues(std::string_view previous_path, const SegmentScan& previous,
                                  std::string_view path, const SegmentScan& scan) {
  const SegmentHeader& header = scan.header;
  if (previous.end_sequence == header.first_sequence &&
      previous.chain == header.previous_checksum) {
    return {};
  }
  if (previous.end_sequence < header.first_sequence &&
      previous.stop_offset >= previous.file_bytes) {
    return base::Fail(
        base::Code::kDataLoss,
        "records {} to {} are missing: {} ends at offset {}, and {} follows; restore the "
        "missing file from a backup",
        previous.end_sequence.value, header.first_sequence.value - 1, previous_path,
        previous.stop_offset, path);
  }
  return Rot(previous_path, previous.stop_offset, previous.stop_reason);
}

base::Result<void> CheckBelongs(std::string_view path, const SegmentHeader& header,
                                std::string_view stream, const ShardDefinition& shard) {
  if (header.stream == stream && header.shard == shard.id &&
      header.first_hash == shard.first_hash && header.last_hash == shard.last_hash) {
    return {};
  }
  return base::Fail(
      base::Code::kFailedPrecondition,
      "segment {} belongs to {} of stream '{}' (hash keys {} to {}), not to {} of stream '{}' "
      "(hash keys {} to {}); move the file back to its own folder",
      path, model::FormatShardId(header.shard), header.stream,
      model::FormatHashKey(header.first_hash), model::FormatHashKey(header.last_hash),
      model::FormatShardId(shard.id), stream, model::FormatHashKey(shard.first_hash),
      model::FormatHashKey(shard.last_hash));
}

base::Result<RecoveredShard> RecoverShard(base::FileSystem& files, const std::string& folder,
                                          std::string_view stream, const ShardDefinition& shard) {
  return Recovery(files, folder, stream, shard).Run();
}

}  // namespace weir::log
