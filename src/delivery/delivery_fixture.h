#pragma once

/// A log, a catalog and a lake on one simulated disk, for this room's tests.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/simulated_file_system.h"
#include "catalog/catalog.h"
#include "delivery/delivery.h"
#include "lake/object_store.h"
#include "log/log.h"
#include "log/log_fixture.h"

namespace weir::delivery {

/// Everything that a delivery needs, opened on a disk. `files` and `clock` must outlive it.
class Engine {
 public:
  static base::Result<std::unique_ptr<Engine>> Open(base::FileSystem& files, base::Clock& clock,
                                                    uint32_t shards) {
    return Open(files, clock, log::Definition("Clicks", shards));
  }

  static base::Result<std::unique_ptr<Engine>> Open(base::FileSystem& files, base::Clock& clock,
                                                    const log::StreamDefinition& clicks) {
    auto engine = std::make_unique<Engine>();
    ASSIGN_OR_RETURN(engine->log_, log::Log::Open(files, clock, "/data/log", log::SmallOptions()));
    ASSIGN_OR_RETURN(engine->stream_, engine->log_->OpenStream(clicks));
    ASSIGN_OR_RETURN(engine->catalog_, catalog::Catalog::Open(files, clock, "/data/catalog.db"));
    ASSIGN_OR_RETURN(engine->store_, lake::OpenLocalStore(files, "/data/lake", "/data/staging"));
    engine->clock_ = &clock;
    return engine;
  }

  base::Result<std::unique_ptr<Delivery>> Deliver(DeliveryDefinition definition) {
    return Delivery::Create(std::move(definition), *log_, *store_, *catalog_, *clock_);
  }

  /// Appends the texts, each under itself as partition key. True when they are durable.
  bool Append(const std::vector<std::string>& texts) {
    std::vector<log::Entry> entries;
    for (const std::string& text : texts) {
      entries.push_back(
          log::Entry{.partition_key = std::string_view(text).substr(0, 200), .data = text});
    }
    bool durable = false;
    stream_->Append(entries, [&](base::Result<std::vector<log::Placement>> done) {
      durable = done.has_value();
    });
    log_->Drive();
    return durable;
  }

  log::Log& log() { return *log_; }

  log::Stream& stream() { return *stream_; }

  catalog::Catalog& catalog() { return *catalog_; }

  lake::ObjectStore& store() { return *store_; }

 private:
  base::Clock* clock_ = nullptr;
  std::unique_ptr<log::Log> log_;
  log::Stream* stream_ = nullptr;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<lake::ObjectStore> store_;
};

inline DeliveryDefinition JsonDefinition() {
  return {.name = "clicks",
          .source_stream = "Clicks",
          .bucket = "click-stream",
          .prefix = "year=!{timestamp:yyyy}/hour=!{timestamp:HH}/",
          .error_prefix = "errors/!{firehose:error-output-type}/!{timestamp:yyyy}/",
          .format = Format::kJsonLines,
          .buffer_bytes = 400,
          .buffer_millis = 60'000,
          .database = "db",
          .columns = {{"Id", {model::TypeKind::kVarchar, 64}},
                      {"Price", {model::TypeKind::kDecimal, 18, 4}}}};
}

}  // namespace weir::delivery
