#pragma once

/// The door of the ingest room: where records come in.

#include <memory>
#include <string>

#include "auth/gate.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/intake.h"
#include "log/log.h"
#include "net/http_server.h"
#include "registry/registry.h"

namespace weir::ingest {

/// What the doors work with; all of it outlives them.
struct DoorParts {
  log::Log& log;
  catalog::Catalog& catalog;
  registry::Registry& registry;
  auth::Gate& gate;
  Intake& intake;
  base::FileSystem& files;
  base::Clock& clock;
  base::Metrics& metrics;
  std::string region = "us-east-1";  ///< Of the AWS APIs.
  std::string secrets_directory;     ///< Where the secrets of webhook sources lie.
};

/// The routes that take records, and what they keep.
class Doors {
 public:
  /// Adds POST /v1/streams/{name}/records, the AWS APIs at POST /, and the doors for browsers and
  /// webhooks. Keep what is returned until the server has stopped.
  static base::Result<std::unique_ptr<Doors>> Register(net::HttpServer& server, DoorParts parts);
  virtual ~Doors() = default;
};

}  // namespace weir::ingest
