#include "log/segment_scan.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/crc32c.h"
#include "base/format.h"

namespace weir::log {
namespace {

constexpr size_t kScanWindow = 32 << 10;
constexpr size_t kTailWindow = 1 << 20;

/// Reads a file in windows, so that near accesses cost one read.
class FileWindow {
 public:
  FileWindow(base::File& file, size_t window) : file_(file), window_(window) {}

  /// `size` bytes at `offset`, or fewer at the end of the file. Valid until the next call.
  base::Result<std::string_view> View(uint64_t offset, size_t size) {
    if (offset < start_ || offset + size > start_ + buffer_.size()) {
      buffer_.resize(std::max(size, window_));
      ASSIGN_OR_RETURN(const size_t read, file_.ReadAt(offset, std::span(buffer_)));
      buffer_.resize(read);
      start_ = offset;
    }
    const std::string_view all = buffer_;
    return offset - start_ > all.size() ? std::string_view{} : all.substr(offset - start_, size);
  }

 private:
  base::File& file_;
  size_t window_;
  uint64_t start_ = 0;
  std::string buffer_;
};

base::Result<DecodedSegmentHeader> ReadHeader(FileWindow& window, std::string_view path) {
  ASSIGN_OR_RETURN(std::string_view start, window.View(0, kSectorBytes));
  if (start.size() == kSectorBytes && StatedHeaderBytes(start) > kSectorBytes) {
    ASSIGN_OR_RETURN(start, window.View(0, StatedHeaderBytes(start)));
  }
  auto header = DecodeSegmentHeader(start);
  if (!header.has_value()) {
    base::Error error = std::move(header).error();
    if (error.code == base::Code::kDataLoss) {
      return base::Fail(base::Code::kDataLoss,
                        "damaged segment {} at offset 0: {}; restore the file from a backup", path,
                        error.message);
    }
    return std::unexpected(base::Within(path, std::move(error)));
  }
  return header;
}

/// Follows one segment; collects a write's effects and applies them when its last batch was seen.
class Scanner {
 public:
  Scanner(base::File& file, std::string_view path, const ScanOptions& options)
      : window_(file, options.payloads ? kTailWindow : kScanWindow),
        file_(file),
        path_(path),
        options_(options) {}

  base::Result<SegmentScan> Run() {
    ASSIGN_OR_RETURN(scan_.file_bytes, file_.Size());
    ASSIGN_OR_RETURN(DecodedSegmentHeader header, ReadHeader(window_, path_));
    scan_.header = std::move(header.header);
    scan_.data_offset = header.padded_bytes;
    scan_.end_sequence = scan_.header.first_sequence;
    scan_.valid_bytes = header.padded_bytes;
    scan_.chain = header.checksum;
    scan_.bound = scan_.header.bound;
    scan_.producers = scan_.header.producers;
    offset_ = write_start_ = header.padded_bytes;
    sequence_ = scan_.end_sequence;
    chain_ = scan_.chain;
    bound_ = scan_.bound;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, Step());
      if (!more) {
        break;
      }
    }
    scan_.stop_offset = offset_;
    scan_.stop_reason = reason_;
    return std::move(scan_);
  }

 private:
  struct SeenBatch {
    BatchHeader header;
    uint64_t offset;
  };

  bool Stop(std::string_view reason) {
    reason_ = reason;
    return false;
  }

  base::Result<bool> Step() {
    if (write_start_ >= options_.end) {
      return Stop("end");
    }
    ASSIGN_OR_RETURN(const std::string_view bytes, window_.View(offset_, kBatchHeaderBytes));
    const auto header = DecodeBatchHeader(bytes, scan_.header.segment_id);
    if (!header.has_value()) {
      return Stop("no valid batch header");
    }
    if (header->previous_checksum != chain_) {
      return Stop("batch does not continue the chain");
    }
    if (header->first_sequence != sequence_ || header->write_offset != write_start_ ||
        header->arrival_base < bound_) {
      return Stop("batch does not continue the one before");
    }
    if (offset_ + kBatchHeaderBytes + header->payload_bytes > scan_.file_bytes) {
      return Stop("batch is cut off by the end of the file");
    }
    bound_ = header->arrival_base;
    if (options_.payloads) {
      ASSIGN_OR_RETURN(const bool good, CheckPayload(*header));
      if (!good) {
        return Stop("batch payload fails its checksum");
      }
    }
    seen_.push_back({*header, offset_});
    sequence_.value += header->count;
    chain_ = header->checksum;
    offset_ = header->NextOffset(offset_);
    if (header->ends_write()) {
      AcceptWrite();
    }
    return true;
  }

  base::Result<bool> CheckPayload(const BatchHeader& header) {
    ASSIGN_OR_RETURN(const std::string_view payload,
                     window_.View(offset_ + kBatchHeaderBytes, header.payload_bytes));
    if (payload.size() != header.payload_bytes ||
        base::Crc32c(payload, ChecksumSeed(header.segment_id)) != header.payload_checksum) {
      return false;
    }
    PayloadReader reader(header, payload);
    model::Record record;
    while (reader.Next(record)) {
      bound_ = record.arrival;
    }
    if (!reader.producer().empty()) {
      producers_[std::string(reader.producer())] = reader.first_ordinal() + header.count;
    }
    return reader.Complete();
  }

  void AcceptWrite() {
    for (const SeenBatch& seen : seen_) {
      AddToIndex(scan_.index, seen.header, seen.offset);
      scan_.ends_with_statement = seen.header.is_statement();
    }
    scan_.batches += seen_.size();
    seen_.clear();
    for (auto& [name, next] : producers_) {
      scan_.producers[name] = next;
    }
    producers_.clear();
    scan_.last_write_offset = write_start_;
    scan_.end_sequence = sequence_;
    scan_.chain = chain_;
    scan_.bound = bound_;
    scan_.valid_bytes = write_start_ = offset_;
  }

  FileWindow window_;
  base::File& file_;
  std::string_view path_;
  ScanOptions options_;
  SegmentScan scan_;
  // Of the write being followed:
  uint64_t offset_ = 0;
  uint64_t write_start_ = 0;
  model::Sequence sequence_;
  uint32_t chain_ = 0;
  model::Rowtime bound_;
  std::vector<SeenBatch> seen_;
  ProducerTable producers_;
  std::string_view reason_;
};

bool AllZero(std::string_view bytes) {
  return bytes.empty() || (bytes.front() == '\0' &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

base::Result<SegmentScan> ScanSegment(base::File& file, std::string_view path,
                                      const ScanOptions& options) {
  return Scanner(file, path, options).Run();
}

base::Result<Tail> InspectTail(base::File& file, std::string_view path, const SegmentScan& scan) {
  Tail tail{.used_end = scan.valid_bytes};
  std::string buffer(kTailWindow, '\0');
  // Windows overlap by a header, so that none is missed at an edge.
  for (uint64_t offset = scan.valid_bytes; offset < scan.file_bytes;) {
    const auto read = file.ReadAt(offset, std::span(buffer));
    if (!read.has_value()) {
      return std::unexpected(base::Within(path, read.error()));
    }
    const std::string_view bytes = std::string_view(buffer).substr(0, *read);
    if (!AllZero(bytes)) {
      tail.used_end = offset + bytes.find_last_not_of('\0') + 1;
      for (size_t at = 0; at + kBatchHeaderBytes <= bytes.size(); at += kBatchAlignment) {
        if (bytes[at] != 'W') {
          continue;
        }
        const auto header = DecodeBatchHeader(bytes.substr(at), scan.header.segment_id);
        if (header.has_value() && header->write_offset > scan.valid_bytes) {
          tail.later_write = offset + at;
          return tail;
        }
      }
    }
    if (*read < kTailWindow) {
      break;
    }
    offset += kTailWindow - kSectorBytes;
  }
  return tail;
}

}  // namespace weir::log
