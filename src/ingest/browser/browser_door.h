#pragma once

#include "base/result.h"
#include "ingest/doors.h"
#include "net/http_server.h"

namespace weir::ingest {

// Adds GET /weir.js, POST and OPTIONS /v1/collect and GET /p.gif; see docs/browser.md. They answer
// 404 while no Weir::BrowserSource names an origin. Sources are read here, once.
base::Result<void> RegisterBrowser(net::HttpServer& server, const DoorParts& parts);

}  // namespace weir::ingest
