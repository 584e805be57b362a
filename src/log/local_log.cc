#include "log/local_log.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/logging.h"
#include "log/verify.h"

namespace weir::log {
namespace {

/// The file that marks a stream's folder as deleted.
constexpr std::string_view kDeletedMark = "deleted";

}  // namespace

base::Result<std::unique_ptr<Log>> Log::Open(base::FileSystem& files, base::Clock& clock,
                                             std::string directory, LogOptions options) {
  RETURN_IF_ERROR(files.CreateDirectories(base::JoinPath(directory, "streams")));
  // Also when they were there: whoever created them may have been stopped before the sync.
  RETURN_IF_ERROR(files.SyncDirectory(directory));
  const auto named = files.SyncDirectory(base::ParentPath(directory));
  if (!named.has_value() && named.error().code != base::Code::kPermission) {
    return std::unexpected(named.error());  // a parent that is not ours to open is not ours to sync
  }
  return std::make_unique<LocalLog>(files, clock, std::move(directory), options);
}

LocalLog::LocalLog(base::FileSystem& files, base::Clock& clock, std::string directory,
                   LogOptions options)
    : files_(files),
      clock_(clock),
      directory_(std::move(directory)),
      options_(options),
      health_(files, clock, directory_, options.min_free_bytes),
      committer_(options.committers) {}

LocalLog::~LocalLog() {
  Shutdown();
}

base::Result<Stream*> LocalLog::OpenStream(const StreamDefinition& definition) {
  const std::lock_guard lock(mutex_);
  if (shut_down_) {
    return base::Fail(base::Code::kUnavailable,
                      "the log is shut down, so stream '{}' is not opened", definition.name);
  }
  if (streams_.contains(definition.name)) {
    return base::Fail(base::Code::kAlreadyExists, "stream '{}' is open already", definition.name);
  }
  RETURN_IF_ERROR(CheckStreamName(definition.name));
  const std::string folder = StreamFolder(directory_, definition.name);
  if (files_.Exists(base::JoinPath(folder, kDeletedMark))) {
    RETURN_IF_ERROR(FinishDeletion(folder));
  }
  const auto found = files_.List(folder);
  const bool created = !found.has_value() && found.error().code == base::Code::kNotFound;
  RecoveryReport report;
  auto stream = LocalStream::Open(
      {.files = files_,
       .clock = clock_,
       .options = options_,
       .health = health_,
       .metrics = options_.metrics != nullptr ? *options_.metrics : unread_metrics_,
       .log_folder = directory_,
       .schedule = [this](Shard* shard) { committer_.Schedule(shard); },
       .drive = [this] { DriveWithoutThreads(); }},
      definition, report);
  if (!stream.has_value()) {
    // Lest its name be bound to these shards. What is marked is removed by the next opening at the
    // latest.
    if (created && files_.Exists(folder)) {
      if (const auto marked = MarkDeleted(folder); marked.has_value()) {
        static_cast<void>(FinishDeletion(folder));
      } else {
        base::LogEvent(base::LogLevel::kWarning, "log.stream_left",
                       "could not remove a stream that was created in part: remove its folder "
                       "before its name is used with other shards",
                       {{"folder", folder}, {"cause", marked.error().message}});
      }
    }
    return std::unexpected(std::move(stream).error());
  }
  recovery_.records += report.records;
  recovery_.torn_tails += report.torn_tails;
  recovery_.torn_bytes += report.torn_bytes;
  return (streams_[definition.name] = std::move(*stream)).get();
}

Stream* LocalLog::Find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second.get();
}

std::vector<Stream*> LocalLog::Streams() const {
  const std::lock_guard lock(mutex_);
  std::vector<Stream*> streams;
  streams.reserve(streams_.size());
  for (const auto& [name, stream] : streams_) {
    streams.push_back(stream.get());
  }
  return streams;
}

RecoveryReport LocalLog::recovery() const {
  const std::lock_guard lock(mutex_);
  return recovery_;
}

base::Result<void> LocalLog::DeleteStream(std::string_view name) {
  RETURN_IF_ERROR(CheckStreamName(name));
  LocalStream* stream = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(name);
    if (found != streams_.end()) {
      stream = found->second.get();
      deleted_.push_back(std::move(found->second));
      streams_.erase(found);
    }
  }
  const std::string folder = StreamFolder(directory_, name);
  if (stream == nullptr && !files_.Exists(folder)) {
    return base::Fail(base::Code::kNotFound, "no stream named '{}'", name);
  }
  if (stream != nullptr) {
    stream->Close();
    DriveWithoutThreads();
    stream->Release();  // someone may hold the stream for as long as the log
    live_.Withdraw(name);
  }
  RETURN_IF_ERROR(MarkDeleted(folder));
  return FinishDeletion(folder);
}

base::Result<void> LocalLog::MarkDeleted(const std::string& folder) {
  ASSIGN_OR_RETURN(const auto mark, files_.Open(base::JoinPath(folder, kDeletedMark),
                                                base::OpenMode::kCreateOrOpen));
  RETURN_IF_ERROR(mark->SyncData());
  return files_.SyncDirectory(folder);
}

base::Result<void> LocalLog::RemoveShardFolders(const std::string& folder) {
  ASSIGN_OR_RETURN(const auto entries, files_.List(folder));
  for (const base::DirectoryEntry& shard : entries) {
    if (!shard.is_directory) {
      continue;
    }
    RETURN_IF_ERROR(RemoveShardFolder(files_, base::JoinPath(folder, shard.name)));
  }
  return {};
}

base::Result<void> LocalLog::FinishDeletion(const std::string& folder) {
  RETURN_IF_ERROR(RemoveShardFolders(folder));
  // The mark goes last: while it is there, what is left is known to be deleted.
  RETURN_IF_ERROR(files_.SyncDirectory(folder));
  RETURN_IF_ERROR(files_.Remove(base::JoinPath(folder, kDeletedMark)));
  RETURN_IF_ERROR(files_.SyncDirectory(folder));
  RETURN_IF_ERROR(files_.Remove(folder));
  return files_.SyncDirectory(base::ParentPath(folder));
}

void LocalLog::DriveWithoutThreads() {
  if (options_.committers == 0) {
    committer_.Drive();
  }
}

void LocalLog::Drive() {
  committer_.Drive();
}

void LocalLog::Shutdown() {
  {
    const std::lock_guard lock(mutex_);
    if (shut_down_) {
      return;
    }
    shut_down_ = true;
  }
  // Without the lock: a resharding that is waited for may wait for someone who looks for a stream.
  for (Stream* const stream : Streams()) {
    static_cast<LocalStream*>(stream)->Close();
  }
  committer_.Stop();
  committer_.Drive();
  for (Stream* const stream : Streams()) {
    static_cast<LocalStream*>(stream)->StateClosed();
  }
  committer_.Drive();
}

base::Result<VerifyReport> LocalLog::Verify(const StreamDefinition& definition) {
  RETURN_IF_ERROR(CheckStreamName(definition.name));
  VerifyReport report;
  for (const ShardDefinition& shard : definition.shards) {
    std::optional<Shard::DurableMark> mark;
    {
      const std::lock_guard lock(mutex_);
      const auto found = streams_.find(definition.name);
      if (found != streams_.end()) {
        mark = found->second->Mark(shard.id);
      }
    }
    const std::string folder = ShardFolder(directory_, definition.name, shard.id);
    if (!shard.parents.empty() && !mark.has_value() && !files_.Exists(folder)) {
      continue;  // a crash came before it was created, opening will do it
    }
    RETURN_IF_ERROR(VerifyShard(files_, folder, definition.name, shard, mark, report));
  }
  return report;
}

}  // namespace weir::log
