#include "auth/gate.h"

#include <algorithm>
#include <utility>

#include "auth/access.h"
#include "auth/audit.h"
#include "auth/credentials.h"
#include "auth/refusals.h"
#include "auth/routes.h"
#include "auth/signature_response.h"
#include "net/client_network.h"

namespace weir::auth {

namespace {

constexpr std::string_view kThrottlingType = "LimitExceededException";
constexpr Role kRoles[] = {Role::kIngest, Role::kViewer, Role::kAnalyst, Role::kOperator,
                           Role::kAdmin};

std::string_view Phrase(Action action) {
  switch (action) {
    case Action::kPutRecords:
      return "put records into";
    case Action::kDescribeStream:
      return "describe";
    case Action::kReadRecords:
      return "read records of";
    case Action::kManageStreams:
      return "create, change or delete";
    case Action::kViewDashboard:
      return "see the dashboard";
    case Action::kQuery:
      return "run queries";
    case Action::kOperate:
      return "see metrics, the stack, or checks in detail";
    case Action::kManageKeys:
      break;
  }
  return "manage keys";
}

/// "put records into stream 'a'", "run queries".
std::string Describe(Action action, std::string_view stream) {
  std::string text(Phrase(action));
  if (IsOnStream(action)) {
    text += stream.empty() ? " streams" : fmt::format(" stream '{}'", stream);
  }
  return text;
}

/// What the key lacks: a role, or the stream in its scope.
std::string Lacks(const Identity& identity, Action action, std::string_view stream) {
  std::string wanted;
  for (const Role role : kRoles) {
    if (RoleAllows(role, action)) {
      wanted += (wanted.empty() ? "" : ", ") + std::string(RoleName(role));
    }
  }
  std::string has;
  bool allowed = false;
  for (const Role role : identity.roles) {
    allowed = allowed || RoleAllows(role, action);
    has += (has.empty() ? "" : ", ") + std::string(RoleName(role));
  }
  if (!allowed) {
    return fmt::format("its role is {}, this needs one of {}", has, wanted);
  }
  return IsOfAllStreams(action) || stream.empty()
             ? "it is bound to streams, and this is about all: use a key created without --stream"
             : "it is bound to other streams";
}

base::Error ErrorOf(const Refusal& refusal) {
  return {
      refusal.reason == Reason::kThrottled ? base::Code::kLimitExceeded : base::Code::kPermission,
      refusal.message};
}

Refusal NotAllowed(const Identity& identity, Action action, std::string_view stream) {
  return {.reason = Reason::kNotAllowed,
          .message = fmt::format("key {} may not {}: {}", identity.key_id, Describe(action, stream),
                                 Lacks(identity, action, stream)),
          .key_id = identity.key_id};
}

/// The key id that the Authorization header of a signed request names, or "".
std::string ClaimedKey(const net::Request& request) {
  constexpr std::string_view kCredential = "Credential=";
  const std::string_view header = request.Header("authorization");
  const size_t at = header.find(kCredential);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = header.substr(at + kCredential.size());
  return std::string(rest.substr(0, std::min<size_t>(rest.find('/'), AuditLog::kMaxValue)));
}

/// Whether a refusal may be a guess at a secret, as against a wrong clock or form.
bool IsGuess(const SignatureRefusal& refusal) {
  return refusal.type == "InvalidSignatureException" ||
         refusal.type == "UnrecognizedClientException";
}

class KeyGate : public Gate {
 public:
  KeyGate(const GateOptions& options, base::Clock& clock, Keyring& keyring,
          std::unique_ptr<AuditLog> audit)
      : required_(options.required),
        keyring_(keyring),
        audit_(std::move(audit)),
        credentials_(keyring, clock, options.tls),
        refusals_(options.metrics, audit_.get()) {
    if (required_) {
      verifier_ = SigV4Verifier::Create(options.sigv4, keyring, clock);
    }
  }

  bool required() const override { return required_; }

  std::optional<net::Response> Admit(const net::Request& head) override {
    if (!required_) {
      return std::nullopt;
    }
    const Access access = AccessOf(head);
    if (access.need == Need::kNothing) {
      return std::nullopt;
    }
    if (access.need == Need::kSignature) {
      return AdmitSigned(head);
    }
    const auto judged = Judge(head, access.action, {});
    return judged.has_value() ? std::nullopt : std::optional(ResponseTo(judged.error()));
  }

  std::string ClientOf(const net::Request& head) override {
    const Need need = required_ ? AccessOf(head).need : Need::kNothing;
    return need == Need::kKey || need == Need::kAction ? credentials_.KeyIdIn(head) : "";
  }

  base::Result<Identity> Check(const net::Request& request, Action action,
                               std::string_view stream) override {
    if (!required_) {
      return Everyone();
    }
    auto identity = Judge(request, action, stream);
    if (!identity.has_value()) {
      return std::unexpected(ErrorOf(identity.error()));
    }
    return *std::move(identity);
  }

  bool StillMay(const net::Request& request, Action action, std::string_view stream) override {
    if (!required_) {
      return true;
    }
    const auto identity = credentials_.Identify(request);
    return identity.has_value() && identity->May(action, stream);
  }

  bool StillMay(const Identity& identity, Action action, std::string_view stream) override {
    if (!required_) {
      return true;
    }
    const auto now = keyring_.IdentityOf(identity.key_id);
    return now.has_value() && now->May(action, stream);
  }

  std::expected<Identity, SignatureRefusal> CheckSignature(const net::Request& request) override;
  std::expected<void, SignatureRefusal> Authorize(const Identity& identity, Action action,
                                                  std::string_view stream,
                                                  const net::Request& request) override;

  net::Response Refused(const base::Error& error, const net::Request& request) override {
    if (required_) {
      if (const auto identity = credentials_.Identify(request); !identity.has_value()) {
        return ResponseTo(identity.error());
      }
    }
    return ResponseTo({.reason = Reason::kNotAllowed, .message = error.message});
  }

  void Audit(const Identity& identity, std::string_view event, std::string_view object,
             const net::Request& request) override;

  void RegisterRoutes(net::HttpServer& server) override {
    RegisterSessionRoutes(server, *this, credentials_, refusals_);
    RegisterKeyRoutes(server, *this, keyring_);
  }

 private:
  /// Who sends it, if they may do `action` (or, without one, whoever it is). Refusals are noted.
  std::expected<Identity, Refusal> Judge(const net::Request& request, std::optional<Action> action,
                                         std::string_view stream) {
    auto identity = credentials_.Identify(request);
    if (identity.has_value() && action.has_value() && !identity->May(*action, stream)) {
      identity = std::unexpected(NotAllowed(*identity, *action, stream));
    }
    if (!identity.has_value()) {
      refusals_.Note(identity.error(), request);
    }
    return identity;
  }

  /// What a refused signature gets: `refusal`, or to wait when there were too many.
  SignatureRefusal NoteSignature(SignatureRefusal refusal, const net::Request& request);
  std::optional<net::Response> AdmitSigned(const net::Request& head);

  const bool required_;
  Keyring& keyring_;
  const std::unique_ptr<AuditLog> audit_;
  Credentials credentials_;
  Refusals refusals_;
  std::unique_ptr<SigV4Verifier> verifier_;
};

SignatureRefusal KeyGate::NoteSignature(SignatureRefusal refusal, const net::Request& request) {
  const std::string key_id = ClaimedKey(request);
  const int64_t wait =
      IsGuess(refusal) ? credentials_.attempts().Failed(net::AddressOf(request.remote), key_id) : 0;
  if (wait > 0) {
    refusals_.Note({.reason = Reason::kThrottled, .key_id = key_id}, request);
    return {.type = std::string(kThrottlingType),
            .message = fmt::format("too many failed attempts; try again in {} s", wait)};
  }
  refusals_.Note({.reason = Reason::kSignature, .key_id = key_id}, request);
  return refusal;
}

std::optional<net::Response> KeyGate::AdmitSigned(const net::Request& head) {
  const auto checked = verifier_->CheckHead(head);
  if (checked.has_value()) {
    return std::nullopt;
  }
  refusals_.Note({.reason = Reason::kSignature, .key_id = ClaimedKey(head)}, head);
  return ResponseTo(checked.error(), head);
}

std::expected<Identity, SignatureRefusal> KeyGate::CheckSignature(const net::Request& request) {
  if (!required_) {
    return Everyone();
  }
  auto identity = verifier_->Verify(request);
  if (!identity.has_value()) {
    return std::unexpected(NoteSignature(std::move(identity.error()), request));
  }
  keyring_.Touch(identity->key_id);
  return identity;
}

std::expected<void, SignatureRefusal> KeyGate::Authorize(const Identity& identity, Action action,
                                                         std::string_view stream,
                                                         const net::Request& request) {
  if (!required_ || identity.May(action, stream)) {
    return {};
  }
  Refusal refusal = NotAllowed(identity, action, stream);
  refusals_.Note(refusal, request);
  return std::unexpected(
      SignatureRefusal{.type = "AccessDeniedException", .message = std::move(refusal.message)});
}

void KeyGate::Audit(const Identity& identity, std::string_view event, std::string_view object,
                    const net::Request& request) {
  if (audit_ != nullptr) {
    audit_->Write({.event = std::string(event),
                   .key_id = identity.key_id,
                   .object = std::string(object),
                   .reason = {},
                   .address = std::string(net::AddressOf(request.remote)),
                   .request_id = request.request_id});
  }
}

}  // namespace

base::Result<std::unique_ptr<Gate>> Gate::Create(GateOptions options, base::FileSystem& files,
                                                 base::Clock& clock, Keyring& keyring) {
  std::unique_ptr<AuditLog> audit;
  if (!options.audit_path.empty()) {
    ASSIGN_OR_RETURN(audit,
                     AuditLog::Open(files, clock, options.metrics, std::move(options.audit_path)));
  }
  return std::make_unique<KeyGate>(options, clock, keyring, std::move(audit));
}

}  // namespace weir::auth
