#include "auth/credentials.h"

#include <optional>
#include <utility>

#include "net/client_network.h"

namespace weir::auth {

namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::string_view kCookie = "weir-session";
constexpr std::string_view kHostCookie = "__Host-weir-session";
/// Longer tokens are no keys.
constexpr size_t kMaxKeyBytes = 256;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

bool IsRead(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

std::unexpected<Refusal> Refuse(Reason reason, std::string message, std::string_view key_id = {}) {
  return std::unexpected(
      Refusal{.reason = reason, .message = std::move(message), .key_id = std::string(key_id)});
}

}  // namespace

std::expected<Identity, Refusal> Credentials::Identify(const net::Request& request) {
  std::string_view authorization;
  size_t count = 0;
  for (const auto& [name, value] : request.headers) {
    if (name == "authorization") {
      authorization = value;
      ++count;
    }
  }
  if (count > 1) {
    return Refuse(Reason::kMalformed, "more than one Authorization header");
  }
  if (count == 1) {
    if (!authorization.starts_with(kScheme)) {
      return Refuse(Reason::kMalformed,
                    "the Authorization header must be 'Bearer <key id>.<secret>' here; AWS "
                    "signatures are for POST /");
    }
    return CheckKey(Trim(authorization.substr(kScheme.size())), request.remote);
  }
  return CheckSession(request);
}

std::string Credentials::KeyIdIn(const net::Request& head) {
  const std::string_view authorization = head.Header("authorization");
  if (authorization.empty()) {
    return sessions_.Find(SessionToken(head)).value_or("");
  }
  const std::string_view key = Trim(authorization.substr(kScheme.size()));
  return std::string(key.substr(0, key.find('.')));
}

std::expected<Identity, Refusal> Credentials::CheckKey(std::string_view key,
                                                       std::string_view remote) {
  const size_t dot = key.find('.');
  if (key.size() > kMaxKeyBytes || dot == std::string_view::npos || dot == 0) {
    return Refuse(Reason::kMalformed, "a key has the form <key id>.<secret>");
  }
  const std::string_view id = key.substr(0, dot);
  std::optional<Identity> identity = keyring_.Authenticate(key);
  if (!identity.has_value()) {
    if (const int64_t wait = attempts_.Failed(net::AddressOf(remote), id); wait > 0) {
      return std::unexpected(
          Refusal{.reason = Reason::kThrottled,
                  .message = fmt::format("too many failed attempts; try again in {} s", wait),
                  .key_id = std::string(id),
                  .retry_seconds = wait});
    }
    return Refuse(Reason::kWrongKey, "the key is unknown or revoked, or its secret is wrong", id);
  }
  keyring_.Touch(id);
  return *std::move(identity);
}

std::expected<Identity, Refusal> Credentials::CheckSession(const net::Request& request) {
  const std::string_view token = SessionToken(request);
  if (token.empty()) {
    return Refuse(Reason::kMissing,
                  "this needs a key: send 'Authorization: Bearer <key id>.<secret>', or log in on "
                  "the page at /");
  }
  const std::optional<std::string> key_id = sessions_.Find(token);
  if (!key_id.has_value()) {
    return Refuse(Reason::kEndedSession, "the session has ended; log in again");
  }
  // The key may have been revoked since.
  std::optional<Identity> identity = keyring_.IdentityOf(*key_id);
  if (!identity.has_value()) {
    sessions_.End(token);
    return Refuse(Reason::kEndedSession, "the session's key was revoked; log in with another one",
                  *key_id);
  }
  if (!IsRead(request) && request.Header(kRequestHeader).empty()) {
    return Refuse(Reason::kForged,
                  fmt::format("a change in a console session needs the header {}", kRequestHeader),
                  *key_id);
  }
  return *std::move(identity);
}

base::Result<std::string> Credentials::BeginSession(const Identity& identity) {
  ASSIGN_OR_RETURN(const std::string token, sessions_.Begin(identity.key_id));
  return Cookie(token, Sessions::kLongestMillis / 1000);
}

std::string Credentials::EndSession(const net::Request& request) {
  if (const std::string_view token = SessionToken(request); !token.empty()) {
    sessions_.End(token);
  }
  return Cookie("", 0);
}

std::string_view Credentials::CookieName() const {
  return tls_ ? kHostCookie : kCookie;
}

std::string Credentials::Cookie(std::string_view value, int64_t max_age_seconds) const {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", CookieName(), value,
                     max_age_seconds, tls_ ? "; Secure" : "");
}

std::string_view Credentials::SessionToken(const net::Request& request) const {
  for (const auto& [name, value] : request.headers) {
    if (name != "cookie") {
      continue;
    }
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t end = rest.find(';');
      const std::string_view pair = Trim(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == CookieName()) {
        return pair.substr(equals + 1);
      }
    }
  }
  return {};
}

}  // namespace weir::auth
