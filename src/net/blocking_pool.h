#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "net/fair_share.h"
#include "net/turns.h"

namespace weir::net {

/// A few threads that run jobs which block or take long, and let all other threads go first: what
/// is written from here (webhooks) waits longer on a busy machine than what a server thread writes.
/// Clients take turns, and share the places as they share any Quota. Thread-safe.
class BlockingPool {
 public:
  using Job = std::move_only_function<void()>;

  /// At most `max_jobs` wait or run at once. `what` names them in refusals and figures: "queries".
  BlockingPool(int threads, size_t max_jobs, std::string what);
  ~BlockingPool();

  /// Leaves the job with the caller unless kTaken; that of a pool that stops is kAllFull.
  /// `client` may be null: whoever that is has turns like one client, and no limit of its own.
  Quota::Verdict Run(const std::shared_ptr<Client>& client, Job& job);

  /// What Run would say now.
  Quota::Verdict Look(const Client* client);

  const std::string& what() const { return what_; }

  size_t max_jobs() const { return max_jobs_; }

  /// Drops what waits, finishes what runs, joins.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<Client> client;  // Kept, so that its address names nobody else.
    Job job;
  };

  void Work();
  Quota::Verdict Judge(const Client* client) const;
  void Forget(const Client* client);

  const size_t max_jobs_;
  const std::string what_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Turns<Client, Entry> waiting_;
  std::unordered_map<const Client*, size_t> held_;  // Jobs that wait or run.
  size_t jobs_ = 0;                                 // Of all clients.
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir::net
