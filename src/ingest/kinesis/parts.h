#pragma once

#include <string>

#include "auth/gate.h"
#include "base/clock.h"
#include "ingest/kinesis/settings.h"
#include "log/log.h"
#include "registry/registry.h"

namespace weir::ingest::kinesis {

// What the operations work with; all of it outlives them.
struct Parts {
  log::Log& log;
  registry::Registry& registry;
  Settings& settings;
  auth::Gate& gate;
  base::Clock& clock;
  std::string region;  // Of ARNs and messages.

  model::Rowtime Now() const { return {clock.WallMillis()}; }
};

}  // namespace weir::ingest::kinesis
