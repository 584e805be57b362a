#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/log.h"

namespace weir::log {

/// Finds the open shard that owns a hash key. Immutable.
class ShardMap {
 public:
  /// kInvalidArgument unless the open shards cover the circle exactly once, ids are distinct, and
  /// parents are closed and before their children.
  static base::Result<ShardMap> Of(std::span<const ShardDefinition> shards);

  /// Index among the open shards, in the definition's order, of the one that owns `key`.
  size_t Find(model::HashKey key) const;

  /// Of the shard for a record: by its explicit hash key, or else its partition key's MD5.
  size_t Find(const Entry& entry) const;

  /// The same for each of `entries` that `chosen` names, in the order of `chosen`: several keys are
  /// hashed at once.
  std::vector<uint32_t> FindAll(std::span<const Entry> entries,
                                std::span<const uint32_t> chosen) const;

 private:
  struct Range {
    model::HashKey last;
    size_t index = 0;
  };

  std::vector<Range> ranges_;  // ascending
};

/// Whether Stream::Reshard may bring a stream from the one definition to the other.
base::Result<void> CheckFollows(const StreamDefinition& current, const StreamDefinition& next);

/// kInvalidArgument unless `name` is 1..128 of [a-zA-Z0-9_.-] and can be a folder's name.
base::Result<void> CheckStreamName(std::string_view name);

/// Folder of a stream in the log's folder, and of a shard in it.
std::string StreamFolder(std::string_view log_folder, std::string_view stream);
std::string ShardFolder(std::string_view log_folder, std::string_view stream, uint32_t shard);

}  // namespace weir::log
