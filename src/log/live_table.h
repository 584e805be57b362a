#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace weir::log {

/// Provisional rows of a derived stream: what its application would write if its open windows
/// closed now.
struct LiveSnapshot {
  /// The rows continue the stream from here: every row before this sequence is already in the
  /// stream, and none of these is.
  model::Sequence continues_from;
  /// Encoded like the stream's records (one JSON object each).
  std::vector<std::string> rows;
  /// Arrival time of the newest input that the rows contain.
  model::Rowtime as_of;
};

/// The latest snapshot per derived stream, in memory only. Thread-safe.
class LiveTables {
 public:
  void Publish(std::string_view stream, LiveSnapshot snapshot) {
    auto shared = std::make_shared<const LiveSnapshot>(std::move(snapshot));
    const std::lock_guard lock(mutex_);
    tables_[std::string(stream)] = std::move(shared);
  }

  /// The application has stopped: its stream has no provisional rows.
  void Withdraw(std::string_view stream) {
    const std::lock_guard lock(mutex_);
    if (const auto found = tables_.find(stream); found != tables_.end()) {
      tables_.erase(found);
    }
  }

  /// Null when no application publishes for this stream.
  std::shared_ptr<const LiveSnapshot> Read(std::string_view stream) const {
    const std::lock_guard lock(mutex_);
    const auto found = tables_.find(stream);
    return found == tables_.end() ? nullptr : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const LiveSnapshot>, std::less<>> tables_;
};

}  // namespace weir::log
