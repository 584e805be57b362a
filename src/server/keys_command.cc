#include <cstdio>
#include <memory>
#include <utility>

#include "auth/audit.h"
#include "auth/keyring.h"
#include "auth/routes.h"
#include "json/document.h"
#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"
#include "server/remote.h"

namespace weir::server {

namespace {

constexpr int64_t kTimeoutMillis = 30'000;

/// What the command does, on a server or on a folder; the answers are the server's documents.
class Keys {
 public:
  virtual ~Keys() = default;
  virtual base::Result<json::Value> Create(const KeysCommand& command) = 0;
  virtual base::Result<json::Value> Rotate(const std::string& name) = 0;
  virtual base::Result<void> Revoke(const std::string& id) = 0;
  virtual base::Result<std::vector<json::Value>> List() = 0;
};

json::Value Texts(const std::vector<std::string>& texts) {
  json::Value list = json::Value::Array();
  for (const std::string& text : texts) {
    list.Append(text);
  }
  return list;
}

class ServerKeys : public Keys {
 public:
  explicit ServerKeys(std::unique_ptr<RemoteServer> server) : server_(std::move(server)) {}

  base::Result<json::Value> Create(const KeysCommand& command) override {
    json::Value body = json::Value::Object();
    body.Set("name", command.name).Set("roles", Texts(command.roles));
    body.Set("streams", Texts(command.streams));
    return server_->Send("POST", "/v1/keys", body.Serialize());
  }

  base::Result<json::Value> Rotate(const std::string& name) override {
    return server_->Send("POST", "/v1/keys/" + PercentEncode(name) + "/rotate", "");
  }

  base::Result<void> Revoke(const std::string& id) override {
    RETURN_IF_ERROR(server_->Send("DELETE", "/v1/keys/" + PercentEncode(id), ""));
    return {};
  }

  base::Result<std::vector<json::Value>> List() override {
    ASSIGN_OR_RETURN(const json::Value answer, server_->Send("GET", "/v1/keys", ""));
    const json::Value* const keys = answer.Find("keys");
    return keys == nullptr ? std::vector<json::Value>() : keys->Items();
  }

 private:
  std::unique_ptr<RemoteServer> server_;
};

class FolderKeys : public Keys {
 public:
  static base::Result<std::unique_ptr<Keys>> Open(DataFolder& folder) {
    ASSIGN_OR_RETURN(auto keyring,
                     auth::Keyring::Open(base::SystemFileSystem(), base::SystemClock(),
                                         folder.catalog(), folder.secret_key_path()));
    ASSIGN_OR_RETURN(auto audit, auth::AuditLog::Open(base::SystemFileSystem(), base::SystemClock(),
                                                      nullptr, folder.audit_path()));
    return std::unique_ptr<Keys>(new FolderKeys(std::move(keyring), std::move(audit)));
  }

  base::Result<json::Value> Create(const KeysCommand& command) override {
    ASSIGN_OR_RETURN(std::vector<auth::Role> roles, auth::ParseRoles(command.roles));
    ASSIGN_OR_RETURN(const auth::NewKey key,
                     keyring_->Create(command.name, std::move(roles), command.streams));
    Audit("key.created", key.info.id);
    return json::Parse(auth::KeyJson(key.info, key.secret));
  }

  base::Result<json::Value> Rotate(const std::string& name) override {
    ASSIGN_OR_RETURN(const auth::NewKey key, keyring_->Rotate(name));
    Audit("key.rotated", key.info.id);
    return json::Parse(auth::KeyJson(key.info, key.secret));
  }

  base::Result<void> Revoke(const std::string& id) override {
    RETURN_IF_ERROR(keyring_->Revoke(id));
    Audit("key.revoked", id);
    return {};
  }

  base::Result<std::vector<json::Value>> List() override {
    std::vector<json::Value> keys;
    for (const auth::KeyInfo& key : keyring_->List()) {
      ASSIGN_OR_RETURN(keys.emplace_back(), json::Parse(auth::KeyJson(key)));
    }
    return keys;
  }

 private:
  FolderKeys(std::unique_ptr<auth::Keyring> keyring, std::unique_ptr<auth::AuditLog> audit)
      : keyring_(std::move(keyring)), audit_(std::move(audit)) {}

  /// Whoever can write the folder needs no key.
  void Audit(const std::string& event, const std::string& id) {
    audit_->Write({.event = event,
                   .key_id = {},
                   .object = id,
                   .reason = {},
                   .address = "command line",
                   .request_id = {}});
  }

  std::unique_ptr<auth::Keyring> keyring_;
  std::unique_ptr<auth::AuditLog> audit_;
};

std::string Text(const json::Value& key, std::string_view member) {
  return key.StringAt(member).value_or("-");
}

std::string Joined(const json::Value& key, std::string_view member, std::string_view none) {
  std::string text;
  if (const json::Value* const list = key.Find(member)) {
    for (const json::Value& item : list->Items()) {
      text += (text.empty() ? "" : ",") + std::string(item.AsString().value_or(""));
    }
  }
  return text.empty() ? std::string(none) : text;
}

/// The secret to stdout, once; what it is for to stderr.
void PrintNew(const json::Value& key, bool json) {
  if (json) {
    (void)std::printf("%s\n", key.Serialize().c_str());
    return;
  }
  (void)std::fprintf(stderr,
                     "key %s (%s): roles %s, streams %s. Its secret is shown this once.\n"
                     "As a bearer token, for weir (WEIR_KEY) and the page: the line below. For AWS "
                     "clients: access "
                     "key id and secret access key are its two parts, around the dot.\n",
                     Text(key, "id").c_str(), Text(key, "name").c_str(),
                     Joined(key, "roles", "-").c_str(), Joined(key, "streams", "all").c_str());
  (void)std::printf("%s.%s\n", Text(key, "id").c_str(), Text(key, "secret").c_str());
}

void PrintList(const std::vector<json::Value>& keys, bool json) {
  if (json) {
    json::Value body = json::Value::Object();
    body.Set("keys", keys);
    (void)std::printf("%s\n", body.Serialize().c_str());
    return;
  }
  constexpr const char* kLine = "%-22s %-24s %-24s %-24s %-26s %s\n";
  (void)std::printf(kLine, "id", "name", "roles", "streams", "last used", "state");
  for (const json::Value& key : keys) {
    const std::string revoked = Text(key, "revoked");
    (void)std::printf(kLine, Text(key, "id").c_str(), Text(key, "name").c_str(),
                      Joined(key, "roles", "-").c_str(), Joined(key, "streams", "all").c_str(),
                      Text(key, "last_used").c_str(),
                      revoked == "-" ? "active" : ("revoked " + revoked).c_str());
  }
}

base::Result<void> Run(Keys& keys, const KeysCommand& command) {
  switch (command.what) {
    case KeysCommand::What::kCreate: {
      ASSIGN_OR_RETURN(const json::Value key, keys.Create(command));
      PrintNew(key, command.json);
      return {};
    }
    case KeysCommand::What::kRotate: {
      ASSIGN_OR_RETURN(const json::Value key, keys.Rotate(command.name));
      PrintNew(key, command.json);
      return {};
    }
    case KeysCommand::What::kRevoke:
      RETURN_IF_ERROR(keys.Revoke(command.name));
      (void)std::fprintf(stderr, "revoked %s\n", command.name.c_str());
      return {};
    case KeysCommand::What::kList: {
      ASSIGN_OR_RETURN(const std::vector<json::Value> list, keys.List());
      PrintList(list, command.json);
      return {};
    }
  }
  return {};
}

}  // namespace

int RunKeys(const KeysCommand& command) {
  if (!command.target.server.empty()) {
    auto server = RemoteServer::Open(command.target, kTimeoutMillis);
    if (!server.has_value()) {
      return Report(server.error());
    }
    ServerKeys keys(std::move(*server));
    const auto done = Run(keys, command);
    return done.has_value() ? kExitOk : ReportRemote(done.error());
  }
  auto folder = DataFolder::Open({.path = command.target.data,
                                  .purpose = "keys",
                                  .create = command.what == KeysCommand::What::kCreate});
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  const auto keys = FolderKeys::Open(**folder);
  if (!keys.has_value()) {
    return Report(keys.error());
  }
  const auto done = Run(**keys, command);
  (*folder)->log().Shutdown();
  return done.has_value() ? static_cast<int>(kExitOk) : Report(done.error());
}

}  // namespace weir::server
