#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ingest/deduplication/event_id.h"
#include "ingest/deduplication/event_index.h"
#include "ingest/deduplication/worker.h"
#include "ingest/intake.h"
#include "log/log.h"

namespace weir::ingest::deduplication {

// What a stack or a call has asked for.
struct Definition {
  std::string stream;
  std::string field;
  int64_t horizon_millis = 0;

  friend bool operator==(const Definition&, const Definition&) = default;
};

// The folder of a stream's runs, within that of all.
std::string FolderOf(std::string_view stream);

// What all streams share.
struct Parts {
  Intake& next;
  base::FileSystem& files;
  base::Clock& clock;
  base::Metrics& metrics;
  std::string folder;              // Of all runs.
  size_t memory_events;            // In memory, per stream, before they are written as a run.
  std::shared_ptr<Worker> work;    // All functions of StreamDeduplicator run in it.
  std::shared_ptr<Worker> writer;  // Writes runs.
};

// The entries of one append, with their bytes, and what has become of them.
class Request {
 public:
  Request(std::span<const log::Entry> entries, IntakeDone done);

  std::span<const log::Entry> entries() const { return entries_; }

  IntakeOutcome outcome;  // `refused` in any order until Finish.
  size_t unresolved = 0;  // Appends and in-flight events that it waits for.

  // Calls back when nothing is unresolved.
  void FinishIfResolved();

 private:
  std::string bytes_;
  std::vector<log::Entry> entries_;
  IntakeDone done_;
};

// Stores each event of one stream once. Not thread-safe: runs in Parts::work.
class StreamDeduplicator {
 public:
  // Brings the index up to the end of the stream, by reading what its runs lack.
  static base::Result<std::shared_ptr<StreamDeduplicator>> Open(const Parts& parts,
                                                                Definition definition,
                                                                log::Stream& stream);

  const Definition& definition() const { return definition_; }

  const log::Stream& stream() const { return stream_; }

  // Reads what has come into the stream without passing here. After a failure nothing is taken as
  // new until the index has been made again.
  base::Result<void> CatchUp();
  void Append(std::shared_ptr<Request> request);

  // Whether the index turned out to be damaged, so that nothing is taken as new until Repair.
  bool lacks_events() const { return rebuild_; }

  // Makes the index again if it lacks events; kUnavailable while a run is being written.
  base::Result<void> Repair();
  // Another takes its place: begins no further run, and is not to append any more. Whether nothing
  // is under way: neither a run, which the other would not find, nor an append, whose event it
  // would not; then it shows that nothing is remembered.
  bool Retire();

  bool retired() const { return retired_; }

 private:
  // An event whose record is being appended, and who else sends it meanwhile.
  struct InFlight {
    std::string id;
    std::vector<std::pair<std::shared_ptr<Request>, size_t>> waiting;  // With the entry's index.
  };

  // The entries of a request that are appended, and their hashes where they have an event id.
  struct Fresh {
    std::vector<size_t> indexes;
    std::vector<std::optional<EventHash>> hashes;
  };

  // What a stored record says about an event with its hash.
  struct Stored {
    enum class Kind : uint8_t { kSame, kOther, kGone } kind = Kind::kGone;
    log::Placement placement;
  };

  StreamDeduplicator(const Parts& parts, Definition definition, log::Stream& stream,
                     std::unique_ptr<EventIndex> index);

  base::Result<void> CatchUp(uint32_t shard);

  // Whether `entry` is resolved, or waits for an event in flight; else it goes to `fresh`.
  void Judge(const std::shared_ptr<Request>& request, size_t entry, Fresh& fresh);
  // Tries to make the index again when a run turns out to be damaged; kUnavailable while it lacks
  // events.
  base::Result<std::optional<Place>> FindPlace(EventHash hash);
  base::Result<Stored> ReadStored(Place place, std::string_view id);
  void Appended(const std::shared_ptr<Request>& request, const Fresh& fresh, uint64_t epoch,
                IntakeOutcome outcome);
  void Settle(EventHash hash, const log::Placement* placement, const base::Error* error);

  void MaintainRuns();
  void WriteRun(std::shared_ptr<const EventIndex::Spill> spill);
  void ShowSize();

  const Parts parts_;
  const Definition definition_;
  log::Stream& stream_;
  const std::unique_ptr<EventIndex> index_;
  EventIdReader ids_;
  EventIdReader stored_ids_;
  std::map<EventHash, InFlight> in_flight_;
  std::map<uint32_t, uint64_t> caught_up_;  // Per shard, the first sequence not read.
  bool retired_ = false;
  bool rebuild_ = false;  // The index lacks events until Repair has succeeded.

  // A run holds all events before `covered` once every append that had begun when `covered` was
  // taken has been settled: appends count by the epoch in which they began.
  uint64_t epoch_ = 0;
  std::array<size_t, 2> appending_{};
  std::optional<std::map<uint32_t, uint64_t>> covered_;  // Of the run that waits to be begun.
  std::shared_ptr<const EventIndex::Spill> spill_;       // That is being written.
  int64_t write_again_nanos_ = 0;                        // After a failure; 0 while being written.

  base::Counter& without_id_;
  base::Counter& beyond_horizon_;
  base::Counter& dropped_early_;
  base::Gauge& events_;
  base::Gauge& memory_bytes_;
};

}  // namespace weir::ingest::deduplication
