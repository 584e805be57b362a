#pragma once

#include <memory>
#include <string_view>

#include "ingest/aws/call.h"
#include "ingest/doors.h"
#include "ingest/kinesis/parts.h"
#include "ingest/kinesis/settings.h"
#include "ingest/kinesis/subscriptions.h"
#include "net/http_server.h"

namespace weir::ingest::kinesis {

// The operations of the Kinesis API besides PutRecord and PutRecords. They run on the server's
// worker threads, because they read the disk and the catalog. Thread-safe.
class Operations {
 public:
  // All of it outlives this.
  Operations(net::HttpServer& server, const DoorParts& parts);

  static bool Knows(std::string_view operation);

  // Answers a call of an operation that is known. Does not block.
  void Handle(aws::Call call, std::unique_ptr<net::Responder> responder);

 private:
  void Run(const aws::Call& call, net::Responder& responder);

  net::HttpServer& server_;
  Settings settings_;
  const Parts parts_;
  Subscriptions subscriptions_;
};

}  // namespace weir::ingest::kinesis
