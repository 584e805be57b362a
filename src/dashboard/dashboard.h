#pragma once

/// The door of the dashboard room: the page at "/", its data as REST and server-sent events, and
/// SQL over HTTP.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/gate.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_server.h"
#include "query/query.h"

namespace weir::dashboard {

/// How the way from the raw streams to the figures is doing.
struct PipelineState {
  int64_t behind_millis = 0;  ///< Age of the oldest record that waits; 0 when all have caught up.
  std::string stopped;        ///< Which part has stopped and why; "" when all run.
};

/// Asked about each second while someone listens; thread-safe.
using PipelineProbe = std::function<PipelineState()>;

/// Answers
///   GET  /                                  the page, and /assets/… its files
///   GET  /v1/dashboards/conversion          the conversion dataset, as of now
///   GET  /v1/dashboards/conversion/events   the same as server-sent events: "data" (the whole
///   dataset) when it changed, at most
///                                           twice a second; "heartbeat" each second; "failure"
///                                           when it cannot be refreshed; "ended" when the key
///                                           or session no longer may, and then the end
///   POST /v1/query                          {"sql":…,"format":"json"|"csv"|"table","fresh":true}
///
/// The dataset is refreshed only while someone listens or asks. Thread-safe.
class Dashboard {
 public:
  /// What is given, and what the probe asks, must outlive the dashboard. The gate is asked again
  /// and again whether those who listen still may; the routes themselves are behind its Admit.
  /// `to_signed` is the answer to AWS clients that ask for the page: their APIs are at POST /
  /// alone.
  static base::Result<std::unique_ptr<Dashboard>> Create(query::QueryService& queries,
                                                         auth::Gate& gate, base::Clock& clock,
                                                         PipelineProbe probe,
                                                         net::Response to_signed);
  virtual ~Dashboard() = default;

  /// Adds the routes; before the server starts. The dashboard must outlive the server's Stop.
  virtual void Register(net::HttpServer& server) = 0;

  /// Ends the refresher and lets go of the listeners. Call it before the query service shuts down.
  virtual void Stop() = 0;
};

}  // namespace weir::dashboard
