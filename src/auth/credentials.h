#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "auth/attempts.h"
#include "auth/identity.h"
#include "auth/keyring.h"
#include "auth/refusals.h"
#include "auth/sessions.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_server.h"

namespace weir::auth {

/// Tells who sends a request, by bearer key or by console session. Thread-safe.
class Credentials {
 public:
  /// A browser sends it only from a page of this server: others would have to ask first (CORS).
  static constexpr std::string_view kRequestHeader = "x-weir-request";

  /// With `tls`, cookies are Secure and named __Host-….
  Credentials(Keyring& keyring, base::Clock& clock, bool tls)
      : keyring_(keyring), attempts_(clock), sessions_(clock), tls_(tls) {}

  /// Bearer key, or else session. Notes its use, and a wrong key; a refusal is for the caller to
  /// note.
  std::expected<Identity, Refusal> Identify(const net::Request& request);

  /// The id of the key that a head shows which Identify has accepted.
  std::string KeyIdIn(const net::Request& head);

  /// The owner of "<id>.<secret>". A wrong one counts as an attempt.
  std::expected<Identity, Refusal> CheckKey(std::string_view key, std::string_view remote);

  /// The Set-Cookie value of a new session. kLimitExceeded.
  base::Result<std::string> BeginSession(const Identity& identity);
  /// Ends the request's session, if it has one; the Set-Cookie value that removes the cookie.
  std::string EndSession(const net::Request& request);

  Attempts& attempts() { return attempts_; }

 private:
  std::expected<Identity, Refusal> CheckSession(const net::Request& request);
  std::string_view SessionToken(const net::Request& request) const;
  std::string_view CookieName() const;
  std::string Cookie(std::string_view value, int64_t max_age_seconds) const;

  Keyring& keyring_;
  Attempts attempts_;
  Sessions sessions_;
  const bool tls_;
};

}  // namespace weir::auth
