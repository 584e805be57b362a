#include "log/group.h"

#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace weir::log {
namespace {

constexpr size_t kKeepCapacity = 8 << 20;

}  // namespace

void Group::Reserve(size_t bytes) {
  const size_t needed = buffer_.size() + bytes + kBatchHeaderBytes + kMaxProducerName;
  if (needed > buffer_.capacity()) {
    buffer_.reserve(std::max(needed, buffer_.capacity() * 2));
  }
}

void Group::BeginBatch(model::Sequence first, model::Rowtime arrival) {
  Close();
  BatchDraft& batch = batches_.emplace_back();
  batch.offset = buffer_.size();
  batch.first_sequence = first;
  batch.arrival_base = arrival;
  batch.last_arrival = arrival;
  buffer_.append(kBatchHeaderBytes, '\0');
  if (in_producer_) {
    base::ByteWriter writer(buffer_);
    writer.String(producer_);
    writer.U64(ordinal_);
    batch.has_producer = true;
    batch.producer = producer_;
  }
  open_ = true;
}

void Group::AddRecord(model::Sequence sequence, model::Rowtime arrival,
                      std::string_view partition_key,
                      const std::optional<model::HashKey>& explicit_hash_key,
                      std::string_view data) {
  if (!open_ || buffer_.size() - batches_.back().offset >= kBatchTargetBytes) {
    BeginBatch(sequence, arrival);
  }
  BatchDraft& batch = batches_.back();
  const size_t start = buffer_.size();
  const size_t most = kMaxRecordOverhead + partition_key.size() + data.size();
  const auto delta = static_cast<uint64_t>(arrival.millis - batch.last_arrival.millis);
  buffer_.resize_and_overwrite(start + most, [&](char* all, size_t) -> size_t {
    return EncodeRecord(all + start, delta, partition_key, explicit_hash_key, data) - all;
  });
  batch.last_arrival = arrival;
  ++batch.count;
  if (in_producer_) {
    batch.next_ordinal = ++ordinal_;
  }
}

void Group::BeginProducer(std::string_view producer, uint64_t ordinal) {
  Close();
  in_producer_ = true;
  producer_ = producer;
  ordinal_ = ordinal;
}

void Group::EndProducer() {
  Close();
  in_producer_ = false;
}

void Group::AddStatement(model::Sequence next, model::Rowtime bound) {
  if (!batches_.empty() && batches_.back().count == 0) {
    batches_.back().arrival_base = bound;
    batches_.back().last_arrival = bound;
    return;
  }
  BeginBatch(next, bound);
  Close();
}

void Group::Close() {
  if (!open_) {
    return;
  }
  open_ = false;
  BatchDraft& batch = batches_.back();
  batch.payload_bytes = buffer_.size() - batch.offset - kBatchHeaderBytes;
  CHECK(batch.payload_bytes <= kMaxPayloadBytes);
  buffer_.resize(batch.end(), '\0');
}

std::string_view Group::Seal(size_t from, size_t to, WritePlace& place) {
  CHECK(!open_ && from < to && to <= batches_.size());
  const uint32_t seed = ChecksumSeed(place.segment_id);
  for (size_t i = from; i < to; ++i) {
    const BatchDraft& draft = batches_[i];
    BatchHeader header;
    header.flags = static_cast<uint8_t>((draft.has_producer ? kBatchHasProducer : 0) |
                                        (i + 1 == to ? kBatchEndsWrite : 0));
    header.segment_id = place.segment_id;
    header.first_sequence = draft.first_sequence;
    header.arrival_base = draft.arrival_base;
    header.write_offset = place.offset;
    header.count = draft.count;
    header.payload_bytes = static_cast<uint32_t>(draft.payload_bytes);
    header.payload_checksum = base::Crc32c(
        std::string_view(buffer_).substr(draft.offset + kBatchHeaderBytes, draft.payload_bytes),
        seed);
    header.previous_checksum = place.chain;
    place.chain = EncodeBatchHeader(header, buffer_.data() + draft.offset);
  }
  const size_t start = batches_[from].offset;
  return std::string_view(buffer_).substr(start, batches_[to - 1].end() - start);
}

void Group::Clear() {
  CHECK(waiters_.empty());
  if (buffer_.capacity() > kKeepCapacity) {
    buffer_ = std::string();
  }
  buffer_.clear();
  batches_.clear();
  open_ = false;
  in_producer_ = false;
}

}  // namespace weir::log
