#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/fair_share.h"
#include "net/turns.h"

namespace weir::net {

/// A few threads that run jobs which block or take long. Clients take turns, and share the places
/// as they share any Quota. Thread-safe.
class BlockingPool {
 public:
  using Job = std::move_only_function<void()>;

  /// What is written by threads that let all others go first (webhooks) waits longer on a busy
  /// machine than what a server thread writes.
  enum class Priority : uint8_t { kOthersFirst, kNormal };

  /// What a job counts for from Run until it has ended, or until Give when that is sooner.
  class Place {
   public:
    Place(BlockingPool& pool, std::shared_ptr<Client> client)
        : pool_(pool), client_(std::move(client)) {}

    ~Place() { Give(); }

    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// The job's answer is on its way, so its client may come with the next one.
    void Give();

   private:
    friend class BlockingPool;

    BlockingPool& pool_;
    const std::shared_ptr<Client> client_;
    std::atomic<bool> given_ = false;
  };

  /// At most `max_jobs` wait or run at once. `what` names them in refusals and figures: "queries".
  BlockingPool(int threads, size_t max_jobs, std::string what,
               Priority priority = Priority::kOthersFirst);
  /// All places must be gone.
  ~BlockingPool();

  /// Takes the job, or leaves it with the caller and says why; a pool that stops is kAllFull.
  /// `client` may be null: all of those have turns like one client, and no limit of their own.
  std::expected<std::shared_ptr<Place>, Quota::Verdict> Run(const std::shared_ptr<Client>& client,
                                                            Job& job);

  /// What Run would say now.
  Quota::Verdict Look(const Client* client);

  const std::string& what() const { return what_; }

  size_t max_jobs() const { return max_jobs_; }

  /// Drops what waits, finishes what runs, joins.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<Place> place;
    Job job;
  };

  void Work();
  Quota::Verdict Judge(const Client* client) const;

  const size_t max_jobs_;
  const std::string what_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Turns<Client, Entry> waiting_;
  std::unordered_map<const Client*, size_t> held_;  // Places.
  size_t places_ = 0;                               // Of all clients.
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir::net
