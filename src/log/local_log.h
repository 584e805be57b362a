#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "log/committer.h"
#include "log/health.h"
#include "log/local_stream.h"
#include "log/log.h"

namespace weir::log {

/// The log in segment files of the local file system: docs/formats/segment.md.
class LocalLog : public Log {
 public:
  LocalLog(base::FileSystem& files, base::Clock& clock, std::string directory, LogOptions options);
  ~LocalLog() override;

  base::Result<Stream*> OpenStream(const StreamDefinition& definition) override;
  Stream* Find(std::string_view name) const override;
  std::vector<Stream*> Streams() const override;
  RecoveryReport recovery() const override;
  base::Result<void> DeleteStream(std::string_view name) override;
  void Drive() override;
  void Shutdown() override;

  bool healthy() const override { return !health_.poisoned(); }

  LiveTables& live() override { return live_; }

  base::Result<VerifyReport> Verify(const StreamDefinition& definition) override;

 private:
  base::Result<void> RemoveShardFolders(const std::string& folder);
  base::Result<void> MarkDeleted(const std::string& folder);
  /// Removes a folder that is marked as deleted. May be repeated after a crash.
  base::Result<void> FinishDeletion(const std::string& folder);
  void DriveWithoutThreads();

  base::FileSystem& files_;
  base::Clock& clock_;
  std::string directory_;
  LogOptions options_;
  Health health_;
  LiveTables live_;
  base::Metrics unread_metrics_;  // when the options name no registry
  mutable std::mutex mutex_;
  bool shut_down_ = false;
  RecoveryReport recovery_;
  std::map<std::string, std::unique_ptr<LocalStream>, std::less<>> streams_;
  /// Deleted streams, which someone may still hold; they refuse everything new.
  std::vector<std::unique_ptr<LocalStream>> deleted_;
  Committer committer_;  // last: its threads use the streams
};

}  // namespace weir::log
