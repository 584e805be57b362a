#include "ingest/doors.h"

#include <utility>

#include "ingest/aws/door.h"
#include "ingest/browser/browser_door.h"
#include "ingest/firehose/firehose_service.h"
#include "ingest/http/put_records.h"
#include "ingest/kinesis/kinesis_service.h"
#include "ingest/webhook/webhook_door.h"
#include "ingest/writable_streams.h"

namespace weir::ingest {
namespace {

class AllDoors : public Doors {
 public:
  AllDoors(net::HttpServer& server, const DoorParts& parts)
      : parts_(parts),
        writable_(parts.registry),
        records_(parts_, writable_),
        aws_(parts.gate, parts.clock, parts.metrics) {
    aws_.Add("Kinesis_20131202",
             std::make_unique<kinesis::KinesisService>(server, parts_, writable_));
    aws_.Add("Firehose_20150804", std::make_unique<firehose::FirehoseService>(server, parts_));
  }

  base::Result<void> Add(net::HttpServer& server) {
    server.Route(
        "POST", "/v1/streams/{name}/records",
        [this](net::Request request, std::unique_ptr<net::Responder> responder) {
          records_.Handle(std::move(request), std::move(responder));
        },
        http::PutRecordsDoor::kMaxBodyBytes);
    server.Route(
        "POST", "/",
        [this](net::Request request, std::unique_ptr<net::Responder> responder) {
          aws_.Handle(std::move(request), std::move(responder));
        },
        aws::Door::kMaxBodyBytes);
    RETURN_IF_ERROR(RegisterBrowser(server, parts_));
    return RegisterWebhooks(server, parts_);
  }

 private:
  DoorParts parts_;
  WritableStreams writable_;
  http::PutRecordsDoor records_;
  aws::Door aws_;
};

}  // namespace

base::Result<std::unique_ptr<Doors>> Doors::Register(net::HttpServer& server, DoorParts parts) {
  auto doors = std::make_unique<AllDoors>(server, parts);
  RETURN_IF_ERROR(doors->Add(server));
  return doors;
}

}  // namespace weir::ingest
