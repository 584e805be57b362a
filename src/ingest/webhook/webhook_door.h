#pragma once

#include "base/result.h"
#include "ingest/doors.h"
#include "net/http_server.h"

namespace weir::ingest {

// Adds POST /v1/webhooks/{name}, which takes the signed orders of the Weir::WebhookSource
// resources; see docs/webhooks.md. Sources are read here, once; their secrets again whenever they
// are older than ten seconds.
base::Result<void> RegisterWebhooks(net::HttpServer& server, const DoorParts& parts);

}  // namespace weir::ingest
