#include "registry/registry.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

#include "base/logging.h"
#include "registry/delivery_stream.h"
#include "registry/shard_plan.h"
#include "registry/stream_resource.h"
#include "registry/stream_table.h"

namespace weir::registry {
namespace {

using base::Code;
using base::Fail;
using Change = catalog::ResourceChange;

constexpr size_t kMaxName = 128;
constexpr int64_t kMinRetentionHours = 24;
constexpr int64_t kMaxRetentionHours = 8'760;
constexpr int64_t kMillisPerHour = 3'600'000;

base::Result<void> CheckName(std::string_view what, std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  if (!plain || name.empty() || name.size() > kMaxName || name == "." || name == "..") {
    return Fail(Code::kInvalidArgument,
                "the name of a {} is 1 to {} characters of a-z A-Z 0-9 _ . -; it is '{}'", what,
                kMaxName, name.substr(0, kMaxName));
  }
  return {};
}

base::Result<void> CheckMode(std::string_view mode) {
  if (mode != "PROVISIONED" && mode != "ON_DEMAND") {
    return Fail(Code::kInvalidArgument,
                "the mode of a stream is PROVISIONED or ON_DEMAND, not '{}'", mode);
  }
  return {};
}

base::Result<void> CheckTags(const std::map<std::string, std::string>& tags) {
  if (tags.size() > Registry::kMaxTags) {
    return Fail(Code::kLimitExceeded, "a stream has at most {} tags; it would have {}",
                Registry::kMaxTags, tags.size());
  }
  return {};
}

Change Put(std::string_view type, std::string name, std::string definition) {
  return {
      .kind = Change::Kind::kPut,
      .resource = {
          .type = std::string(type), .name = std::move(name), .definition = std::move(definition)}};
}

Change Delete(std::string_view type, std::string name) {
  return {.kind = Change::Kind::kDelete,
          .resource = {.type = std::string(type), .name = std::move(name)}};
}

// Opens nothing: what is to go may be damaged.
base::Result<void> FinishDeletion(catalog::Catalog& catalog, log::Log& log, std::string_view name) {
  base::Result<void> removed = log.DeleteStream(name);
  if (!removed.has_value() && removed.error().code != Code::kNotFound) {
    return removed;
  }
  const Change done = Delete(kDeletedType, std::string(name));
  return catalog.Apply({&done, 1});
}

class CatalogRegistry : public Registry {
 public:
  CatalogRegistry(catalog::Catalog& catalog, log::Log& log, base::Clock& clock)
      : catalog_(catalog), log_(log), clock_(clock) {}

  std::vector<StreamInfo> List() override;
  base::Result<StreamInfo> Get(std::string_view name) override;
  base::Result<StreamInfo> CreateStream(std::string_view name, uint32_t shards,
                                        std::string_view mode,
                                        std::map<std::string, std::string> tags) override;
  base::Result<void> DeleteStream(std::string_view name, bool enforce) override;
  base::Result<void> SplitShard(std::string_view stream, uint32_t shard,
                                model::HashKey new_start) override;
  base::Result<void> MergeShards(std::string_view stream, uint32_t shard,
                                 uint32_t adjacent) override;
  base::Result<void> UpdateShardCount(std::string_view stream, uint32_t target) override;
  base::Result<void> SetRetention(std::string_view stream, int64_t hours) override;
  base::Result<void> SetMode(std::string_view stream, std::string_view mode) override;
  base::Result<void> Tag(std::string_view stream,
                         const std::map<std::string, std::string>& tags) override;
  base::Result<void> Untag(std::string_view stream, std::span<const std::string> keys) override;
  base::Result<Consumer> AddConsumer(std::string_view stream, std::string_view name) override;
  base::Result<void> RemoveConsumer(std::string_view stream, std::string_view name) override;
  base::Result<std::vector<Consumer>> Consumers(std::string_view stream) override;

 private:
  using Edit = std::function<base::Result<void>(const StreamTable& table, StreamInfo& stream)>;
  using Plan = std::function<base::Result<log::StreamDefinition>(log::StreamDefinition stream,
                                                                 model::Rowtime now)>;

  base::Result<std::shared_ptr<const StreamTable>> Table();
  std::optional<StreamInfo> Find(const StreamTable& table, std::string_view name) const;
  base::Result<void> ChangeStream(std::string_view name, const Edit& edit);
  base::Result<void> Reshard(std::string_view name, const Plan& plan);
  base::Result<void> BringLog(const StreamInfo& stream);

  catalog::Catalog& catalog_;
  log::Log& log_;
  base::Clock& clock_;
  std::mutex changing_;  // Held by each change from reading to its end; taken before table_mutex_.
  std::mutex table_mutex_;
  uint64_t table_version_ = 0;
  std::shared_ptr<const StreamTable> table_;
};

// What the catalog says now, read again only when it has changed.
base::Result<std::shared_ptr<const StreamTable>> CatalogRegistry::Table() {
  const std::lock_guard lock(table_mutex_);
  const uint64_t version = catalog_.resources_version();
  if (table_ == nullptr || version != table_version_) {
    ASSIGN_OR_RETURN(StreamTable table, StreamTable::Read(catalog_));
    table_ = std::make_shared<const StreamTable>(std::move(table));
    table_version_ = version;
  }
  return table_;
}

// A stream of the log, which the catalog need not know (derived ones); nothing for one that is
// being created or deleted.
std::optional<StreamInfo> CatalogRegistry::Find(const StreamTable& table,
                                                std::string_view name) const {
  const log::Stream* const stream = log_.Find(name);
  if (stream == nullptr || table.deleted.contains(name)) {
    return std::nullopt;
  }
  if (const auto found = table.streams.find(name); found != table.streams.end()) {
    return found->second;
  }
  StreamInfo info;
  info.definition = stream->definition();
  info.retention_hours = info.definition.retention_millis / kMillisPerHour;
  info.derived = table.writers.contains(name);
  return info;
}

std::vector<StreamInfo> CatalogRegistry::List() {
  std::vector<StreamInfo> list;
  const auto table = Table();
  if (!table.has_value()) {
    base::LogEvent(base::LogLevel::kError, "registry.unreadable", table.error().message);
    return list;
  }
  for (const log::Stream* const stream : log_.Streams()) {
    if (std::optional<StreamInfo> info = Find(**table, stream->name())) {
      list.push_back(*std::move(info));
    }
  }
  std::ranges::sort(
      list, {}, [](const StreamInfo& info) -> const std::string& { return info.definition.name; });
  return list;
}

base::Result<StreamInfo> CatalogRegistry::Get(std::string_view name) {
  ASSIGN_OR_RETURN(const auto table, Table());
  if (std::optional<StreamInfo> info = Find(*table, name)) {
    return *std::move(info);
  }
  return Fail(Code::kNotFound, "no stream named '{}'", name.substr(0, kMaxName));
}

base::Result<StreamInfo> CatalogRegistry::CreateStream(std::string_view name, uint32_t shards,
                                                       std::string_view mode,
                                                       std::map<std::string, std::string> tags) {
  RETURN_IF_ERROR(CheckName("stream", name));
  if (name.starts_with(kDirectPutPrefix)) {
    return Fail(Code::kInvalidArgument,
                "names that begin with '{}' are kept for delivery streams that clients put records "
                "into; choose another one than '{}'",
                kDirectPutPrefix, name);
  }
  RETURN_IF_ERROR(CheckMode(mode));
  RETURN_IF_ERROR(CheckTags(tags));
  const std::lock_guard lock(changing_);
  ASSIGN_OR_RETURN(const auto table, Table());
  if (table->deleted.contains(name)) {
    RETURN_IF_ERROR(FinishDeletion(catalog_, log_, name));
  }
  if (table->streams.contains(name) || log_.Find(name) != nullptr) {
    return Fail(Code::kAlreadyExists, "a stream named '{}' exists already", name);
  }
  if (shards == 0 || table->open_shards() + shards > kMaxOpenShards) {
    return Fail(Code::kLimitExceeded,
                "there are {} open shards of at most {}; a stream of {} does not fit",
                table->open_shards(), kMaxOpenShards, shards);
  }
  StreamInfo stream;
  stream.definition.name = name;
  stream.definition.shards = log::EvenShards(shards);
  stream.mode = mode;
  stream.tags = std::move(tags);
  const Change put = Put(kStreamType, std::string(name), WriteStream(stream));
  RETURN_IF_ERROR(catalog_.Apply({&put, 1}));
  ASSIGN_OR_RETURN(const catalog::Resource stored, catalog_.Get(kStreamType, name));
  ASSIGN_OR_RETURN(stream, ReadStream(stored));
  base::Result<log::Stream*> opened = log_.OpenStream(stream.definition);
  if (!opened.has_value()) {
    // Nothing is in it: as if it had never been.
    const Change undo = Delete(kStreamType, std::string(name));
    RETURN_IF_ERROR(catalog_.Apply({&undo, 1}));
    return std::unexpected(std::move(opened).error());
  }
  return stream;
}

base::Result<void> CatalogRegistry::DeleteStream(std::string_view name, bool enforce) {
  const std::lock_guard lock(changing_);
  ASSIGN_OR_RETURN(const auto table, Table());
  const std::optional<StreamInfo> stream = Find(*table, name);
  if (!stream.has_value()) {
    return Fail(Code::kNotFound, "no stream named '{}'", name.substr(0, kMaxName));
  }
  if (stream->derived) {
    return Fail(Code::kFailedPrecondition,
                "stream '{}' holds the results of application '{}' and cannot be deleted", name,
                table->writers.find(name)->second);
  }
  if (!table->streams.contains(name)) {
    return Fail(Code::kFailedPrecondition, "stream '{}' is not in the catalog", name);
  }
  if (!stream->stack.empty()) {
    return Fail(Code::kFailedPrecondition,
                "stream '{}' belongs to stack '{}'; remove it from the stack instead", name,
                stream->stack);
  }
  if (const auto users = table->users.find(name); users != table->users.end()) {
    return Fail(Code::kFailedPrecondition, "stream '{}' is used by {}; remove that first", name,
                fmt::join(users->second, ", "));
  }
  std::vector<Change> changes{Delete(kStreamType, std::string(name)),
                              Put(kDeletedType, std::string(name), WriteStream(*stream))};
  if (const auto consumers = table->consumers.find(name); consumers != table->consumers.end()) {
    if (!enforce) {
      return Fail(Code::kFailedPrecondition,
                  "stream '{}' has {} registered consumers, '{}' among them; deregister them, or "
                  "enforce the deletion",
                  name, consumers->second.size(), consumers->second.front().name);
    }
    for (const Consumer& consumer : consumers->second) {
      changes.push_back(Delete(kConsumerType, ConsumerName(name, consumer.name)));
    }
  }
  RETURN_IF_ERROR(catalog_.Apply(changes));
  return FinishDeletion(catalog_, log_, name);
}

// Lets the log follow what the catalog says.
base::Result<void> CatalogRegistry::BringLog(const StreamInfo& stream) {
  log::Stream* const opened = log_.Find(stream.definition.name);
  if (opened == nullptr) {
    return Fail(Code::kNotFound, "no stream named '{}'", stream.definition.name);
  }
  const log::StreamDefinition& now = opened->definition();
  if (now.retention_millis == stream.definition.retention_millis &&
      now.shards == stream.definition.shards) {
    return {};
  }
  return opened->Reshard(stream.definition);
}

base::Result<void> CatalogRegistry::ChangeStream(std::string_view name, const Edit& edit) {
  const std::lock_guard lock(changing_);
  ASSIGN_OR_RETURN(const auto table, Table());
  std::optional<StreamInfo> stream = Find(*table, name);
  if (!stream.has_value()) {
    return Fail(Code::kNotFound, "no stream named '{}'", name.substr(0, kMaxName));
  }
  if (!table->streams.contains(name)) {
    return Fail(Code::kFailedPrecondition,
                "stream '{}' holds results of an application; its properties cannot be changed",
                name);
  }
  // An earlier change that the log could not follow then is done first.
  RETURN_IF_ERROR(BringLog(*stream));
  RETURN_IF_ERROR(edit(*table, *stream));
  ASSIGN_OR_RETURN(catalog::Resource resource, catalog_.Get(kStreamType, name));
  ASSIGN_OR_RETURN(std::string definition, RewriteStream(resource.definition, *stream));
  if (definition == resource.definition) {
    return {};
  }
  Change put{.kind = Change::Kind::kPut, .resource = std::move(resource)};
  std::swap(put.resource.definition, definition);
  RETURN_IF_ERROR(catalog_.Apply({&put, 1}));
  base::Result<void> followed = BringLog(*stream);
  if (!followed.has_value()) {
    // Nothing has changed in the log, and so nothing shall have in the catalog.
    std::swap(put.resource.definition, definition);
    if (const auto undone = catalog_.Apply({&put, 1}); !undone.has_value()) {
      base::LogEvent(base::LogLevel::kWarning, "registry.ahead",
                     "the catalog is ahead of the log, which will follow with the next change",
                     {{"stream", name}, {"cause", undone.error().message}});
    }
  }
  return followed;
}

base::Result<void> CatalogRegistry::Reshard(std::string_view name, const Plan& plan) {
  return ChangeStream(
      name, [&](const StreamTable& table, StreamInfo& stream) -> base::Result<void> {
        ASSIGN_OR_RETURN(log::StreamDefinition planned,
                         plan(stream.definition, model::Rowtime{clock_.WallMillis()}));
        RETURN_IF_ERROR(table.CheckReshard(stream.definition, planned));
        stream.definition = std::move(planned);
        return {};
      });
}

base::Result<void> CatalogRegistry::SplitShard(std::string_view stream, uint32_t shard,
                                               model::HashKey new_start) {
  return Reshard(stream, [&](log::StreamDefinition before, model::Rowtime now) {
    return Split(std::move(before), shard, new_start, now);
  });
}

base::Result<void> CatalogRegistry::MergeShards(std::string_view stream, uint32_t shard,
                                                uint32_t adjacent) {
  return Reshard(stream, [&](log::StreamDefinition before, model::Rowtime now) {
    return Merge(std::move(before), shard, adjacent, now);
  });
}

base::Result<void> CatalogRegistry::UpdateShardCount(std::string_view stream, uint32_t target) {
  return Reshard(stream, [&](log::StreamDefinition before, model::Rowtime now) {
    return MakeEven(std::move(before), target, now);
  });
}

base::Result<void> CatalogRegistry::SetRetention(std::string_view stream, int64_t hours) {
  if (hours < kMinRetentionHours || hours > kMaxRetentionHours) {
    return Fail(Code::kInvalidArgument, "the retention period is {} to {} hours; it is {}",
                kMinRetentionHours, kMaxRetentionHours, hours);
  }
  return ChangeStream(stream, [hours](const StreamTable&, StreamInfo& info) -> base::Result<void> {
    info.retention_hours = hours;
    info.definition.retention_millis = hours * kMillisPerHour;
    return {};
  });
}

base::Result<void> CatalogRegistry::SetMode(std::string_view stream, std::string_view mode) {
  RETURN_IF_ERROR(CheckMode(mode));
  return ChangeStream(stream, [mode](const StreamTable&, StreamInfo& info) -> base::Result<void> {
    info.mode = mode;
    return {};
  });
}

base::Result<void> CatalogRegistry::Tag(std::string_view stream,
                                        const std::map<std::string, std::string>& tags) {
  return ChangeStream(stream, [&tags](const StreamTable&, StreamInfo& info) -> base::Result<void> {
    for (const auto& [key, value] : tags) {
      info.tags[key] = value;
    }
    return CheckTags(info.tags);
  });
}

base::Result<void> CatalogRegistry::Untag(std::string_view stream,
                                          std::span<const std::string> keys) {
  return ChangeStream(stream, [keys](const StreamTable&, StreamInfo& info) -> base::Result<void> {
    for (const std::string& key : keys) {
      info.tags.erase(key);
    }
    return {};
  });
}

base::Result<Consumer> CatalogRegistry::AddConsumer(std::string_view stream,
                                                    std::string_view name) {
  RETURN_IF_ERROR(CheckName("consumer", name));
  const std::lock_guard lock(changing_);
  ASSIGN_OR_RETURN(const std::vector<Consumer> existing, Consumers(stream));
  if (std::ranges::find(existing, name, &Consumer::name) != existing.end()) {
    return Fail(Code::kAlreadyExists, "stream '{}' has a consumer named '{}' already", stream,
                name);
  }
  if (existing.size() >= kMaxConsumers) {
    return Fail(Code::kLimitExceeded, "stream '{}' has {} consumers, which is the most", stream,
                existing.size());
  }
  const Change put = Put(kConsumerType, ConsumerName(stream, name), "{}");
  RETURN_IF_ERROR(catalog_.Apply({&put, 1}));
  ASSIGN_OR_RETURN(const catalog::Resource stored, catalog_.Get(kConsumerType, put.resource.name));
  return Consumer{
      .stream = std::string(stream), .name = std::string(name), .created = stored.created};
}

base::Result<void> CatalogRegistry::RemoveConsumer(std::string_view stream, std::string_view name) {
  const std::lock_guard lock(changing_);
  ASSIGN_OR_RETURN(const std::vector<Consumer> existing, Consumers(stream));
  if (std::ranges::find(existing, name, &Consumer::name) == existing.end()) {
    return Fail(Code::kNotFound, "stream '{}' has no consumer named '{}'", stream,
                name.substr(0, kMaxName));
  }
  const Change removed = Delete(kConsumerType, ConsumerName(stream, name));
  return catalog_.Apply({&removed, 1});
}

base::Result<std::vector<Consumer>> CatalogRegistry::Consumers(std::string_view stream) {
  ASSIGN_OR_RETURN(const auto table, Table());
  if (!Find(*table, stream).has_value()) {
    return Fail(Code::kNotFound, "no stream named '{}'", stream.substr(0, kMaxName));
  }
  const auto found = table->consumers.find(stream);
  return found == table->consumers.end() ? std::vector<Consumer>() : found->second;
}

}  // namespace

base::Result<std::string> RestateStream(catalog::Catalog& catalog, const catalog::Resource& stated,
                                        model::Rowtime now) {
  ASSIGN_OR_RETURN(const StreamTable table, StreamTable::Read(catalog));
  ASSIGN_OR_RETURN(const catalog::Resource stored, catalog.Get(kStreamType, stated.name));
  ASSIGN_OR_RETURN(const StreamInfo before, ReadStream(stored));
  ASSIGN_OR_RETURN(std::string definition, Restate(stored.definition, stated.definition));
  ASSIGN_OR_RETURN(const uint32_t count, StatedShards(definition));
  ASSIGN_OR_RETURN(const uint32_t count_before, StatedShards(stored.definition));
  if (count == count_before) {
    return definition;
  }
  ASSIGN_OR_RETURN(log::StreamDefinition planned, MakeEven(before.definition, count, now));
  RETURN_IF_ERROR(table.CheckReshard(before.definition, planned));
  ASSIGN_OR_RETURN(StreamInfo after, ReadStream({.name = stated.name, .definition = definition}));
  after.definition.shards = std::move(planned.shards);
  return RewriteStream(definition, after);
}

base::Result<void> FinishDeletions(catalog::Catalog& catalog, log::Log& log) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> deleted, catalog.List(kDeletedType));
  for (const catalog::Resource& stream : deleted) {
    base::Result<void> finished = FinishDeletion(catalog, log, stream.name);
    if (!finished.has_value()) {
      return std::unexpected(base::Within(fmt::format("deletion of stream '{}'", stream.name),
                                          std::move(finished).error()));
    }
  }
  return {};
}

std::unique_ptr<Registry> Registry::Create(catalog::Catalog& catalog, log::Log& log,
                                           base::Clock& clock) {
  return std::make_unique<CatalogRegistry>(catalog, log, clock);
}

}  // namespace weir::registry
