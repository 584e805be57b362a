#pragma once

/// Files into streams: `weir put`, and the input of a replay.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "log/log.h"

namespace weir::ingest {

/// What a file holds. kByName: CSV for names that end in ".csv", else JSON lines.
enum class FileFormat : uint8_t { kByName, kJsonLines, kCsv };

struct PutOptions {
  FileFormat format = FileFormat::kByName;
  /// Member (or CSV column) whose value is the partition key; "" spreads the records over the
  /// shards.
  std::string partition_key_field;
  /// Member whose time is stored as the arrival time; "" for the time at which the record arrives.
  /// Not with a server.
  std::string arrival_field;
  /// Records handed over at a time, at most; 1..5000.
  size_t batch_records = 5'000;
};

/// A line that became no record.
struct RejectedLine {
  std::string file;
  uint64_t line = 0;  ///< From 1; a CSV row counts by its first line.
  std::string error;
};

struct PutReport {
  uint64_t records = 0;                  ///< Durable.
  uint64_t bytes = 0;                    ///< Of their data.
  uint64_t rejected = 0;                 ///< All of them, also those that are not listed.
  std::vector<RejectedLine> rejections;  ///< The first kMaxListedRejections.
};

inline constexpr size_t kMaxListedRejections = 100;

/// Where the records of files go. Not thread-safe.
class RecordSink {
 public:
  /// Tells of entry `index` of the batch at hand that the sink refused it, and why.
  using Refuse = std::function<void(size_t index, std::string error)>;

  virtual ~RecordSink() = default;

  /// Takes a batch; the entries' memory is free again when this returns. An error ends the whole
  /// put.
  virtual base::Result<void> Put(std::span<const log::Entry> entries, const Refuse& refuse) = 0;
  /// Returns when everything that was put is durable.
  virtual base::Result<void> Finish() = 0;
};

/// Into a stream of this process. With `drive`, the log has no committers and this calls Drive.
std::unique_ptr<RecordSink> MakeLogSink(log::Log& log, log::Stream& stream, bool drive);

/// A running server, and how to be let in.
struct ServerAddress {
  std::string url;
  std::string authorities;    ///< PEM that replaces the system's trusted certificates, or "".
  std::string authorization;  ///< Authorization header, or "".
};

/// Into a running server, by POST /v1/streams/{stream}/records; waits and repeats a batch that it
/// answers with 503 or 429. kInvalidArgument when its URL is no server address.
base::Result<std::unique_ptr<RecordSink>> MakeServerSink(const ServerAddress& server,
                                                         std::string_view stream,
                                                         const PutOptions& options);

/// Called after each batch with the bytes of the file that are done, and all of its bytes.
using PutProgress = std::function<void(uint64_t done, uint64_t total)>;

/// Puts one file's records in order and adds what happened to `report`. Blank lines are skipped. A
/// CSV file has a header (RFC 4180, UTF-8); each row becomes a JSON object of the header's names:
/// fields that are canonical JSON numbers without exponent become numbers, empty unquoted fields
/// null, all others strings. kNotFound when the file is missing, kInvalidArgument for a broken
/// header, else what reading or the sink returns.
base::Result<void> PutFile(base::FileSystem& files, base::Clock& clock, const std::string& path,
                           const PutOptions& options, RecordSink& sink, PutReport& report,
                           const PutProgress& progress = {});

}  // namespace weir::ingest
