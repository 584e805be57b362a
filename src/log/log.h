#pragma once

/// The door of the log: durable streams of records. Start here.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "log/live_table.h"
#include "log/notifier.h"
#include "model/record.h"

namespace weir::log {

/// One shard's place on the hash-key circle (both ends included) and in the stream's history.
struct ShardDefinition {
  uint32_t id = 0;
  model::HashKey first_hash;
  model::HashKey last_hash = model::kMaxHashKey;
  model::Rowtime created;         ///< 0: with the stream
  std::vector<uint32_t> parents;  ///< none, one (split) or two (merge)
  bool closed = false;            ///< takes no further records; its children do

  friend bool operator==(const ShardDefinition&, const ShardDefinition&) = default;
};

/// What a stream is. The catalog stores it; the log is handed it when the stream is opened.
struct StreamDefinition {
  std::string name;  ///< 1..128 of [a-zA-Z0-9_.-]
  model::Rowtime created;
  /// Closed ones too, parents before their children.
  std::vector<ShardDefinition> shards;
  /// Records older than this (by arrival) may be removed; 0 keeps all.
  int64_t retention_millis = 0;

  friend bool operator==(const StreamDefinition&, const StreamDefinition&) = default;
};

/// When the shard was created: its own time, or the stream's.
model::Rowtime ShardCreated(const StreamDefinition& stream, const ShardDefinition& shard);
/// When a child of `parents` counts as created: `now`, or else a later second than every parent's,
/// so that its sequence numbers are greater than theirs (docs/formats/sequence_number.md).
model::Rowtime ChildCreated(const StreamDefinition& stream, std::span<const uint32_t> parents,
                            model::Rowtime now);

/// Splits the circle evenly as Kinesis does (width floor(2^128/n), the last shard takes the rest).
std::vector<ShardDefinition> EvenShards(uint32_t count);

struct LogOptions {
  uint64_t segment_bytes = 64ull << 20;
  /// Encoded bytes that may wait for their sync, per shard; appends beyond it are refused with
  /// kUnavailable.
  uint64_t max_pending_bytes = 64ull << 20;
  /// Threads that write and sync. 0: nothing happens until Drive() is called (tests, replay).
  int committers = 2;
  /// Appends are refused with kDiskFull while fewer bytes are free.
  uint64_t min_free_bytes = 256ull << 20;
  base::Metrics* metrics = nullptr;
};

/// One record to append; the bytes are copied before Append returns.
struct Entry {
  std::string_view partition_key;  ///< 1..256 characters
  std::optional<model::HashKey> explicit_hash_key;
  std::string_view data;
  /// Arrival time to store instead of the clock's (replay, derived streams). Made monotone per
  /// shard all the same.
  std::optional<model::Rowtime> arrival;
  /// Entries of one append with the same number other than 0 have the same hash key: AppendEach
  /// accepts all of them or none.
  uint32_t group = 0;
};

/// Where a record went.
struct Placement {
  uint32_t shard = 0;
  model::Sequence sequence;
  model::Rowtime arrival;
};

/// Identifies rows of one producer so that each is stored once: entry i has ordinal first_ordinal +
/// i.
struct ProducerOrdinal {
  std::string producer;
  uint64_t first_ordinal = 0;
};

/// The sequence in the placement of a row that AppendOnce skipped because the shard had it already.
inline constexpr model::Sequence kAlreadyStored{UINT64_MAX};

/// Called once: from a committer thread (or Drive) when every record of the append is durable or
/// its write failed, from within Append when the append is refused at once. One placement per
/// entry, in order. It must not block. After a failed write some of the records may be stored all
/// the same.
using AppendDone = std::move_only_function<void(base::Result<std::vector<Placement>>)>;

/// What became of each entry of an AppendEach.
struct AppendOutcome {
  std::vector<Placement> placements;  ///< one per entry; that of a refused one says nothing
  /// By index of the entry, ascending. Not stored; after kIo they may be all the same.
  std::vector<std::pair<size_t, base::Error>> refused;
};

/// As AppendDone, with each entry's own outcome.
using AppendEachDone = std::move_only_function<void(AppendOutcome)>;

/// What a read found.
struct ReadResult {
  model::RecordBatch batch;
  /// Where to read on.
  model::Sequence next;
  /// No record at or after `next` has an earlier arrival than this. It advances with records and
  /// with StateBound.
  model::Rowtime bound;
  /// The shard is closed and nothing more will come at or after `next`: go on with its children,
  /// which the stream's definition has by now.
  bool ended = false;
};

/// A durable stream. Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;

  /// As of now: Reshard replaces it as a whole. The reference stays valid, and what it refers to
  /// unchanged, for as long as the stream: take it once per step.
  virtual const StreamDefinition& definition() const = 0;
  /// These two never change.
  virtual std::string_view name() const = 0;
  virtual model::Rowtime created() const = 0;

  /// Appends `entries`, each to the shard of its hash key; `done` reports when they are durable.
  /// All or none are accepted: kInvalidArgument (key length, record over kMaxRecordBytes),
  /// kUnavailable (too much waiting), kDiskFull, kIo.
  virtual void Append(std::span<const Entry> entries, AppendDone done) = 0;

  /// As Append, but each entry for itself: one that is refused, or whose shard fails, does not
  /// hide the success of the others. `done` is called once, when every outcome is known.
  virtual void AppendEach(std::span<const Entry> entries, AppendEachDone done) = 0;

  /// Appends a producer's rows to the shard that the producer's name hashes to, exactly once: rows
  /// whose ordinal the shard already has are skipped (not an error); an ordinal beyond the next one
  /// is kFailedPrecondition. It waits for a resharding, so it is not to be called from an
  /// AppendDone.
  virtual void AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries,
                          AppendDone done) = 0;

  /// The shard that an append would put each of `entries` into, as of now.
  virtual std::vector<uint32_t> ShardsOf(std::span<const Entry> entries) const = 0;

  /// The ordinal that the producer's next row must have (0 for an unknown producer), as durable.
  virtual uint64_t NextOrdinal(std::string_view producer) const = 0;
  /// The shard that AppendOnce uses for this producer.
  virtual uint32_t ShardOfProducer(std::string_view producer) const = 0;

  /// Brings the stream to `definition`: the same stream, with shards added (at the end) and closed;
  /// the open ones must cover the circle once. From now on appends go to the new shards, none
  /// arriving before its parents' last record. Returns when the closed ones have drained. Retention
  /// may change as well. May be repeated; the caller has made the definition durable before, so
  /// that the next opening completes what a crash interrupts. Not to be called from an AppendDone.
  /// kInvalidArgument, kFailedPrecondition (a shard that changes otherwise), kLimitExceeded
  /// (kMaxShards), kDiskFull, kIo, kUnavailable (being closed); then nothing has changed.
  virtual base::Result<void> Reshard(const StreamDefinition& definition) = 0;

  /// Durable records of `shard` from `from` on: at least one if there is any, at most
  /// `max_records`, about `max_bytes`. `from` before the trim horizon is moved to it. kNotFound for
  /// an unknown shard, kDataLoss for damage.
  virtual base::Result<ReadResult> Read(uint32_t shard, model::Sequence from, size_t max_records,
                                        size_t max_bytes) = 0;

  /// First sequence still there; sequence that the next record will get (all before it are
  /// durable).
  virtual model::Sequence TrimHorizon(uint32_t shard) const = 0;
  virtual model::Sequence DurableEnd(uint32_t shard) const = 0;
  /// First sequence with arrival >= `at`, or DurableEnd.
  virtual base::Result<model::Sequence> FindArrival(uint32_t shard, model::Rowtime at) = 0;

  /// No record appended from now on has an arrival before this. Durable. That of a closed shard
  /// stays what it was at its end.
  virtual model::Rowtime Bound(uint32_t shard) const = 0;
  /// Asks for the durable statement "no later record arrives before `at`" in every open shard whose
  /// bound is earlier. A time after the clock's is cut to the clock's, or, when a shard's bound is
  /// past that (the clock was set back), to the millisecond after the latest bound; unless `force`
  /// (end of a replay). Returns at once; readers are notified.
  virtual void StateBound(model::Rowtime at, bool force) = 0;

  /// `notifier` hears of this stream until Unwatch.
  virtual void Watch(Notifier* notifier) = 0;
  virtual void Unwatch(Notifier* notifier) = 0;

  /// Removes what retention allows, whole segments at a time, never beyond `keep_from` (what
  /// consumers still need: one per shard, in the definition's order; empty for no such limit).
  /// Returns the bytes removed.
  virtual base::Result<uint64_t> ApplyRetention(std::span<const model::Sequence> keep_from) = 0;

  virtual uint64_t BytesOnDisk() const = 0;
};

inline constexpr size_t kMaxRecordBytes = 1 << 20;  ///< data and partition key together
inline constexpr size_t kMaxPartitionKey = 256;
inline constexpr size_t kMaxShards = 4'000;  ///< of one stream, closed ones too

/// What recovery found when a stream was opened.
struct RecoveryReport {
  uint64_t records = 0;
  uint64_t torn_tails = 0;  ///< shards whose unsynced tail was cut
  uint64_t torn_bytes = 0;
};

/// What a full check found. Nothing is changed by it.
struct VerifyReport {
  uint64_t segments = 0;
  uint64_t batches = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  std::vector<std::string> problems;  ///< file, offset, what
};

/// All streams of one data folder. Thread-safe.
class Log {
 public:
  /// `directory` is created when missing. The file system and the clock must outlive the log.
  static base::Result<std::unique_ptr<Log>> Open(base::FileSystem& files, base::Clock& clock,
                                                 std::string directory, LogOptions options);
  virtual ~Log() = default;

  /// Opens the stream, creating what is missing and recovering what is there. A torn tail is cut
  /// and counted; damage before valid later data is kDataLoss with file and offset. kAlreadyExists
  /// when it is open already.
  virtual base::Result<Stream*> OpenStream(const StreamDefinition& definition) = 0;
  /// The open stream, or null.
  virtual Stream* Find(std::string_view name) const = 0;
  virtual std::vector<Stream*> Streams() const = 0;
  virtual RecoveryReport recovery() const = 0;

  /// Closes the stream and removes its files. Of a stream that is not open it removes the files,
  /// whatever is in them; kNotFound when there are none.
  virtual base::Result<void> DeleteStream(std::string_view name) = 0;

  /// Writes and syncs everything that waits, in this thread, and calls the callbacks. For
  /// committers == 0.
  virtual void Drive() = 0;
  /// Accepts no more appends, makes the accepted ones durable, stops the threads.
  virtual void Shutdown() = 0;
  /// False after a failed sync: nothing more is accepted, the process should exit 74. True while
  /// the disk is only full.
  virtual bool healthy() const = 0;

  /// Open windows and other provisional rows, by derived stream.
  virtual LiveTables& live() = 0;

  /// Checks every segment of a stream's folder, without opening the stream for writing.
  virtual base::Result<VerifyReport> Verify(const StreamDefinition& definition) = 0;
};

}  // namespace weir::log
