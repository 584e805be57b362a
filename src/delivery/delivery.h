#pragma once

/// The door of the delivery room: a stream of the log becomes partitioned objects of the lake.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "lake/object_store.h"
#include "log/log.h"
#include "model/types.h"

namespace weir::delivery {

enum class Format : uint8_t { kParquet, kJsonLines };

enum class Compression : uint8_t { kNone, kGzip, kZstd };

/// A delivery stream. A buffer becomes an object when it holds `buffer_bytes` of record data, or
/// its oldest record arrived `buffer_millis` ago, whichever is first.
struct DeliveryDefinition {
  std::string name;
  std::string source_stream;  ///< In the log.
  std::string bucket;
  /// Firehose prefix expression; "" is "!{timestamp:yyyy/MM/dd/HH/}".
  std::string prefix;
  std::string error_prefix;  ///< For records that cannot be converted.
  Format format = Format::kParquet;
  Compression compression =
      Compression::kNone;  ///< JSON lines: none or gzip; Parquet is always zstd.
  uint64_t buffer_bytes = 5ull << 20;
  int64_t buffer_millis = 300'000;
  std::string database;
  std::string table;      ///< "" : the bucket's name with '-' as '_'.
  model::Schema columns;  ///< Of the records' JSON objects, names as in the records.
};

struct DeliveryStatus {
  uint64_t records_delivered = 0;  ///< Since start.
  uint64_t records_failed = 0;     ///< Written under the error prefix.
  uint64_t objects = 0;
  uint64_t bytes = 0;
  uint64_t pending_records = 0;
  int64_t oldest_pending_millis = 0;
  std::string failure;  ///< Last error, "" when fine; deliveries retry with back-off.
};

/// A running delivery. Exactly once: plan in the catalog, stage, link, commit objects and position
/// in one transaction.
class Delivery {
 public:
  /// Finishes a planned object that a crash left, checks the definition, registers the table.
  static base::Result<std::unique_ptr<Delivery>> Create(DeliveryDefinition definition,
                                                        log::Log& log, lake::ObjectStore& store,
                                                        catalog::Catalog& catalog,
                                                        base::Clock& clock);
  virtual ~Delivery() = default;

  virtual const DeliveryDefinition& definition() const = 0;

  /// Runs in an own thread until Stop; Stop delivers nothing more (what is pending stays in the
  /// log).
  virtual void Start() = 0;
  virtual void Stop() = 0;

  /// For tests and replay: writes the objects that are due, or, with `flush`, everything there is.
  /// True when any was written.
  virtual base::Result<bool> Step(bool flush) = 0;

  /// Next sequence to deliver per shard id: retention may go so far.
  virtual std::vector<model::Sequence> SafePositions() const = 0;
  virtual DeliveryStatus Status() const = 0;
};

}  // namespace weir::delivery
