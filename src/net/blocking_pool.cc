#include "net/blocking_pool.h"

#include <utility>

#include "base/thread_priority.h"

namespace weir::net {

void BlockingPool::Place::Give() {
  if (given_.exchange(true)) {
    return;
  }
  const std::lock_guard lock(pool_.mutex_);
  --pool_.places_;
  const auto held = pool_.held_.find(client_.get());
  if (--held->second == 0) {
    pool_.held_.erase(held);
  }
}

BlockingPool::BlockingPool(int threads, size_t max_jobs, std::string what, Priority priority)
    : max_jobs_(max_jobs), what_(std::move(what)) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, priority] {
      if (priority == Priority::kOthersFirst) {
        base::LetOtherThreadsGoFirst();
      }
      Work();
    });
  }
}

BlockingPool::~BlockingPool() {
  Stop();
}

std::expected<std::shared_ptr<BlockingPool::Place>, Quota::Verdict> BlockingPool::Run(
    const std::shared_ptr<Client>& client, Job& job) {
  std::shared_ptr<Place> place;
  {
    const std::lock_guard lock(mutex_);
    const Quota::Verdict verdict = Judge(client.get());
    if (verdict != Quota::Verdict::kTaken) {
      return std::unexpected(verdict);
    }
    ++places_;
    ++held_[client.get()];
    place = std::make_shared<Place>(*this, client);
    waiting_.Add(client.get(), {place, std::move(job)});
  }
  changed_.notify_one();
  return place;
}

Quota::Verdict BlockingPool::Look(const Client* client) {
  const std::lock_guard lock(mutex_);
  return Judge(client);
}

Quota::Verdict BlockingPool::Judge(const Client* client) const {
  if (stopping_) {
    return Quota::Verdict::kAllFull;
  }
  const auto held = client == nullptr ? held_.end() : held_.find(client);
  return Quota::Judge(max_jobs_, places_, held == held_.end() ? 0 : held->second, 1);
}

void BlockingPool::Stop() {
  Turns<Client, Entry> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    std::swap(dropped, waiting_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

void BlockingPool::Work() {
  for (;;) {
    Entry entry;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) {
        return;
      }
      entry = waiting_.Next();
    }
    entry.job();
    entry.job = nullptr;  // What it holds can be much, and is given back before the place.
    entry.place->Give();
  }
}

}  // namespace weir::net
