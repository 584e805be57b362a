#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"

namespace weir::log {

/// Whether the log's disk can take appends. Thread-safe.
class Health {
 public:
  Health(base::FileSystem& files, base::Clock& clock, std::string folder, uint64_t min_free_bytes)
      : files_(files), clock_(clock), folder_(std::move(folder)), min_free_bytes_(min_free_bytes) {}

  /// kIo after Poison. kDiskFull while less than the minimum is free; looked up once a second, and
  /// at every call while the disk is full, so that appends resume alone.
  base::Result<void> Admit();

  /// A write or sync failed: what the disk holds is not known any more. For ever.
  void Poison(const base::Error& cause);

  /// A write found no space.
  void SetFull();

  bool poisoned() const { return poisoned_; }

 private:
  /// Logs the transition, if it is one.
  void NoteFull(bool full);

  base::FileSystem& files_;
  base::Clock& clock_;
  std::string folder_;
  uint64_t min_free_bytes_;
  std::atomic<bool> poisoned_ = false;
  std::atomic<bool> full_ = false;
  std::atomic<int64_t> next_check_nanos_ = INT64_MIN;
};

}  // namespace weir::log
