#include <condition_variable>
#include <mutex>
#include <optional>

#include "ingest/files/put_files.h"

namespace weir::ingest {
namespace {

// Appends that are not durable yet may have so many bytes; more waits. Enough for a sync to be
// worth its time, and little enough that the log keeps the memory of its buffers from one to the
// next.
constexpr size_t kMaxOutstandingBytes = 6 << 20;

// Shared with the callbacks of the log.
struct Outstanding {
  std::mutex mutex;
  std::condition_variable changed;
  size_t bytes = 0;
  std::optional<base::Error> failed;
};

class LogSink : public RecordSink {
 public:
  LogSink(log::Log& log, log::Stream& stream, bool drive)
      : log_(log), stream_(stream), drive_(drive), outstanding_(std::make_shared<Outstanding>()) {}

  ~LogSink() override {
    if (!drive_) {
      static_cast<void>(AwaitBelow(1));
    }
  }

  base::Result<void> Put(std::span<const log::Entry> entries, const Refuse& /*refuse*/) override {
    size_t bytes = 0;
    for (const log::Entry& entry : entries) {
      bytes += entry.data.size() + entry.partition_key.size();
    }
    {
      const std::lock_guard lock(outstanding_->mutex);
      outstanding_->bytes += bytes;
    }
    stream_.Append(
        entries, [shared = outstanding_, bytes](base::Result<std::vector<log::Placement>> placed) {
          const std::lock_guard lock(shared->mutex);
          shared->bytes -= bytes;
          if (!placed && !shared->failed) {
            shared->failed = std::move(placed).error();
          }
          shared->changed.notify_all();
        });
    return AwaitBelow(kMaxOutstandingBytes);
  }

  base::Result<void> Finish() override { return AwaitBelow(1); }

 private:
  base::Result<void> AwaitBelow(size_t bytes) {
    std::unique_lock lock(outstanding_->mutex);
    if (drive_ && outstanding_->bytes >= bytes) {
      lock.unlock();
      log_.Drive();
      lock.lock();
    }
    outstanding_->changed.wait(lock, [&] { return outstanding_->bytes < bytes; });
    if (outstanding_->failed) {
      return std::unexpected(*outstanding_->failed);
    }
    return {};
  }

  log::Log& log_;
  log::Stream& stream_;
  const bool drive_;
  std::shared_ptr<Outstanding> outstanding_;
};

}  // namespace

std::unique_ptr<RecordSink> MakeLogSink(log::Log& log, log::Stream& stream, bool drive) {
  return std::make_unique<LogSink>(log, stream, drive);
}

}  // namespace weir::ingest
