#pragma once

/// The door of the registry room: the life of streams. Creates, reshards, retains, tags and deletes
/// them, in the catalog and the log together.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"

namespace weir::registry {

inline constexpr std::string_view kStreamType = "AWS::Kinesis::Stream";

/// A raw stream and everything the API tells of it.
struct StreamInfo {
  log::StreamDefinition definition;  ///< All shards, closed ones too, by id.
  std::string mode = "PROVISIONED";  ///< or ON_DEMAND
  int64_t retention_hours = 24;
  std::map<std::string, std::string> tags;
  std::string stack;     ///< "" when the API made it.
  bool derived = false;  ///< Written by an application: takes no records and keeps its shard.
};

/// A consumer registered for enhanced fan-out.
struct Consumer {
  std::string stream;
  std::string name;
  model::Rowtime created;
};

/// Reads what a stack's template or the API has stored of a stream. Shards beyond the first ones
/// are in "Shards" (docs/formats/stream_resource.md).
base::Result<StreamInfo> ReadStream(const catalog::Resource& resource);
/// The resource's definition, as text.
std::string WriteStream(const StreamInfo& stream);

/// The definition of a stream that the catalog holds already and that a stack states anew: what the
/// API has changed since stays (shards, tags; retention and mode unless the stack states them); a
/// stated ShardCount that is another than before splits and merges as UpdateShardCount does, with
/// its errors, and kFailedPrecondition for a stream that an application writes.
base::Result<std::string> RestateStream(catalog::Catalog& catalog, const catalog::Resource& stated,
                                        model::Rowtime now);

/// Removes from the log what a crash left of deleted streams. To be called before the streams of a
/// catalog are opened, so that a new stream does not find the records of an old one of its name.
base::Result<void> FinishDeletions(catalog::Catalog& catalog, log::Log& log);

/// Thread-safe; changes of one stream wait for each other. Every change is in the catalog (the
/// truth) first and in the log after; what a crash leaves between is done when the stream is opened
/// again.
class Registry {
 public:
  static constexpr size_t kMaxOpenShards = 1'000;  ///< of all streams together
  static constexpr size_t kMaxConsumers = 20;      ///< per stream
  static constexpr size_t kMaxTags = 50;

  static std::unique_ptr<Registry> Create(catalog::Catalog& catalog, log::Log& log,
                                          base::Clock& clock);
  virtual ~Registry() = default;

  /// The streams of the log, derived ones too, by name.
  virtual std::vector<StreamInfo> List() = 0;
  /// kNotFound.
  virtual base::Result<StreamInfo> Get(std::string_view name) = 0;

  /// kAlreadyExists; kLimitExceeded beyond kMaxOpenShards; kInvalidArgument for a name that is none
  /// or is kept for delivery streams (delivery_stream.h).
  virtual base::Result<StreamInfo> CreateStream(std::string_view name, uint32_t shards,
                                                std::string_view mode,
                                                std::map<std::string, std::string> tags) = 0;
  /// kFailedPrecondition, naming the user, while an application, delivery stream or (unless
  /// `enforce`) consumer uses it, or while a stack owns it.
  virtual base::Result<void> DeleteStream(std::string_view name, bool enforce) = 0;

  /// Splits `shard` so that its second child begins at `new_start`. kInvalidArgument when that is
  /// not inside its range; kFailedPrecondition for a closed shard or a derived stream.
  virtual base::Result<void> SplitShard(std::string_view stream, uint32_t shard,
                                        model::HashKey new_start) = 0;
  /// kInvalidArgument when the two do not touch.
  virtual base::Result<void> MergeShards(std::string_view stream, uint32_t shard,
                                         uint32_t adjacent) = 0;
  /// Splits and merges to `target` even shards. kInvalidArgument beyond double or below half of
  /// what is open.
  virtual base::Result<void> UpdateShardCount(std::string_view stream, uint32_t target) = 0;

  virtual base::Result<void> SetRetention(std::string_view stream, int64_t hours) = 0;
  virtual base::Result<void> SetMode(std::string_view stream, std::string_view mode) = 0;
  /// Adds and replaces; kLimitExceeded beyond kMaxTags.
  virtual base::Result<void> Tag(std::string_view stream,
                                 const std::map<std::string, std::string>& tags) = 0;
  virtual base::Result<void> Untag(std::string_view stream, std::span<const std::string> keys) = 0;

  virtual base::Result<Consumer> AddConsumer(std::string_view stream, std::string_view name) = 0;
  virtual base::Result<void> RemoveConsumer(std::string_view stream, std::string_view name) = 0;
  virtual base::Result<std::vector<Consumer>> Consumers(std::string_view stream) = 0;
};

}  // namespace weir::registry
