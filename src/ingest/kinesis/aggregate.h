#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "log/log.h"

namespace weir::ingest::kinesis {

// A record of the Kinesis Producer Library holds many user records: a magic number, a protobuf
// message with tables of keys and the records, the message's MD5. docs/kinesis.md, "Aggregated
// records".

inline constexpr size_t kAggregateMagicBytes = 4;
inline constexpr size_t kAggregateChecksumBytes = 16;

// Whether `data` begins as aggregated records do.
inline bool BeginsAsAggregate(std::string_view data) {
  return data.starts_with("\xF3\x89\x9A\xC2");
}

enum class Aggregate : uint8_t {
  kTaken,    // Taken apart.
  kDamaged,  // Checksum or message are wrong, or it holds no record: it is a record like others.
  kTooMany,  // More user records than may be taken.
};

// Appends the user records of an aggregated record, at most `limit`; nothing unless kTaken. The
// entries point into `data`. Explicit hash keys of user records are left out: the aggregate's own
// place is theirs.
Aggregate ReadAggregate(std::string_view data, size_t limit, std::vector<log::Entry>& entries);

}  // namespace weir::ingest::kinesis
