#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "ingest/deduplication/place_table.h"
#include "ingest/deduplication/run_file.h"

namespace weir::ingest::deduplication {

// Where the event of each hash lies: new ones in memory, older ones in runs. It is derived from the
// stream: what is lost or damaged is made again from there. Not thread-safe.
class EventIndex {
 public:
  // Runs kept; beyond it the oldest goes before its time.
  static constexpr size_t kMaxRuns = 256;

  // What the runs belong to, and where they are.
  struct Owner {
    std::string folder;
    std::string stream;
    int64_t stream_created = 0;
    std::string field;
    int64_t horizon_millis = 0;  // Runs written for another are made again: they may lack events.
  };

  // Opens the runs of the owner; removes files that are of another, damaged, or no longer in an
  // unbroken row.
  static base::Result<std::unique_ptr<EventIndex>> Open(base::FileSystem& files, Owner owner);

  const HashKeyBytes& hash_key() const { return hash_key_; }

  // Per shard, the sequence before which the runs hold everything.
  std::map<uint32_t, uint64_t> Covered() const;

  // kDataLoss, kIo when a run cannot be read.
  base::Result<std::optional<Place>> Find(EventHash hash) const;
  void Insert(EventHash hash, Place place, int64_t arrival);

  // Events that only memory holds, without those being written.
  size_t in_memory() const { return table_.size(); }

  // The same with those being written.
  size_t size() const;
  size_t bytes() const;

  size_t runs() const { return runs_.size(); }

  // A run that is being written. Its events stay in memory until it is installed.
  struct Spill {
    std::string path;
    RunHeader header;
    std::shared_ptr<const PlaceTable> table;
  };

  // Begins with the next run, of all that is in memory; `covered` as RunHeader has it. One at a
  // time.
  Spill BeginSpill(std::map<uint32_t, uint64_t> covered);
  // In any thread. May be repeated after a failure.
  static base::Result<std::unique_ptr<Run>> Write(base::FileSystem& files, const Spill& spill);
  void EndSpill(std::unique_ptr<Run> run);

  // Removes runs all of whose events arrived before `time`.
  void DropBefore(int64_t time);
  // Removes the oldest run when there are more than kMaxRuns; whether it did.
  bool DropSurplus();
  // Forgets everything, files and a spill that has begun included. After a failure memory is empty
  // and the files are those of the oldest runs: to be repeated before the index is used.
  base::Result<void> Clear();

 private:
  EventIndex(base::FileSystem& files, Owner owner) : files_(files), owner_(std::move(owner)) {}

  base::Result<void> OpenRuns();
  bool IsMine(const Run& run) const;
  void RemoveOldest();

  base::FileSystem& files_;
  const Owner owner_;
  HashKeyBytes hash_key_{};
  PlaceTable table_;
  int64_t newest_arrival_ = 0;  // Of those in table_.
  std::shared_ptr<const PlaceTable> spilling_;
  std::vector<std::unique_ptr<Run>> runs_;  // Oldest first.
  uint64_t last_run_ = 0;
};

}  // namespace weir::ingest::deduplication
