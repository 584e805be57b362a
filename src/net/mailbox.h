#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "net/http_server.h"

namespace weir::net {

// Something for a connection, from any thread.
struct Delivery {
  enum class Kind : uint8_t { kResponse, kEvent, kEndOfEvents };

  uint64_t connection = 0;
  Kind kind = Kind::kResponse;
  uint64_t slot = 0;  // Which request of the connection a response answers.
  Response response;
  std::string event;  // Bytes to send.
};

// Where handlers leave what the loop of a connection shall send. Outlives the loop: after Close,
// posts are dropped. Thread-safe.
class Mailbox {
 public:
  // `wake` makes the loop call Take soon; it is called at most once between two calls of Take.
  explicit Mailbox(std::move_only_function<void()> wake) : wake_(std::move(wake)) {}

  void Post(Delivery delivery) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return;
    }
    waiting_.push_back(std::move(delivery));
    if (!woken_) {
      woken_ = true;
      wake_();
    }
  }

  // Moves what waits into `into`, which must be empty.
  void Take(std::vector<Delivery>& into) {
    const std::lock_guard lock(mutex_);
    woken_ = in_loop_;
    waiting_.swap(into);
  }

  // While the loop handles an event it looks into the mailbox anyway: no wake-ups are sent between
  // these two.
  void EnterLoop() {
    const std::lock_guard lock(mutex_);
    in_loop_ = woken_ = true;
  }

  // True when nothing waits: then wake-ups are sent again.
  bool LeaveLoop() {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      return false;
    }
    in_loop_ = woken_ = false;
    return true;
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
  }

 private:
  std::mutex mutex_;
  std::move_only_function<void()> wake_;
  std::vector<Delivery> waiting_;
  bool woken_ = false;
  bool in_loop_ = false;
  bool closed_ = false;
};

}  // namespace weir::net
