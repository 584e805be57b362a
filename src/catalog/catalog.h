#pragma once

/// The door of the catalog: everything that has a name, and every commit.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "model/record.h"
#include "model/types.h"

namespace weir::catalog {

/// A named thing that a stack (or an API call) made: stream, application, delivery stream, bucket,
/// database, named query …
struct Resource {
  std::string type;        ///< "AWS::Kinesis::Stream"
  std::string name;        ///< Unique within the type.
  std::string stack;       ///< Owner, "" when made by an API call.
  std::string logical_id;  ///< In the stack's template.
  std::string definition;  ///< JSON; its shape belongs to whoever wrote it.
  model::Rowtime created;  ///< Filled in by Apply for new ones.
};

struct ResourceChange {
  enum class Kind : uint8_t { kPut, kDelete };
  Kind kind = Kind::kPut;
  Resource resource;  ///< kDelete needs type and name only.
};

/// A finished immutable object of the lake.
struct Object {
  std::string bucket;
  std::string key;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
  uint64_t rows = 0;
  uint32_t shard = 0;
  model::Sequence first;  ///< Source records [first, last].
  model::Sequence last;
  model::Rowtime oldest_arrival;
  model::Rowtime newest_arrival;
  std::map<std::string, std::string> partition;  ///< "year" -> "2026"
  std::string delivery;  ///< Which delivery stream wrote it; filled in by CommitDelivery.
  bool failed = false;   ///< Holds records that could not be converted; no part of the table.
};

/// A table over objects; columns are lower-case as Glue stores them.
struct Table {
  std::string database;
  std::string name;
  std::string bucket;
  std::string format;  ///< "parquet" or "json"
  model::Schema columns;
  std::vector<std::string> partition_keys;
  std::string delivery;       ///< Which delivery stream fills it.
  std::string source_stream;  ///< The log stream whose tail continues it.
};

/// What a delivery is about to write, recorded before the object appears so that a repeated attempt
/// makes the same one.
struct PlannedObject {
  uint32_t shard = 0;
  model::Sequence first;
  model::Sequence last;
  std::string bucket;
  std::string key;
  std::string error_key;  ///< Where those of the records go that cannot be converted.
};

/// Objects, positions and registrations of one delivery commit: one transaction.
struct DeliveryCommit {
  std::string delivery;
  std::vector<Object> objects;
  /// Next sequence to deliver, per shard.
  std::map<uint32_t, model::Sequence> positions;
  /// Registered (or widened) with the commit.
  std::optional<Table> table;
};

/// A table with everything a reader needs, read in one transaction.
struct TableSnapshot {
  Table table;
  std::vector<Object> objects;
  /// Next sequence that the objects do not hold, per shard of the source stream.
  std::map<uint32_t, model::Sequence> positions;
};

/// One SQLite file; one transaction is one commit. Thread-safe.
class Catalog {
 public:
  /// Opens or creates. kDataLoss when the file is damaged, kFailedPrecondition when its format is
  /// newer than this program.
  static base::Result<std::unique_ptr<Catalog>> Open(base::FileSystem& files, base::Clock& clock,
                                                     const std::string& path);
  virtual ~Catalog() = default;

  /// All changes in one transaction. A put replaces the definition of an existing resource of the
  /// same stack; kAlreadyExists when another stack owns the name. Deleting what does not exist is
  /// fine.
  virtual base::Result<void> Apply(std::span<const ResourceChange> changes) = 0;
  virtual base::Result<Resource> Get(std::string_view type, std::string_view name) = 0;
  /// By name. Empty type: all.
  virtual base::Result<std::vector<Resource>> List(std::string_view type) = 0;

  /// Records (durably) what a delivery will write next; replaces an earlier plan of that delivery
  /// and shard.
  virtual base::Result<void> PlanObject(std::string_view delivery,
                                        const PlannedObject& planned) = 0;
  /// The plans that were not committed yet.
  virtual base::Result<std::vector<PlannedObject>> PlannedObjects(std::string_view delivery) = 0;
  /// Commits objects, positions and table together, and drops the plans they fulfil. Committing an
  /// object that is committed already with the same checksum is fine; with another it is kInternal.
  virtual base::Result<void> CommitDelivery(const DeliveryCommit& commit) = 0;
  /// Next sequence to deliver per shard; empty before the first commit.
  virtual base::Result<std::map<uint32_t, model::Sequence>> DeliveryPositions(
      std::string_view delivery) = 0;

  /// Registers a table before its first object. Same name again: columns may only be added (those
  /// that the new definition lacks stay); kFailedPrecondition when a type, the bucket, the format
  /// or the partition keys differ, kAlreadyExists when another delivery fills it.
  virtual base::Result<void> RegisterTable(const Table& table) = 0;
  virtual base::Result<std::vector<Table>> Tables() = 0;
  /// Consistent snapshots of all tables, in one read transaction.
  virtual base::Result<std::vector<TableSnapshot>> Snapshot() = 0;
  /// The same without a copy; kept until the next commit, so that asking again is cheap.
  virtual base::Result<std::shared_ptr<const std::vector<TableSnapshot>>> SharedSnapshot() = 0;
  /// All objects, for verification.
  virtual base::Result<std::vector<Object>> Objects() = 0;

  /// Changes whenever anything is committed; cheap.
  virtual uint64_t version() const = 0;
  /// Changes with resources alone (Apply), not with what deliveries commit; cheap.
  virtual uint64_t resources_version() const = 0;

  /// SQLite's own integrity check and the checksum of each page; problems, one a line.
  virtual base::Result<std::vector<std::string>> Verify() = 0;
};

}  // namespace weir::catalog
