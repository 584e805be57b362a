#include "log/health.h"

#include "base/format.h"
#include "base/logging.h"

namespace weir::log {
namespace {

constexpr int64_t kCheckIntervalNanos = 1'000'000'000;

}  // namespace

base::Result<void> Health::Admit() {
  if (poisoned_.load(std::memory_order_relaxed)) {
    return base::Fail(
        base::Code::kIo,
        "a write or sync in {} failed earlier: nothing more is accepted; check the disk "
        "and restart",
        folder_);
  }
  const int64_t now = clock_.MonotonicNanos();
  const bool was_full = full_.load(std::memory_order_relaxed);
  if (!was_full && now < next_check_nanos_.load(std::memory_order_relaxed)) {
    return {};
  }
  next_check_nanos_.store(now + kCheckIntervalNanos, std::memory_order_relaxed);
  ASSIGN_OR_RETURN(const uint64_t free, files_.FreeBytes(folder_));
  const bool full = free < min_free_bytes_;
  NoteFull(full);
  if (full) {
    return base::Fail(base::Code::kDiskFull,
                      "{} has {} bytes free, and appends need {}: free some space, appends resume "
                      "alone",
                      folder_, free, min_free_bytes_);
  }
  return {};
}

void Health::SetFull() {
  NoteFull(true);
}

void Health::NoteFull(bool full) {
  if (full_.exchange(full) == full) {
    return;
  }
  const base::Result<uint64_t> free = files_.FreeBytes(folder_);
  const std::string bytes = free.has_value() ? fmt::format("{}", *free) : free.error().message;
  if (full) {
    base::LogEvent(base::LogLevel::kWarning, "log.disk_full",
                   "the disk is full: appends are refused until there is space",
                   {{"folder", folder_}, {"free_bytes", bytes}, {"needed_bytes", min_free_bytes_}});
  } else {
    base::LogEvent(base::LogLevel::kInfo, "log.disk_space_back",
                   "the disk has space again: appends resume",
                   {{"folder", folder_}, {"free_bytes", bytes}, {"needed_bytes", min_free_bytes_}});
  }
}

void Health::Poison(const base::Error& cause) {
  if (!poisoned_.exchange(true)) {
    base::LogEvent(base::LogLevel::kError, "log.poisoned",
                   "a write or sync failed: nothing more is accepted", {{"cause", cause.message}});
  }
}

}  // namespace weir::log
