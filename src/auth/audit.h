#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"

namespace weir::auth {

/// One line of the audit log. Values are cut at AuditLog::kMaxValue; what is not printable ASCII
/// becomes '?' in what clients chose.
struct AuditEntry {
  std::string event;   ///< "key.created", "session.begun", "refused" …
  std::string key_id;  ///< Who, or who they claim to be; "" for nobody.
  std::string object;  ///< What it was done to: a key id, a stream, a path.
  std::string reason;  ///< Of a refusal.
  std::string address;
  std::string request_id;
};

/// The audit log: JSON lines that are only ever added, in `path` and, when that is full, in
/// `path`.1 (newest) to `path`.<kKeptFiles> (oldest). Thread-safe. What cannot be written is
/// counted (weir_audit_lost_total) and logged, and stops nothing.
class AuditLog {
 public:
  static constexpr uint64_t kMaxFileBytes = 16 << 20;
  static constexpr int kKeptFiles = 8;
  static constexpr size_t kMaxValue = 256;
  /// The same refusal is written once in so long; the next line tells how many there were.
  static constexpr int64_t kRepeatMillis = 60'000;
  static constexpr size_t kMaxRemembered = 1'000;
  static constexpr uint64_t kMaxRefusalsPerMinute = 600;

  /// Opens or creates.
  static base::Result<std::unique_ptr<AuditLog>> Open(base::FileSystem& files, base::Clock& clock,
                                                      base::Metrics* metrics, std::string path,
                                                      uint64_t max_file_bytes = kMaxFileBytes);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Durable when it returns.
  void Write(const AuditEntry& entry);
  /// Not synced. Repeats (same reason, address and `subject`) are counted, and so is what exceeds
  /// kMaxRefusalsPerMinute: noise must not fill the disk, nor push out what matters.
  void WriteRefusal(const AuditEntry& entry, std::string_view subject = {});

 private:
  struct Repeats {
    int64_t since_millis = 0;
    uint64_t count = 0;
    AuditEntry entry;
  };

  using RefusalKey = std::tuple<std::string, std::string, std::string>;  // reason, address, subject

  AuditLog(base::FileSystem& files, base::Clock& clock, base::Metrics* metrics, std::string path,
           uint64_t max_file_bytes);
  base::Result<void> OpenFile();
  base::Result<void> Append(const AuditEntry& entry, uint64_t repeats, bool durable);
  base::Result<void> Rotate();
  void Note(const base::Result<void>& written);
  void ForgetRepeats();
  void AppendRefusal(const AuditEntry& entry, uint64_t repeats);
  void TellLeftOut();

  base::FileSystem& files_;
  base::Clock& clock_;
  base::Metrics* const metrics_;
  const std::string path_;
  const uint64_t max_file_bytes_;
  std::mutex mutex_;
  std::unique_ptr<base::File> file_;
  uint64_t size_ = 0;
  std::map<RefusalKey, Repeats> refusals_;
  int64_t minute_ = 0;      // Since 1970; that of the two figures below.
  uint64_t in_minute_ = 0;  // Refusals written.
  uint64_t left_out_ = 0;   // Refusals beyond them.
};

}  // namespace weir::auth
