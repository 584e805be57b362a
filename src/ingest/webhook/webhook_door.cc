#include "ingest/webhook/webhook_door.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/logging.h"
#include "ingest/door_metrics.h"
#include "ingest/stream_names.h"
#include "ingest/webhook/order_mapping.h"
#include "ingest/webhook/seen_deliveries.h"
#include "ingest/webhook/signature.h"

namespace weir::ingest {
namespace {

using base::Code;

constexpr size_t kMaxBodyBytes = 1 << 20;
constexpr json::Limits kLimits{.max_bytes = kMaxBodyBytes, .max_depth = 32, .max_keys = 1'024};
constexpr int64_t kSecretsAgeNanos = 10'000'000'000;
constexpr int64_t kMaxSkewSeconds = 300;
constexpr std::string_view kSignatureHeader = "X-Weir-Hmac-SHA256";

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

// One Weir::WebhookSource.
struct Source {
  std::string name;
  std::string stream;
  std::string signature_header;  // Lower case.
  std::string timestamp_header;  // Lower case; "" when the signature is of the body alone.
  std::string secret_path;
  webhook::OrderMapping mapping;

  std::mutex mutex;  // Guards what follows.
  std::vector<std::string> secrets;
  int64_t secrets_read_nanos = 0;
};

base::Result<std::unique_ptr<Source>> ReadSource(const catalog::Resource& resource,
                                                 std::string_view secrets_directory) {
  ASSIGN_OR_RETURN(const json::Value definition, json::Parse(resource.definition));
  auto source = std::make_unique<Source>();
  source->name = resource.name;
  ASSIGN_OR_RETURN(source->stream, definition.StringAt("Stream"));
  ASSIGN_OR_RETURN(const std::string secret_file, definition.StringAt("SecretFile"));
  source->secret_path = base::JoinPath(secrets_directory, secret_file);
  source->signature_header =
      LowerCase(definition.StringAt("SignatureHeader").value_or(std::string(kSignatureHeader)));
  source->timestamp_header = LowerCase(definition.StringAt("TimestampHeader").value_or(""));
  source->mapping = webhook::OrderMapping::Plain();
  if (const json::Value* const mapping = definition.Find("Mapping")) {
    ASSIGN_OR_RETURN(source->mapping, webhook::OrderMapping::Read(*mapping));
  }
  return source;
}

// The answer to what does not prove that it comes from the source.
net::Response Unproven(std::string message) {
  net::Response response = net::ErrorResponse({Code::kPermission, std::move(message)});
  response.status = 401;
  response.headers.emplace_back("www-authenticate", "HMAC-SHA256");
  return response;
}

class WebhookDoor {
 public:
  WebhookDoor(const DoorParts& parts, std::map<std::string, std::unique_ptr<Source>> sources)
      : parts_(parts),
        sources_(std::move(sources)),
        metrics_(parts.metrics, "webhook"),
        unproven_(parts.metrics.GetCounter("weir_ingest_records_total",
                                           "Records received, by what became of them.",
                                           {{"door", "webhook"}, {"result", "unproven"}})) {}

  void Handle(net::Request request, std::unique_ptr<net::Responder> responder) {
    const auto found = sources_.find(request.parameters["name"]);
    if (found == sources_.end()) {
      return responder->Send(net::ErrorResponse(
          {Code::kNotFound, fmt::format("no Weir::WebhookSource is named '{}'",
                                        request.parameters["name"].substr(0, 128))}));
    }
    Source& source = *found->second;
    if (auto refusal = CheckProof(source, request)) {
      unproven_.Add();
      return responder->Send(*std::move(refusal));
    }
    auto order = ReadOrder(source, request.body);
    if (!order) {
      const bool future = order.error().code == Code::kFailedPrecondition;
      (future ? metrics_.future : metrics_.malformed).Add();
      order.error().code = Code::kInvalidArgument;
      return responder->Send(net::ErrorResponse(order.error()));
    }
    std::string key = webhook::SeenDeliveries::KeyOf(source.name, request.body);
    switch (seen_.Claim(key)) {
      case webhook::SeenDeliveries::Standing::kNew:
        return Store(source, *order, std::move(key), std::move(responder));
      case webhook::SeenDeliveries::Standing::kWaiting:
        metrics_.failed.Add();
        return responder->Send(net::ErrorResponse(
            {Code::kUnavailable,
             "the same delivery is being stored for another request: send it again"}));
      case webhook::SeenDeliveries::Standing::kStored:
        metrics_.duplicate.Add();
        return responder->Send({.body = "{\"accepted\":0,\"duplicates\":1}\n", .headers = {}});
    }
  }

 private:
  // Nothing when the request is the source's.
  std::optional<net::Response> CheckProof(Source& source, const net::Request& request) {
    const auto signature = webhook::ReadSignature(request.Header(source.signature_header));
    if (!signature) {
      return Unproven(
          fmt::format("header {} must hold the HMAC-SHA256 of the body, in Base64 or hex",
                      source.signature_header));
    }
    const std::string_view timestamp =
        source.timestamp_header.empty() ? "" : request.Header(source.timestamp_header);
    if (!source.timestamp_header.empty() && !IsRecent(timestamp)) {
      return Unproven(fmt::format("header {} must hold the seconds since 1970, within {} of now",
                                  source.timestamp_header, kMaxSkewSeconds));
    }
    const std::vector<std::string> secrets = SecretsOf(source);
    if (secrets.empty()) {
      return net::ErrorResponse(
          {Code::kUnavailable,
           fmt::format("webhook source '{}' has no secret yet; the log says why", source.name)});
    }
    const bool fits = source.timestamp_header.empty()
                          ? webhook::SignatureFits(*signature, request.body, secrets)
                          : webhook::SignatureFits(
                                *signature, fmt::format("{}.{}", timestamp, request.body), secrets);
    if (!fits) {
      return Unproven("the signature does not fit the body and the secret");
    }
    return std::nullopt;
  }

  bool IsRecent(std::string_view timestamp) {
    int64_t seconds = 0;
    const auto [end, error] =
        std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
    const int64_t now = parts_.clock.WallMillis() / 1'000;
    return error == std::errc() && end == timestamp.data() + timestamp.size() &&
           seconds >= now - kMaxSkewSeconds && seconds <= now + kMaxSkewSeconds;
  }

  // None when they cannot be read, which is logged.
  std::vector<std::string> SecretsOf(Source& source) {
    const std::lock_guard lock(source.mutex);
    const int64_t now = parts_.clock.MonotonicNanos();
    if (source.secrets_read_nanos != 0 && now - source.secrets_read_nanos < kSecretsAgeNanos) {
      return source.secrets;
    }
    source.secrets_read_nanos = now;
    auto secrets = webhook::ReadSecrets(parts_.files, source.secret_path);
    if (!secrets) {
      base::LogEvent(base::LogLevel::kError, "ingest.webhook_secret", secrets.error().message,
                     {{"source", source.name}});
      source.secrets.clear();
    } else {
      source.secrets = *std::move(secrets);
    }
    return source.secrets;
  }

  base::Result<OrderRecord> ReadOrder(const Source& source, std::string_view body) {
    ASSIGN_OR_RETURN(const json::Value document, json::Parse(body, kLimits));
    return source.mapping.Apply(document, parts_.clock.WallMillis());
  }

  void Store(const Source& source, const OrderRecord& order, std::string key,
             std::unique_ptr<net::Responder> responder) {
    log::Stream* const stream = parts_.log.Find(source.stream);
    if (stream == nullptr) {
      seen_.Release(key);
      metrics_.failed.Add();
      return responder->Send(net::ErrorResponse(UnknownStream(parts_.log, source.stream)));
    }
    const std::string data = WriteOrder(order);
    const log::Entry entry{
        .partition_key = order.order_id, .explicit_hash_key = {}, .data = data, .arrival = {}};
    parts_.intake.Append(
        *stream, {&entry, 1},
        [this, key = std::move(key), bytes = data.size(), responder = std::move(responder)](
            const IntakeOutcome& outcome) { Answer(key, bytes, *responder, outcome); });
  }

  void Answer(const std::string& key, size_t bytes, net::Responder& responder,
              const IntakeOutcome& outcome) {
    if (!outcome.refused.empty()) {
      seen_.Release(key);
      metrics_.failed.Add();
      return responder.Send(net::ErrorResponse(outcome.refused.front().second));
    }
    seen_.Remember(key);
    const bool duplicate = outcome.duplicates > 0;
    (duplicate ? metrics_.duplicate : metrics_.accepted).Add();
    metrics_.bytes.Add(duplicate ? 0 : static_cast<double>(bytes));
    responder.Send({.body = fmt::format("{{\"accepted\":{},\"duplicates\":{}}}\n",
                                        duplicate ? 0 : 1, duplicate ? 1 : 0),
                    .headers = {}});
  }

  DoorParts parts_;
  const std::map<std::string, std::unique_ptr<Source>> sources_;
  webhook::SeenDeliveries seen_;
  DoorMetrics metrics_;
  base::Counter& unproven_;
};

}  // namespace

base::Result<void> RegisterWebhooks(net::HttpServer& server, const DoorParts& parts) {
  ASSIGN_OR_RETURN(const auto resources, parts.catalog.List("Weir::WebhookSource"));
  std::map<std::string, std::unique_ptr<Source>> sources;
  for (const catalog::Resource& resource : resources) {
    ASSIGN_OR_RETURN(sources[resource.name], ReadSource(resource, parts.secrets_directory));
  }
  const auto door = std::make_shared<WebhookDoor>(parts, std::move(sources));
  server.RouteBlocking(
      "POST", "/v1/webhooks/{name}",
      [door](net::Request request, std::unique_ptr<net::Responder> responder) {
        door->Handle(std::move(request), std::move(responder));
      },
      kMaxBodyBytes);
  return {};
}

}  // namespace weir::ingest
