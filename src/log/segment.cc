#include "log/segment.h"

#include <algorithm>
#include <utility>

#include "base/format.h"

namespace weir::log {
namespace {

base::Result<std::shared_ptr<base::File>> WriteStaged(base::FileSystem& files,
                                                      const std::string& path,
                                                      std::string_view header, uint64_t allocate) {
  ASSIGN_OR_RETURN(std::shared_ptr<base::File> file,
                   files.Open(path, base::OpenMode::kCreateOrOpen));
  RETURN_IF_ERROR(file->Truncate(0));
  RETURN_IF_ERROR(file->Allocate(allocate));
  RETURN_IF_ERROR(file->WriteAt(0, header));
  RETURN_IF_ERROR(file->SyncData());
  return file;
}

}  // namespace

std::shared_ptr<Segment> NewSegment(std::string path, const SegmentHeader& header,
                                    uint64_t data_offset) {
  auto segment = std::make_shared<Segment>();
  segment->path = std::move(path);
  segment->id = header.segment_id;
  segment->first_sequence = segment->end_sequence = header.first_sequence;
  segment->previous_checksum = header.previous_checksum;
  segment->data_offset = segment->durable_bytes = data_offset;
  segment->bound = header.bound;
  return segment;
}

void AddToIndex(std::vector<IndexEntry>& index, const BatchHeader& batch, uint64_t offset) {
  if (batch.is_statement()) {
    return;
  }
  if (index.empty() || offset - index.back().offset >= kIndexInterval) {
    index.push_back({batch.first_sequence, batch.arrival_base, offset});
  }
}

base::Result<OpenedSegment> CreateSegment(base::FileSystem& files, std::string_view folder,
                                          const SegmentHeader& header, uint64_t allocate) {
  const std::string bytes = EncodeSegmentHeader(header);
  const std::string path = base::JoinPath(folder, SegmentFileName(header.first_sequence));
  const std::string staged = path + ".new";
  allocate = std::max<uint64_t>(allocate, bytes.size());
  auto file = WriteStaged(files, staged, bytes, allocate);
  if (!file.has_value()) {
    // Gives the space back; what remains if this fails is removed at the next opening.
    static_cast<void>(files.Remove(staged));
    return std::unexpected(base::Within(staged, std::move(file).error()));
  }
  RETURN_IF_ERROR(files.Rename(staged, path));
  auto named = files.SyncDirectory(folder);
  if (!named.has_value()) {
    // The name may stay or go: not a state to go on from, whatever the cause.
    named.error().code = base::Code::kIo;
    return std::unexpected(base::Within(folder, std::move(named).error()));
  }

  ASSIGN_OR_RETURN(const DecodedSegmentHeader written, DecodeSegmentHeader(bytes));
  auto segment = NewSegment(path, header, written.padded_bytes);
  segment->chain = written.checksum;
  segment->file_bytes = allocate;
  return OpenedSegment{std::move(segment), std::move(*file)};
}

base::Result<std::shared_ptr<base::File>> SegmentFiles::Get(
    const std::shared_ptr<Segment>& segment) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(handles_, segment, &Handle::segment);
    if (found != handles_.end()) {
      handles_.splice(handles_.begin(), handles_, found);
      return found->file;
    }
  }
  ASSIGN_OR_RETURN(std::shared_ptr<base::File> file,
                   files_.Open(segment->path, base::OpenMode::kRead));
  Put(segment, file);
  return file;
}

void SegmentFiles::Put(const std::shared_ptr<Segment>& segment, std::shared_ptr<base::File> file) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return;
  }
  handles_.push_front({segment, std::move(file)});
  if (handles_.size() > kMaxOpen) {
    handles_.pop_back();
  }
}

void SegmentFiles::Drop(const std::shared_ptr<Segment>& segment) {
  const std::lock_guard lock(mutex_);
  handles_.remove_if([&](const Handle& handle) { return handle.segment == segment; });
}

void SegmentFiles::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  handles_.clear();
}

}  // namespace weir::log
