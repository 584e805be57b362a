#include "ingest/kinesis/settings.h"

#include "json/document.h"

namespace weir::ingest::kinesis {
namespace {

// No stream can have this name.
constexpr std::string_view kAccountName = "/account";

json::Value Encode(const registry::StreamInfo& stream, const StreamSettings& settings) {
  json::Value metrics = json::Value::Array();
  for (const std::string& metric : settings.metrics) {
    metrics.Append(metric);
  }
  json::Value consumers = json::Value::Object();
  for (const auto& [consumer, tags] : settings.consumer_tags) {
    json::Value values = json::Value::Object();
    for (const auto& [key, value] : tags) {
      values.Set(key, value);
    }
    consumers.Set(consumer, std::move(values));
  }
  return json::Value::Object()
      .Set("StreamCreated", stream.definition.created.millis)
      .Set("ShardLevelMetrics", std::move(metrics))
      .Set("WarmThroughputMiBps", settings.warm_mibps)
      .Set("ConsumerTags", std::move(consumers));
}

StreamSettings Decode(const json::Value& document) {
  StreamSettings settings;
  if (const json::Value* const metrics = document.Find("ShardLevelMetrics")) {
    for (const json::Value& metric : metrics->Items()) {
      settings.metrics.emplace_back(metric.AsString().value_or(""));
    }
  }
  settings.warm_mibps = document.IntAt("WarmThroughputMiBps").value_or(0);
  if (const json::Value* const consumers = document.Find("ConsumerTags")) {
    for (const json::Member& consumer : consumers->Members()) {
      for (const json::Member& tag : consumer.value.Members()) {
        settings.consumer_tags[consumer.name][tag.name] = tag.value.AsString().value_or("");
      }
    }
  }
  return settings;
}

}  // namespace

base::Result<StreamSettings> Settings::Get(const registry::StreamInfo& stream) {
  const auto resource = catalog_.Get(kSettingsType, stream.definition.name);
  if (!resource) {
    if (resource.error().code == base::Code::kNotFound) {
      return StreamSettings{};
    }
    return std::unexpected(resource.error());
  }
  ASSIGN_OR_RETURN(const json::Value document, json::Parse(resource->definition));
  if (document.IntAt("StreamCreated").value_or(-1) != stream.definition.created.millis) {
    return StreamSettings{};
  }
  return Decode(document);
}

base::Result<StreamSettings> Settings::Change(
    const registry::StreamInfo& stream,
    const std::function<base::Result<void>(StreamSettings&)>& edit) {
  const std::lock_guard lock(changing_);
  ASSIGN_OR_RETURN(StreamSettings settings, Get(stream));
  RETURN_IF_ERROR(edit(settings));
  RETURN_IF_ERROR(Put(stream.definition.name, Encode(stream, settings).Serialize()));
  return settings;
}

base::Result<void> Settings::Remove(std::string_view stream) {
  const catalog::ResourceChange change{
      .kind = catalog::ResourceChange::Kind::kDelete,
      .resource = {.type = std::string(kSettingsType), .name = std::string(stream)}};
  return catalog_.Apply({&change, 1});
}

base::Result<int64_t> Settings::CommitmentStart() {
  const auto resource = catalog_.Get(kSettingsType, kAccountName);
  if (!resource) {
    if (resource.error().code == base::Code::kNotFound) {
      return int64_t{0};
    }
    return std::unexpected(resource.error());
  }
  ASSIGN_OR_RETURN(const json::Value document, json::Parse(resource->definition));
  return document.IntAt("CommitmentStart");
}

base::Result<void> Settings::SetCommitmentStart(int64_t millis) {
  return Put(kAccountName, json::Value::Object().Set("CommitmentStart", millis).Serialize());
}

base::Result<void> Settings::Put(std::string_view name, std::string definition) {
  const catalog::ResourceChange change{.kind = catalog::ResourceChange::Kind::kPut,
                                       .resource = {.type = std::string(kSettingsType),
                                                    .name = std::string(name),
                                                    .definition = std::move(definition)}};
  return catalog_.Apply({&change, 1});
}

}  // namespace weir::ingest::kinesis
