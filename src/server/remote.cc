#include "server/remote.h"

#include <cstdlib>

#include "base/private_file.h"
#include "server/config.h"

namespace weir::server {

namespace {

using base::Code;
using base::Fail;

constexpr size_t kMaxAnswerBytes = 128 << 20;
constexpr size_t kMaxQuotedAnswer = 500;

Code CodeOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kPermission;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kFailedPrecondition;
    case 429:
    case 503:
      return Code::kUnavailable;
    default:
      return status < 500 ? Code::kInvalidArgument : Code::kInternal;
  }
}

/// Whether only this machine sees what is sent to `url`.
bool StaysHere(std::string_view url) {
  const size_t scheme = url.find("://");
  const std::string_view place = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  const auto address = ParseListen(place.find(':', place.rfind(']') + 1) == std::string_view::npos
                                       ? std::string(place) + ":80"
                                       : std::string(place));
  return address.has_value() && IsLoopback(*address);
}

base::Result<std::string> ReadKey(base::FileSystem& files, const Target& target,
                                  std::string_view key_variable) {
  if (target.key_file.empty()) {
    return std::string(key_variable);
  }
  ASSIGN_OR_RETURN(std::string key, base::ReadPrivateFile(files, target.key_file));
  key.erase(std::min(key.find_first_of("\r\n"), key.size()));
  if (key.find('.') == std::string::npos) {
    return Fail(Code::kInvalidArgument, "--key-file {}: its first line must be <key id>.<secret>",
                target.key_file);
  }
  return key;
}

}  // namespace

base::Result<Remote> ReadRemote(base::FileSystem& files, const Target& target,
                                std::string_view key_variable) {
  Remote remote{.url = target.server};
  if (!target.ca.empty()) {
    ASSIGN_OR_RETURN(remote.authorities, base::ReadFile(files, target.ca));
  }
  ASSIGN_OR_RETURN(const std::string key, ReadKey(files, target, key_variable));
  if (key.empty()) {
    return remote;
  }
  if (!target.server.starts_with("https://") && !StaysHere(target.server)) {
    return Fail(Code::kInvalidArgument,
                "--server {}: the key would cross the network in the clear; use https://",
                target.server);
  }
  remote.authorization = "Bearer " + key;
  return remote;
}

base::Result<Remote> ReadRemote(const Target& target) {
  const char* const key = std::getenv("WEIR_KEY");
  return ReadRemote(base::SystemFileSystem(), target, key == nullptr ? "" : key);
}

base::Result<std::unique_ptr<RemoteServer>> RemoteServer::Open(const Target& target,
                                                               int64_t timeout_millis) {
  ASSIGN_OR_RETURN(Remote remote, ReadRemote(target));
  ASSIGN_OR_RETURN(auto client, net::HttpClient::Create(remote.url, timeout_millis,
                                                        {.authorities = remote.authorities}));
  return std::unique_ptr<RemoteServer>(new RemoteServer(std::move(remote), std::move(client)));
}

base::Result<json::Value> RemoteServer::Send(std::string_view method, std::string_view path,
                                             std::string_view body) {
  std::vector<std::pair<std::string, std::string>> headers = {{"content-type", "application/json"}};
  if (!remote_.authorization.empty()) {
    headers.emplace_back("authorization", remote_.authorization);
  }
  ASSIGN_OR_RETURN(const net::ClientResponse response, client_->Send(method, path, headers, body));
  auto answer =
      response.body.empty()
          ? base::Result<json::Value>(json::Value())
          : json::Parse(response.body,
                        {.max_bytes = kMaxAnswerBytes, .max_depth = 64, .max_keys = 10'000});
  if (response.status < 300) {
    return answer;
  }
  const json::Value* const error = answer.has_value() ? answer->Find("error") : nullptr;
  const std::string quoted = response.body.substr(0, kMaxQuotedAnswer);
  const std::string message =
      error == nullptr ? quoted : error->StringAt("message").value_or(quoted);
  return Fail(CodeOf(response.status), "the server answered {}: {}", response.status, message);
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace weir::server
