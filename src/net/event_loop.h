#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/service.h"

namespace weir::net {

// The listening socket and the threads that move bytes between sockets and Connections. The only
// part of the server that knows Boost.Asio.
class EventLoops {
 public:
  // Binds and listens. kFailedPrecondition when the address is taken. `service` must outlive the
  // loops.
  static base::Result<std::unique_ptr<EventLoops>> Listen(Service& service, const std::string& host,
                                                          uint16_t port, int threads);
  virtual ~EventLoops() = default;

  virtual uint16_t port() const = 0;
  // Starts the threads; routes must be complete.
  virtual void Start() = 0;
  // Stops accepting, waits at most `drain_millis` for running requests, closes everything, joins.
  virtual void Stop(int64_t drain_millis) = 0;
};

}  // namespace weir::net
