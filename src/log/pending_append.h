#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "log/log.h"

namespace weir::log {

/// One append that waits for the shards that it touched. Whoever is last calls back: a shard, or
/// the appender itself.
class PendingAppend {
 public:
  using Done = std::variant<AppendDone, AppendEachDone>;

  PendingAppend(size_t entries, Done done) : placements(entries), done_(std::move(done)) {}

  /// Filled while the shards' locks are held, before any of them can finish.
  std::vector<Placement> placements;

  /// Before the append is given to a shard, which will call Finish.
  void AddShard() { remaining_.fetch_add(1, std::memory_order_relaxed); }

  /// Called by each shard once: its part is durable, or failed.
  void Finish(uint32_t shard, const std::optional<base::Error>& error) {
    if (error.has_value()) {
      const std::lock_guard lock(mutex_);
      failed_.emplace_back(shard, *error);
    }
    Release();
  }

  /// One entry of an AppendEach is not accepted. By the appender only.
  void Refuse(size_t entry, base::Error error) { refused_.emplace_back(entry, std::move(error)); }

  /// Nothing of the append is accepted. By the appender only, instead of Release.
  void RefuseAll(base::Error error) { Finish(UINT32_MAX, std::move(error)); }

  /// The appender has nothing to add. Called by it once.
  void Release() {
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
      return;
    }
    if (auto* const each = std::get_if<AppendEachDone>(&done_); each != nullptr) {
      RefuseEntriesOfFailedShards();
      (*each)({std::move(placements), std::move(refused_)});
    } else if (failed_.empty()) {
      std::get<AppendDone>(done_)(std::move(placements));
    } else {
      std::get<AppendDone>(done_)(std::unexpected(std::move(failed_.front().second)));
    }
  }

 private:
  void RefuseEntriesOfFailedShards() {
    std::ranges::sort(refused_, {}, &std::pair<size_t, base::Error>::first);
    const size_t at_once = refused_.size();
    for (const auto& [shard, error] : failed_) {
      size_t next_refused = 0;
      for (size_t i = 0; i < placements.size(); ++i) {
        if (next_refused < at_once && refused_[next_refused].first == i) {
          ++next_refused;
        } else if (placements[i].shard == shard) {
          refused_.emplace_back(i, error);
        }
      }
    }
    std::ranges::sort(refused_, {}, &std::pair<size_t, base::Error>::first);
  }

  Done done_;
  std::vector<std::pair<size_t, base::Error>> refused_;
  std::atomic<int> remaining_ = 1;  // the appender
  std::mutex mutex_;
  std::vector<std::pair<uint32_t, base::Error>> failed_;  // by shard
};

}  // namespace weir::log
