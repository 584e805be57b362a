#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/gate.h"
#include "auth/replay_cache.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ingest/aws/call.h"
#include "ingest/aws/service.h"
#include "net/http_server.h"

namespace weir::ingest::aws {

/// POST / for all AWS APIs: judges the envelope (body, content type, signature, document, target)
/// and hands the call to the service that its target names. Nothing reads a body before the
/// signature is found right. A signed request that changes something happens once, however often
/// it arrives. Thread-safe.
class Door {
 public:
  /// The limit of 5 MiB of data, as Base64 in JSON.
  static constexpr size_t kMaxBodyBytes = 7 << 20;

  Door(auth::Gate& gate, base::Clock& clock, base::Metrics& metrics)
      : gate_(gate),
        replays_(
            std::make_unique<auth::ReplayCache>(clock, &metrics, auth::ReplayCache::Limits{})) {}

  /// `target` is what stands before the dot: "Kinesis_20131202". Before the first request.
  void Add(std::string_view target, std::unique_ptr<Service> service);

  void Handle(net::Request request, std::unique_ptr<net::Responder> responder) const;

 private:
  struct Named {
    std::string prefix;  // With the dot.
    std::unique_ptr<Service> service;
  };

  // The service and form of what x-amz-target names; `operation` is set.
  std::expected<std::pair<Service*, Service::Form>, ApiError> Find(std::string_view target,
                                                                   std::string& operation) const;

  auth::Gate& gate_;
  std::unique_ptr<auth::ReplayCache> replays_;
  std::vector<Named> services_;
};

/// What the AWS APIs answer to what is no POST.
net::Response NoOperation();

/// Who signed the request; a refusal as the API's error.
std::expected<auth::Identity, ApiError> CheckSignature(auth::Gate& gate,
                                                       const net::Request& request);
/// Whether `identity` may do `action` on `stream`; a refusal as the API's error.
std::expected<void, ApiError> Authorize(auth::Gate& gate, const auth::Identity& identity,
                                        auth::Action action, std::string_view stream,
                                        const net::Request& request);

}  // namespace weir::ingest::aws
