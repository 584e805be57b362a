#include "log/verify.h"

#include <utility>

#include "base/format.h"
#include "log/segment_scan.h"
#include "log/shard_recovery.h"

namespace weir::log {
namespace {

/// The scan of one segment, with its problems put into the report; nothing when it could not be
/// followed.
base::Result<std::optional<SegmentScan>> VerifySegment(
    base::FileSystem& files, const std::string& path, bool last,
    const std::optional<Shard::DurableMark>& open, VerifyReport& report) {
  auto file = files.Open(path, base::OpenMode::kRead);
  if (!file.has_value()) {
    if (file.error().code == base::Code::kNotFound) {
      return std::optional<SegmentScan>{};  // retention took it meanwhile
    }
    return std::unexpected(std::move(file).error());
  }
  ScanOptions options{.payloads = true};
  const bool is_open = open.has_value() && open->path == path;
  if (is_open) {
    options.end = open->bytes;
  }
  auto scan = ScanSegment(**file, path, options);
  if (!scan.has_value()) {
    if (scan.error().code == base::Code::kIo) {
      return std::unexpected(std::move(scan).error());
    }
    report.problems.push_back(std::move(scan).error().message);
    return std::optional<SegmentScan>{};
  }
  ++report.segments;
  report.batches += scan->batches;
  report.records += scan->end_sequence.value - scan->header.first_sequence.value;
  report.bytes += scan->file_bytes;
  if (is_open) {
    if (scan->valid_bytes != open->bytes) {
      report.problems.push_back(
          fmt::format("{} offset {}: {}", path, scan->stop_offset, scan->stop_reason));
    }
  } else {
    ASSIGN_OR_RETURN(const Tail tail, InspectTail(**file, path, *scan));
    if (tail.used_end > scan->valid_bytes && (last || tail.later_write.has_value())) {
      report.problems.push_back(fmt::format(
          "{} offset {}: {}; {}", path, scan->stop_offset, scan->stop_reason,
          tail.later_write.has_value() ? "valid data was written after it"
                                       : "taken for an unacknowledged write, opening will cut it"));
    }
  }
  return std::optional(std::move(*scan));
}

}  // namespace

base::Result<void> VerifyShard(base::FileSystem& files, const std::string& folder,
                               std::string_view stream, const ShardDefinition& shard,
                               const std::optional<Shard::DurableMark>& open,
                               VerifyReport& report) {
  ASSIGN_OR_RETURN(const ShardFiles listed, ListShard(files, folder));
  std::string previous_path;
  std::optional<SegmentScan> previous;
  for (const std::string& name : listed.segments) {
    const std::string path = base::JoinPath(folder, name);
    const bool last = &name == &listed.segments.back();
    ASSIGN_OR_RETURN(auto scan, VerifySegment(files, path, last, open, report));
    if (scan.has_value()) {
      const auto belongs = CheckBelongs(path, scan->header, stream, shard);
      if (!belongs.has_value()) {
        report.problems.push_back(belongs.error().message);
      }
      if (previous.has_value()) {
        const auto continues = CheckContinues(previous_path, *previous, path, *scan);
        if (!continues.has_value()) {
          report.problems.push_back(continues.error().message);
        }
      }
    }
    if (open.has_value() && open->path == path) {
      break;  // what comes after was begun since
    }
    previous_path = path;
    previous = std::move(scan);
  }
  return {};
}

}  // namespace weir::log
