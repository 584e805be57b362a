#pragma once

#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "ingest/door_metrics.h"
#include "log/log.h"
#include "net/http_server.h"

namespace weir::ingest::http {

// POST /v1/streams/{name}/records; see docs/http-api.md. Thread-safe.
class PutRecordsDoor {
 public:
  static constexpr size_t kMaxBodyBytes = 16 << 20;
  // Refusals that an answer lists; further ones are only counted.
  static constexpr size_t kMaxListedRefusals = 100;

  PutRecordsDoor(log::Log& log, base::Clock& clock, base::Metrics& metrics)
      : log_(log), clock_(clock), metrics_(metrics, "http") {}

  // Answers when the records are durable.
  void Handle(net::Request request, std::unique_ptr<net::Responder> responder);

 private:
  log::Log& log_;
  base::Clock& clock_;
  DoorMetrics metrics_;
};

}  // namespace weir::ingest::http
