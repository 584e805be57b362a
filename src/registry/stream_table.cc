#include "registry/stream_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/document.h"

namespace weir::registry {
namespace {

constexpr json::Limits kLimits{.max_bytes = 1 << 20, .max_depth = 64, .max_keys = 2'000};

// The types that can use a stream, in people's words. Their references to streams stand in members
// of these names, as ARN or as name.
struct UserType {
  std::string_view type;
  std::string_view word;
};

constexpr std::array kUserTypes{
    UserType{"AWS::KinesisAnalytics::Application", "application"},
    UserType{"AWS::KinesisAnalytics::ApplicationOutput", "application output"},
    UserType{"AWS::KinesisFirehose::DeliveryStream", "delivery stream"},
    UserType{"Weir::BrowserSource", "browser source"},
    UserType{"Weir::WebhookSource", "webhook source"},
    UserType{"Weir::Deduplication", "de-duplication"},
    UserType{"Weir::Demo::Traffic", "demo traffic"},
};
constexpr std::array<std::string_view, 2> kArnMembers{"ResourceARN", "KinesisStreamARN"};
constexpr std::array<std::string_view, 3> kNameMembers{"Stream", "ClickStream", "OrderStream"};

// The stream that an ARN names; "" when it names something else.
std::string_view StreamInArn(std::string_view arn) {
  constexpr std::string_view kKind = ":stream/";
  const size_t at = arn.find(kKind);
  return arn.starts_with("arn:") && at != std::string_view::npos ? arn.substr(at + kKind.size())
                                                                 : std::string_view();
}

// Adds the streams that any member of `value` names.
void CollectStreams(const json::Value& value, std::set<std::string>& streams) {
  for (const json::Value& item : value.Items()) {
    CollectStreams(item, streams);
  }
  for (const json::Member& member : value.Members()) {
    const std::string_view text = member.value.AsString().value_or("");
    std::string_view stream;
    if (std::ranges::find(kArnMembers, member.name) != kArnMembers.end()) {
      stream = StreamInArn(text);
    } else if (std::ranges::find(kNameMembers, member.name) != kNameMembers.end()) {
      stream = text;
    }
    if (!stream.empty()) {
      streams.emplace(stream);
    }
    CollectStreams(member.value, streams);
  }
}

std::string_view TextAt(const json::Value& value, std::initializer_list<std::string_view> keys) {
  const json::Value* at = &value;
  for (const std::string_view key : keys) {
    at = at == nullptr ? nullptr : at->Find(key);
  }
  return at == nullptr ? std::string_view() : at->AsString().value_or("");
}

void ReadConsumer(const catalog::Resource& resource, StreamTable& table) {
  const size_t slash = resource.name.find('/');
  if (slash != std::string::npos) {
    std::string stream = resource.name.substr(0, slash);
    table.consumers[stream].push_back(
        {.stream = stream, .name = resource.name.substr(slash + 1), .created = resource.created});
  }
}

// An application writes the stream that its output names, or one of its own for a delivery stream.
void ReadOutput(const json::Value& output, StreamTable& table) {
  const std::string application(TextAt(output, {"ApplicationName"}));
  const std::string_view written =
      StreamInArn(TextAt(output, {"Output", "KinesisStreamsOutput", "ResourceARN"}));
  table.writers[written.empty()
                    ? fmt::format("{}.{}", application, TextAt(output, {"Output", "Name"}))
                    : std::string(written)] = application;
}

base::Result<void> ReadUser(const catalog::Resource& resource, const UserType& type,
                            StreamTable& table) {
  const base::Result<json::Value> value = json::Parse(resource.definition, kLimits);
  if (!value.has_value()) {
    return std::unexpected(base::Within(
        fmt::format("definition of {} '{}'", type.word, resource.name), value.error()));
  }
  std::set<std::string> streams;
  CollectStreams(*value, streams);
  for (const std::string& stream : streams) {
    table.users[stream].push_back(fmt::format("{} '{}'", type.word, resource.name));
  }
  if (type.type == "AWS::KinesisAnalytics::ApplicationOutput") {
    ReadOutput(*value, table);
  }
  return {};
}

size_t CountOpen(const log::StreamDefinition& stream) {
  return static_cast<size_t>(
      std::ranges::count(stream.shards, false, &log::ShardDefinition::closed));
}

}  // namespace

size_t StreamTable::open_shards() const {
  size_t open = 0;
  for (const auto& [name, stream] : streams) {
    open += CountOpen(stream.definition);
  }
  return open;
}

base::Result<void> StreamTable::CheckReshard(const log::StreamDefinition& before,
                                             const log::StreamDefinition& after) const {
  if (const auto writer = writers.find(before.name); writer != writers.end()) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "stream '{}' holds the results of application '{}' and keeps its shards",
                      before.name, writer->second);
  }
  const size_t now = open_shards();
  const size_t then = now - CountOpen(before) + CountOpen(after);
  if (then > now && then > Registry::kMaxOpenShards) {
    return base::Fail(base::Code::kLimitExceeded,
                      "there are {} open shards of at most {}; {} do not fit", now,
                      Registry::kMaxOpenShards, then);
  }
  if (after.shards.size() > log::kMaxShards) {
    return base::Fail(base::Code::kLimitExceeded,
                      "stream '{}' would have {} shards with the closed ones, more than {}; use a "
                      "new stream",
                      before.name, after.shards.size(), log::kMaxShards);
  }
  return {};
}

base::Result<StreamTable> StreamTable::Read(catalog::Catalog& catalog) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources, catalog.List(""));
  StreamTable table;
  for (const catalog::Resource& resource : resources) {
    if (resource.type == kStreamType) {
      ASSIGN_OR_RETURN(table.streams[resource.name], ReadStream(resource));
    } else if (resource.type == kConsumerType) {
      ReadConsumer(resource, table);
    } else if (resource.type == kDeletedType) {
      table.deleted.insert(resource.name);
    } else if (const auto user = std::ranges::find(kUserTypes, resource.type, &UserType::type);
               user != kUserTypes.end()) {
      RETURN_IF_ERROR(ReadUser(resource, *user, table));
    }
  }
  for (auto& [name, stream] : table.streams) {
    stream.derived = table.writers.contains(name);
  }
  return table;
}

std::string ConsumerName(std::string_view stream, std::string_view consumer) {
  return fmt::format("{}/{}", stream, consumer);
}

}  // namespace weir::registry
