#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
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
    /// Commits what waits, when no threads do.
    std::function<void()> drive;
  };

  /// Recovers or creates every shard.
  static base::Result<std::unique_ptr<LocalStream>> Open(const Environment& environment,
                                                         const StreamDefinition& definition,
                                                         RecoveryReport& report);

  const StreamDefinition& definition() const override { return layout().definition; }

  std::string_view name() const override { return name_; }

  model::Rowtime created() const override { return layout().definition.created; }

  base::Result<void> Reshard(const StreamDefinition& definition) override;
  void AppendEach(std::span<const Entry> entries, AppendEachDone done) override;
  void Append(std::span<const Entry> entries, AppendDone done) override;
  void AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries,
                  AppendDone done) override;
  std::vector<uint32_t> ShardsOf(std::span<const Entry> entries) const override;
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

  /// Refuses appends and reshardings from now on; waits for one that is under way.
  void Close();
  /// States in every shard that its last write was synced.
  void StateClosed();
  /// Closed: once all that was accepted is durable or has failed, and a retention that is under way
  /// has ended, gives back the open files. What is read from now on is kNotFound once the files are
  /// removed; retention removes nothing.
  void Release();

  /// Of a shard, for a check while the stream is open; nothing for an unknown one.
  std::optional<Shard::DurableMark> Mark(uint32_t shard) const;

 private:
  /// What Reshard replaces as a whole.
  struct Layout {
    StreamDefinition definition;
    ShardMap map;
    std::vector<Shard*> shards;  ///< in the definition's order
    std::vector<Shard*> open;    ///< those that take appends, in the same order
  };

  /// What one pass of retention came to so far.
  struct RetentionPass {
    uint64_t removed = 0;
    std::vector<bool> failed = {};  ///< by shard, in the definition's order
    std::optional<base::Error> error = std::nullopt;
  };

  /// Definitions that one opening of the stream keeps.
  static constexpr size_t kMaxLayouts = 1'000;

  LocalStream(const Environment& environment, const StreamDefinition& definition);

  const Layout& layout() const { return *layout_.load(std::memory_order_acquire); }

  base::Result<std::unique_ptr<Layout>> PlanLayout(const StreamDefinition& definition) const;
  /// Opens the shards that the layout's definition has beyond those that it knows.
  base::Result<void> OpenShards(Layout& layout, RecoveryReport& report);
  static Heritage HeritageOf(const Layout& layout, const ShardDefinition& shard);
  void Publish(std::unique_ptr<Layout> layout);
  /// Appends go to `next` instead of `current`. Returns the shards that were closed by it.
  std::vector<Shard*> Switch(const Layout& current, std::unique_ptr<Layout> next);
  void DiscardEmptyShards(size_t from);

  // The first two return false, with nothing done, when a shard that they need was handed over:
  // then there is another layout.
  bool AppendToOne(Shard& shard, std::span<const Entry> entries, size_t bytes,
                   const std::shared_ptr<PendingAppend>& pending);
  bool AppendToMany(const Layout& layout, std::span<const Entry> entries,
                    const std::shared_ptr<PendingAppend>& pending);
  /// Appends the `chosen` entries, each shard's for itself. Returns those whose shard was handed
  /// over.
  std::vector<uint32_t> AppendChosen(const Layout& layout, std::span<const Entry> entries,
                                     std::span<const uint32_t> chosen,
                                     const std::shared_ptr<PendingAppend>& pending);
  /// Adds the `chosen` entries, all of one shard, or refuses them; false when it was handed over.
  bool AddChosen(Shard& shard, std::span<const Entry> entries, std::span<const uint32_t> chosen,
                 const std::shared_ptr<PendingAppend>& pending);
  void AwaitResharding() const;

  static Shard* FindShard(const Layout& layout, uint32_t id);

  Shard* FindShard(uint32_t id) const { return FindShard(layout(), id); }

  model::Rowtime Now() const;
  /// One shard's failure is the pass's first error and the end of that shard's turn, no more.
  static void RemoveOldest(const Layout& layout, size_t shard, RetentionPass& pass);
  void RemoveExpired(const Layout& now, std::span<const model::Sequence> keep_from,
                     RetentionPass& pass);
  void NotifyWatchers();

  Environment environment_;
  const std::string name_;
  ShardMetrics metrics_;
  std::atomic<const Layout*> layout_ = nullptr;
  /// Held by a resharding from begin to end; guards what follows.
  mutable std::shared_mutex reshard_mutex_;
  bool closing_ = false;
  std::vector<std::unique_ptr<Shard>> shards_;          // in the definition's order
  std::vector<std::unique_ptr<const Layout>> layouts_;  // old ones too: someone may hold them
  std::mutex retention_mutex_;
  bool retention_stopped_ = false;  // guarded by retention_mutex_
  std::mutex watchers_mutex_;
  std::vector<Notifier*> watchers_;
};

}  // namespace weir::log
