#include "auth/routes.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/time_format.h"
#include "json/document.h"

namespace weir::auth {

namespace {

using base::Code;
using base::Fail;

constexpr size_t kMaxBody = 64 << 10;

net::Response JsonResponse(const json::Value& body, int status = 200) {
  return {.status = status,
          .body = body.Serialize() + "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

json::Value RoleNames(const std::vector<Role>& roles) {
  json::Value names = json::Value::Array();
  for (const Role role : roles) {
    names.Append(RoleName(role));
  }
  return names;
}

json::Value StreamNames(const std::vector<std::string>& streams) {
  json::Value names = json::Value::Array();
  for (const std::string& stream : streams) {
    names.Append(stream);
  }
  return names;
}

json::Value KeyValue(const KeyInfo& key, std::string_view secret = {}) {
  json::Value value = json::Value::Object();
  value.Set("id", key.id).Set("name", key.name).Set("roles", RoleNames(key.roles));
  value.Set("streams", StreamNames(key.streams));
  value.Set("created", base::FormatRfc3339(key.created.millis));
  for (const auto& [name, time] :
       {std::pair{"revoked", key.revoked}, std::pair{"last_used", key.last_used}}) {
    value.Set(name, time.has_value() ? json::Value(base::FormatRfc3339(time->millis))
                                     : json::Value(nullptr));
  }
  if (!secret.empty()) {
    value.Set("secret", secret);
  }
  return value;
}

json::Value WhoValue(const Identity& identity, bool required) {
  json::Value value = json::Value::Object();
  value.Set("required", required).Set("key_id", identity.key_id);
  value.Set("roles", RoleNames(identity.roles)).Set("streams", StreamNames(identity.streams));
  return value;
}

base::Result<std::vector<std::string>> TextsAt(const json::Value& body, std::string_view name) {
  std::vector<std::string> texts;
  const json::Value* const list = body.Find(name);
  if (list == nullptr) {
    return texts;
  }
  if (!list->IsArray()) {
    return Fail(Code::kInvalidArgument, "'{}' must be an array of strings", name);
  }
  for (const json::Value& item : list->Items()) {
    const auto text = item.AsString();
    if (!text.has_value()) {
      return Fail(Code::kInvalidArgument, "'{}' must be an array of strings", name);
    }
    texts.emplace_back(*text);
  }
  return texts;
}

base::Result<json::Value> ReadObject(const net::Request& request,
                                     std::initializer_list<std::string_view> members) {
  ASSIGN_OR_RETURN(json::Value body, json::Parse(request.body, {.max_bytes = kMaxBody}));
  if (!body.IsObject()) {
    return Fail(Code::kInvalidArgument, "the body must be a JSON object");
  }
  for (const json::Member& member : body.Members()) {
    bool known = false;
    for (const std::string_view name : members) {
      known = known || name == member.name;
    }
    if (!known) {
      return Fail(Code::kInvalidArgument, "unknown member '{}'", member.name);
    }
  }
  return body;
}

/// POST /v1/session.
net::Response LogIn(const net::Request& request, Gate& gate, Credentials& credentials,
                    Refusals& refusals) {
  const auto body = ReadObject(request, {"key"});
  const auto key = body.has_value() ? body->StringAt("key")
                                    : base::Result<std::string>(std::unexpected(body.error()));
  if (!key.has_value()) {
    return net::ErrorResponse(key.error());
  }
  const auto identity = credentials.CheckKey(*key, request.remote);
  if (!identity.has_value()) {
    refusals.Note(identity.error(), request);
    return ResponseTo(identity.error());
  }
  // Whoever logs in anew leaves no older session of the same browser behind.
  (void)credentials.EndSession(request);
  const auto cookie = credentials.BeginSession(*identity);
  if (!cookie.has_value()) {
    return net::ErrorResponse({Code::kUnavailable, cookie.error().message});
  }
  gate.Audit(*identity, "session.begun", {}, request);
  net::Response response = JsonResponse(WhoValue(*identity, true), 201);
  response.headers.emplace_back("Set-Cookie", *cookie);
  return response;
}

/// POST /v1/keys.
net::Response CreateKey(const net::Request& request, const Identity& admin, Gate& gate,
                        Keyring& keyring) {
  const auto create = [&]() -> base::Result<NewKey> {
    ASSIGN_OR_RETURN(const json::Value body, ReadObject(request, {"name", "roles", "streams"}));
    ASSIGN_OR_RETURN(const std::string name, body.StringAt("name"));
    ASSIGN_OR_RETURN(const std::vector<std::string> names, TextsAt(body, "roles"));
    ASSIGN_OR_RETURN(std::vector<std::string> streams, TextsAt(body, "streams"));
    ASSIGN_OR_RETURN(std::vector<Role> roles, ParseRoles(names));
    return keyring.Create(name, std::move(roles), std::move(streams));
  };
  const auto key = create();
  if (!key.has_value()) {
    return net::ErrorResponse(key.error());
  }
  gate.Audit(admin, "key.created", key->info.id, request);
  return JsonResponse(KeyValue(key->info, key->secret), 201);
}

net::Response RotateKey(const net::Request& request, const Identity& admin, Gate& gate,
                        Keyring& keyring) {
  const auto key = keyring.Rotate(request.parameters.find("name")->second);
  if (!key.has_value()) {
    return net::ErrorResponse(key.error());
  }
  gate.Audit(admin, "key.rotated", key->info.id, request);
  return JsonResponse(KeyValue(key->info, key->secret), 201);
}

net::Response RevokeKey(const net::Request& request, const Identity& admin, Gate& gate,
                        Keyring& keyring) {
  const std::string& id = request.parameters.find("name")->second;
  if (const auto revoked = keyring.Revoke(id); !revoked.has_value()) {
    return net::ErrorResponse(revoked.error());
  }
  gate.Audit(admin, "key.revoked", id, request);
  json::Value body = json::Value::Object();
  body.Set("revoked", id);
  return JsonResponse(body);
}

net::Response ListKeys(const net::Request&, const Identity&, Gate&, Keyring& keyring) {
  json::Value list = json::Value::Array();
  for (const KeyInfo& key : keyring.List()) {
    list.Append(KeyValue(key));
  }
  json::Value body = json::Value::Object();
  body.Set("keys", std::move(list));
  return JsonResponse(body);
}

}  // namespace

std::string KeyJson(const KeyInfo& key, std::string_view secret) {
  return KeyValue(key, secret).Serialize();
}

base::Result<std::vector<Role>> ParseRoles(const std::vector<std::string>& names) {
  std::vector<Role> roles;
  for (const std::string& name : names) {
    const std::optional<Role> role = RoleOf(name);
    if (!role.has_value()) {
      return Fail(Code::kInvalidArgument,
                  "no role named '{}'; there are ingest, viewer, analyst, operator and admin",
                  name);
    }
    roles.push_back(*role);
  }
  return roles;
}

void RegisterSessionRoutes(net::HttpServer& server, Gate& gate, Credentials& credentials,
                           Refusals& refusals) {
  // Blocking: logging in and out waits for the audit log's disk.
  server.RouteBlocking(
      "POST", "/v1/session",
      [&gate, &credentials, &refusals](const net::Request& request,
                                       std::unique_ptr<net::Responder> responder) {
        responder->Send(LogIn(request, gate, credentials, refusals));
      },
      kMaxBody);
  server.Route("GET", "/v1/session",
               [&gate, &credentials](const net::Request& request,
                                     std::unique_ptr<net::Responder> responder) {
                 if (!gate.required()) {
                   return responder->Send(JsonResponse(WhoValue(Everyone(), false)));
                 }
                 const auto identity = credentials.Identify(request);
                 responder->Send(identity.has_value() ? JsonResponse(WhoValue(*identity, true))
                                                      : ResponseTo(identity.error()));
               });
  server.RouteBlocking(
      "DELETE", "/v1/session",
      [&gate, &credentials](const net::Request& request,
                            std::unique_ptr<net::Responder> responder) {
        if (const auto identity = credentials.Identify(request); identity.has_value()) {
          gate.Audit(*identity, "session.ended", {}, request);
        } else if (identity.error().reason == Reason::kForged) {
          return responder->Send(ResponseTo(identity.error()));
        }
        responder->Send({.status = 204,
                         .headers = {{"Cache-Control", "no-store"},
                                     {"Set-Cookie", credentials.EndSession(request)}}});
      });
}

void RegisterKeyRoutes(net::HttpServer& server, Gate& gate, Keyring& keyring) {
  using Answer = net::Response (*)(const net::Request&, const Identity&, Gate&, Keyring&);
  const auto add = [&](std::string_view method, std::string_view pattern, Answer answer) {
    server.RouteBlocking(
        method, pattern,
        [&gate, &keyring, answer](const net::Request& request,
                                  std::unique_ptr<net::Responder> responder) {
          const auto admin = gate.Check(request, Action::kManageKeys);
          responder->Send(admin.has_value() ? answer(request, *admin, gate, keyring)
                                            : gate.Refused(admin.error(), request));
        },
        kMaxBody);
  };
  add("GET", "/v1/keys", ListKeys);
  add("POST", "/v1/keys", CreateKey);
  add("POST", "/v1/keys/{name}/rotate", RotateKey);
  add("DELETE", "/v1/keys/{name}", RevokeKey);
}

}  // namespace weir::auth
