#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "lake/object_store.h"
#include "log/log.h"
#include "stack/engine.h"

namespace weir::server {

struct DataFolderOptions {
  std::string path;
  std::string purpose;  ///< For the lock's note: "serve", "replay", …
  bool create = true;   ///< Else kNotFound when it is not there.
  log::LogOptions log;
  /// Of applications and deliveries; the system's unless given.
  base::Clock* engine_clock = nullptr;
};

/// A data folder in use by this process alone: VERSION LOCK catalog.sqlite secret.key audit.log
/// tls/ streams/ checkpoints/ lake/ staging/.
class DataFolder {
 public:
  /// kFailedPrecondition when its format is newer than this program, or another process uses it.
  static base::Result<std::unique_ptr<DataFolder>> Open(DataFolderOptions options);

  /// Whether `error` of Open means that another process uses the folder (exit 73).
  static bool LockedOut(const base::Error& error);

  const std::string& path() const { return path_; }

  catalog::Catalog& catalog() { return *catalog_; }

  lake::ObjectStore& store() { return *store_; }

  log::Log& log() { return *log_; }

  stack::EngineParts parts();

  /// What wraps the secrets of keys.
  std::string secret_key_path() const { return base::JoinPath(path_, "secret.key"); }

  std::string tls_directory() const { return base::JoinPath(path_, "tls"); }

  /// Of webhook sources.
  std::string secrets_directory() const { return base::JoinPath(path_, "secrets"); }

  std::string audit_path() const { return base::JoinPath(path_, "audit.log"); }

  std::string checkpoint_directory() const { return base::JoinPath(path_, "checkpoints"); }

 private:
  DataFolder() = default;

  std::string path_;
  base::Clock* engine_clock_ = nullptr;
  std::unique_ptr<base::FileLock> lock_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<lake::ObjectStore> store_;
  std::unique_ptr<log::Log> log_;
};

/// Exit status for an error of DataFolder::Open, which is printed.
int ReportOpenFailure(const base::Error& error);

}  // namespace weir::server
