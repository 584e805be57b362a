#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
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

  /// Before the append is given to a shard, which will call Release or Fail.
  void AddShard() { remaining_.fetch_add(1, std::memory_order_relaxed); }

  /// By a shard: of its part only what comes before `durable_end` is stored.
  void Fail(uint32_t shard, model::Sequence durable_end, const base::Error& error) {
    {
      const std::lock_guard lock(mutex_);
      failed_.push_back({.shard = shard, .durable_end = durable_end, .error = error});
    }
    Release();
  }

  /// One entry of an AppendEach is not accepted. By the appender only.
  void Refuse(size_t entry, base::Error error) { refused_.emplace_back(entry, std::move(error)); }

  /// Nothing of an Append is accepted. By the appender only, instead of Release.
  void RefuseAll(base::Error error) {
    Refuse(0, std::move(error));
    Release();
  }

  /// By the appender, which has nothing to add, and by each shard whose part is durable.
  void Release() {
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
      return;
    }
    RefuseWhatFailed();
    if (auto* const each = std::get_if<AppendEachDone>(&done_); each != nullptr) {
      (*each)({std::move(placements), std::move(refused_)});
    } else if (refused_.empty()) {
      std::get<AppendDone>(done_)(std::move(placements));
    } else {
      std::get<AppendDone>(done_)(std::unexpected(std::move(refused_.front().second)));
    }
  }

 private:
  struct Failure {
    uint32_t shard = 0;
    model::Sequence durable_end;
    base::Error error;
  };

  void RefuseWhatFailed() {
    std::ranges::sort(refused_, {}, &std::pair<size_t, base::Error>::first);
    const size_t at_once = refused_.size();
    for (const Failure& failure : failed_) {
      size_t next_refused = 0;
      for (size_t i = 0; i < placements.size(); ++i) {
        if (next_refused < at_once && refused_[next_refused].first == i) {
          ++next_refused;
        } else if (placements[i].shard == failure.shard &&
                   placements[i].sequence >= failure.durable_end) {
          refused_.emplace_back(i, failure.error);
        }
      }
    }
    std::ranges::sort(refused_, {}, &std::pair<size_t, base::Error>::first);
  }

  Done done_;
  std::vector<std::pair<size_t, base::Error>> refused_;
  std::atomic<int> remaining_ = 1;  // the appender
  std::mutex mutex_;
  std::vector<Failure> failed_;
};

}  // namespace weir::log
