#pragma once

#include <atomic>

#include "base/clock.h"
#include "base/metrics.h"
#include "log/log.h"
#include "net/blocking_pool.h"
#include "net/http_server.h"
#include "stack/engine.h"

namespace weir::server {

/// What the health routes look at. All must outlive the HTTP server.
struct HealthParts {
  log::Log* log = nullptr;
  stack::Engine* engine = nullptr;
  base::Metrics* metrics = nullptr;
  std::string data;  ///< Folder whose free bytes are watched.
  uint64_t min_free_bytes = 0;
  net::BlockingPool* scrapes = nullptr;  ///< Makes the text of /metrics.
  const std::atomic<bool>* stopping = nullptr;
};

/// Adds GET /livez, /readyz (JSON of every check with ?verbose), /healthz, /metrics and /version.
void RegisterHealthRoutes(net::HttpServer& server, const HealthParts& parts);

}  // namespace weir::server
