#include "auth/audit.h"

#include <utility>

#include "base/logging.h"
#include "base/time_format.h"
#include "json/document.h"

namespace weir::auth {

namespace {

std::string Clean(std::string_view text) {
  std::string clean(text.substr(0, AuditLog::kMaxValue));
  for (char& c : clean) {
    if (c < 0x20 || c > 0x7E) {
      c = '?';
    }
  }
  return clean;
}

}  // namespace

AuditLog::AuditLog(base::FileSystem& files, base::Clock& clock, base::Metrics* metrics,
                   std::string path, uint64_t max_file_bytes)
    : files_(files),
      clock_(clock),
      metrics_(metrics),
      path_(std::move(path)),
      max_file_bytes_(max_file_bytes) {}

AuditLog::~AuditLog() {
  const std::lock_guard lock(mutex_);
  ForgetRepeats();
  TellLeftOut();
}

base::Result<std::unique_ptr<AuditLog>> AuditLog::Open(base::FileSystem& files, base::Clock& clock,
                                                       base::Metrics* metrics, std::string path,
                                                       uint64_t max_file_bytes) {
  std::unique_ptr<AuditLog> log(
      new AuditLog(files, clock, metrics, std::move(path), max_file_bytes));
  RETURN_IF_ERROR(log->OpenFile());
  return log;
}

base::Result<void> AuditLog::OpenFile() {
  ASSIGN_OR_RETURN(file_, files_.Open(path_, base::OpenMode::kCreateOrOpen));
  RETURN_IF_ERROR(files_.SyncDirectory(base::ParentPath(path_)));
  ASSIGN_OR_RETURN(size_, file_->Size());
  char last = '\n';
  if (size_ > 0) {
    RETURN_IF_ERROR(file_->ReadAt(size_ - 1, {&last, 1}));
  }
  // A crash may have left the start of a line.
  if (last != '\n') {
    RETURN_IF_ERROR(file_->WriteAt(size_, "\n"));
    ++size_;
  }
  return {};
}

void AuditLog::Write(const AuditEntry& entry) {
  const std::lock_guard lock(mutex_);
  Note(Append(entry, 1, true));
}

void AuditLog::WriteRefusal(const AuditEntry& entry, std::string_view subject) {
  const int64_t now = clock_.WallMillis();
  const std::lock_guard lock(mutex_);
  RefusalKey key(entry.reason, entry.address, subject);
  if (const auto found = refusals_.find(key); found != refusals_.end()) {
    Repeats& repeats = found->second;
    ++repeats.count;
    if (now - repeats.since_millis >= kRepeatMillis) {
      AppendRefusal(entry, repeats.count);
      repeats.since_millis = now;
      repeats.count = 0;
    }
    return;
  }
  if (refusals_.size() >= kMaxRemembered) {
    ForgetRepeats();
  }
  refusals_[std::move(key)] = {.since_millis = now, .entry = entry};
  AppendRefusal(entry, 1);
}

void AuditLog::ForgetRepeats() {
  for (const auto& [key, repeats] : refusals_) {
    if (repeats.count > 0) {
      AppendRefusal(repeats.entry, repeats.count);
    }
  }
  refusals_.clear();
}

void AuditLog::AppendRefusal(const AuditEntry& entry, uint64_t repeats) {
  const int64_t minute = clock_.WallMillis() / kRepeatMillis;
  if (minute != minute_) {
    TellLeftOut();
    minute_ = minute;
    in_minute_ = 0;
  }
  if (in_minute_ >= kMaxRefusalsPerMinute) {
    left_out_ += repeats;
    return;
  }
  ++in_minute_;
  Note(Append(entry, repeats, false));
}

void AuditLog::TellLeftOut() {
  if (left_out_ > 0) {
    Note(Append({.event = "refused",
                 .key_id = {},
                 .object = {},
                 .reason = "too_many_to_tell",
                 .address = {},
                 .request_id = {}},
                left_out_, false));
    left_out_ = 0;
  }
}

base::Result<void> AuditLog::Append(const AuditEntry& entry, uint64_t repeats, bool durable) {
  json::Value line = json::Value::Object();
  line.Set("ts", base::FormatRfc3339(clock_.WallMillis())).Set("event", entry.event);
  for (const auto& [name, value] : {std::pair{"key", &entry.key_id},
                                    {"object", &entry.object},
                                    {"reason", &entry.reason},
                                    {"address", &entry.address},
                                    {"request_id", &entry.request_id}}) {
    if (!value->empty()) {
      line.Set(name, Clean(*value));
    }
  }
  if (repeats != 1) {
    line.Set("repeats", repeats);
  }
  const std::string text = line.Serialize() + "\n";
  if (size_ + text.size() > max_file_bytes_) {
    RETURN_IF_ERROR(Rotate());
  }
  RETURN_IF_ERROR(file_->WriteAt(size_, text));
  size_ += text.size();
  return durable ? file_->SyncData() : base::Result<void>();
}

base::Result<void> AuditLog::Rotate() {
  RETURN_IF_ERROR(file_->SyncData());
  for (int number = kKeptFiles - 1; number >= 0; --number) {
    const std::string from = number == 0 ? path_ : fmt::format("{}.{}", path_, number);
    if (files_.Exists(from)) {
      RETURN_IF_ERROR(files_.Rename(from, fmt::format("{}.{}", path_, number + 1)));
    }
  }
  return OpenFile();
}

void AuditLog::Note(const base::Result<void>& written) {
  if (written.has_value()) {
    return;
  }
  base::LogEvent(base::LogLevel::kError, "auth.audit_failed", "the audit log could not be written",
                 {{"reason", written.error().message}});
  if (metrics_ != nullptr) {
    metrics_->GetCounter("weir_audit_lost_total", "Audit lines that could not be written.").Add();
  }
}

}  // namespace weir::auth
