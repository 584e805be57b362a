#pragma once

/// The door of the stack room for running: everything that a catalog's resources set in motion.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "delivery/delivery.h"
#include "lake/object_store.h"
#include "log/log.h"
#include "stack/definitions.h"
#include "stream/application.h"

namespace weir::stack {

struct EngineOptions {
  /// Each application's checkpoints lie in a folder of its name below this.
  std::string checkpoint_directory;
  /// For every application; the checkpoint directory is filled in.
  stream::ApplicationOptions application;
  int64_t retention_interval_millis = 60'000;
};

/// What an engine runs on. All of it must outlive the engine.
struct EngineParts {
  catalog::Catalog* catalog = nullptr;
  lake::ObjectStore* store = nullptr;
  log::Log* log = nullptr;
  base::FileSystem* files = nullptr;
  base::Clock* clock = nullptr;
};

struct NamedApplicationStatus {
  std::string name;
  stream::ApplicationStatus status;
};

struct NamedDeliveryStatus {
  std::string name;
  delivery::DeliveryStatus status;
};

/// The streams, applications and delivery streams of a catalog, running, or driven by hand.
class Engine {
 public:
  /// Opens every stream in the log, restores every application from its checkpoint, finishes what a
  /// crash left of deliveries. Nothing runs yet.
  static base::Result<std::unique_ptr<Engine>> Open(const EngineParts& parts,
                                                    EngineOptions options);
  virtual ~Engine() = default;

  virtual const Definitions& definitions() const = 0;

  /// Starts a thread for each application and delivery, and one that applies retention.
  virtual void Start() = 0;
  /// Stops them in the order of the data; applications write a last checkpoint unless `abandon`.
  /// The first error is returned after everything has stopped.
  virtual base::Result<void> Stop(bool abandon) = 0;

  /// By hand, instead of Start: runs what is there now through applications and due deliveries;
  /// true when there was anything.
  virtual base::Result<bool> Step() = 0;
  /// The end of a replay, instead of Start: runs everything that is there, states that nothing
  /// comes before the last record plus all windows, so that they close, delivers everything and
  /// writes checkpoints. Records that arrive later are in new windows.
  virtual base::Result<void> Finish() = 0;

  /// Removes what retention allows now, and what no consumer still needs. Returns the bytes
  /// removed; or, after all streams, the first error, and each is in the log, as are the bytes.
  virtual base::Result<uint64_t> ApplyRetention() = 0;

  virtual std::vector<NamedApplicationStatus> Applications() const = 0;
  virtual std::vector<NamedDeliveryStatus> Deliveries() const = 0;
};

/// Streams, applications and delivery streams with their figures, for people.
std::string DescribeStatus(const Engine& engine, const log::Log& log);

}  // namespace weir::stack
