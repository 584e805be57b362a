#include <algorithm>
#include <atomic>
#include <utility>

#include "base/metrics.h"
#include "lake/object_store.h"

// How an object appears: staging file, write, sync, link to its name, sync the folder, remove the
// staging name. A crash before the link leaves only a staging file, which the next start removes;
// one after it leaves the whole object. A link never replaces, so an object never changes.

namespace weir::lake {
namespace {

constexpr std::string_view kStagedSuffix = ".staged";

class LocalStore : public ObjectStore {
 public:
  LocalStore(base::FileSystem& files, std::string root, std::string staging)
      : files_(files), root_(std::move(root)), staging_(std::move(staging)) {}

  base::Result<void> Open() {
    RETURN_IF_ERROR(files_.CreateDirectories(root_));
    RETURN_IF_ERROR(files_.CreateDirectories(staging_));
    ASSIGN_OR_RETURN(const std::vector<base::DirectoryEntry> left, files_.List(staging_));
    for (const base::DirectoryEntry& entry : left) {
      if (!entry.is_directory && entry.name.ends_with(kStagedSuffix)) {
        RETURN_IF_ERROR(files_.Remove(base::JoinPath(staging_, entry.name)));
      }
    }
    return {};
  }

  base::Result<void> Put(std::string_view bucket, std::string_view key,
                         std::string_view data) override {
    base::Result<void> put = PutOnce(bucket, key, data);
    if (put.has_value()) {
      put_objects_.Add();
      put_bytes_.Add(static_cast<double>(data.size()));
    } else {
      put_failures_.Add();
    }
    return put;
  }

  base::Result<std::string> Get(std::string_view bucket, std::string_view key) override {
    RETURN_IF_ERROR(CheckKey(bucket, key));
    return base::ReadFile(files_, LocalPath(bucket, key));
  }

  base::Result<void> Delete(std::string_view bucket, std::string_view key) override {
    RETURN_IF_ERROR(CheckKey(bucket, key));
    const std::string path = LocalPath(bucket, key);
    RETURN_IF_ERROR(files_.Remove(path));
    return files_.SyncDirectory(base::ParentPath(path));
  }

  base::Result<std::vector<std::string>> List(std::string_view bucket,
                                              std::string_view prefix) override {
    RETURN_IF_ERROR(CheckKey(bucket, "any"));
    std::vector<std::string> keys;
    const size_t slash = prefix.rfind('/');
    const std::string folder(slash == std::string_view::npos ? "" : prefix.substr(0, slash));
    if (!folder.empty()) {
      RETURN_IF_ERROR(CheckKey(bucket, folder));
    }
    RETURN_IF_ERROR(ListInto(bucket, folder, prefix, keys));
    std::ranges::sort(keys);
    return keys;
  }

  std::string LocalPath(std::string_view bucket, std::string_view key) const override {
    return base::JoinPath(base::JoinPath(root_, bucket), key);
  }

 private:
  base::Result<void> PutOnce(std::string_view bucket, std::string_view key, std::string_view data) {
    RETURN_IF_ERROR(CheckKey(bucket, key));
    const std::string path = LocalPath(bucket, key);
    const std::string folder(base::ParentPath(path));
    if (files_.Exists(path)) {
      return Confirm(path, data);
    }
    RETURN_IF_ERROR(files_.CreateDirectories(folder));
    const std::string staged =
        base::JoinPath(staging_, fmt::format("{}{}", next_staged_.fetch_add(1), kStagedSuffix));
    const base::Result<void> written = WriteStaged(staged, data);
    if (!written.has_value()) {
      (void)files_.Remove(staged).has_value();  // the next start removes it otherwise
      return base::Result<void>(std::unexpected(base::Within(path, written.error())));
    }
    const base::Result<void> linked = files_.Link(staged, path);
    (void)files_.Remove(staged).has_value();
    if (!linked.has_value() && linked.error().code == base::Code::kAlreadyExists) {
      return Confirm(path, data);
    }
    RETURN_IF_ERROR(linked);
    return files_.SyncDirectory(folder);
  }

  // An object is there: fine when it is the same one. Its folder is synced again, since an earlier
  // attempt may have failed just there.
  base::Result<void> Confirm(const std::string& path, std::string_view data) {
    ASSIGN_OR_RETURN(const std::string existing, base::ReadFile(files_, path));
    if (existing != data) {
      return base::Fail(base::Code::kAlreadyExists,
                        "object '{}' exists with other contents ({} bytes there, {} to put)", path,
                        existing.size(), data.size());
    }
    return files_.SyncDirectory(base::ParentPath(path));
  }

  base::Result<void> WriteStaged(const std::string& staged, std::string_view data) {
    ASSIGN_OR_RETURN(const std::unique_ptr<base::File> file,
                     files_.Open(staged, base::OpenMode::kCreateNew));
    RETURN_IF_ERROR(file->WriteAt(0, data));
    return file->SyncData();
  }

  base::Result<void> ListInto(std::string_view bucket, const std::string& folder,
                              std::string_view prefix, std::vector<std::string>& keys) {
    const std::string bucket_path = base::JoinPath(root_, bucket);
    const std::string path = folder.empty() ? bucket_path : base::JoinPath(bucket_path, folder);
    const auto entries = files_.List(path);
    if (!entries.has_value() && entries.error().code == base::Code::kNotFound) {
      return {};
    }
    RETURN_IF_ERROR(entries);
    for (const base::DirectoryEntry& entry : *entries) {
      const std::string key = folder.empty() ? entry.name : base::JoinPath(folder, entry.name);
      if (entry.is_directory) {
        // The part of both that must agree for anything below to have the prefix.
        const size_t common = std::min(key.size(), prefix.size());
        if (key.substr(0, common) == prefix.substr(0, common)) {
          RETURN_IF_ERROR(ListInto(bucket, key, prefix, keys));
        }
      } else if (key.starts_with(prefix)) {
        keys.push_back(key);
      }
    }
    return {};
  }

  base::FileSystem& files_;
  const std::string root_;
  const std::string staging_;
  std::atomic<uint64_t> next_staged_ = 0;
  base::Counter& put_objects_ = base::ProcessMetrics().GetCounter(
      "weir_lake_put_objects_total", "Objects that were put and are durable.");
  base::Counter& put_bytes_ = base::ProcessMetrics().GetCounter(
      "weir_lake_put_bytes_total", "Bytes of objects that were put and are durable.");
  base::Counter& put_failures_ = base::ProcessMetrics().GetCounter(
      "weir_lake_put_failures_total", "Objects that could not be put, also those refused.");
};

}  // namespace

base::Result<std::unique_ptr<ObjectStore>> OpenLocalStore(base::FileSystem& files, std::string root,
                                                          std::string staging) {
  auto store = std::make_unique<LocalStore>(files, std::move(root), std::move(staging));
  RETURN_IF_ERROR(store->Open());
  return std::unique_ptr<ObjectStore>(std::move(store));
}

}  // namespace weir::lake
