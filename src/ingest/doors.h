#pragma once

/// The door of the ingest room: where records come in.

#include "base/clock.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "net/http_server.h"

namespace weir::ingest {

/// Adds the routes that take records: POST /v1/streams/{name}/records and the Kinesis API at POST
/// /. What is given must outlive the server.
void RegisterDoors(net::HttpServer& server, log::Log& log, catalog::Catalog& catalog,
                   base::Clock& clock, base::Metrics& metrics);

}  // namespace weir::ingest
