#pragma once

#include <memory>
#include <string_view>

#include "ingest/aws/service.h"
#include "ingest/door_metrics.h"
#include "ingest/doors.h"

namespace weir::ingest::firehose {

// Of the Firehose API, what producers use: PutRecord and PutRecordBatch into delivery streams of
// type DirectPut, DescribeDeliveryStream, ListDeliveryStreams; see docs/firehose.md.
class FirehoseService : public aws::Service {
 public:
  FirehoseService(net::HttpServer& server, const DoorParts& parts)
      : server_(server), parts_(parts), metrics_(parts.metrics, "firehose") {}

  Form FormOf(std::string_view operation) const override;
  // Puts are answered when the records are durable.
  void Handle(aws::Call call, std::unique_ptr<net::Responder> responder) override;
  void HandleBody(aws::BodyCall call, std::unique_ptr<net::Responder> responder) override;

 private:
  struct Pending;

  std::expected<log::Stream*, aws::ApiError> FindStream(std::string_view name) const;
  void Put(const aws::Call& call, std::unique_ptr<net::Responder> responder);
  void Answer(const Pending& pending, const IntakeOutcome& outcome);
  void Describe(aws::Call call, std::unique_ptr<net::Responder> responder);

  net::HttpServer& server_;
  const DoorParts& parts_;
  DoorMetrics metrics_;
};

}  // namespace weir::ingest::firehose
