#pragma once

/// The bytes of segment files: docs/formats/segment.md. Nothing here touches a file.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/record.h"

namespace weir::log {

inline constexpr uint32_t kSegmentVersion = 1;
inline constexpr size_t kSectorBytes = 512;
inline constexpr size_t kBatchAlignment = 8;
inline constexpr size_t kBatchHeaderBytes = 64;
inline constexpr size_t kMaxPayloadBytes = 4 << 20;
inline constexpr size_t kMaxSegmentHeaderBytes = 4 << 20;
/// Producers that one shard remembers; another one is refused with kLimitExceeded.
inline constexpr size_t kMaxProducers = 4096;
inline constexpr size_t kMaxProducerName = 256;
inline constexpr std::string_view kSegmentSuffix = ".segment";
inline constexpr std::string_view kStagedSuffix = ".segment.new";

/// Next ordinal by producer.
using ProducerTable = std::map<std::string, uint64_t, std::less<>>;

constexpr uint64_t AlignUp(uint64_t offset, uint64_t to) {
  return (offset + to - 1) / to * to;
}

struct SegmentHeader {
  uint64_t segment_id = 0;
  model::Sequence first_sequence;
  model::Rowtime created;
  model::Rowtime bound;
  model::HashKey first_hash;
  model::HashKey last_hash;
  uint32_t shard = 0;
  uint32_t previous_checksum = 0;
  std::string stream;
  ProducerTable producers;
};

/// The header's bytes with their zero padding to a multiple of kSectorBytes.
std::string EncodeSegmentHeader(const SegmentHeader& header);

struct DecodedSegmentHeader {
  SegmentHeader header;
  uint32_t checksum = 0;
  /// Where the first write begins.
  uint64_t padded_bytes = 0;
};

/// The header at the start of `file`. kFailedPrecondition for a newer format version, kDataLoss for
/// anything else that is not a whole, right header.
base::Result<DecodedSegmentHeader> DecodeSegmentHeader(std::string_view file);

/// Header length that the first bytes (at least 16) of a file state, limited to
/// kMaxSegmentHeaderBytes.
uint64_t StatedHeaderBytes(std::string_view start);

enum BatchFlags : uint8_t {
  kBatchHasProducer = 1,
  kBatchEndsWrite = 2,
};

struct BatchHeader {
  uint8_t flags = 0;
  uint64_t segment_id = 0;
  model::Sequence first_sequence;
  model::Rowtime arrival_base;
  uint64_t write_offset = 0;
  uint32_t count = 0;
  uint32_t payload_bytes = 0;
  uint32_t payload_checksum = 0;
  uint32_t previous_checksum = 0;
  uint32_t checksum = 0;

  bool is_statement() const { return count == 0; }

  bool ends_write() const { return (flags & kBatchEndsWrite) != 0; }

  /// Bytes from this batch's start to where the next one starts, for a batch at `offset`.
  uint64_t NextOffset(uint64_t offset) const {
    return AlignUp(offset + kBatchHeaderBytes + payload_bytes,
                   ends_write() ? kSectorBytes : kBatchAlignment);
  }
};

/// The start value of every checksum in the segment with this id.
uint32_t ChecksumSeed(uint64_t segment_id);

/// Writes the header's 64 bytes to `to` with its checksum, which is returned.
uint32_t EncodeBatchHeader(const BatchHeader& header, char* to);

/// The header at the start of `data`, if magic, version, segment id, limits and checksum are right.
std::optional<BatchHeader> DecodeBatchHeader(std::string_view data, uint64_t segment_id);

/// True if `data` begins with a right batch header of any segment: proof that records were written
/// there.
bool IsBatchOfAnySegment(std::string_view data);

/// Longest encoding of a record without its partition key and data.
inline constexpr size_t kMaxRecordOverhead = 10 + 3 + 16 + 4;

/// Writes one record to `to` (room for kMaxRecordOverhead + key + data); returns the end.
char* EncodeRecord(char* to, uint64_t arrival_delta, std::string_view partition_key,
                   const std::optional<model::HashKey>& explicit_hash_key, std::string_view data);

/// Walks the records of one payload whose checksum was right.
class PayloadReader {
 public:
  PayloadReader(const BatchHeader& header, std::string_view payload);

  /// The producer of the batch and the ordinal of its first record, if it has one.
  std::string_view producer() const { return producer_; }

  uint64_t first_ordinal() const { return first_ordinal_; }

  /// The next record (its views point into the payload); false at the end or when the payload is
  /// malformed.
  bool Next(model::Record& record);

  /// True when every record was read and nothing was left over.
  bool Complete() const { return ok_ && left_ == 0 && at_ == end_; }

 private:
  bool Varint(uint64_t& value);

  const char* at_;
  const char* end_;
  uint32_t left_;
  model::Sequence sequence_;
  model::Rowtime arrival_;
  std::string_view producer_;
  uint64_t first_ordinal_ = 0;
  bool ok_ = true;
};

/// "00000000000000000007.segment".
std::string SegmentFileName(model::Sequence first);
/// The first sequence in a segment's file name; nothing for other names.
std::optional<model::Sequence> ParseSegmentFileName(std::string_view name);

}  // namespace weir::log
