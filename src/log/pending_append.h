#pragma once

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "log/log.h"

namespace weir::log {

/// One Append that waits for the shards that it touched. The last shard to finish calls back.
class PendingAppend {
 public:
  PendingAppend(size_t entries, AppendDone done) : placements(entries), done_(std::move(done)) {}

  /// Filled while the shards' locks are held, before any of them can finish.
  std::vector<Placement> placements;

  /// Sets how many shards will call Finish.
  void ExpectShards(int shards) { remaining_.store(shards, std::memory_order_relaxed); }

  /// Called by each shard once: its part is durable, or failed.
  void Finish(const std::optional<base::Error>& error) {
    if (error.has_value() && !failed_.exchange(true)) {
      error_ = *error;
    }
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
      return;
    }
    if (failed_) {
      done_(std::unexpected(std::move(error_)));
    } else {
      done_(std::move(placements));
    }
  }

 private:
  AppendDone done_;
  std::atomic<int> remaining_ = 0;
  std::atomic<bool> failed_ = false;
  base::Error error_;
};

}  // namespace weir::log
