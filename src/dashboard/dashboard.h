#pragma once

/// The door of the dashboard room: the page at "/", its data as REST and server-sent events, and
/// SQL over HTTP.

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_server.h"
#include "query/query.h"

namespace weir::dashboard {

/// Answers
///   GET  /                                  the page, and /assets/… its files
///   GET  /v1/dashboards/conversion          the conversion dataset, as of now
///   GET  /v1/dashboards/conversion/events   the same as server-sent events: "data" (the whole
///   dataset) when it changed, at most
///                                           twice a second; "heartbeat" each second; "failure"
///                                           when it cannot be refreshed
///   POST /v1/query                          {"sql":…,"format":"json"|"csv"|"table","fresh":true}
///
/// The dataset is refreshed only while someone listens or asks. Thread-safe.
class Dashboard {
 public:
  /// The service and the clock must outlive the dashboard.
  static base::Result<std::unique_ptr<Dashboard>> Create(query::QueryService& queries,
                                                         base::Clock& clock);
  virtual ~Dashboard() = default;

  /// Adds the routes; before the server starts. The dashboard must outlive the server's Stop.
  virtual void Register(net::HttpServer& server) = 0;

  /// Ends the refresher and lets go of the listeners. Call it before the query service shuts down.
  virtual void Stop() = 0;
};

}  // namespace weir::dashboard
