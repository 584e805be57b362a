#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/blocking_pool.h"
#include "net/http_server.h"
#include "net/router.h"
#include "net/target.h"

namespace weir::net {

// Bytes of request bodies that are held at once, over all connections. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(size_t limit) : limit_(limit) {}

  // False, taking nothing, when the limit would be passed.
  bool Take(size_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) {
      return true;
    }
    Give(bytes);
    return false;
  }

  void Give(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  size_t used() const { return used_.load(std::memory_order_relaxed); }

  size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  std::atomic<size_t> used_ = 0;
};

// What all connections of one listener share.
struct Service {
  Service(const ServerOptions& options, base::Clock& the_clock, std::string request_id_prefix)
      : limits(options.limits),
        clock(the_clock),
        metrics(options.metrics),
        hosts(options.host, options.allowed_hosts),
        tls(options.tls),
        admit(options.admit),
        unrouted(options.metrics, "none"),
        budget(options.limits.max_inflight_body_bytes),
        id_prefix(std::move(request_id_prefix)),
        pool(kBlockingThreads) {}

  static constexpr int kBlockingThreads = 4;

  const ServerLimits limits;
  base::Clock& clock;
  base::Metrics* const metrics;
  Router router;
  HostPolicy hosts;
  crypto::TlsContext* const tls;  // Null: plain HTTP.
  const std::function<std::optional<Response>(const Request&)> admit;
  RouteMetrics unrouted;  // Requests that reached no route.
  BodyBudget budget;
  const std::string id_prefix;
  std::atomic<uint64_t> next_request = 0;
  std::atomic<bool> draining = false;
  BlockingPool pool;
};

}  // namespace weir::net
