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

// Bytes of streamed answers that are still held: over HTTP/1.1 of one connection, over HTTP/2 of
// one stream. Thread-safe.
struct StreamBacklog {
  std::atomic<size_t> waiting = 0;  // Not yet with the connection, or not yet their turn there.
  std::atomic<size_t> unsent = 0;   // With the connection, not yet with the client.
  // Of all streams of the connection, where they move side by side; else null.
  std::shared_ptr<StreamBacklog> all;

  // Bytes begin, and cease, to be `waiting`.
  void Add(size_t bytes) {
    waiting += bytes;
    if (all != nullptr) {
      all->Add(bytes);
    }
  }

  void Take(size_t bytes) {
    waiting -= bytes;
    if (all != nullptr) {
      all->Take(bytes);
    }
  }

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
