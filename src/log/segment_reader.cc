#include "log/segment_reader.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/format.h"

namespace weir::log {
namespace {

constexpr size_t kMinChunk = 64 << 10;
constexpr size_t kMaxChunk = 4 << 20;

std::unexpected<base::Error> Damaged(std::string_view path, uint64_t offset,
                                     std::string_view what) {
  return base::Fail(base::Code::kDataLoss,
                    "damaged segment {} at offset {}: {}; restore the file from a backup", path,
                    offset, what);
}

/// Reads batches behind each other out of chunks of the file.
class StretchReader {
 public:
  StretchReader(const SegmentStretch& stretch, model::Sequence from, const ReadLimits& limits,
                model::RecordBatch& batch)
      : stretch_(stretch), from_(from), limits_(limits), batch_(batch), offset_(stretch.offset) {}

  base::Result<uint64_t> Run() {
    while (offset_ < stretch_.limit && !Full()) {
      RETURN_IF_ERROR(Fill(kBatchHeaderBytes));
      const auto header = DecodeBatchHeader(Rest(), stretch_.segment_id);
      if (!header.has_value()) {
        return Damaged(stretch_.path, offset_, "no valid batch header");
      }
      const uint64_t next = header->NextOffset(offset_);
      if (header->first_sequence.value + header->count <= from_.value) {
        offset_ = next;
        continue;
      }
      if (header->first_sequence > from_ && batch_.records.empty()) {
        return Damaged(stretch_.path, offset_, "records are missing before this batch");
      }
      RETURN_IF_ERROR(Fill(kBatchHeaderBytes + header->payload_bytes));
      RETURN_IF_ERROR(Take(*header));
      if (Full()) {
        // The batch may hold more; it is read again then.
        const bool complete = batch_.records.back().sequence.value + 1 ==
                              header->first_sequence.value + header->count;
        return complete ? next : offset_;
      }
      offset_ = next;
    }
    return offset_;
  }

 private:
  bool Full() const {
    return batch_.records.size() >= limits_.max_records || bytes_ >= limits_.max_bytes;
  }

  std::string_view Rest() const {
    return std::string_view(*chunk_).substr(offset_ - chunk_offset_);
  }

  /// Makes at least `size` bytes at offset_ readable.
  base::Result<void> Fill(size_t size) {
    if (chunk_ != nullptr && offset_ >= chunk_offset_ &&
        offset_ + size <= chunk_offset_ + chunk_->size()) {
      return {};
    }
    const size_t wanted = std::clamp(limits_.max_bytes - std::min(bytes_, limits_.max_bytes) + size,
                                     std::max(size, kMinChunk), std::max(size, kMaxChunk));
    const size_t length = std::min<uint64_t>(wanted, stretch_.limit - offset_);
    auto chunk = std::make_shared<std::string>();
    base::Result<size_t> read = 0;
    chunk->resize_and_overwrite(length, [&](char* data, size_t) -> size_t {
      read = stretch_.file.ReadAt(offset_, std::span(data, length));
      return read.value_or(0);
    });
    if (!read.has_value()) {
      return std::unexpected(base::Within(stretch_.path, std::move(read).error()));
    }
    if (chunk->size() < size) {
      return Damaged(stretch_.path, offset_, "the file is cut off");
    }
    chunk_ = std::move(chunk);
    chunk_offset_ = offset_;
    chunk_taken_ = false;
    return {};
  }

  base::Result<void> Take(const BatchHeader& header) {
    const std::string_view payload = Rest().substr(kBatchHeaderBytes, header.payload_bytes);
    if (base::Crc32c(payload, ChecksumSeed(header.segment_id)) != header.payload_checksum) {
      return Damaged(stretch_.path, offset_, "batch payload fails its checksum");
    }
    if (!chunk_taken_) {
      batch_.buffers.push_back(chunk_);
      chunk_taken_ = true;
    }
    PayloadReader reader(header, payload);
    std::vector<model::Record>& records = batch_.records;
    const size_t most = std::min(records.size() + header.count, limits_.max_records);
    if (most > records.capacity()) {
      records.reserve(std::max(most, records.capacity() * 2));
    }
    model::Record record;
    while (!Full()) {
      if (!reader.Next(record)) {
        if (!reader.Complete()) {
          return Damaged(stretch_.path, offset_, "batch payload is malformed");
        }
        break;
      }
      if (record.sequence >= from_) {
        bytes_ += record.partition_key.size() + record.data.size();
        records.push_back(record);
      }
    }
    return {};
  }

  const SegmentStretch& stretch_;
  model::Sequence from_;
  ReadLimits limits_;
  model::RecordBatch& batch_;
  uint64_t offset_;
  std::shared_ptr<const std::string> chunk_;
  uint64_t chunk_offset_ = 0;
  bool chunk_taken_ = false;
  size_t bytes_ = 0;
};

}  // namespace

base::Result<uint64_t> ReadSegment(const SegmentStretch& stretch, model::Sequence from,
                                   const ReadLimits& limits, model::RecordBatch& batch) {
  return StretchReader(stretch, from, limits, batch).Run();
}

}  // namespace weir::log
