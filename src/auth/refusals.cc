#include "auth/refusals.h"

#include "auth/attempts.h"
#include "auth/audit.h"

namespace weir::auth {

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kMissing:
      return "missing";
    case Reason::kMalformed:
      return "malformed";
    case Reason::kWrongKey:
      return "wrong_key";
    case Reason::kEndedSession:
      return "ended_session";
    case Reason::kForged:
      return "forged";
    case Reason::kThrottled:
      return "throttled";
    case Reason::kSignature:
      return "signature";
    case Reason::kNotAllowed:
      break;
  }
  return "not_allowed";
}

net::Response ResponseTo(const Refusal& refusal) {
  net::Response response = net::ErrorResponse({base::Code::kPermission, refusal.message});
  switch (refusal.reason) {
    case Reason::kForged:
    case Reason::kNotAllowed:
      break;
    case Reason::kThrottled:
      response = net::ErrorResponse({base::Code::kLimitExceeded, refusal.message});
      response.status = 429;
      response.headers.emplace_back("Retry-After", fmt::format("{}", refusal.retry_seconds));
      break;
    case Reason::kMissing:
    case Reason::kMalformed:
    case Reason::kWrongKey:
    case Reason::kEndedSession:
    case Reason::kSignature:
      response.status = 401;
      response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"weir\"");
      break;
  }
  return response;
}

std::string_view AddressOf(std::string_view remote) {
  return remote.substr(0, remote.rfind(':'));
}

Refusals::Refusals(base::Metrics* metrics, AuditLog* audit, Attempts& attempts)
    : audit_(audit), attempts_(attempts) {
  for (size_t i = 0; metrics != nullptr && i < kReasons; ++i) {
    counters_[i] =
        &metrics->GetCounter("weir_auth_failures_total", "Requests that were not let in.",
                             {{"reason", std::string(ReasonName(static_cast<Reason>(i)))}});
  }
}

void Refusals::Note(const Refusal& refusal, const net::Request& request) {
  const std::string_view address = AddressOf(request.remote);
  if (refusal.reason == Reason::kWrongKey) {
    attempts_.Failed(address, refusal.key_id);
  }
  if (base::Counter* const counter = counters_[static_cast<size_t>(refusal.reason)]) {
    counter->Add();
  }
  if (audit_ != nullptr) {
    // Whoever has a key is named with all that they tried.
    audit_->WriteRefusal({.event = "refused",
                          .key_id = refusal.key_id,
                          .object = request.method + " " + request.path,
                          .reason = std::string(ReasonName(refusal.reason)),
                          .address = std::string(address),
                          .request_id = request.request_id},
                         refusal.reason == Reason::kNotAllowed);
  }
}

}  // namespace weir::auth
