#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/blocking_pool.h"
#include "net/fair_share.h"
#include "net/http_server.h"
#include "net/router.h"
#include "net/target.h"

namespace weir::net {

// Counts requests that were refused because there was too much to do. Thread-safe.
class ShedMetrics {
 public:
  // `metrics` may be null: then nothing is counted.
  explicit ShedMetrics(base::Metrics* metrics) : metrics_(metrics) {}

  void Count(std::string_view what, bool client) {
    if (metrics_ != nullptr) {
      metrics_
          ->GetCounter("weir_http_shed_total", "Requests refused because of too much at once.",
                       {{"what", std::string(what)}, {"share", client ? "client" : "all"}})
          .Add();
    }
  }

 private:
  base::Metrics* const metrics_;
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
        client(options.client),
        unrouted(options.metrics, "none"),
        shed(options.metrics),
        requests(options.limits.max_inflight_requests),
        body_bytes(options.limits.max_inflight_body_bytes),
        unsent_bytes(options.limits.max_unsent_bytes),
        id_prefix(std::move(request_id_prefix)),
        large_bodies(options.threads, options.limits.max_inflight_requests, "large bodies",
                     BlockingPool::Priority::kNormal),
        pool(kBlockingThreads, kMaxJobs, "jobs") {}

  // For what waits for a disk. What takes long by design, as SQL queries do, has threads of its
  // own.
  static constexpr int kBlockingThreads = 6;
  static constexpr size_t kMaxJobs = 256;

  const ServerLimits limits;
  base::Clock& clock;
  base::Metrics* const metrics;
  Router router;
  HostPolicy hosts;
  crypto::TlsContext* const tls;  // Null: plain HTTP.
  const std::function<std::optional<Response>(const Request&)> admit;
  const std::function<std::string(const Request&)> client;
  RouteMetrics unrouted;  // Requests that reached no route.
  ShedMetrics shed;
  ClientBook clients;
  Quota requests;      // Dispatched or being read, not yet answered.
  Quota body_bytes;    // Of requests that are there.
  Quota unsent_bytes;  // Answers that wait for their clients.
  const std::string id_prefix;
  std::atomic<uint64_t> next_request = 0;
  std::atomic<bool> draining = false;
  // As busy as a server thread, and as many: only bodies that are taken apart wait for each other.
  // How many may wait is bounded by their bytes.
  BlockingPool large_bodies;
  BlockingPool pool;
};

}  // namespace weir::net
