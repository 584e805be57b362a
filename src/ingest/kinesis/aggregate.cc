#include "ingest/kinesis/aggregate.h"

#include <optional>

#include "base/bytes.h"
#include "base/md5.h"
#include "ingest/record_field.h"
#include "json/validate.h"

namespace weir::ingest::kinesis {
namespace {

// Fields of the message and of a record in it.
constexpr uint64_t kPartitionKeyTable = 1;
constexpr uint64_t kExplicitHashKeyTable = 2;
constexpr uint64_t kRecords = 3;
constexpr uint64_t kPartitionKeyIndex = 1;
constexpr uint64_t kExplicitHashKeyIndex = 2;
constexpr uint64_t kData = 3;

struct Field {
  uint64_t number = 0;
  std::optional<uint64_t> value;          // Of a varint.
  std::optional<std::string_view> bytes;  // Of text, bytes, a message.
};

// Reads the fields of a protobuf message (version 2).
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : reader_(message) {}

  bool AtEnd() const { return reader_.remaining() == 0; }

  // False when the next bytes are no field.
  bool Read(Field& field) {
    constexpr uint64_t kMaxFieldNumber = (1 << 29) - 1;
    const uint64_t tag = reader_.Varint();
    field = {.number = tag >> 3, .value = {}, .bytes = {}};
    switch (tag & 7) {
      case 0:
        field.value = reader_.Varint();
        break;
      case 1:
        reader_.Bytes(8);
        break;
      case 2:
        field.bytes = reader_.String();
        break;
      case 5:
        reader_.Bytes(4);
        break;
      default:
        return false;
    }
    return reader_.ok() && field.number > 0 && field.number <= kMaxFieldNumber;
  }

 private:
  base::ByteReader reader_;
};

struct Message {
  std::vector<std::string_view> partition_keys;
  size_t explicit_hash_keys = 0;  // They place nothing.
  std::vector<std::string_view> records;
};

bool IsPartitionKey(std::string_view text) {
  return !text.empty() && json::IsValidUtf8(text) &&
         (text.size() <= log::kMaxPartitionKey || CountCharacters(text) <= log::kMaxPartitionKey);
}

bool ReadMessage(std::string_view bytes, Message& message) {
  FieldReader reader(bytes);
  Field field;
  while (!reader.AtEnd()) {
    if (!reader.Read(field)) {
      return false;
    }
    if (field.number < kPartitionKeyTable || field.number > kRecords) {
      continue;
    }
    if (!field.bytes) {
      return false;
    }
    if (field.number == kPartitionKeyTable) {
      if (!IsPartitionKey(*field.bytes)) {
        return false;
      }
      message.partition_keys.push_back(*field.bytes);
    } else if (field.number == kExplicitHashKeyTable) {
      ++message.explicit_hash_keys;
    } else {
      message.records.push_back(*field.bytes);
    }
  }
  return !message.records.empty();
}

bool ReadRecord(std::string_view bytes, const Message& message, log::Entry& entry) {
  std::optional<uint64_t> partition_key;
  std::optional<uint64_t> explicit_hash_key;
  std::optional<std::string_view> data;
  FieldReader reader(bytes);
  Field field;
  while (!reader.AtEnd()) {
    if (!reader.Read(field)) {
      return false;
    }
    if (field.number == kPartitionKeyIndex || field.number == kExplicitHashKeyIndex) {
      if (!field.value) {
        return false;
      }
      (field.number == kPartitionKeyIndex ? partition_key : explicit_hash_key) = field.value;
    } else if (field.number == kData) {
      if (!field.bytes) {
        return false;
      }
      data = field.bytes;
    }
  }
  if (!partition_key || *partition_key >= message.partition_keys.size() || !data ||
      (explicit_hash_key && *explicit_hash_key >= message.explicit_hash_keys)) {
    return false;
  }
  entry.partition_key = message.partition_keys[*partition_key];
  entry.data = *data;
  return entry.data.size() + entry.partition_key.size() <= log::kMaxRecordBytes;
}

bool HasChecksum(std::string_view message, std::string_view checksum) {
  unsigned __int128 sum = 0;
  for (const char c : checksum) {
    sum = sum << 8 | static_cast<uint8_t>(c);
  }
  return base::Md5(message) == sum;
}

}  // namespace

Aggregate ReadAggregate(std::string_view data, size_t limit, std::vector<log::Entry>& entries) {
  if (!BeginsAsAggregate(data) || data.size() < kAggregateMagicBytes + kAggregateChecksumBytes) {
    return Aggregate::kDamaged;
  }
  const std::string_view checksum = data.substr(data.size() - kAggregateChecksumBytes);
  const std::string_view bytes = data.substr(
      kAggregateMagicBytes, data.size() - kAggregateMagicBytes - kAggregateChecksumBytes);
  Message message;
  if (!HasChecksum(bytes, checksum) || !ReadMessage(bytes, message)) {
    return Aggregate::kDamaged;
  }
  if (message.records.size() > limit) {
    return Aggregate::kTooMany;
  }
  const size_t before = entries.size();
  for (const std::string_view record : message.records) {
    if (!ReadRecord(record, message, entries.emplace_back())) {
      entries.resize(before);
      return Aggregate::kDamaged;
    }
  }
  return Aggregate::kTaken;
}

}  // namespace weir::ingest::kinesis
