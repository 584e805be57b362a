#include "ingest/doors.h"

#include <memory>
#include <utility>

#include "ingest/http/put_records.h"
#include "ingest/kinesis/kinesis_door.h"

namespace weir::ingest {

void RegisterDoors(net::HttpServer& server, log::Log& log, catalog::Catalog& /*catalog*/,
                   base::Clock& clock, base::Metrics& metrics) {
  auto records = std::make_shared<http::PutRecordsDoor>(log, clock, metrics);
  server.Route(
      "POST", "/v1/streams/{name}/records",
      [records](net::Request request, std::unique_ptr<net::Responder> responder) {
        records->Handle(std::move(request), std::move(responder));
      },
      http::PutRecordsDoor::kMaxBodyBytes);
  auto kinesis = std::make_shared<kinesis::KinesisDoor>(log, metrics);
  server.Route(
      "POST", "/",
      [kinesis](net::Request request, std::unique_ptr<net::Responder> responder) {
        kinesis->Handle(std::move(request), std::move(responder));
      },
      kinesis::KinesisDoor::kMaxBodyBytes);
}

}  // namespace weir::ingest
