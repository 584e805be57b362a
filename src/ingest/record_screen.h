#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/record_field.h"
#include "json/validate.h"
#include "log/log.h"

namespace weir::ingest {

// The field that holds a record's own time, by convention of the record shapes.
inline constexpr std::string_view kEventTimeField = "Timestamp";

// How far ahead of its arrival a record's own time may be. A far-future time would close every
// window at once.
inline constexpr int64_t kMaxAheadMillis = 5 * 60 * 1000;

// Decides which JSON texts become records, and with which partition key. Shared by the HTTP door
// and the file readers. Not thread-safe.
class RecordScreen {
 public:
  struct Options {
    // Member whose value is the partition key; "" for none. Records without it get the fallback
    // key.
    std::string partition_key_field;
    // Member whose value is the arrival time; "" for the log's clock. Records without it are
    // refused.
    std::string arrival_field;
  };

  explicit RecordScreen(const Options& options);

  // Before a batch: the time at which it arrives, and the key of records that name none. Forgets
  // the texts that entries of the batch before point to.
  void Begin(int64_t now_millis, std::string_view fallback_key);

  // The entry for one record, which points into `text` and into this object until the next Begin.
  // kInvalidArgument or kLimitExceeded for what is no record; kFailedPrecondition for a time too
  // far in the future.
  base::Result<log::Entry> Admit(std::string_view text);

 private:
  // Members of a record that the validator finds on its way.
  struct Members {
    explicit Members(const Options& options);

    std::vector<std::string> names;
    size_t event_time = 0;
    std::optional<size_t> partition_key;
    std::optional<size_t> arrival;
  };

  base::Result<void> TakeKey(std::string_view value, log::Entry& entry);

  Members members_;
  json::Validator validator_;
  TimeReader times_;
  int64_t latest_time_ = 0;
  std::string partition_key_field_;
  std::string arrival_field_;
  std::string fallback_key_;
  std::deque<std::string> unescaped_;  // Keys that had to be decoded.
};

// A partition key for records that name none: one of 256, from the content, so that a repeated
// request goes to the same shard and many requests spread over all.
std::string SpreadKey(std::string_view content);

}  // namespace weir::ingest
