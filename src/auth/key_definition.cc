#include "auth/key_definition.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "json/document.h"

namespace weir::auth {
namespace {

constexpr size_t kMaxStreamName = 128;

bool IsNameByte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-';
}

json::Value OptionalTime(std::optional<model::Rowtime> time) {
  return time.has_value() ? json::Value(time->millis) : json::Value();
}

std::optional<model::Rowtime> TimeAt(const json::Value& object, std::string_view key) {
  const json::Value* value = object.Find(key);
  const auto millis = value == nullptr ? std::nullopt : value->AsInt();
  return millis.has_value() ? std::optional(model::Rowtime{*millis}) : std::nullopt;
}

base::Result<std::vector<std::string>> StringsAt(const json::Value& object, std::string_view key) {
  const json::Value* list = object.Find(key);
  if (list == nullptr || !list->IsArray()) {
    return base::Fail(base::Code::kDataLoss, "no list '{}'", key);
  }
  std::vector<std::string> strings;
  for (const json::Value& item : list->Items()) {
    const auto text = item.AsString();
    if (!text.has_value()) {
      return base::Fail(base::Code::kDataLoss, "'{}' holds something other than strings", key);
    }
    strings.emplace_back(*text);
  }
  return strings;
}

base::Result<StoredKey> Read(const catalog::Resource& resource) {
  ASSIGN_OR_RETURN(const json::Value object, json::Parse(resource.definition));
  StoredKey key;
  key.info.id = resource.name;
  key.info.created = resource.created;
  ASSIGN_OR_RETURN(key.info.name, object.StringAt("name"));
  ASSIGN_OR_RETURN(const std::vector<std::string> roles, StringsAt(object, "roles"));
  for (const std::string& name : roles) {
    const auto role = RoleOf(name);
    if (!role.has_value()) {
      return base::Fail(base::Code::kDataLoss, "no role is named '{}'", name);
    }
    key.info.roles.push_back(*role);
  }
  ASSIGN_OR_RETURN(key.info.streams, StringsAt(object, "streams"));
  key.info.revoked = TimeAt(object, "revoked");
  key.info.last_used = TimeAt(object, "last_used");
  if (key.info.revoked.has_value()) {
    return key;
  }
  ASSIGN_OR_RETURN(const std::string hash, object.StringAt("secret_hash"));
  ASSIGN_OR_RETURN(const std::string box, object.StringAt("secret_box"));
  auto hash_bytes = base::FromHex(hash);
  auto box_bytes = base::FromBase64(box);
  if (!hash_bytes.has_value() || !box_bytes.has_value()) {
    return base::Fail(base::Code::kDataLoss, "the stored secret is no hex or Base64");
  }
  key.secret_hash = std::move(*hash_bytes);
  key.secret_box = std::move(*box_bytes);
  return key;
}

}  // namespace

base::Result<StoredKey> ReadKey(const catalog::Resource& resource) {
  auto key = Read(resource);
  if (!key.has_value()) {
    return base::Fail(base::Code::kDataLoss, "access key '{}' in the catalog: {}", resource.name,
                      key.error().message);
  }
  return key;
}

catalog::Resource KeyResource(const StoredKey& key) {
  json::Value roles = json::Value::Array();
  for (const Role role : key.info.roles) {
    roles.Append(RoleName(role));
  }
  json::Value streams = json::Value::Array();
  for (const std::string& stream : key.info.streams) {
    streams.Append(stream);
  }
  json::Value object = json::Value::Object();
  object.AddMember("name", key.info.name)
      .AddMember("roles", std::move(roles))
      .AddMember("streams", std::move(streams))
      .AddMember("revoked", OptionalTime(key.info.revoked))
      .AddMember("last_used", OptionalTime(key.info.last_used));
  if (!key.info.revoked.has_value()) {
    object.AddMember("secret_hash", base::ToHex(key.secret_hash))
        .AddMember("secret_box", base::ToBase64(key.secret_box));
  }
  return {.type = std::string(kKeyType),
          .name = key.info.id,
          .stack = "",
          .logical_id = "",
          .definition = object.Serialize(),
          .created = key.info.created};
}

base::Result<void> CheckKeyName(std::string_view name) {
  const bool well_formed =
      std::ranges::all_of(name, [](char byte) { return IsNameByte(byte) || byte == '@'; });
  if (name.empty() || name.size() > Keyring::kMaxNameBytes || !well_formed) {
    return base::Fail(
        base::Code::kInvalidArgument,
        "a key's name has 1 to {} characters of A-Z a-z 0-9 _ . @ -, which '{}' has not",
        Keyring::kMaxNameBytes, name);
  }
  return {};
}

base::Result<void> CheckScopes(const std::vector<std::string>& streams) {
  if (streams.size() > Keyring::kMaxScopes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "a key names at most {} streams, this one {}: use prefixes that end in '*'",
                      Keyring::kMaxScopes, streams.size());
  }
  for (const std::string_view stream : streams) {
    const std::string_view name = stream.substr(0, stream.size() - (stream.ends_with('*') ? 1 : 0));
    if (stream.empty() || stream.size() > kMaxStreamName ||
        !std::ranges::all_of(name, IsNameByte)) {
      return base::Fail(base::Code::kInvalidArgument,
                        "a key is for names of streams, or prefixes of such that end in '*', "
                        "which '{}' is not",
                        stream);
    }
  }
  return {};
}

}  // namespace weir::auth
