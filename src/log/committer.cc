#include "log/committer.h"

namespace weir::log {

Committer::Committer(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

Committer::~Committer() {
  Stop();
}

void Committer::Schedule(Shard* shard) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(shard);
  }
  queued_.notify_one();
}

void Committer::Drive() {
  while (true) {
    Shard* shard = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) {
        return;
      }
      shard = queue_.front();
      queue_.pop_front();
    }
    shard->Commit();
  }
}

void Committer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  queued_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Committer::Run() {
  while (true) {
    Shard* shard = nullptr;
    {
      std::unique_lock lock(mutex_);
      queued_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      shard = queue_.front();
      queue_.pop_front();
    }
    shard->Commit();
  }
}

}  // namespace weir::log
