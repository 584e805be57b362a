// PutRecord and PutRecords: the first byte chooses the operation and the encoding, the rest is the
// body. What passes all checks is fit for the log, and the reader of the plain form agrees with the
// reader of documents.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/kinesis/put_request.h"

namespace {

using weir::ingest::kinesis::PutRequest;
namespace aws = weir::ingest::aws;

void CheckEntries(const PutRequest& request) {
  size_t bytes = 0;
  for (const weir::log::Entry& entry : request.appended) {
    CHECK(!entry.partition_key.empty());
    CHECK(entry.data.size() + entry.partition_key.size() <= weir::log::kMaxRecordBytes);
    bytes += entry.data.size();
  }
  CHECK(request.firsts.empty() ? request.appended.size() == request.entries.size()
                               : request.firsts.size() == request.entries.size() + 1);
  CHECK(bytes <= weir::ingest::kinesis::kMaxRequestBytes);
}

// A member that the plain reader does not know makes the other one read the request.
void CompareWithDocument(std::string_view body, const PutRequest& plain) {
  const size_t brace = body.find('{');
  std::string general(body.substr(0, brace + 1));
  general.append("\"Unknown\":0,").append(body.substr(brace + 1));
  PutRequest request;
  request.batch = plain.batch;
  CHECK(weir::ingest::kinesis::ReadPut(aws::Encoding::kJson, general, request).has_value());
  CHECK(!request.document.IsNull());
  CHECK(request.stream_name == plain.stream_name && request.stream_arn == plain.stream_arn);
  CHECK(request.appended.size() == plain.appended.size());
  for (size_t i = 0; i < plain.appended.size(); ++i) {
    CHECK(request.appended[i].data == plain.appended[i].data);
    CHECK(request.entries[i].partition_key == plain.entries[i].partition_key);
    CHECK(request.entries[i].explicit_hash_key == plain.entries[i].explicit_hash_key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto encoding = (data[0] & 1) != 0 ? aws::Encoding::kCbor : aws::Encoding::kJson;
  PutRequest request;
  request.batch = (data[0] & 2) != 0;
  if (!weir::ingest::kinesis::ReadPut(encoding, body, request).has_value()) {
    return 0;
  }
  CHECK(request.appended.size() == request.entries.size());
  if (encoding == aws::Encoding::kJson && request.document.IsNull()) {
    CompareWithDocument(body, request);
  }
  if (weir::ingest::kinesis::CheckConstraints(request).has_value() &&
      weir::ingest::kinesis::CheckLimits(request).has_value()) {
    CheckEntries(request);
  }
  return 0;
}
