#include "auth/refusals.h"

#include "auth/audit.h"
#include "net/client_network.h"

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

Refusals::Refusals(base::Metrics* metrics, AuditLog* audit) : audit_(audit) {
  for (size_t i = 0; metrics != nullptr && i < kReasons; ++i) {
    counters_[i] =
        &metrics->GetCounter("weir_auth_failures_total", "Requests that were not let in.",
                             {{"reason", std::string(ReasonName(static_cast<Reason>(i)))}});
  }
}

void Refusals::Note(const Refusal& refusal, const net::Request& request) {
  if (base::Counter* const counter = counters_[static_cast<size_t>(refusal.reason)]) {
    counter->Add();
  }
  if (audit_ != nullptr) {
    const std::string object = request.method + " " + request.path;
    // Only a key that has shown its secret tells refusals apart: anyone can make up key ids.
    const std::string subject = refusal.reason == Reason::kNotAllowed
                                    ? fmt::format("{} {}", refusal.key_id, object)
                                    : std::string();
    audit_->WriteRefusal({.event = "refused",
                          .key_id = refusal.key_id,
                          .object = object,
                          .reason = std::string(ReasonName(refusal.reason)),
                          .address = std::string(net::AddressOf(request.remote)),
                          .request_id = request.request_id},
                         subject);
  }
}

}  // namespace weir::auth
