#include "server/health_routes.h"

#include <vector>

#include "base/file_system.h"
#include "json/document.h"
#include "server/version.h"

namespace weir::server {

namespace {

struct Check {
  std::string name;
  bool ok = true;
  std::string detail;
};

std::vector<Check> RunChecks(const HealthParts& parts) {
  std::vector<Check> checks;
  checks.push_back({"serving", !parts.stopping->load(), parts.stopping->load() ? "stopping" : ""});
  checks.push_back({"log", parts.log->healthy(), parts.log->healthy() ? "" : "a sync failed"});
  const base::Result<uint64_t> free = base::SystemFileSystem().FreeBytes(parts.data);
  const bool enough = free.has_value() && *free >= parts.min_free_bytes;
  checks.push_back({"disk", enough,
                    free.has_value() ? fmt::format("{} bytes free", *free) : free.error().message});
  for (const stack::NamedApplicationStatus& application : parts.engine->Applications()) {
    // Records that cannot be read or computed go to the error stream; that stops nothing.
    const stream::ApplicationStatus& status = application.status;
    checks.push_back({"application " + application.name, status.failure.empty(),
                      fmt::format("{}{}{} records rejected, {} row errors", status.failure,
                                  status.failure.empty() ? "" : "; ", status.records_rejected,
                                  status.row_errors)});
  }
  for (const stack::NamedDeliveryStatus& delivery : parts.engine->Deliveries()) {
    // A delivery that cannot write keeps its records in the log and tries again: not ready only
    // when the log is not.
    checks.push_back({"delivery " + delivery.name, true, delivery.status.failure});
  }
  return checks;
}

net::Response Ready(const HealthParts& parts, bool verbose) {
  const std::vector<Check> checks = RunChecks(parts);
  bool ok = true;
  json::Value list = json::Value::Array();
  for (const Check& check : checks) {
    ok = ok && check.ok;
    json::Value entry = json::Value::Object();
    entry.Set("check", check.name).Set("ok", check.ok);
    if (!check.detail.empty()) {
      entry.Set("detail", check.detail);
    }
    list.Append(std::move(entry));
  }
  json::Value body = json::Value::Object();
  body.Set("ready", ok);
  if (verbose) {
    body.Set("checks", std::move(list));
  }
  net::Response response;
  response.status = ok ? 200 : 503;
  response.body = body.Serialize() + "\n";
  return response;
}

void UpdateGauges(const HealthParts& parts) {
  base::Metrics& metrics = *parts.metrics;
  if (const auto free = base::SystemFileSystem().FreeBytes(parts.data)) {
    metrics.GetGauge("weir_disk_free_bytes", "Bytes free on the volume of the data folder.")
        .Set(static_cast<double>(*free));
  }
  metrics
      .GetGauge("weir_build_info", "1; the label tells the version.",
                {{"version", std::string(kVersion)}})
      .Set(1);
  for (const auto& [name, status] : parts.engine->Applications()) {
    const base::Labels labels{{"application", name}};
    metrics.GetGauge("weir_windows_open", "Open windows of an application.", labels)
        .Set(static_cast<double>(status.open_windows));
    metrics.GetGauge("weir_application_behind_seconds", "Age of the oldest unread record.", labels)
        .Set(static_cast<double>(status.millis_behind) / 1000);
    metrics
        .GetGauge("weir_application_failed_info",
                  "1 when the application has stopped with an error.", labels)
        .Set(status.failure.empty() ? 0 : 1);
  }
  for (const auto& [name, status] : parts.engine->Deliveries()) {
    const base::Labels labels{{"delivery", name}};
    metrics
        .GetGauge("weir_delivery_pending_records", "Records that are not in the lake yet.", labels)
        .Set(static_cast<double>(status.pending_records));
    metrics
        .GetGauge("weir_delivery_oldest_pending_seconds",
                  "Age of the oldest record not in the lake.", labels)
        .Set(static_cast<double>(status.oldest_pending_millis) / 1000);
  }
}

}  // namespace

void RegisterHealthRoutes(net::HttpServer& server, const HealthParts& parts) {
  const auto live = [](const net::Request&, std::unique_ptr<net::Responder> responder) {
    responder->Send({.content_type = "text/plain; charset=utf-8", .body = "live\n"});
  };
  const auto ready = [parts](const net::Request& request,
                             std::unique_ptr<net::Responder> responder) {
    responder->Send(Ready(parts, request.query.contains("verbose")));
  };
  server.Route("GET", "/livez", live);
  server.Route("GET", "/readyz", ready);
  server.Route("GET", "/healthz", ready);
  // Not on a server thread, and one at a time: it takes milliseconds.
  server.RouteBlocking(
      "GET", "/metrics",
      [parts](const net::Request&, std::unique_ptr<net::Responder> responder) {
        UpdateGauges(parts);
        responder->Send({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = parts.metrics->Expose()});
      },
      {}, parts.scrapes);
  server.Route("GET", "/version",
               [](const net::Request&, std::unique_ptr<net::Responder> responder) {
                 json::Value body = json::Value::Object();
                 body.Set("name", "weir").Set("version", kVersion);
                 responder->Send({.body = body.Serialize() + "\n"});
               });
}

}  // namespace weir::server
