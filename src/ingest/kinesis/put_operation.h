#pragma once

#include <memory>

#include "ingest/aws/call.h"
#include "ingest/door_metrics.h"
#include "ingest/doors.h"
#include "ingest/writable_streams.h"

namespace weir::ingest::kinesis {

// PutRecord and PutRecords. Thread-safe.
class PutOperation {
 public:
  PutOperation(const DoorParts& parts, WritableStreams& writable);

  // Answers when the records are durable.
  void Handle(aws::BodyCall call, std::unique_ptr<net::Responder> responder);

 private:
  struct Pending;

  void Answer(const Pending& pending, IntakeOutcome outcome);

  log::Log& log_;
  auth::Gate& gate_;
  Intake& intake_;
  WritableStreams& writable_;
  DoorMetrics metrics_;
  base::Counter& aggregates_;
  base::Counter& user_records_;
  base::Counter& damaged_;
};

}  // namespace weir::ingest::kinesis
