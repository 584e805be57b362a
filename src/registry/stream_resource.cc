// docs/formats/stream_resource.md describes the text.
#include "registry/stream_resource.h"

#include <algorithm>
#include <utility>

#include "json/document.h"
#include "registry/shard_plan.h"

namespace weir::registry {
namespace {

constexpr int64_t kMillisPerHour = 3'600'000;
constexpr int64_t kDefaultRetentionHours = 24;
constexpr std::string_view kProvisioned = "PROVISIONED";
constexpr json::Limits kLimits{.max_bytes = 1 << 20, .max_depth = 16, .max_keys = 256};

base::Result<log::ShardDefinition> ReadShard(const json::Value& value) {
  log::ShardDefinition shard;
  ASSIGN_OR_RETURN(const int64_t id, value.IntAt("Id"));
  shard.id = static_cast<uint32_t>(id);
  ASSIGN_OR_RETURN(const std::string first, value.StringAt("FirstHash"));
  ASSIGN_OR_RETURN(shard.first_hash, model::ParseHashKey(first));
  ASSIGN_OR_RETURN(const std::string last, value.StringAt("LastHash"));
  ASSIGN_OR_RETURN(shard.last_hash, model::ParseHashKey(last));
  if (const json::Value* const created = value.Find("Created")) {
    shard.created.millis = created->AsInt().value_or(0);
  }
  if (const json::Value* const parents = value.Find("Parents")) {
    for (const json::Value& parent : parents->Items()) {
      shard.parents.push_back(static_cast<uint32_t>(parent.AsUint().value_or(0)));
    }
  }
  const json::Value* const closed = value.Find("Closed");
  shard.closed = closed != nullptr && closed->AsBool().value_or(false);
  return shard;
}

json::Value WriteShard(const log::ShardDefinition& shard) {
  json::Value value = json::Value::Object();
  value.AddMember("Id", shard.id);
  value.AddMember("FirstHash", model::FormatHashKey(shard.first_hash));
  value.AddMember("LastHash", model::FormatHashKey(shard.last_hash));
  if (shard.created.millis != 0) {
    value.AddMember("Created", shard.created.millis);
  }
  if (!shard.parents.empty()) {
    json::Value parents = json::Value::Array();
    for (const uint32_t parent : shard.parents) {
      parents.Append(parent);
    }
    value.AddMember("Parents", std::move(parents));
  }
  if (shard.closed) {
    value.AddMember("Closed", true);
  }
  return value;
}

uint32_t ShardCount(const json::Value& value) {
  const json::Value* const count = value.Find("ShardCount");
  return static_cast<uint32_t>(count == nullptr ? 1 : count->AsUint().value_or(1));
}

base::Result<StreamInfo> Read(const catalog::Resource& resource) {
  ASSIGN_OR_RETURN(const json::Value value, json::Parse(resource.definition, kLimits));
  StreamInfo stream;
  stream.stack = resource.stack;
  stream.definition.name = resource.name;
  stream.definition.created = resource.created;
  if (const json::Value* const shards = value.Find("Shards")) {
    for (const json::Value& item : shards->Items()) {
      ASSIGN_OR_RETURN(log::ShardDefinition shard, ReadShard(item));
      stream.definition.shards.push_back(std::move(shard));
    }
  } else {
    const json::Value* const count = value.Find("ShardCount");
    stream.definition.shards =
        log::EvenShards(static_cast<uint32_t>(count == nullptr ? 1 : count->AsUint().value_or(1)));
  }
  if (const json::Value* const hours = value.Find("RetentionPeriodHours")) {
    stream.retention_hours = hours->AsInt().value_or(kDefaultRetentionHours);
  }
  stream.definition.retention_millis = stream.retention_hours * kMillisPerHour;
  if (const json::Value* const mode = value.Find("StreamModeDetails")) {
    ASSIGN_OR_RETURN(stream.mode, mode->StringAt("StreamMode"));
  }
  if (const json::Value* const tags = value.Find("Tags")) {
    for (const json::Member& tag : tags->Members()) {
      stream.tags[tag.name] = tag.value.AsString().value_or("");
    }
  }
  return stream;
}

// Whether "Shards" is needed: the shards are not what ShardCount alone says.
bool WasResharded(const StreamInfo& stream) {
  return std::ranges::any_of(stream.definition.shards, [](const log::ShardDefinition& shard) {
    return shard.closed || !shard.parents.empty();
  });
}

void Write(const StreamInfo& stream, json::Value& value) {
  if (value.Find("ShardCount") == nullptr) {
    value.Set("ShardCount", std::ranges::count_if(stream.definition.shards,
                                                  [](const log::ShardDefinition& shard) {
                                                    return shard.parents.empty();
                                                  }));
  }
  if (value.Find("RetentionPeriodHours") != nullptr ||
      stream.retention_hours != kDefaultRetentionHours) {
    value.Set("RetentionPeriodHours", stream.retention_hours);
  }
  if (value.Find("StreamModeDetails") != nullptr || stream.mode != kProvisioned) {
    value.Set("StreamModeDetails", json::Value::Object().Set("StreamMode", stream.mode));
  }
  if (WasResharded(stream)) {
    json::Value shards = json::Value::Array();
    for (const log::ShardDefinition& shard : stream.definition.shards) {
      shards.Append(WriteShard(shard));
    }
    value.Set("Shards", std::move(shards));
  }
  if (value.Find("Tags") != nullptr || !stream.tags.empty()) {
    json::Value tags = json::Value::Object();
    for (const auto& [key, text] : stream.tags) {
      tags.AddMember(key, text);
    }
    value.Set("Tags", std::move(tags));
  }
}

}  // namespace

base::Result<StreamInfo> ReadStream(const catalog::Resource& resource) {
  base::Result<StreamInfo> stream = Read(resource);
  if (!stream.has_value()) {
    return std::unexpected(base::Within(fmt::format("definition of stream '{}'", resource.name),
                                        std::move(stream).error()));
  }
  return stream;
}

std::string WriteStream(const StreamInfo& stream) {
  json::Value value = json::Value::Object();
  Write(stream, value);
  return value.Serialize();
}

base::Result<std::string> RewriteStream(std::string_view before, const StreamInfo& stream) {
  ASSIGN_OR_RETURN(json::Value value, json::Parse(before, kLimits));
  Write(stream, value);
  return value.Serialize();
}

base::Result<std::string> Restate(std::string_view before, std::string_view stated) {
  ASSIGN_OR_RETURN(const json::Value old, json::Parse(before, kLimits));
  ASSIGN_OR_RETURN(json::Value value, json::Parse(stated, kLimits));
  for (const json::Member& member : old.Members()) {
    if (value.Find(member.name) == nullptr) {
      value.AddMember(member.name, member.value);
    }
  }
  return value.Serialize();
}

base::Result<uint32_t> StatedShards(std::string_view definition) {
  ASSIGN_OR_RETURN(const json::Value value, json::Parse(definition, kLimits));
  return ShardCount(value);
}

}  // namespace weir::registry
