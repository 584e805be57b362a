#pragma once

/// The door of the auth room: who asks, and may they.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "auth/keyring.h"
#include "auth/sigv4.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "net/http_server.h"

namespace weir::auth {

struct GateOptions {
  /// Off: everyone may do everything (loopback only), and signatures are ignored.
  bool required = false;
  SigV4Options sigv4;
  bool tls = false;        ///< Cookies are Secure and named __Host-….
  std::string audit_path;  ///< Append-only JSON lines; "" for none.
  base::Metrics* metrics = nullptr;
};

/// Thread-safe.
class Gate {
 public:
  static base::Result<std::unique_ptr<Gate>> Create(GateOptions options, base::FileSystem& files,
                                                    base::Clock& clock, Keyring& keyring);
  virtual ~Gate() = default;

  virtual bool required() const = 0;

  /// For net::ServerOptions::admit: refuses what the head alone shows to be unauthorised, before
  /// the body is read.
  virtual std::optional<net::Response> Admit(const net::Request& head) = 0;

  /// For net::ServerOptions::client: the id of the key whose bearer token or session Admit has
  /// found right at this very head; "" where it asks for neither. Signed requests have none: a head
  /// names a key, but proves it only with the body.
  virtual std::string ClientOf(const net::Request& head) = 0;

  /// Bearer token or console session (with CSRF protection for anything but GET). kPermission for a
  /// missing, wrong or revoked key, and for what the identity may not do (message names the action
  /// and stream). Counted and audited.
  virtual base::Result<Identity> Check(const net::Request& request, Action action,
                                       std::string_view stream = {}) = 0;

  /// SigV4 for the AWS doors: who. Everyone() while not required.
  virtual std::expected<Identity, SignatureRefusal> CheckSignature(const net::Request& request) = 0;
  /// May they: AccessDeniedException in the API's words when not. Counted and audited.
  virtual std::expected<void, SignatureRefusal> Authorize(const Identity& identity, Action action,
                                                          std::string_view stream,
                                                          const net::Request& request) = 0;

  /// As Check, but counts and audits nothing: whether what was once allowed (an open event stream)
  /// still is. Counts as use of the session.
  virtual bool StillMay(const net::Request& request, Action action,
                        std::string_view stream = {}) = 0;

  /// The same for who was let in once (CheckSignature): whether the key is active yet, and what it
  /// may do now.
  virtual bool StillMay(const Identity& identity, Action action, std::string_view stream) = 0;

  /// 401, 403 or 429 as the fitting response to a refusal of Check.
  virtual net::Response Refused(const base::Error& error, const net::Request& request) = 0;

  /// Notes something that changes what others may do or see: key made, stream deleted …
  virtual void Audit(const Identity& identity, std::string_view event, std::string_view object,
                     const net::Request& request) = 0;

  /// POST/GET/DELETE /v1/session (console login), GET/POST /v1/keys and below (admin).
  virtual void RegisterRoutes(net::HttpServer& server) = 0;
};

}  // namespace weir::auth
