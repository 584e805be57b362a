#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/aws/error.h"
#include "ingest/aws/writer.h"
#include "json/document.h"
#include "log/log.h"

namespace weir::ingest::kinesis {

inline constexpr size_t kMaxRecordsPerRequest = 500;
inline constexpr size_t kMaxRequestBytes = 5 << 20;  // Data and partition keys together.
// User records of the aggregated records of one request.
inline constexpr size_t kMaxUserRecords = 200'000;
inline constexpr size_t kMaxUserBytes = 32 << 20;  // Their data and partition keys together.

// One record as the request gives it; members are absent when the request leaves them out.
struct PutEntry {
  std::optional<std::string_view> data;  // Base64 in JSON, the bytes themselves in CBOR.
  std::optional<std::string_view> partition_key;
  std::optional<std::string_view> explicit_hash_key;
};

// A PutRecord or PutRecords request. Kept between requests for its memory; the views point into the
// body or `document`.
struct PutRequest {
  bool batch = false;  // PutRecords
  std::optional<std::string_view> stream_name;
  std::optional<std::string_view> stream_arn;
  bool has_records = false;
  std::vector<PutEntry> entries;
  json::Value document;  // The whole request, when it is not of the plain form that needs none.
  std::string decoded;   // The data of all entries, unless they are in the body.
  std::vector<log::Entry> appended;  // What goes into the log, in the order of `entries`.
  // For each of `entries`, its first one in `appended`, and at the end their number; empty when
  // each is one, that is without aggregated records.
  std::vector<uint32_t> firsts;
  size_t aggregates = 0;          // Records that were taken apart.
  size_t damaged_aggregates = 0;  // Records that looked like aggregated ones.
  size_t bytes = 0;               // Data of all entries.

  void Clear();
};

// Reads the body: checks types, decodes the data. SerializationException for what the API calls
// that.
std::expected<void, aws::ApiError> ReadPut(aws::Encoding encoding, std::string_view body,
                                           PutRequest& request);

// The stream's name by name or ARN; ValidationException for what breaks the model's constraints (at
// most ten are listed).
std::expected<std::string_view, aws::ApiError> CheckConstraints(const PutRequest& request);

// Fills in explicit hash keys and checks sizes: what the service itself checks, after it has found
// the stream. Then takes aggregated records apart.
std::expected<void, aws::ApiError> CheckLimits(PutRequest& request);

}  // namespace weir::ingest::kinesis
