#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/http_server.h"

namespace weir::net {

// What both sides of a streamed answer share. Thread-safe.
struct StreamState {
  std::atomic<bool> open = true;
  bool events = false;  // Server-sent events: kept alive with comments.
};

// The connection's side of a streamed answer: when it goes, the stream is closed.
class StreamHold {
 public:
  StreamHold() = default;

  explicit StreamHold(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}

  ~StreamHold() { Close(); }

  StreamHold(StreamHold&&) = default;

  StreamHold& operator=(StreamHold&& other) noexcept {
    Close();
    state_ = std::move(other.state_);
    return *this;
  }

  void Close() {
    if (state_ != nullptr) {
      state_->open = false;
    }
  }

  bool events() const { return state_ != nullptr && state_->events; }

  explicit operator bool() const { return state_ != nullptr; }

 private:
  std::shared_ptr<StreamState> state_;
};

// Something for a connection, from any thread.
struct Delivery {
  enum class Kind : uint8_t {
    kResponse,
    kStreamHead,  // A response whose body follows in chunks.
    kChunk,
    kStreamEnd,       // The body is whole.
    kStreamCut,       // No more of the body comes, and it is not whole.
    kStreamOverflow,  // The client left too much unread.
  };

  uint64_t connection = 0;
  Kind kind = Kind::kResponse;
  uint64_t slot = 0;  // Which request of the connection this answers.
  Response response;
  StreamHold stream;  // With kStreamHead.
  std::string chunk;

  // Of a streamed answer, as its backlog counts them.
  size_t streamed_bytes() const {
    return kind == Kind::kStreamHead ? response.body.size() : chunk.size();
  }
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
