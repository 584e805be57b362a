#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "log/log.h"
#include "log/shard.h"
#include "log/shard_map.h"
#include "log/shard_metrics.h"

namespace weir::log {

/// A stream in segment files of the local file system.
class LocalStream : public Stream {
 public:
  /// What a stream uses of its log; all outlive it.
  struct Environment {
    base::FileSystem& files;
    base::Clock& clock;
    const LogOptions& options;
    Health& health;
    base::Metrics& metrics;
    std::string log_folder;
    std::function<void(Shard*)> schedule;
  };

  /// Recovers or creates every shard.
  static base::Result<std::unique_ptr<LocalStream>> Open(const Environment& environment,
                                                         const StreamDefinition& definition,
                                                         RecoveryReport& report);

  const StreamDefinition& definition() const override { return definition_; }

  std::string_view name() const override { return definition_.name; }

  model::Rowtime created() const override { return definition_.created; }

  void AppendEach(std::span<const Entry> entries, AppendEachDone done) override;
  base::Result<void> Reshard(const StreamDefinition& definition) override;

  void Append(std::span<const Entry> entries, AppendDone done) override;
  void AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries,
                  AppendDone done) override;
  uint64_t NextOrdinal(std::string_view producer) const override;
  uint32_t ShardOfProducer(std::string_view producer) const override;
  base::Result<ReadResult> Read(uint32_t shard, model::Sequence from, size_t max_records,
                                size_t max_bytes) override;
  model::Sequence TrimHorizon(uint32_t shard) const override;
  model::Sequence DurableEnd(uint32_t shard) const override;
  base::Result<model::Sequence> FindArrival(uint32_t shard, model::Rowtime at) override;
  model::Rowtime Bound(uint32_t shard) const override;
  void StateBound(model::Rowtime at, bool force) override;
  void Watch(Notifier* notifier) override;
  void Unwatch(Notifier* notifier) override;
  base::Result<uint64_t> ApplyRetention(std::span<const model::Sequence> keep_from) override;
  uint64_t BytesOnDisk() const override;

  /// Refuses appends from now on.
  void Close();
  /// Returns when all that was accepted is durable or has failed.
  void AwaitIdle();
  /// States in every shard that its last write was synced.
  void StateClosed();

  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }

 private:
  LocalStream(const Environment& environment, StreamDefinition definition, ShardMap map);

  /// Encoded size of the entries at most; kInvalidArgument for one that can never be stored.
  base::Result<size_t> CheckEntries(std::span<const Entry> entries) const;
  void AppendToOne(Shard& shard, std::span<const Entry> entries, size_t bytes, AppendDone done);
  void AppendToMany(std::span<const Entry> entries, AppendDone done);
  Shard* FindShard(uint32_t id) const;
  model::Rowtime Now() const;
  base::Result<uint64_t> RemoveExpired(std::span<const model::Sequence> keep_from);
  base::Result<uint64_t> RemoveExcess(std::span<const model::Sequence> keep_from);
  void NotifyWatchers();

  Environment environment_;
  StreamDefinition definition_;
  ShardMap map_;
  ShardMetrics metrics_;
  std::vector<std::unique_ptr<Shard>> shards_;  // in the definition's order
  std::mutex retention_mutex_;
  std::mutex watchers_mutex_;
  std::vector<Notifier*> watchers_;
};

}  // namespace weir::log
