#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "net/http_server.h"

namespace weir::auth {

class AuditLog;

/// Why a request is not let in.
enum class Reason : uint8_t {
  kMissing,       ///< no credentials
  kMalformed,     ///< not in a form that is understood
  kWrongKey,      ///< unknown, revoked, or with a wrong secret
  kEndedSession,  ///< logged out, too old, or of a revoked key
  kForged,        ///< a change in a session without the header that a page of this server sends
  kThrottled,     ///< too many failures of this key, or from this address
  kSignature,     ///< SigV4
  kNotAllowed,    ///< known, but not for this
};

inline constexpr size_t kReasons = 8;

/// "missing", "malformed", … as in metrics and the audit log.
std::string_view ReasonName(Reason reason);

struct Refusal {
  Reason reason = Reason::kMissing;
  std::string message;
  std::string key_id;         ///< Who they claim to be, or "".
  int64_t retry_seconds = 0;  ///< Of kThrottled.
};

/// 401, 403 or 429, with what a client needs to do better.
net::Response ResponseTo(const Refusal& refusal);

/// Counts refusals by reason (weir_auth_failures_total) and audits them. Thread-safe.
class Refusals {
 public:
  /// `metrics` and `audit` may be null.
  Refusals(base::Metrics* metrics, AuditLog* audit);

  void Note(const Refusal& refusal, const net::Request& request);

 private:
  AuditLog* const audit_;
  std::array<base::Counter*, kReasons> counters_{};
};

}  // namespace weir::auth
