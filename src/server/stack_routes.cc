#include "server/stack_routes.h"

#include <memory>

#include "json/document.h"
#include "stack/deploy.h"

namespace weir::server {

base::Result<std::string> DescribeDeployed(catalog::Catalog& catalog, const stack::Engine& engine,
                                           const log::Log& log) {
  ASSIGN_OR_RETURN(const auto resources, catalog.List(""));
  return stack::DescribeResources(resources) + stack::DescribeStatus(engine, log);
}

void RegisterStackRoute(net::HttpServer& server, catalog::Catalog& catalog,
                        const stack::Engine& engine, const log::Log& log) {
  server.RouteBlocking(
      "GET", "/v1/stack",
      [&catalog, &engine, &log](const net::Request&, std::unique_ptr<net::Responder> responder) {
        const auto text = DescribeDeployed(catalog, engine, log);
        if (!text.has_value()) {
          return responder->Send(net::ErrorResponse(text.error()));
        }
        json::Value body = json::Value::Object();
        body.Set("description", *text);
        responder->Send(
            {.body = body.Serialize() + "\n", .headers = {{"Cache-Control", "no-store"}}});
      });
}

}  // namespace weir::server
