#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/kinesis/wire.h"
#include "json/document.h"
#include "log/log.h"

namespace weir::ingest::kinesis {

inline constexpr size_t kMaxRecordsPerRequest = 500;
inline constexpr size_t kMaxRequestBytes = 5 << 20;  // Data and partition keys together.

// One record as the request gives it; members are absent when the request leaves them out.
struct PutEntry {
  std::optional<std::string_view> data;  // Base64.
  std::optional<std::string_view> partition_key;
  std::optional<std::string_view> explicit_hash_key;
};

// A PutRecord or PutRecords request. Kept between requests for its memory; the views point into the
// body or `document`.
struct PutRequest {
  std::optional<std::string_view> stream_name;
  std::optional<std::string_view> stream_arn;
  bool has_records = false;
  std::vector<PutEntry> entries;
  json::Value document;
  std::string decoded;               // The data of all entries.
  std::vector<log::Entry> appended;  // What goes into the log, in the order of `entries`.

  void Clear();
};

// Reads the body, checks types, decodes the data: what the API calls serialization.
std::expected<void, ApiError> ReadPutRecords(std::string_view body, PutRequest& request);
std::expected<void, ApiError> ReadPutRecord(std::string_view body, PutRequest& request);

// The stream's name by name or ARN; ValidationException for what breaks the model's constraints (at
// most ten are listed). `batch` tells PutRecords' paths from PutRecord's.
std::expected<std::string_view, ApiError> CheckConstraints(const PutRequest& request, bool batch);

// Fills in explicit hash keys and checks sizes: what the service itself checks, after it has found
// the stream.
std::expected<void, ApiError> CheckLimits(PutRequest& request);

}  // namespace weir::ingest::kinesis
