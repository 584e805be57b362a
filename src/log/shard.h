#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "log/group.h"
#include "log/health.h"
#include "log/log.h"
#include "log/pending_append.h"
#include "log/segment.h"
#include "log/shard_metrics.h"
#include "log/shard_recovery.h"

namespace weir::log {

class Shard;

/// What a shard takes over from its parents, durable there.
struct Heritage {
  model::Rowtime bound;
  ProducerTable producers;
};

/// What a shard uses of its surroundings; all outlive it.
struct ShardEnvironment {
  base::FileSystem& files;
  base::Clock& clock;
  const LogOptions& options;
  Health& health;
  ShardMetrics& metrics;
  /// Asks that Commit be called for the shard.
  std::function<void(Shard*)> schedule;
  /// Readers have something new.
  std::function<void()> notify;
};

/// One shard: a chain of segments and the group that fills. Appends encode into the filling group
/// under the mutex; a committer swaps it for an empty one, writes and syncs it without the mutex,
/// and then publishes it to readers. Thread-safe, except that Commit runs in one thread at a time
/// (Schedule sees to it).
class Shard {
 public:
  /// Recovers the shard in `folder`, and creates its first segment if it has none. One whose
  /// definition is closed is opened for reading only.
  static base::Result<std::unique_ptr<Shard>> Open(ShardEnvironment environment, std::string folder,
                                                   std::string stream, ShardDefinition definition,
                                                   const Heritage& heritage,
                                                   RecoveryReport& report);

  uint32_t id() const { return definition_.id; }

  /// Held by the appender around the calls marked (locked), so that several shards accept all or
  /// nothing.
  std::mutex& mutex() { return mutex_; }

  /// (locked) The shard's children take its place: nothing may be added any more.
  bool handed_over() const { return handed_over_; }

  /// (locked) Whether `bytes` of records may be added now.
  base::Result<void> Admit(size_t bytes) const;

  /// (locked) Makes room for records of `bytes`, overhead included.
  void Reserve(size_t bytes) { filling_.Reserve(bytes); }

  /// (locked) Adds a record that arrived at `now` or, if it names one, at its own time; never
  /// before the one before.
  Placement Add(const Entry& entry, model::Rowtime now);
  /// (locked) The adding is over: `waiter` is told when it is durable, and a committer is asked
  /// for.
  void EndAppend(std::shared_ptr<PendingAppend> waiter);

  /// Appends the rows that the shard does not have yet; see Stream::AppendOnce. Not (locked).
  /// False, with nothing done, while a resharding decides who knows the producer.
  bool AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries, size_t bytes,
                  model::Rowtime now, AppendDone& done);
  /// Nothing while a resharding decides it.
  std::optional<uint64_t> NextOrdinal(std::string_view producer) const;

  /// (locked) Accepts nothing from now on, and ends with a statement. Returns the last arrival that
  /// was given to a record.
  model::Rowtime HandOver();

  /// (locked) That last arrival, so far.
  model::Rowtime last_arrival() const { return last_arrival_; }

  /// A new child, before appenders know it: no record arrives before `bound`, and rows of producers
  /// wait for Inherit.
  void AwaitHeritage(model::Rowtime bound);
  /// The parents have drained.
  void Inherit(const Heritage& heritage);
  /// What a shard of `heir`'s range takes over.
  Heritage Bequest(const ShardDefinition& heir) const;
  /// Handed over and idle: gives back what only writing needs. Called once.
  void Retire();
  /// Closed, and its stream deleted: once nothing waits, gives back files and memory. Reads open
  /// what they need for themselves.
  void Release();

  void StateBound(model::Rowtime at);
  /// Ends the shard's last write with a statement, so that no doubt is left about it.
  void StateClosed();

  /// Writes and syncs the filling group; then calls back. Called by the scheduler only.
  void Commit();
  /// Refuses appends from now on.
  void Close();
  /// Returns when nothing waits any more.
  void AwaitIdle();

  base::Result<ReadResult> Read(model::Sequence from, size_t max_records, size_t max_bytes);
  base::Result<model::Sequence> FindArrival(model::Rowtime at);
  model::Sequence TrimHorizon() const;
  model::Sequence DurableEnd() const;
  model::Rowtime Bound() const;

  uint64_t BytesOnDisk() const;

  /// The oldest segment, if it may go: it is complete, and no record at or after `keep_from` is in
  /// it.
  struct Removable {
    uint64_t bytes = 0;
    /// None of its records arrived later.
    model::Rowtime bound;
  };

  std::optional<Removable> OldestRemovable(model::Sequence keep_from) const;
  /// Removes the oldest segment; returns its bytes. Only one thread at a time.
  base::Result<uint64_t> RemoveOldest();

  /// Where the durable part of the last segment ends, for a check while the shard is open.
  struct DurableMark {
    std::string path;
    uint64_t bytes = 0;
  };

  DurableMark Mark() const;

 private:
  /// Where a reader will go on: the batch that holds a sequence.
  struct Cursor {
    model::Sequence sequence;
    std::shared_ptr<Segment> segment;
    uint64_t offset = 0;
  };

  struct ReadPlace {
    std::shared_ptr<Segment> segment;
    uint64_t offset = 0;
    uint64_t limit = 0;
  };

  static constexpr size_t kCursors = 8;

  Shard(ShardEnvironment environment, std::string folder, std::string stream,
        ShardDefinition definition);

  base::Result<void> Start(const Heritage& heritage, RecoveryReport& report);
  std::unexpected<base::Error> Refusal() const;
  void ScheduleLocked();
  base::Result<void> WriteGroup();
  size_t BatchesThatFit(size_t from, uint64_t room) const;
  base::Result<void> WriteBatches(size_t from, size_t to);
  base::Result<void> WriteAndSync(uint64_t offset, std::string_view bytes);
  /// Makes durable that the active segment ends at `offset`: a power loss brings back nothing of a
  /// write that was refused. It grows again with the next write.
  base::Result<void> Cut(uint64_t offset);
  base::Result<void> Sync();
  void Publish(size_t from, size_t to, uint64_t offset, const WritePlace& place);
  void FailWaiting(const base::Error& error);
  base::Result<void> Roll();
  base::Result<void> StartSegment(uint64_t allocate);
  uint64_t FirstAllocation() const;
  base::Result<void> SyncRemoval();
  void InheritLocked(const Heritage& heritage);
  void NoteUnsynced(uint64_t offset);

  ReadPlace PlaceOf(model::Sequence from) const;
  void RememberCursor(Cursor cursor);

  ShardEnvironment environment_;
  std::string folder_;
  std::string stream_;
  ShardDefinition definition_;
  SegmentFiles read_files_;

  // Only the committing thread (once retired: retention), which so need not look into segments_
  // while retention shortens it:
  Group writing_;
  std::shared_ptr<Segment> active_;
  std::shared_ptr<base::File> active_file_;

  bool removal_unsynced_ = false;  // only retention: its last one may come back after a crash

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  Group filling_;
  size_t writing_bytes_ = 0;
  bool scheduled_ = false;
  bool closed_ = false;
  bool handed_over_ = false;
  bool retired_ = false;
  bool awaits_heritage_ = false;
  /// No record arrives before it, whatever has become durable.
  model::Rowtime floor_;
  // As assigned to what was appended, durable or not:
  model::Sequence next_sequence_;
  model::Rowtime last_arrival_;
  ProducerTable producers_;
  // As durable; changed by the committing thread, and what is inherited:
  model::Sequence durable_end_;
  model::Rowtime durable_bound_;
  ProducerTable durable_producers_;
  std::deque<std::shared_ptr<Segment>> segments_;
  std::vector<Cursor> cursors_;
};

}  // namespace weir::log
