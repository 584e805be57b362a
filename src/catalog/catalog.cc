#include "catalog/catalog.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "catalog/partition_text.h"
#include "catalog/schema.h"
#include "catalog/sqlite_database.h"
#include "catalog/table_store.h"

namespace weir::catalog {
namespace {

using SharedTables = std::shared_ptr<const std::vector<TableSnapshot>>;

constexpr int64_t kMaxStored = std::numeric_limits<int64_t>::max();

int64_t Stored(uint64_t value) {
  return static_cast<int64_t>(value);
}

model::Sequence SequenceAt(const Row& row, int column) {
  return model::Sequence{static_cast<uint64_t>(row.Int(column))};
}

#define WEIR_OBJECT_COLUMNS                                                                \
  "bucket, key, bytes, crc32c, rows, shard, first, last, oldest_arrival, newest_arrival, " \
  "partition, delivery, failed"

Object ReadObject(const Row& row) {
  return Object{.bucket = row.Text(0),
                .key = row.Text(1),
                .bytes = static_cast<uint64_t>(row.Int(2)),
                .crc32c = static_cast<uint32_t>(row.Int(3)),
                .rows = static_cast<uint64_t>(row.Int(4)),
                .shard = static_cast<uint32_t>(row.Int(5)),
                .first = SequenceAt(row, 6),
                .last = SequenceAt(row, 7),
                .oldest_arrival = model::Rowtime{row.Int(8)},
                .newest_arrival = model::Rowtime{row.Int(9)},
                .partition = ParsePartition(row.Text(10)),
                .delivery = row.Text(11),
                .failed = row.Int(12) != 0};
}

Resource ReadResource(const Row& row) {
  return Resource{.type = row.Text(0),
                  .name = row.Text(1),
                  .stack = row.Text(2),
                  .logical_id = row.Text(3),
                  .definition = row.Text(4),
                  .created = model::Rowtime{row.Int(5)}};
}

base::Result<void> CheckRange(model::Sequence first, model::Sequence last) {
  if (first > last || last.value >= static_cast<uint64_t>(kMaxStored)) {
    return base::Fail(base::Code::kInvalidArgument, "the range [{}, {}] is empty or out of bounds",
                      first.value, last.value);
  }
  return {};
}

class SqliteCatalog : public Catalog {
 public:
  SqliteCatalog(std::unique_ptr<SqliteDatabase> database, base::Clock& clock)
      : database_(std::move(database)), clock_(clock) {}

  base::Result<void> Apply(std::span<const ResourceChange> changes) override {
    const base::Result<void> applied = Commit([&]() -> base::Result<void> {
      for (const ResourceChange& change : changes) {
        RETURN_IF_ERROR(change.kind == ResourceChange::Kind::kPut
                            ? PutResource(change.resource)
                            : DeleteResource(change.resource));
      }
      return {};
    });
    ++resources_version_;
    return applied;
  }

  base::Result<Resource> Get(std::string_view type, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    std::optional<Resource> found;
    RETURN_IF_ERROR(
        database_->Run("SELECT type, name, stack, logical_id, definition, created FROM resource "
                       "WHERE type = ?1 AND name = ?2",
                       {type, name}, [&](const Row& row) { found = ReadResource(row); }));
    if (!found.has_value()) {
      return base::Fail(base::Code::kNotFound, "there is no {} named '{}'", type, name);
    }
    return *std::move(found);
  }

  base::Result<std::vector<Resource>> List(std::string_view type) override {
    const std::lock_guard lock(mutex_);
    std::vector<Resource> resources;
    RETURN_IF_ERROR(
        database_->Run("SELECT type, name, stack, logical_id, definition, created FROM resource "
                       "WHERE ?1 = '' OR type = ?1 ORDER BY name, type",
                       {type}, [&](const Row& row) { resources.push_back(ReadResource(row)); }));
    return resources;
  }

  base::Result<void> PlanObject(std::string_view delivery, const PlannedObject& planned) override {
    RETURN_IF_ERROR(CheckRange(planned.first, planned.last));
    return Commit([&] {
      return database_->Run(
          "INSERT OR REPLACE INTO planned_object "
          "(delivery, shard, first, last, bucket, key, error_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
          "?7)",
          {delivery, int64_t{planned.shard}, Stored(planned.first.value),
           Stored(planned.last.value), std::string_view(planned.bucket),
           std::string_view(planned.key), std::string_view(planned.error_key)});
    });
  }

  base::Result<std::vector<PlannedObject>> PlannedObjects(std::string_view delivery) override {
    const std::lock_guard lock(mutex_);
    std::vector<PlannedObject> planned;
    RETURN_IF_ERROR(
        database_->Run("SELECT shard, first, last, bucket, key, error_key FROM planned_object "
                       "WHERE delivery = ?1 ORDER BY shard",
                       {delivery}, [&](const Row& row) {
                         planned.push_back(PlannedObject{.shard = static_cast<uint32_t>(row.Int(0)),
                                                         .first = SequenceAt(row, 1),
                                                         .last = SequenceAt(row, 2),
                                                         .bucket = row.Text(3),
                                                         .key = row.Text(4),
                                                         .error_key = row.Text(5)});
                       }));
    return planned;
  }

  base::Result<void> CommitDelivery(const DeliveryCommit& commit) override {
    for (const Object& object : commit.objects) {
      RETURN_IF_ERROR(CheckRange(object.first, object.last));
    }
    return Commit([&]() -> base::Result<void> {
      for (const Object& object : commit.objects) {
        RETURN_IF_ERROR(CommitObject(commit.delivery, object));
      }
      for (const auto& [shard, next] : commit.positions) {
        RETURN_IF_ERROR(MovePosition(commit.delivery, shard, next));
      }
      if (commit.table.has_value()) {
        RETURN_IF_ERROR(StoreTable(*database_, *commit.table));
      }
      return {};
    });
  }

  base::Result<std::map<uint32_t, model::Sequence>> DeliveryPositions(
      std::string_view delivery) override {
    const std::lock_guard lock(mutex_);
    std::map<uint32_t, model::Sequence> positions;
    RETURN_IF_ERROR(database_->Run("SELECT shard, next FROM delivery_position WHERE delivery = ?1",
                                   {delivery}, [&](const Row& row) {
                                     positions[static_cast<uint32_t>(row.Int(0))] =
                                         SequenceAt(row, 1);
                                   }));
    return positions;
  }

  base::Result<void> RegisterTable(const Table& table) override {
    return Commit([&] { return StoreTable(*database_, table); });
  }

  base::Result<std::vector<Table>> Tables() override {
    const std::lock_guard lock(mutex_);
    return LoadTables(*database_);
  }

  base::Result<std::vector<TableSnapshot>> Snapshot() override {
    ASSIGN_OR_RETURN(const SharedTables shared, SharedSnapshot());
    return *shared;
  }

  base::Result<SharedTables> SharedSnapshot() override {
    const std::lock_guard lock(mutex_);
    if (snapshot_ == nullptr) {
      std::vector<TableSnapshot> tables;
      RETURN_IF_ERROR(database_->InTransaction([&] { return LoadSnapshot(tables); }));
      snapshot_ = std::make_shared<const std::vector<TableSnapshot>>(std::move(tables));
    }
    return snapshot_;
  }

  base::Result<std::vector<Object>> Objects() override {
    const std::lock_guard lock(mutex_);
    std::vector<Object> objects;
    RETURN_IF_ERROR(database_->Run(
        "SELECT " WEIR_OBJECT_COLUMNS " FROM object ORDER BY delivery, shard, first, failed", {},
        [&](const Row& row) { objects.push_back(ReadObject(row)); }));
    return objects;
  }

  uint64_t version() const override { return version_.load(); }

  uint64_t resources_version() const override { return resources_version_.load(); }

  base::Result<std::vector<std::string>> Verify() override {
    const std::lock_guard lock(mutex_);
    // A page that a crash tore in the main file counts only when the write-ahead log does not
    // replace it.
    RETURN_IF_ERROR(database_->Run("PRAGMA wal_checkpoint(TRUNCATE)"));
    ASSIGN_OR_RETURN(std::vector<std::string> problems, database_->CheckPages());
    RETURN_IF_ERROR(database_->Run("PRAGMA integrity_check", {}, [&](const Row& row) {
      if (row.Text(0) != "ok") {
        problems.push_back(row.Text(0));
      }
    }));
    RETURN_IF_ERROR(database_->Run("PRAGMA foreign_key_check", {}, [&](const Row& row) {
      problems.push_back(
          fmt::format("a row of '{}' refers to a missing row of '{}'", row.Text(0), row.Text(2)));
    }));
    return problems;
  }

 private:
  // One commit: a transaction, then a new version.
  base::Result<void> Commit(const std::function<base::Result<void>()>& body) {
    const std::lock_guard lock(mutex_);
    const base::Result<void> done = database_->InTransaction(body);
    // Even a commit that reports an error may have become durable.
    snapshot_ = nullptr;
    ++version_;
    return done;
  }

  base::Result<void> PutResource(const Resource& resource) {
    std::optional<Resource> existing;
    RETURN_IF_ERROR(
        database_->Run("SELECT type, name, stack, logical_id, definition, created FROM resource "
                       "WHERE type = ?1 AND name = ?2",
                       {std::string_view(resource.type), std::string_view(resource.name)},
                       [&](const Row& row) { existing = ReadResource(row); }));
    if (existing.has_value() && existing->stack != resource.stack) {
      return base::Fail(
          base::Code::kAlreadyExists,
          "{} '{}' exists already and belongs to {}; choose another name", resource.type,
          resource.name,
          existing->stack.empty() ? "no stack" : fmt::format("stack '{}'", existing->stack));
    }
    const int64_t created = existing.has_value() ? existing->created.millis : clock_.WallMillis();
    return database_->Run(
        "INSERT OR REPLACE INTO resource (type, name, stack, logical_id, definition, created) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        {std::string_view(resource.type), std::string_view(resource.name),
         std::string_view(resource.stack), std::string_view(resource.logical_id),
         std::string_view(resource.definition), created});
  }

  base::Result<void> DeleteResource(const Resource& resource) {
    return database_->Run("DELETE FROM resource WHERE type = ?1 AND name = ?2",
                          {std::string_view(resource.type), std::string_view(resource.name)});
  }

  base::Result<void> CommitObject(std::string_view delivery, const Object& object) {
    std::optional<Object> existing;
    RETURN_IF_ERROR(database_->Run("SELECT " WEIR_OBJECT_COLUMNS
                                   " FROM object WHERE bucket = ?1 AND key = ?2",
                                   {std::string_view(object.bucket), std::string_view(object.key)},
                                   [&](const Row& row) { existing = ReadObject(row); }));
    if (existing.has_value()) {
      if (existing->crc32c != object.crc32c || existing->bytes != object.bytes ||
          existing->delivery != delivery) {
        return base::Fail(
            base::Code::kInternal,
            "object '{}/{}' is committed already with other contents (checksum {:08x}, now {:08x})",
            object.bucket, object.key, existing->crc32c, object.crc32c);
      }
    } else {
      const std::string partition = FormatPartition(object.partition);
      RETURN_IF_ERROR(database_->Run(
          "INSERT INTO object (" WEIR_OBJECT_COLUMNS
          ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
          {std::string_view(object.bucket), std::string_view(object.key), Stored(object.bytes),
           int64_t{object.crc32c}, Stored(object.rows), int64_t{object.shard},
           Stored(object.first.value), Stored(object.last.value), object.oldest_arrival.millis,
           object.newest_arrival.millis, std::string_view(partition), delivery,
           int64_t{object.failed ? 1 : 0}}));
    }
    return database_->Run(
        "DELETE FROM planned_object WHERE delivery = ?1 AND shard = ?2 AND first = ?3",
        {delivery, int64_t{object.shard}, Stored(object.first.value)});
  }

  base::Result<void> MovePosition(std::string_view delivery, uint32_t shard, model::Sequence next) {
    return database_->Run(
        "INSERT OR REPLACE INTO delivery_position (delivery, shard, next) VALUES (?1, ?2, ?3)",
        {delivery, int64_t{shard}, Stored(next.value)});
  }

  base::Result<void> LoadSnapshot(std::vector<TableSnapshot>& tables) {
    ASSIGN_OR_RETURN(std::vector<Table> plain, LoadTables(*database_));
    for (Table& table : plain) {
      TableSnapshot snapshot;
      const std::string_view delivery = table.delivery;
      RETURN_IF_ERROR(database_->Run(
          "SELECT " WEIR_OBJECT_COLUMNS
          " FROM object WHERE delivery = ?1 AND failed = 0 "
          "ORDER BY shard, first",
          {delivery}, [&](const Row& row) { snapshot.objects.push_back(ReadObject(row)); }));
      RETURN_IF_ERROR(database_->Run(
          "SELECT shard, next FROM delivery_position WHERE delivery = ?1", {delivery},
          [&](const Row& row) {
            snapshot.positions[static_cast<uint32_t>(row.Int(0))] = SequenceAt(row, 1);
          }));
      snapshot.table = std::move(table);
      tables.push_back(std::move(snapshot));
    }
    return {};
  }

  std::mutex mutex_;
  const std::unique_ptr<SqliteDatabase> database_;
  base::Clock& clock_;
  SharedTables snapshot_;
  std::atomic<uint64_t> version_ = 1;
  std::atomic<uint64_t> resources_version_ = 1;
};

#undef WEIR_OBJECT_COLUMNS

}  // namespace

base::Result<std::unique_ptr<Catalog>> Catalog::Open(base::FileSystem& files, base::Clock& clock,
                                                     const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> database,
                   SqliteDatabase::Open(files, clock, path));
  RETURN_IF_ERROR(PrepareSchema(*database));
  return std::make_unique<SqliteCatalog>(std::move(database), clock);
}

}  // namespace weir::catalog
