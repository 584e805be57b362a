#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "net/http_server.h"
#include "stack/engine.h"

namespace weir::server {

/// What is deployed, with figures, for people: resources, then streams, applications and delivery
/// streams.
base::Result<std::string> DescribeDeployed(catalog::Catalog& catalog, const stack::Engine& engine,
                                           const log::Log& log);

/// Adds GET /v1/stack: {"description": that text}. All must outlive the server.
void RegisterStackRoute(net::HttpServer& server, catalog::Catalog& catalog,
                        const stack::Engine& engine, const log::Log& log);

}  // namespace weir::server
