#include "server/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "server/exit_code.h"

namespace weir::server {

namespace {

constexpr std::string_view kFormat = "1";
constexpr std::string_view kInUse = "the data folder is in use";

base::Result<void> CheckVersion(base::FileSystem& files, const std::string& path) {
  const std::string file = base::JoinPath(path, "VERSION");
  if (!files.Exists(file)) {
    return base::ReplaceFile(files, file, std::string(kFormat) + "\n");
  }
  ASSIGN_OR_RETURN(std::string version, base::ReadFile(files, file));
  while (version.ends_with('\n')) {
    version.pop_back();
  }
  if (version != kFormat) {
    return base::Fail(
        base::Code::kFailedPrecondition,
        "data folder '{}' has format '{}', this program knows {}; use the program that wrote it",
        path, version, kFormat);
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<DataFolder>> DataFolder::Open(DataFolderOptions options) {
  umask(077);
  base::FileSystem& files = base::SystemFileSystem();
  if (!options.create && !files.Exists(base::JoinPath(options.path, "VERSION"))) {
    return base::Fail(base::Code::kNotFound, "'{}' is no data folder of Weir: it has no VERSION",
                      options.path);
  }
  std::unique_ptr<DataFolder> folder(new DataFolder());
  folder->path_ = options.path;
  folder->engine_clock_ = options.engine_clock;
  RETURN_IF_ERROR(files.CreateDirectories(options.path));
  auto lock = files.Lock(base::JoinPath(options.path, "LOCK"),
                         fmt::format("pid {} (weir {})", getpid(), options.purpose));
  if (!lock.has_value()) {
    return std::unexpected(base::Within(kInUse, std::move(lock).error()));
  }
  folder->lock_ = std::move(*lock);
  RETURN_IF_ERROR(CheckVersion(files, options.path));
  ASSIGN_OR_RETURN(folder->catalog_,
                   catalog::Catalog::Open(files, base::SystemClock(),
                                          base::JoinPath(options.path, "catalog.sqlite")));
  ASSIGN_OR_RETURN(folder->store_, lake::OpenLocalStore(files, base::JoinPath(options.path, "lake"),
                                                        base::JoinPath(options.path, "staging")));
  ASSIGN_OR_RETURN(folder->log_,
                   log::Log::Open(files, base::SystemClock(), options.path, options.log));
  return folder;
}

bool DataFolder::LockedOut(const base::Error& error) {
  return error.message.starts_with(kInUse);
}

stack::EngineParts DataFolder::parts() {
  return {.catalog = catalog_.get(),
          .store = store_.get(),
          .log = log_.get(),
          .files = &base::SystemFileSystem(),
          .clock = engine_clock_ != nullptr ? engine_clock_ : &base::SystemClock()};
}

int ReportOpenFailure(const base::Error& error) {
  return DataFolder::LockedOut(error) ? Report(error, kExitCannotCreate) : Report(error);
}

}  // namespace weir::server
