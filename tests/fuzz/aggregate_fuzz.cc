// User records that are taken out of an aggregated record lie in it, and are fit for the log. The
// input is tried as a whole record, and as a message with the right magic number and checksum.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/md5.h"
#include "ingest/kinesis/aggregate.h"
#include "json/validate.h"

namespace {

constexpr size_t kLimit = 1'000;

void Try(std::string_view record) {
  namespace kinesis = weir::ingest::kinesis;
  std::vector<weir::log::Entry> entries;
  const auto result = kinesis::ReadAggregate(record, kLimit, entries);
  CHECK((result == kinesis::Aggregate::kTaken) == !entries.empty());
  CHECK(entries.size() <= kLimit);
  for (const weir::log::Entry& entry : entries) {
    CHECK(entry.data.data() >= record.data() &&
          entry.data.data() + entry.data.size() <= record.data() + record.size());
    CHECK(!entry.partition_key.empty() && weir::json::IsValidUtf8(entry.partition_key));
    CHECK(entry.data.size() + entry.partition_key.size() <= weir::log::kMaxRecordBytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  Try(message);
  std::string record = "\xF3\x89\x9A\xC2";
  record.append(message);
  const unsigned __int128 sum = weir::base::Md5(message);
  for (int shift = 120; shift >= 0; shift -= 8) {
    record.push_back(static_cast<char>(sum >> shift));
  }
  Try(record);
  return 0;
}
