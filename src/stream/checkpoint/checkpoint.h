#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "sql/plan.h"
#include "stream/application.h"
#include "stream/source/shard_merge.h"

namespace weir::stream {

// What a checkpoint file holds; its bytes are described in docs/formats/checkpoint.md.
struct Checkpoint {
  struct Output {
    std::string in_application_stream;
    uint64_t next_ordinal = 0;
    uint64_t first_ordinal = 0;  // Of the first row that this program wrote.

    friend bool operator==(const Output&, const Output&) = default;
  };

  struct Counters {
    uint64_t records_in = 0;
    uint64_t records_rejected = 0;
    uint64_t rows_in = 0;
    uint64_t row_errors = 0;
    uint64_t rows_out = 0;
    uint64_t checkpoints = 0;

    friend bool operator==(const Counters&, const Counters&) = default;
  };

  uint64_t number = 0;
  std::string application;
  std::string fingerprint;  // 16 bytes.
  Positions input;
  Positions origin;
  std::vector<Output> outputs;
  Counters counters;
  std::string state;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// MD5 of everything in the definition that decides what the application computes and where it
// writes. `program` is its code compiled: comments and layout count for nothing.
std::string Fingerprint(const ApplicationDefinition& definition, const sql::Program& program);

std::string EncodeCheckpoint(const Checkpoint& checkpoint);
// kDataLoss when the bytes are damaged, kFailedPrecondition for a newer format version.
base::Result<Checkpoint> DecodeCheckpoint(std::string_view bytes);

// The checkpoints of one application in one folder. Not thread-safe.
class CheckpointStore {
 public:
  // Creates the folder when missing. The file system must outlive the store.
  static base::Result<CheckpointStore> Open(base::FileSystem& files, std::string folder);

  // The kept valid checkpoints, newest first, at most two. A damaged one is reported and set aside.
  // kDataLoss when there are files but none is valid.
  base::Result<std::vector<Checkpoint>> Load();

  // Makes the checkpoint durable, whole or not at all, under the next number (which it sets), and
  // removes all but the two newest. kDiskFull or kIo: nothing has changed for a later Load.
  base::Result<void> Write(Checkpoint& checkpoint);

  // Reads them without setting damaged ones aside: for checks of a folder that nothing may change.
  static base::Result<std::vector<Checkpoint>> Peek(base::FileSystem& files,
                                                    const std::string& folder);

 private:
  CheckpointStore(base::FileSystem& files, std::string folder)
      : files_(&files), folder_(std::move(folder)) {}

  base::Result<void> RemoveOld();

  base::FileSystem* files_;
  std::string folder_;
  uint64_t next_number_ = 1;
};

}  // namespace weir::stream
