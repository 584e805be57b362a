#pragma once

#include <memory>
#include <string_view>

#include "ingest/aws/service.h"
#include "ingest/doors.h"
#include "ingest/kinesis/operations.h"
#include "ingest/kinesis/put_operation.h"
#include "ingest/writable_streams.h"

namespace weir::ingest::kinesis {

// The Kinesis Data Streams API; see docs/kinesis.md.
class KinesisService : public aws::Service {
 public:
  // `server` runs what may block.
  KinesisService(net::HttpServer& server, const DoorParts& parts, WritableStreams& writable)
      : put_(parts, writable), operations_(server, parts) {}

  Form FormOf(std::string_view operation) const override;
  void Handle(aws::Call call, std::unique_ptr<net::Responder> responder) override;
  void HandleBody(aws::BodyCall call, std::unique_ptr<net::Responder> responder) override;

 private:
  PutOperation put_;
  Operations operations_;
};

}  // namespace weir::ingest::kinesis
