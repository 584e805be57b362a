#include "ingest/aws/door.h"

#include <algorithm>
#include <optional>

namespace weir::ingest::aws {
namespace {

constexpr size_t kMaxQuotedTarget = 128;

std::optional<Encoding> EncodingOf(const net::Request& request) {
  const std::string_view type = request.Header("content-type");
  const std::string_view media = type.substr(0, type.find(';'));
  if (media == "application/x-amz-cbor-1.1" || media == "application/cbor") {
    return Encoding::kCbor;
  }
  if (media == "application/x-amz-json-1.1" || media == "application/json") {
    return Encoding::kJson;
  }
  return std::nullopt;
}

// Whether a repetition must not happen again: that of everything but reads. What a stream has
// become would refuse most of the rest, but not once it is deleted.
bool HappensOnce(std::string_view operation) {
  constexpr std::string_view kRepeatable[] = {"Get", "List", "Describe", "Subscribe"};
  return std::ranges::none_of(
      kRepeatable, [&](std::string_view prefix) { return operation.starts_with(prefix); });
}

ApiError Refusal(auth::SignatureRefusal refusal) {
  return {std::move(refusal.type), std::move(refusal.message)};
}

}  // namespace

net::Response NoOperation() {
  return {.status = 403,
          .content_type = "text/xml",
          .body =
              "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to "
              "be authorized</Message>\n</AccessDeniedException>\n",
          .headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}};
}

std::expected<auth::Identity, ApiError> CheckSignature(auth::Gate& gate,
                                                       const net::Request& request) {
  auto identity = gate.CheckSignature(request);
  if (!identity) {
    return std::unexpected(Refusal(std::move(identity.error())));
  }
  return *std::move(identity);
}

std::expected<void, ApiError> Authorize(auth::Gate& gate, const auth::Identity& identity,
                                        auth::Action action, std::string_view stream,
                                        const net::Request& request) {
  if (auto allowed = gate.Authorize(identity, action, stream, request); !allowed) {
    return std::unexpected(Refusal(std::move(allowed.error())));
  }
  return {};
}

void Door::Add(std::string_view target, std::unique_ptr<Service> service) {
  services_.push_back({std::string(target) + ".", std::move(service)});
}

std::expected<std::pair<Service*, Service::Form>, ApiError> Door::Find(
    std::string_view target, std::string& operation) const {
  const auto named = std::ranges::find_if(
      services_, [&](const Named& service) { return target.starts_with(service.prefix); });
  if (named != services_.end()) {
    operation = target.substr(named->prefix.size());
    const Service::Form form = named->service->FormOf(operation);
    if (form != Service::Form::kUnknown) {
      return std::pair(named->service.get(), form);
    }
  }
  return std::unexpected(MakeError("UnknownOperationException",
                                   "x-amz-target '{}' names no operation that is served here",
                                   target.substr(0, kMaxQuotedTarget)));
}

void Door::Handle(net::Request request, std::unique_ptr<net::Responder> responder) const {
  const auto encoding = EncodingOf(request);
  const auto refuse = [&](const ApiError& error) {
    responder->Send(MakeResponse(encoding.value_or(Encoding::kJson), error, request.request_id));
  };
  if (request.body.empty()) {
    return refuse({"SerializationException", "the body is empty"});
  }
  if (!encoding) {
    return refuse(MakeError("UnknownOperationException",
                            "content-type '{}' is neither application/x-amz-json-1.1 nor "
                            "application/x-amz-cbor-1.1",
                            request.Header("content-type").substr(0, kMaxQuotedTarget)));
  }
  auto identity = CheckSignature(gate_, request);
  if (!identity) {
    return refuse(identity.error());
  }
  std::string operation;
  const auto found = Find(request.Header("x-amz-target"), operation);
  if (gate_.required() && found && HappensOnce(operation)) {
    auto admitted = replays_->Admit(auth::SignatureIn(request), responder);
    if (!admitted) {
      return refuse(Refusal(std::move(admitted.error())));
    }
    if (*admitted == nullptr) {
      return;
    }
    responder = *std::move(admitted);
  }
  if (found && found->second == Service::Form::kBody) {
    return found->first->HandleBody(
        {std::move(operation), *encoding, *std::move(identity), std::move(request)},
        std::move(responder));
  }
  auto document = ReadDocument(*encoding, request.body);
  if (!document) {
    return refuse(document.error());
  }
  if (!found) {
    return refuse(found.error());
  }
  found->first->Handle({std::move(operation), *encoding, *std::move(document), *std::move(identity),
                        std::move(request)},
                       std::move(responder));
}

}  // namespace weir::ingest::aws
