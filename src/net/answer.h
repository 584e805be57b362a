#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "net/http_server.h"
#include "net/mailbox.h"

namespace weir::net {

// So many streams of one connection may hold kMaxQueuedStreamBytes at once.
inline constexpr size_t kMaxFullStreams = 4;

// Bytes of streamed answers that one connection still holds. Thread-safe.
struct StreamBacklog {
  std::atomic<size_t> waiting = 0;  // Not yet in the connection's output.
  std::atomic<size_t> unsent = 0;   // In its output.
  // Of all streams of the connection, where they move side by side; else null.
  std::shared_ptr<StreamBacklog> all;

  size_t held() const { return waiting + unsent; }

  // What its sender is told: its own bytes, or its part of all.
  size_t queued() const {
    return all == nullptr ? held() : std::max(held(), all->held() / kMaxFullStreams);
  }
};

// Answers one request of a connection by way of its mailbox, from any thread.
class OneResponder : public Responder {
 public:
  OneResponder(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<StreamBacklog> backlog,
               uint64_t connection, uint64_t slot);
  ~OneResponder() override;

  void Send(Response response) override;
  std::shared_ptr<ResponseStream> Stream(Response head) override;
  std::shared_ptr<EventStream> StreamEvents();

 private:
  std::shared_ptr<ResponseStream> Open(Response head, bool events);

  const std::shared_ptr<Mailbox> mailbox_;
  const std::shared_ptr<StreamBacklog> backlog_;
  const uint64_t connection_;
  const uint64_t slot_;
  bool sent_ = false;
};

// {"error":…} with the code that fits the status.
Response RefusalResponse(int status, std::string_view message);

}  // namespace weir::net
