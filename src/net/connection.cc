#include "net/connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/response_text.h"
#include "net/text.h"

namespace weir::net {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr size_t kFirstBodyBytes = 256 << 10;

std::string_view CodeOfStatus(int status) {
  switch (status) {
    case 403:
      return "permission";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "timeout";
    case 413:
    case 414:
    case 431:
      return "limit_exceeded";
    case 421:
      return "misdirected";
    case 500:
      return "internal";
    case 501:
      return "not_implemented";
    case 503:
      return "unavailable";
    default:
      return "invalid_argument";
  }
}

Response RefusalResponse(int status, std::string_view message) {
  return JsonError(status, CodeOfStatus(status), message);
}

}  // namespace

struct Connection::StreamState {
  std::atomic<bool> open = true;
  std::atomic<size_t> queued_bytes = 0;
};

class Connection::OneResponder : public Responder {
 public:
  OneResponder(std::shared_ptr<Mailbox> mailbox, uint64_t connection, uint64_t slot)
      : mailbox_(std::move(mailbox)), connection_(connection), slot_(slot) {}

  ~OneResponder() override {
    if (!sent_) {
      Send(RefusalResponse(500, "the request was dropped unanswered"));
    }
  }

  void Send(Response response) override {
    CHECK(!sent_);
    sent_ = true;
    mailbox_->Post({.connection = connection_,
                    .kind = Delivery::Kind::kResponse,
                    .slot = slot_,
                    .response = std::move(response),
                    .event = {}});
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  uint64_t connection_;
  uint64_t slot_;
  bool sent_ = false;
};

class Connection::OneEventStream : public EventStream {
 public:
  OneEventStream(std::shared_ptr<Mailbox> mailbox, uint64_t connection,
                 std::shared_ptr<StreamState> state)
      : mailbox_(std::move(mailbox)), connection_(connection), state_(std::move(state)) {}

  ~OneEventStream() override { End(); }

  bool Send(std::string_view id, std::string_view event, std::string_view data) override {
    if (!open()) {
      return false;
    }
    Delivery delivery{.connection = connection_,
                      .kind = Delivery::Kind::kEvent,
                      .slot = 0,
                      .response = {},
                      .event = {}};
    AppendEvent(id, event, data, delivery.event);
    const size_t bytes = delivery.event.size();
    if (state_->queued_bytes.fetch_add(bytes) + bytes > kMaxQueuedEventBytes) {
      state_->open = false;
      End();
      return false;
    }
    mailbox_->Post(std::move(delivery));
    return true;
  }

  bool open() const override { return state_->open; }

 private:
  void End() {
    mailbox_->Post({.connection = connection_,
                    .kind = Delivery::Kind::kEndOfEvents,
                    .slot = 0,
                    .response = {},
                    .event = {}});
  }

  std::shared_ptr<Mailbox> mailbox_;
  uint64_t connection_;
  std::shared_ptr<StreamState> state_;
};

Connection::Connection(Service& service, std::shared_ptr<Mailbox> mailbox, uint64_t id,
                       std::string remote)
    : service_(service),
      mailbox_(std::move(mailbox)),
      id_(id),
      remote_(std::move(remote)),
      last_input_nanos_(service.clock.MonotonicNanos()),
      last_output_nanos_(last_input_nanos_) {}

Connection::~Connection() {
  service_.budget.Give(charged_bytes_);
  for (const Slot& slot : slots_) {
    service_.budget.Give(slot.charged_bytes);
  }
  if (stream_ != nullptr) {
    stream_->open = false;
  }
}

bool Connection::Paused() const {
  return slots_.size() >= kMaxPipelined || unsent_ >= kMaxUnsentBytes;
}

bool Connection::wants_read() const {
  return !ended_ && !aborted_ &&
         (phase_ == Phase::kStopped || phase_ == Phase::kEvents || !Paused());
}

bool Connection::finished() const {
  return aborted_ || (phase_ == Phase::kStopped && slots_.empty());
}

void Connection::OnBytes(std::string_view bytes) {
  if (phase_ == Phase::kStopped || phase_ == Phase::kEvents) {
    return;
  }
  last_input_nanos_ = service_.clock.MonotonicNanos();
  if (input_.empty()) {
    Parse(bytes);
    input_.assign(bytes);
    return;
  }
  input_.append(bytes);
  std::string_view rest = input_;
  Parse(rest);
  input_.erase(0, input_.size() - rest.size());
}

void Connection::OnEnd() {
  ended_ = true;
  if (phase_ == Phase::kEvents || phase_ == Phase::kBody) {
    aborted_ = true;
  }
  // Whole requests that wait unparsed, because the connection is paused, are still served.
  if (!Paused()) {
    Stop();
  }
}

void Connection::Stop() {
  phase_ = Phase::kStopped;
  input_.clear();
}

void Connection::OnDrain() {
  if (phase_ == Phase::kEvents) {
    stream_->open = false;
    Stop();
  } else if (phase_ == Phase::kHead && head_started_nanos_ == 0) {
    Stop();
  }
}

void Connection::Parse(std::string_view& input) {
  while ((phase_ == Phase::kHead || phase_ == Phase::kBody) && !Paused()) {
    if (phase_ == Phase::kHead ? !ParseOneHead(input) : !ParseBody(input)) {
      break;
    }
  }
  if (phase_ == Phase::kStopped || phase_ == Phase::kEvents) {
    input = {};
  }
}

bool Connection::ParseOneHead(std::string_view& input) {
  if (input.empty()) {
    return false;
  }
  if (head_started_nanos_ == 0) {
    head_started_nanos_ = last_input_nanos_;
    if (input.starts_with("\r\n")) {  // Some clients end a body so.
      input.remove_prefix(2);
    }
  }
  const auto size = scanner_.Scan(input, service_.limits.max_header_bytes);
  if (!size) {
    Refuse(size.error());
    return false;
  }
  if (!*size) {
    return false;
  }
  started_nanos_ = last_input_nanos_;
  head_started_nanos_ = 0;
  scanner_.Reset();
  const auto head = ParseHead(input.substr(0, **size));
  if (!head) {
    Refuse(head.error());
    return false;
  }
  input.remove_prefix(**size);
  StartRequest(*head);
  return true;
}

std::optional<Response> Connection::Inadmissible(const RequestHead& head) const {
  if (!head.host.empty() && !service_.hosts.Allows(head.host)) {
    return RefusalResponse(
        421,
        fmt::format("host '{}' is not served here: use the listen address or localhost, or add "
                    "the name to the allowed hosts",
                    head.host));
  }
  if (head.method != "GET" && head.method != "HEAD") {
    std::string_view origin;
    std::string_view site;
    for (const auto& [name, value] : head.fields) {
      if (EqualsIgnoreCase(name, "origin")) {
        origin = value;
      } else if (EqualsIgnoreCase(name, "sec-fetch-site")) {
        site = value;
      }
    }
    if (IsCrossOrigin(origin, site, head.host)) {
      return RefusalResponse(403, "a page of another site may not send this request");
    }
  }
  return std::nullopt;
}

void Connection::StartRequest(const RequestHead& head) {
  const bool bodiless = !head.chunked && head.content_length == 0;
  head_only_ = head.method == "HEAD";
  close_ = !head.keep_alive;
  route_ = nullptr;
  if (auto refused = Inadmissible(head)) {
    return AnswerEarly(std::move(*refused), bodiless);
  }
  auto target = ParseTarget(head.target);
  if (!target) {
    return AnswerEarly(RefusalResponse(target.error().status, target.error().message), bodiless);
  }
  Router::Match match = service_.router.Find(head.method, *target);
  if (match.route == nullptr && match.allow.empty()) {
    return AnswerEarly(RefusalResponse(404, fmt::format("nothing is at '{}'", target->path)),
                       bodiless);
  }
  if (match.route == nullptr) {
    Response response = RefusalResponse(
        405, fmt::format("'{}' takes {}, not {}", target->path, match.allow, head.method));
    response.headers.emplace_back("allow", match.allow);
    return AnswerEarly(std::move(response), bodiless);
  }
  route_ = match.route;
  const size_t max_body = route_->max_body_bytes.value_or(service_.limits.max_body_bytes);
  if (head.content_length > max_body) {
    return AnswerEarly(
        RefusalResponse(413, fmt::format("the body has {} bytes, at most {} are taken: send it in "
                                         "parts",
                                         head.content_length, max_body)),
        false);
  }
  body_.Start(head, max_body);
  BuildRequest(head, std::move(*target), std::move(match));
  continue_pending_ = head.expect_continue && !bodiless;
  phase_ = Phase::kBody;
  FlushReady();
}

void Connection::BuildRequest(const RequestHead& head, Target target, Router::Match match) {
  request_ = Request{};
  request_.method = head.method;
  request_.path = std::move(target.path);
  request_.query = std::move(target.query);
  request_.parameters = std::move(match.parameters);
  request_.remote = remote_;
  request_.headers.reserve(head.fields.size());
  for (const auto& [name, value] : head.fields) {
    request_.headers.emplace_back(LowerCase(name), value);
  }
  request_.body.reserve(std::min<uint64_t>(head.content_length, kFirstBodyBytes));
}

bool Connection::ParseBody(std::string_view& input) {
  if (!body_.done()) {
    if (input.empty()) {
      return false;
    }
    continue_pending_ = false;
    const auto taken = body_.Consume(input, request_.body);
    if (!taken) {
      Refuse(taken.error());
      return false;
    }
    input.remove_prefix(*taken);
    const size_t grown = request_.body.size() - charged_bytes_;
    if (!service_.budget.Take(grown)) {
      Refuse(
          {503, fmt::format("the bodies of running requests fill the {} bytes that are set aside "
                            "for them: try again",
                            service_.budget.limit())});
      return false;
    }
    charged_bytes_ += grown;
    if (!body_.done()) {
      return false;
    }
  }
  Dispatch();
  return true;
}

Connection::Slot& Connection::AddSlot() {
  Slot& slot = slots_.emplace_back();
  slot.id = next_slot_++;
  slot.metrics = route_ != nullptr ? route_->metrics.get() : &service_.unrouted;
  slot.request_id = fmt::format("{}-{:x}", service_.id_prefix, service_.next_request.fetch_add(1));
  slot.started_nanos = started_nanos_;
  slot.charged_bytes = std::exchange(charged_bytes_, 0);
  slot.head_only = head_only_;
  slot.close = close_;
  return slot;
}

void Connection::Refuse(const Refusal& refusal) {
  if (phase_ == Phase::kHead) {
    started_nanos_ = last_input_nanos_;
    head_only_ = false;
    route_ = nullptr;
  }
  AnswerEarly(RefusalResponse(refusal.status, refusal.message), false);
}

void Connection::AnswerEarly(Response response, bool reusable) {
  close_ = close_ || !reusable;
  Slot& slot = AddSlot();
  slot.response = std::move(response);
  slot.ready = true;
  phase_ = Phase::kHead;
  if (!reusable) {
    linger_ = true;
    request_ = Request{};
  }
  if (close_) {
    Stop();
  }
  FlushReady();
}

void Connection::Dispatch() {
  if (route_->kind == RouteEntry::Kind::kEvents) {
    return OpenEvents();
  }
  phase_ = Phase::kHead;
  const Slot& slot = AddSlot();
  request_.request_id = slot.request_id;
  if (close_) {
    phase_ = Phase::kStopped;
  }
  auto responder = std::make_unique<OneResponder>(mailbox_, id_, slot.id);
  if (route_->kind == RouteEntry::Kind::kDirect) {
    route_->handler(std::move(request_), std::move(responder));
    return;
  }
  Responder* const waiting = responder.get();
  std::move_only_function<void()> job = [&handler = route_->handler, request = std::move(request_),
                                         responder = std::move(responder)]() mutable {
    handler(std::move(request), std::move(responder));
  };
  if (!service_.pool.Run(job)) {
    waiting->Send(
        RefusalResponse(503, fmt::format("{} requests of this kind wait already: try again",
                                         BlockingPool::kMaxQueuedJobs)));
  }
}

void Connection::OpenEvents() {
  if (!slots_.empty()) {
    // An event stream cannot wait for its turn.
    return Refuse({400, "an event stream cannot be pipelined behind other requests"});
  }
  Slot& slot = AddSlot();
  request_.request_id = slot.request_id;
  const ResponseContext context{.date = *date_, .request_id = slot.request_id, .close = true};
  std::string head;
  AppendEventStreamHead(context, head);
  Append(head);
  unsent_head_ = unsent_;
  service_.budget.Give(slot.charged_bytes);
  slot.metrics->Observe(
      200, static_cast<double>(service_.clock.MonotonicNanos() - slot.started_nanos) / 1e9);
  slots_.clear();
  if (head_only_) {
    return Stop();
  }
  phase_ = Phase::kEvents;
  last_output_nanos_ = service_.clock.MonotonicNanos();
  stream_ = std::make_shared<StreamState>();
  route_->event_handler(std::move(request_),
                        std::make_shared<OneEventStream>(mailbox_, id_, stream_));
}

void Connection::OnDelivery(Delivery delivery) {
  if (delivery.kind == Delivery::Kind::kResponse) {
    const uint64_t first = slots_.empty() ? next_slot_ : slots_.front().id;
    if (delivery.slot < first || delivery.slot - first >= slots_.size()) {
      return;
    }
    Slot& slot = slots_[delivery.slot - first];
    slot.response = std::move(delivery.response);
    slot.ready = true;
    FlushReady();
  } else if (phase_ == Phase::kEvents && delivery.kind == Delivery::Kind::kEvent) {
    Append(delivery.event);
  } else if (phase_ == Phase::kEvents) {
    // A client that left so much unread would not read the end either.
    aborted_ = aborted_ || stream_->queued_bytes > kMaxQueuedEventBytes;
    stream_->open = false;
    Stop();
  }
}

void Connection::FlushReady() {
  const bool was_paused = Paused();
  const int64_t now = service_.clock.MonotonicNanos();
  while (!slots_.empty() && slots_.front().ready) {
    Slot& slot = slots_.front();
    const bool close = slot.close || (service_.draining && slots_.size() == 1 && input_.empty());
    const size_t before = output_.size();
    AppendResponse(slot.response,
                   {.date = *date_,
                    .request_id = slot.request_id,
                    .head_only = slot.head_only,
                    .close = close},
                   output_);
    if (unsent_ == 0) {
      last_output_nanos_ = now;
    }
    unsent_ += output_.size() - before;
    slot.metrics->Observe(slot.response.status,
                          static_cast<double>(now - slot.started_nanos) / 1e9);
    service_.budget.Give(slot.charged_bytes);
    slots_.pop_front();
    last_input_nanos_ = now;  // From here on the client's time counts.
    if (close) {
      slots_.clear();
      Stop();
    }
  }
  if (slots_.empty() && continue_pending_ && phase_ == Phase::kBody) {
    continue_pending_ = false;
    Append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (was_paused) {
    Resume();
  }
}

void Connection::Resume() {
  if (!Paused() && !input_.empty()) {
    const std::string waiting = std::exchange(input_, {});
    std::string_view rest = waiting;
    Parse(rest);
    input_.assign(rest);
  }
  if (ended_ && !Paused()) {
    Stop();
  }
}

void Connection::Append(std::string_view bytes) {
  if (unsent_ == 0) {
    last_output_nanos_ = service_.clock.MonotonicNanos();
  }
  output_.append(bytes);
  unsent_ += bytes.size();
}

std::string Connection::TakeOutput() {
  return std::exchange(output_, {});
}

void Connection::OnSent(size_t bytes) {
  CHECK(bytes <= unsent_);
  const bool was_paused = Paused();
  unsent_ -= bytes;
  last_output_nanos_ = service_.clock.MonotonicNanos();
  if (stream_ != nullptr) {
    const size_t head = std::min(bytes, unsent_head_);
    unsent_head_ -= head;
    stream_->queued_bytes -= bytes - head;
  }
  if (was_paused) {
    Resume();
  }
}

void Connection::OnTick() {
  const int64_t now = service_.clock.MonotonicNanos();
  const auto passed = [now](int64_t since, int64_t millis) {
    return now - since > millis * kNanosPerMilli;
  };
  if (unsent_ > 0 && passed(last_output_nanos_, service_.limits.idle_millis)) {
    aborted_ = true;
  } else if (phase_ == Phase::kEvents) {
    if (unsent_ == 0 && passed(last_output_nanos_, kEventKeepAliveMillis)) {
      constexpr std::string_view kComment = ": keep-alive\n\n";
      stream_->queued_bytes += kComment.size();
      Append(kComment);
    }
  } else if (phase_ == Phase::kBody) {
    if (slots_.empty() && passed(started_nanos_, kBodyGraceMillis)) {
      const double seconds = static_cast<double>(now - started_nanos_) / 1e9;
      const double least = seconds * static_cast<double>(service_.limits.min_body_bytes_per_second);
      if (static_cast<double>(request_.body.size()) < least) {
        Refuse({408, "the body comes too slowly"});
      }
    }
  } else if (phase_ == Phase::kHead && head_started_nanos_ != 0) {
    if (slots_.empty() && passed(head_started_nanos_, service_.limits.header_millis)) {
      Refuse({408, "the request head comes too slowly"});
    }
  } else if (phase_ == Phase::kHead && slots_.empty() && unsent_ == 0 &&
             passed(last_input_nanos_, service_.limits.idle_millis)) {
    Stop();
  }
}

}  // namespace weir::net
