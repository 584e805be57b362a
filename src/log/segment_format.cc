#include "log/segment_format.h"

#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/format.h"

namespace weir::log {
namespace {

constexpr std::string_view kSegmentMagic = "WEIRSEGM";
constexpr std::string_view kBatchMagic = "WBAT";
constexpr uint8_t kBatchVersion = 1;
constexpr size_t kSmallestSegmentHeader = 88 + 1 + 1 + 4;
constexpr size_t kBatchChecksumAt = 60;
constexpr size_t kSequenceDigits = 20;

template <typename T>
void Put(char* to, size_t at, T value) {
  std::memcpy(to + at, &value, sizeof value);
}

template <typename T>
T Get(std::string_view from, size_t at) {
  T value{};
  std::memcpy(&value, from.data() + at, sizeof value);
  return value;
}

void AppendHash(base::ByteWriter& writer, model::HashKey key) {
  writer.U64(static_cast<uint64_t>(key.value));
  writer.U64(static_cast<uint64_t>(key.value >> 64));
}

model::HashKey ReadHash(base::ByteReader& reader) {
  const uint64_t low = reader.U64();
  const uint64_t high = reader.U64();
  return {static_cast<unsigned __int128>(high) << 64 | low};
}

char* PutVarint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

/// Everything but the segment id and the checksum's value.
bool LooksLikeBatch(std::string_view data) {
  return data.size() >= kBatchHeaderBytes && data.starts_with(kBatchMagic) &&
         Get<uint8_t>(data, 4) == kBatchVersion && Get<uint16_t>(data, 6) == 0 &&
         Get<uint32_t>(data, 44) <= kMaxPayloadBytes && Get<uint32_t>(data, 56) == 0;
}

}  // namespace

uint32_t ChecksumSeed(uint64_t segment_id) {
  char bytes[sizeof segment_id];
  std::memcpy(bytes, &segment_id, sizeof segment_id);
  return base::Crc32c({bytes, sizeof bytes});
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string out;
  base::ByteWriter writer(out);
  writer.Bytes(kSegmentMagic);
  writer.U32(kSegmentVersion);
  writer.U32(0);
  writer.U64(header.segment_id);
  writer.U64(header.first_sequence.value);
  writer.I64(header.created.millis);
  writer.I64(header.bound.millis);
  AppendHash(writer, header.first_hash);
  AppendHash(writer, header.last_hash);
  writer.U32(header.shard);
  writer.U32(header.previous_checksum);
  writer.String(header.stream);
  writer.Varint(header.producers.size());
  for (const auto& [name, next] : header.producers) {
    writer.String(name);
    writer.U64(next);
  }
  Put(out.data(), 12, static_cast<uint32_t>(out.size() + sizeof(uint32_t)));
  writer.U32(base::Crc32c(out, ChecksumSeed(header.segment_id)));
  CHECK(out.size() <= kMaxSegmentHeaderBytes);
  out.resize(AlignUp(out.size(), kSectorBytes), '\0');
  return out;
}

uint64_t StatedHeaderBytes(std::string_view start) {
  return std::min<uint64_t>(Get<uint32_t>(start, 12), kMaxSegmentHeaderBytes);
}

base::Result<DecodedSegmentHeader> DecodeSegmentHeader(std::string_view file) {
  if (file.size() < kSmallestSegmentHeader || !file.starts_with(kSegmentMagic)) {
    return base::Fail(base::Code::kDataLoss, "not a segment header");
  }
  const auto length = Get<uint32_t>(file, 12);
  if (length < kSmallestSegmentHeader || length > file.size()) {
    return base::Fail(base::Code::kDataLoss, "segment header of impossible length {}", length);
  }
  const auto version = Get<uint32_t>(file, 8);
  const auto id = Get<uint64_t>(file, 16);
  const auto checksum = Get<uint32_t>(file, length - 4);
  if (base::Crc32c(file.substr(0, length - 4), ChecksumSeed(id)) != checksum) {
    return base::Fail(base::Code::kDataLoss, "segment header fails its checksum");
  }
  if (version != kSegmentVersion) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "segment format {} is newer than this program reads ({}): upgrade", version,
                      kSegmentVersion);
  }
  base::ByteReader reader(file.substr(16, length - 20));
  DecodedSegmentHeader decoded;
  SegmentHeader& header = decoded.header;
  header.segment_id = reader.U64();
  header.first_sequence.value = reader.U64();
  header.created.millis = reader.I64();
  header.bound.millis = reader.I64();
  header.first_hash = ReadHash(reader);
  header.last_hash = ReadHash(reader);
  header.shard = reader.U32();
  header.previous_checksum = reader.U32();
  header.stream = reader.String();
  const uint64_t producers = reader.Varint();
  for (uint64_t i = 0; i < producers && reader.ok(); ++i) {
    std::string name(reader.String());
    header.producers[std::move(name)] = reader.U64();
  }
  if (!reader.ok() || reader.remaining() != 0) {
    return base::Fail(base::Code::kDataLoss, "segment header is malformed");
  }
  decoded.checksum = checksum;
  decoded.padded_bytes = AlignUp(length, kSectorBytes);
  return decoded;
}

uint32_t EncodeBatchHeader(const BatchHeader& header, char* to) {
  std::memset(to, 0, kBatchHeaderBytes);
  std::memcpy(to, kBatchMagic.data(), kBatchMagic.size());
  Put(to, 4, kBatchVersion);
  Put(to, 5, header.flags);
  Put(to, 8, header.segment_id);
  Put(to, 16, header.first_sequence.value);
  Put(to, 24, header.arrival_base.millis);
  Put(to, 32, header.write_offset);
  Put(to, 40, header.count);
  Put(to, 44, header.payload_bytes);
  Put(to, 48, header.payload_checksum);
  Put(to, 52, header.previous_checksum);
  const uint32_t checksum = base::Crc32c({to, kBatchChecksumAt}, ChecksumSeed(header.segment_id));
  Put(to, kBatchChecksumAt, checksum);
  return checksum;
}

std::optional<BatchHeader> DecodeBatchHeader(std::string_view data, uint64_t segment_id) {
  if (!LooksLikeBatch(data) || Get<uint64_t>(data, 8) != segment_id) {
    return std::nullopt;
  }
  BatchHeader header;
  header.checksum = Get<uint32_t>(data, kBatchChecksumAt);
  if (base::Crc32c(data.substr(0, kBatchChecksumAt), ChecksumSeed(segment_id)) != header.checksum) {
    return std::nullopt;
  }
  header.flags = Get<uint8_t>(data, 5);
  header.segment_id = segment_id;
  header.first_sequence.value = Get<uint64_t>(data, 16);
  header.arrival_base.millis = Get<int64_t>(data, 24);
  header.write_offset = Get<uint64_t>(data, 32);
  header.count = Get<uint32_t>(data, 40);
  header.payload_bytes = Get<uint32_t>(data, 44);
  header.payload_checksum = Get<uint32_t>(data, 48);
  header.previous_checksum = Get<uint32_t>(data, 52);
  return header;
}

bool IsBatchOfAnySegment(std::string_view data) {
  return LooksLikeBatch(data) && DecodeBatchHeader(data, Get<uint64_t>(data, 8)).has_value();
}

char* EncodeRecord(char* to, uint64_t arrival_delta, std::string_view partition_key,
                   const std::optional<model::HashKey>& explicit_hash_key, std::string_view data) {
  to = PutVarint(to, arrival_delta);
  to = PutVarint(to, partition_key.size() * 2 + (explicit_hash_key.has_value() ? 1 : 0));
  if (explicit_hash_key.has_value()) {
    std::memcpy(to, &explicit_hash_key->value, sizeof explicit_hash_key->value);
    to += sizeof explicit_hash_key->value;
  }
  std::memcpy(to, partition_key.data(), partition_key.size());
  to = PutVarint(to + partition_key.size(), data.size());
  if (!data.empty()) {
    std::memcpy(to, data.data(), data.size());
  }
  return to + data.size();
}

PayloadReader::PayloadReader(const BatchHeader& header, std::string_view payload)
    : at_(payload.data()),
      end_(payload.data() + payload.size()),
      left_(header.count),
      sequence_(header.first_sequence),
      arrival_(header.arrival_base) {
  if ((header.flags & kBatchHasProducer) == 0) {
    return;
  }
  base::ByteReader reader(payload);
  producer_ = reader.String();
  first_ordinal_ = reader.U64();
  ok_ = reader.ok();
  at_ = end_ - reader.remaining();
}

bool PayloadReader::Varint(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at_++);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return false;
}

bool PayloadReader::Next(model::Record& record) {
  if (left_ == 0 || !ok_) {
    return false;
  }
  ok_ = false;
  uint64_t delta = 0;
  uint64_t key = 0;
  uint64_t data = 0;
  if (!Varint(delta) || !Varint(key)) {
    return false;
  }
  record.explicit_hash_key.reset();
  if ((key & 1) != 0) {
    model::HashKey hash;
    if (static_cast<size_t>(end_ - at_) < sizeof hash.value) {
      return false;
    }
    std::memcpy(&hash.value, at_, sizeof hash.value);
    at_ += sizeof hash.value;
    record.explicit_hash_key = hash;
  }
  key /= 2;
  if (key > static_cast<uint64_t>(end_ - at_)) {
    return false;
  }
  record.partition_key = {at_, key};
  at_ += key;
  if (!Varint(data) || data > static_cast<uint64_t>(end_ - at_)) {
    return false;
  }
  record.data = {at_, data};
  at_ += data;
  arrival_.millis += static_cast<int64_t>(delta);
  record.arrival = arrival_;
  record.sequence = sequence_;
  ++sequence_.value;
  --left_;
  ok_ = true;
  return true;
}

std::string SegmentFileName(model::Sequence first) {
  return fmt::format("{:020}{}", first.value, kSegmentSuffix);
}

std::optional<model::Sequence> ParseSegmentFileName(std::string_view name) {
  if (name.size() != kSequenceDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (const char digit : name.substr(0, kSequenceDigits)) {
    if (digit < '0' || digit > '9') {
      return std::nullopt;
    }
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(digit - '0'), &value)) {
      return std::nullopt;
    }
  }
  return model::Sequence{value};
}

}  // namespace weir::log
