#pragma once

/// The one way from the doors into the log: de-duplicates, applies throughput limits, appends,
/// counts.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "log/log.h"

namespace weir::ingest {

/// What became of the entries of one append, in their order.
struct IntakeOutcome {
  /// One per entry; that of an entry in `refused` says nothing. A duplicate has the place of the
  /// record that was stored first.
  std::vector<log::Placement> placements;
  /// Entries that were not stored, by index, ascending, and why: kUnavailable, kDiskFull,
  /// kLimitExceeded (throughput of the shard), kIo.
  std::vector<std::pair<size_t, base::Error>> refused;
  size_t duplicates = 0;

  /// Whether all were refused, and for reasons that say that nothing reached the disk; after kIo
  /// some may be stored all the same.
  bool NothingStored() const;
};

/// The memory that a request of at most so many bytes needed is kept for its thread's next one.
inline constexpr size_t kMaxKeptBodyBytes = 128 << 10;

/// Called once, when every record that it calls stored is durable. It must not block.
using IntakeDone = std::move_only_function<void(IntakeOutcome)>;

struct IntakeOptions {
  /// As AWS limits a shard; 0 for no limit.
  uint64_t shard_records_per_second = 0;
  uint64_t shard_bytes_per_second = 0;
};

/// Thread-safe.
class Intake {
 public:
  static std::unique_ptr<Intake> Create(IntakeOptions options, log::Log& log, base::Clock& clock,
                                        base::Metrics& metrics);
  virtual ~Intake() = default;

  /// Entries are copied before this returns.
  virtual void Append(log::Stream& stream, std::span<const log::Entry> entries,
                      IntakeDone done) = 0;
};

}  // namespace weir::ingest
