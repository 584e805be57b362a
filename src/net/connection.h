#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/fair_share.h"
#include "net/mailbox.h"
#include "net/service.h"

namespace weir::net {

// Where a connection belongs.
struct ConnectionSite {
  Service& service;
  std::shared_ptr<Mailbox> mailbox;
  uint64_t id = 0;
  std::string remote;                 // The client's address and port.
  std::string client;                 // Whom the address stands for: see ClientNetwork.
  const std::string* date = nullptr;  // Of the responses; always valid.
};

// One connection without its socket: bytes come in, requests go to handlers, answers come back
// through the mailbox, bytes go out. Whoever moves the bytes calls it from one thread.
class Connection {
 public:
  // Requests that one connection may have waiting for answers; further ones wait: see
  // Admission::max_waiting.
  static constexpr size_t kMaxWaiting = 64;
  static constexpr size_t kFirstWaiting = 8;
  static constexpr size_t kSmallAnswerBytes = 64 << 10;
  // Requests of one connection that are begun in a row, before other connections get their turn,
  // and the time after which no further one is begun.
  static constexpr size_t kRequestsPerTurn = 8;
  static constexpr int64_t kTurnNanos = 500'000;
  // No further request is begun while so much of answers waits for the client.
  static constexpr size_t kMaxUnsentBytes = 1 << 20;
  // After a refusal the rest of what the client sends is read for so long, or the answer could be
  // lost in a reset.
  static constexpr int64_t kLingerMillis = 2'000;
  // The largest body of a refused request that is read, so that the connection can go on.
  static constexpr size_t kMaxDiscardedBytes = 64 << 10;
  static constexpr int64_t kEventKeepAliveMillis = 10'000;
  static constexpr std::string_view kEventKeepAlive = ": keep-alive\n\n";

  virtual ~Connection() = default;

  virtual void OnBytes(std::string_view bytes) = 0;
  // The client sends no more; what it asked is still answered.
  virtual void OnEnd() = 0;
  virtual void OnDelivery(Delivery delivery) = 0;
  // Applies the time limits. Called a few times a second. True when one was passed, so that there
  // is something to send or to close.
  virtual bool OnTick() = 0;
  // The server stops: no further requests.
  virtual void OnDrain() = 0;

  // Output that is ready to be sent, or "".
  virtual std::string TakeOutput() = 0;
  virtual void OnSent(size_t bytes) = 0;

  // More requests are there than fitted in this turn, or than could wait for answers: GoOn is due
  // when the others had their turn.
  virtual bool behind() const = 0;
  virtual void GoOn() = 0;

  // Whose turns those of this connection are: its address's.
  virtual const Client* owner() const = 0;

  virtual bool wants_read() const = 0;
  // No more output will come; once all is sent, close.
  virtual bool finished() const = 0;
  // Close only after reading on for kLingerMillis.
  virtual bool lingers() const = 0;
  // Close at once: the client reads nothing, or came to a time limit between requests.
  virtual bool aborted() const = 0;

 protected:
  static bool Passed(int64_t since_nanos, int64_t millis, int64_t now_nanos) {
    return now_nanos - since_nanos > millis * 1'000'000;
  }
};

}  // namespace weir::net
