#pragma once

/// The door of the lake: immutable objects under buckets and keys.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace weir::lake {

/// Whether a bucket name or key may be used: no empty, "." or ".." parts, no control characters, at
/// most 1,024 bytes.
base::Result<void> CheckKey(std::string_view bucket, std::string_view key);

/// Immutable objects. Thread-safe. A local folder now; the interface is what an S3 store can fill.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Makes the object appear whole and durable under its key. Putting the same bytes again is fine;
  /// other bytes under an existing key are kAlreadyExists.
  virtual base::Result<void> Put(std::string_view bucket, std::string_view key,
                                 std::string_view data) = 0;
  virtual base::Result<std::string> Get(std::string_view bucket, std::string_view key) = 0;
  virtual base::Result<void> Delete(std::string_view bucket, std::string_view key) = 0;
  /// Keys with the prefix, sorted.
  virtual base::Result<std::vector<std::string>> List(std::string_view bucket,
                                                      std::string_view prefix) = 0;

  /// Where a reader in another process finds the object.
  virtual std::string LocalPath(std::string_view bucket, std::string_view key) const = 0;
};

/// Objects are files `root`/<bucket>/<key>; staged in `staging` (same volume, outside the root),
/// synced, linked, folder synced. Left-over staging files of an earlier run are removed.
base::Result<std::unique_ptr<ObjectStore>> OpenLocalStore(base::FileSystem& files, std::string root,
                                                          std::string staging);

}  // namespace weir::lake
