#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/door_metrics.h"
#include "ingest/kinesis/put_request.h"
#include "ingest/kinesis/wire.h"
#include "log/log.h"
#include "net/http_server.h"

namespace weir::ingest::kinesis {

// The Kinesis Data Streams API in JSON at POST /: PutRecord, PutRecords and what describes streams;
// see docs/kinesis.md. Thread-safe.
class KinesisDoor {
 public:
  // The limit of 5 MiB of data, as Base64 in JSON.
  static constexpr size_t kMaxBodyBytes = 7 << 20;

  KinesisDoor(log::Log& log, base::Metrics& metrics) : log_(log), metrics_(metrics, "kinesis") {}

  // Puts are answered when the records are durable.
  void Handle(net::Request request, std::unique_ptr<net::Responder> responder);

 private:
  void Put(const net::Request& request, bool batch, std::unique_ptr<net::Responder> responder);
  void Answered(bool batch, size_t records, size_t bytes, const log::Stream& stream,
                const std::string& request_id, base::Result<std::vector<log::Placement>> placed,
                net::Responder& responder);

  log::Log& log_;
  DoorMetrics metrics_;
};

}  // namespace weir::ingest::kinesis
