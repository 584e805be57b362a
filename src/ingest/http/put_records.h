#pragma once

#include <cstddef>
#include <memory>

#include "ingest/door_metrics.h"
#include "ingest/doors.h"
#include "ingest/writable_streams.h"

namespace weir::ingest::http {

// POST /v1/streams/{name}/records; see docs/http-api.md. Thread-safe.
class PutRecordsDoor {
 public:
  static constexpr size_t kMaxBodyBytes = 16 << 20;
  // Empty records would take a hundred times the memory of their body.
  static constexpr size_t kMaxRecords = 250'000;
  // Refusals that an answer lists; further ones are only counted.
  static constexpr size_t kMaxListedRefusals = 100;

  PutRecordsDoor(const DoorParts& parts, WritableStreams& writable)
      : parts_(parts), writable_(writable), metrics_(parts.metrics, "http") {}

  // Answers when the records are durable.
  void Handle(net::Request request, std::unique_ptr<net::Responder> responder);

 private:
  struct Pending;

  void Answer(const Pending& pending, const IntakeOutcome& outcome);

  const DoorParts& parts_;
  WritableStreams& writable_;
  DoorMetrics metrics_;
};

}  // namespace weir::ingest::http
