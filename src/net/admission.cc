#include "net/admission.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/text.h"

namespace weir::net {
namespace {

constexpr size_t kFirstBodyBytes = 256 << 10;
// To take a body apart takes as long as its size: other connections do not wait for larger ones.
constexpr size_t kMaxDirectBodyBytes = 128 << 10;
constexpr int64_t kBodyGraceNanos = 20'000'000'000;

// Whether a browser sends this for a page of another site, with a method that may change something.
bool IsOfForeignPage(const RequestHead& head, bool secure) {
  if (head.method == "GET" || head.method == "HEAD") {
    return false;
  }
  std::string_view origin;
  std::string_view site;
  for (const auto& [name, value] : head.fields) {
    if (EqualsIgnoreCase(name, "origin")) {
      origin = value;
    } else if (EqualsIgnoreCase(name, "sec-fetch-site")) {
      site = value;
    }
  }
  return IsCrossOrigin(origin, site, head.host, secure);
}

}  // namespace

Admission::Admission(const ConnectionSite& site)
    : service_(site.service),
      mailbox_(site.mailbox),
      connection_(site.id),
      remote_(site.remote),
      address_client_(site.service.clients.Find(site.client)),
      client_(address_client_) {}

Admission::~Admission() {
  service_.unsent_bytes.Give(address_client_->unsent_bytes, unsent_);
}

std::optional<Response> Admission::Admit(const RequestHead& head, Incoming& incoming) {
  incoming.head_only = head.method == "HEAD";
  incoming.route = nullptr;
  if (!head.host.empty() && !service_.hosts.Allows(head.host)) {
    return RefusalResponse(
        421,
        fmt::format("host '{}' is not served here: use the listen address or localhost, or add "
                    "the name to the allowed hosts",
                    head.host));
  }
  auto target = ParseTarget(head.target);
  if (!target) {
    return RefusalResponse(target.error().status, target.error().message);
  }
  Router::Match match = service_.router.Find(head.method, *target);
  if ((match.route == nullptr || !match.route->for_pages) &&
      IsOfForeignPage(head, service_.tls != nullptr)) {
    return RefusalResponse(403, "a page of another site may not send this request");
  }
  if (match.route == nullptr && match.allow.empty()) {
    return RefusalResponse(404, fmt::format("nothing is at '{}'", target->path));
  }
  if (match.route == nullptr) {
    Response response = RefusalResponse(
        405, fmt::format("'{}' takes {}, not {}", target->path, match.allow, head.method));
    response.headers.emplace_back("allow", match.allow);
    return response;
  }
  incoming.route = match.route;
  incoming.content_length = head.content_length;
  incoming.max_body_bytes = match.route->max_body_bytes.value_or(service_.limits.max_body_bytes);
  if (head.content_length > incoming.max_body_bytes) {
    return RefusalResponse(413, fmt::format("the body has {} bytes, at most {} are taken: send it "
                                            "in parts",
                                            head.content_length, incoming.max_body_bytes));
  }
  BuildRequest(head, std::move(*target), std::move(match), incoming.request);
  if (service_.admit) {
    if (auto refused = service_.admit(incoming.request)) {
      return refused;
    }
  }
  if (auto refused = FindShares(incoming)) {
    return refused;
  }
  incoming.request.body.reserve(std::min<uint64_t>(head.content_length, kFirstBodyBytes));
  return incoming.head_bytes > 0 ? HoldBody(incoming) : std::nullopt;
}

void Admission::BuildRequest(const RequestHead& head, Target target, Router::Match match,
                             Request& request) const {
  request = Request{};
  request.method = head.method;
  request.target = head.target;
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  request.parameters = std::move(match.parameters);
  request.remote = remote_;
  request.secure = service_.tls != nullptr;
  request.headers.reserve(head.fields.size());
  for (const auto& [name, value] : head.fields) {
    request.headers.emplace_back(LowerCase(name), value);
  }
}

std::optional<Response> Admission::FindShares(Incoming& incoming) {
  std::string name = service_.client ? service_.client(incoming.request) : std::string();
  if (name != client_name_) {
    client_ = name.empty() ? address_client_ : service_.clients.Find("key " + name);
    client_name_ = std::move(name);
  }
  incoming.request.client = client_;
  const auto share = [this](Quota& quota, std::atomic<size_t>& mine) {
    return Share(quota, std::shared_ptr<std::atomic<size_t>>(client_, &mine));
  };
  incoming.shares.request = share(service_.requests, client_->requests);
  incoming.shares.body = std::make_shared<Share>(share(service_.body_bytes, client_->body_bytes));
  incoming.request.held = incoming.shares.body;
  // Answers exist already: a client that reads its own is not to suffer from those that do not.
  if (service_.unsent_bytes.Look(address_client_->unsent_bytes, 0) == Quota::Verdict::kClientFull) {
    return Overload(Quota::Verdict::kClientFull, "unsent_bytes", service_.unsent_bytes.limit());
  }
  auto refused =
      Overload(service_.requests.Look(client_->requests, 1), "requests", service_.requests.limit());
  if (BlockingPool* const pool = incoming.route->pool; !refused && pool != nullptr) {
    refused = Overload(pool->Look(client_.get()), pool->what(), pool->max_jobs());
  }
  return refused;
}

std::optional<Response> Admission::Overload(Quota::Verdict verdict, std::string_view what,
                                            size_t limit) {
  if (verdict == Quota::Verdict::kTaken) {
    return std::nullopt;
  }
  const bool client = verdict == Quota::Verdict::kClientFull;
  service_.shed.Count(what, client);
  if (client) {
    return RefusalResponse(
        429, fmt::format("this client holds its share of the {} {} that are served at once: wait "
                         "for answers, then try again",
                         limit, what));
  }
  return RefusalResponse(
      503, fmt::format("all {} {} that are served at once are taken: try again", limit, what));
}

std::optional<Response> Admission::HoldBody(Incoming& incoming) {
  if (incoming.request.body.size() > incoming.max_body_bytes) {
    const Refusal refusal = BodyTooLarge(incoming.max_body_bytes);
    return RefusalResponse(refusal.status, refusal.message);
  }
  if (incoming.request.body.size() >= kFirstBodyBytes) {
    // All that can come: pages that are never written cost nothing, a move of megabytes does.
    incoming.request.body.reserve(incoming.content_length > 0 ? incoming.content_length
                                                              : incoming.max_body_bytes);
  }
  Share& body = *incoming.shares.body;
  return Overload(body.Grow(incoming.head_bytes + incoming.request.body.size() - body.amount()),
                  "body_bytes", service_.body_bytes.limit());
}

std::optional<Response> Admission::TakeShares(Incoming& incoming) {
  return Overload(incoming.shares.request.Grow(1), "requests", service_.requests.limit());
}

Pending Admission::Begin(Incoming& incoming) {
  Pending pending;
  pending.metrics = incoming.route != nullptr ? incoming.route->metrics.get() : &service_.unrouted;
  pending.request_id =
      fmt::format("{}-{:x}", service_.id_prefix, service_.next_request.fetch_add(1));
  pending.started_nanos = incoming.started_nanos;
  pending.shares = std::move(incoming.shares);
  pending.head_only = incoming.head_only;
  return pending;
}

void Admission::Dispatch(Incoming& incoming, Pending& pending, uint64_t slot,
                         std::shared_ptr<StreamBacklog> backlog) {
  RouteEntry& route = *incoming.route;
  Request& request = incoming.request;
  auto responder = std::make_unique<OneResponder>(mailbox_, std::move(backlog), connection_, slot);
  if (route.event_handler) {
    return route.event_handler(std::move(request), responder->StreamEvents());
  }
  const bool large = request.body.size() > kMaxDirectBodyBytes;
  BlockingPool* const pool = route.pool == nullptr && large ? &service_.large_bodies : route.pool;
  if (pool == nullptr) {
    return route.handler(std::move(request), std::move(responder));
  }
  Responder* const waiting = responder.get();
  const std::shared_ptr<Client> client = request.client;
  BlockingPool::Job job = [&handler = route.handler, request = std::move(request),
                           responder = std::move(responder)]() mutable {
    handler(std::move(request), std::move(responder));
  };
  auto taken = pool->Run(client, job);
  if (taken) {
    pending.place = std::move(*taken);
  } else {
    waiting->Send(*Overload(taken.error(), pool->what(), pool->max_jobs()));
  }
}

std::optional<Response> Admission::TooSlow(const Incoming& incoming, int64_t now_nanos) const {
  const int64_t nanos = now_nanos - incoming.started_nanos;
  const double least = static_cast<double>(nanos) / 1e9 *
                       static_cast<double>(service_.limits.min_body_bytes_per_second);
  if (nanos <= kBodyGraceNanos || static_cast<double>(incoming.request.body.size()) >= least) {
    return std::nullopt;
  }
  return RefusalResponse(408, "the body comes too slowly");
}

void Admission::Answered(Pending& pending, const Response& response, bool streamed) {
  pending.metrics->Observe(
      response.status,
      static_cast<double>(service_.clock.MonotonicNanos() - pending.started_nanos) / 1e9);
  if (streamed) {
    pending.shares.body = nullptr;
    return;
  }
  if (pending.place != nullptr) {
    pending.place->Give();
    pending.place = nullptr;
  }
  pending.shares = {};
  max_waiting_ = response.body.size() > Connection::kSmallAnswerBytes
                     ? Connection::kFirstWaiting
                     : std::min(max_waiting_ + 1, Connection::kMaxWaiting);
}

void Admission::NoteUnsent(size_t bytes) {
  unsent_ += bytes;
  service_.unsent_bytes.Force(address_client_->unsent_bytes, bytes);
}

void Admission::NoteSent(size_t bytes) {
  CHECK(bytes <= unsent_);
  unsent_ -= bytes;
  service_.unsent_bytes.Give(address_client_->unsent_bytes, bytes);
}

}  // namespace weir::net
