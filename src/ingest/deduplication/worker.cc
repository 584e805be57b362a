#include "ingest/deduplication/worker.h"

#include <utility>

namespace weir::ingest::deduplication {

Worker::Worker(bool threaded) : threaded_(threaded) {
  if (threaded_) {
    thread_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!stopped_ || !queue_.empty()) {
        changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
        Run(lock);
      }
    });
  }
}

void Worker::Post(Work work) {
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();  // What the work holds may say so when it is dropped.
    return;
  }
  queue_.push_back(std::move(work));
  if (threaded_) {
    changed_.notify_one();
  } else if (!running_) {
    Run(lock);
  }
}

void Worker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Worker::Run(std::unique_lock<std::mutex>& lock) {
  running_ = true;
  while (!queue_.empty()) {
    {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
  running_ = false;
}

}  // namespace weir::ingest::deduplication
