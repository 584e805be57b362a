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

Connection::Connection(Service& service, std::shared_ptr<Mailbox> mailbox, uint64_t id,
                       std::string remote)
    : service_(service),
      mailbox_(std::move(mailbox)),
      id_(id),
      remote_(std::move(remote)),
      address_client_(service.clients.Find(remote_.substr(0, remote_.rfind(':')))),
      client_(address_client_),
      backlog_(std::make_shared<StreamBacklog>()),
      last_input_nanos_(service.clock.MonotonicNanos()),
      last_output_nanos_(last_input_nanos_) {}

Connection::~Connection() {
  service_.unsent_bytes.Give(address_client_->unsent_bytes, unsent_);
}

bool Connection::Paused() const {
  return slots_.size() >= max_pipelined_ || unsent_ >= kMaxUnsentBytes;
}

bool Connection::wants_read() const {
  return !ended_ && !aborted_ && !behind_ && (phase_ == Phase::kStopped || !Paused());
}

bool Connection::finished() const {
  return aborted_ || (phase_ == Phase::kStopped && slots_.empty());
}

void Connection::OnBytes(std::string_view bytes) {
  if (phase_ == Phase::kStopped) {
    return;
  }
  last_input_nanos_ = service_.clock.MonotonicNanos();
  if (behind_) {
    input_.append(bytes);
    return;
  }
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
  // Events have no end that the client could wait for: it is gone.
  if (phase_ == Phase::kBody || (!slots_.empty() && slots_.front().stream.events())) {
    aborted_ = true;
  }
  // Whole requests that wait unparsed, because the connection is paused, are still served.
  if (!Paused() && !behind_) {
    Stop();
  }
}

void Connection::Stop() {
  phase_ = Phase::kStopped;
  behind_ = false;
  input_.clear();
}

void Connection::OnDrain() {
  for (Slot& slot : slots_) {
    if (slot.stream) {
      slot.close = true;
      EndStream(slot, slot.stream.events());
    }
  }
  FlushReady();
  if (phase_ == Phase::kHead && head_started_nanos_ == 0) {
    Stop();
  }
}

void Connection::Parse(std::string_view& input) {
  parsing_ = true;
  const uint64_t first_slot = next_slot_;
  const int64_t until = service_.clock.MonotonicNanos() + kTurnNanos;
  while ((phase_ == Phase::kHead || phase_ == Phase::kBody) && !Paused()) {
    if (next_slot_ - first_slot >= kRequestsPerTurn ||
        (next_slot_ != first_slot && service_.clock.MonotonicNanos() > until)) {
      behind_ = !input.empty();
      break;
    }
    if (phase_ == Phase::kHead ? !ParseOneHead(input) : !ParseBody(input)) {
      break;
    }
  }
  parsing_ = false;
  if (phase_ == Phase::kStopped) {
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
  return std::nullopt;
}

void Connection::StartRequest(const RequestHead& head) {
  head_only_ = head.method == "HEAD";
  chunks_ = !head.http_1_0;
  close_ = !head.keep_alive;
  route_ = nullptr;
  body_.Start(head, std::max(service_.limits.max_body_bytes, kMaxDiscardedBytes));
  continue_pending_ = head.expect_continue && !body_.done();
  if (auto refused = Inadmissible(head)) {
    return Deny(std::move(*refused));
  }
  auto target = ParseTarget(head.target);
  if (!target) {
    return Deny(RefusalResponse(target.error().status, target.error().message));
  }
  Router::Match match = service_.router.Find(head.method, *target);
  if ((match.route == nullptr || !match.route->for_pages) &&
      IsOfForeignPage(head, service_.tls != nullptr)) {
    return Deny(RefusalResponse(403, "a page of another site may not send this request"));
  }
  if (match.route == nullptr && match.allow.empty()) {
    return Deny(RefusalResponse(404, fmt::format("nothing is at '{}'", target->path)));
  }
  if (match.route == nullptr) {
    Response response = RefusalResponse(
        405, fmt::format("'{}' takes {}, not {}", target->path, match.allow, head.method));
    response.headers.emplace_back("allow", match.allow);
    return Deny(std::move(response));
  }
  route_ = match.route;
  const size_t max_body = route_->max_body_bytes.value_or(service_.limits.max_body_bytes);
  if (head.content_length > max_body) {
    return Deny(
        RefusalResponse(413, fmt::format("the body has {} bytes, at most {} are taken: send it in "
                                         "parts",
                                         head.content_length, max_body)));
  }
  body_.Start(head, max_body);
  BuildRequest(head, std::move(*target), std::move(match));
  if (service_.admit) {
    if (auto refused = service_.admit(request_)) {
      return Deny(std::move(*refused));
    }
  }
  if (auto refused = FindShares()) {
    return Deny(std::move(*refused));
  }
  request_.body.reserve(std::min<uint64_t>(head.content_length, kFirstBodyBytes));
  phase_ = Phase::kBody;
  FlushReady();
}

std::optional<Response> Connection::FindShares() {
  std::string name = service_.client ? service_.client(request_) : std::string();
  if (name != client_name_) {
    client_ = name.empty() ? address_client_ : service_.clients.Find("key " + name);
    client_name_ = std::move(name);
  }
  const auto share = [this](Quota& quota, std::atomic<size_t>& mine) {
    return Share(quota, std::shared_ptr<std::atomic<size_t>>(client_, &mine));
  };
  shares_.request = share(service_.requests, client_->requests);
  shares_.job = share(service_.jobs, client_->jobs);
  shares_.body = share(service_.body_bytes, client_->body_bytes);
  // Answers exist already: a client that reads its own is not to suffer from those that do not.
  if (service_.unsent_bytes.Look(address_client_->unsent_bytes, 0) == Quota::Verdict::kClientFull) {
    return Overload(Quota::Verdict::kClientFull, "unsent_bytes", service_.unsent_bytes.limit());
  }
  auto refused =
      Overload(service_.requests.Look(client_->requests, 1), "requests", service_.requests.limit());
  if (!refused && route_->kind == RouteEntry::Kind::kBlocking) {
    refused = Overload(service_.jobs.Look(client_->jobs, 1), "jobs", service_.jobs.limit());
  }
  return refused;
}

std::optional<Response> Connection::Overload(Quota::Verdict verdict, std::string_view what,
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

void Connection::Deny(Response response) {
  if (body_.done()) {
    return AnswerEarly(std::move(response), true);
  }
  // A client that waits for "100 Continue" may or may not send the body now.
  if (continue_pending_ || body_.remaining() > kMaxDiscardedBytes) {
    return AnswerEarly(std::move(response), false);
  }
  denied_ = std::move(response);
  discarded_bytes_ = 0;
  request_.body.clear();
  shares_ = {};
  phase_ = Phase::kBody;
}

void Connection::BuildRequest(const RequestHead& head, Target target, Router::Match match) {
  request_ = Request{};
  request_.method = head.method;
  request_.target = head.target;
  request_.path = std::move(target.path);
  request_.query = std::move(target.query);
  request_.parameters = std::move(match.parameters);
  request_.remote = remote_;
  request_.secure = service_.tls != nullptr;
  request_.headers.reserve(head.fields.size());
  for (const auto& [name, value] : head.fields) {
    request_.headers.emplace_back(LowerCase(name), value);
  }
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
    if (denied_) {
      return DiscardBody();
    }
    const auto verdict = shares_.body.Grow(request_.body.size() - shares_.body.amount());
    if (verdict != Quota::Verdict::kTaken) {
      Deny(*Overload(verdict, "body_bytes", service_.body_bytes.limit()));
      return phase_ == Phase::kHead;
    }
    if (!body_.done()) {
      return false;
    }
  }
  Dispatch();
  return true;
}

bool Connection::DiscardBody() {
  discarded_bytes_ += request_.body.size();
  request_.body.clear();
  if (!body_.done() && discarded_bytes_ <= kMaxDiscardedBytes) {
    return false;
  }
  AnswerEarly(std::move(*denied_), body_.done());
  return true;
}

Connection::Slot& Connection::AddSlot() {
  Slot& slot = slots_.emplace_back();
  slot.id = next_slot_++;
  slot.metrics = route_ != nullptr ? route_->metrics.get() : &service_.unrouted;
  slot.request_id = fmt::format("{}-{:x}", service_.id_prefix, service_.next_request.fetch_add(1));
  slot.started_nanos = started_nanos_;
  slot.shares = std::move(shares_);
  slot.head_only = head_only_;
  slot.chunks = chunks_;
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
  continue_pending_ = false;
  denied_.reset();
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

std::optional<Response> Connection::TakeShares() {
  auto refused = Overload(shares_.request.Grow(1), "requests", service_.requests.limit());
  if (!refused && route_->kind == RouteEntry::Kind::kBlocking) {
    refused = Overload(shares_.job.Grow(1), "jobs", service_.jobs.limit());
  }
  return refused;
}

void Connection::Dispatch() {
  if (auto refused = TakeShares()) {
    return AnswerEarly(std::move(*refused), true);
  }
  phase_ = Phase::kHead;
  const Slot& slot = AddSlot();
  request_.request_id = slot.request_id;
  if (close_) {
    phase_ = Phase::kStopped;
  }
  auto responder = std::make_unique<OneResponder>(mailbox_, backlog_, id_, slot.id);
  if (route_->kind == RouteEntry::Kind::kEvents) {
    return route_->event_handler(std::move(request_), responder->StreamEvents());
  }
  if (route_->kind == RouteEntry::Kind::kDirect) {
    return route_->handler(std::move(request_), std::move(responder));
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

Connection::Slot* Connection::FindSlot(uint64_t id) {
  const uint64_t first = slots_.empty() ? next_slot_ : slots_.front().id;
  return id < first || id - first >= slots_.size() ? nullptr : &slots_[id - first];
}

void Connection::OnDelivery(Delivery delivery) {
  Slot* const slot = FindSlot(delivery.slot);
  if (slot == nullptr) {
    return;
  }
  switch (delivery.kind) {
    case Delivery::Kind::kResponse:
    case Delivery::Kind::kStreamHead:
      slot->response = std::move(delivery.response);
      slot->stream = std::move(delivery.stream);
      slot->ready = true;
      if (service_.draining && slot->stream.events()) {
        EndStream(*slot, true);
      }
      break;
    case Delivery::Kind::kChunk:
      if (slot->begun) {
        return FlushChunk(*slot, delivery.chunk);
      }
      slot->response.body.append(delivery.chunk);
      return;
    case Delivery::Kind::kStreamEnd:
    case Delivery::Kind::kStreamCut:
      EndStream(*slot, delivery.kind == Delivery::Kind::kStreamEnd);
      break;
    case Delivery::Kind::kStreamOverflow:
      // A client that left so much unread would not read the end either.
      aborted_ = true;
      return EndStream(*slot, false);
  }
  FlushReady();
}

void Connection::EndStream(Slot& slot, bool whole) {
  if (!slot.ended) {
    slot.ended = true;
    slot.whole = whole;
    slot.close = slot.close || !whole;
    slot.stream.Close();
  }
}

void Connection::FlushReady() {
  const bool was_paused = Paused();
  while (!slots_.empty() && slots_.front().ready) {
    Slot& slot = slots_.front();
    const bool close = slot.close || (service_.draining && slots_.size() == 1 && input_.empty());
    if (!slot.begun) {
      slot.stream ? FlushStreamHead(slot, close) : FlushResponse(slot, close);
    }
    if (slot.stream) {
      if (!slot.ended) {
        break;
      }
      if (slot.whole && slot.chunks && !slot.head_only) {
        Append(kLastChunk);
      }
    }
    slots_.pop_front();
    last_input_nanos_ = service_.clock.MonotonicNanos();  // From here on the client's time counts.
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

void Connection::FlushResponse(Slot& slot, bool close) {
  const size_t before = output_.size();
  AppendResponse(
      slot.response,
      {.date = *date_, .request_id = slot.request_id, .head_only = slot.head_only, .close = close},
      output_);
  Answered(slot, output_.size() - before);
}

void Connection::FlushStreamHead(Slot& slot, bool close) {
  const size_t before = output_.size();
  AppendStreamHead(
      slot.response,
      {.date = *date_, .request_id = slot.request_id, .head_only = slot.head_only, .close = close},
      slot.chunks, output_);
  Answered(slot, output_.size() - before);
  slot.begun = true;
  unsent_before_ = unsent_;
  if (slot.head_only) {
    EndStream(slot, true);
  }
  FlushChunk(slot, std::exchange(slot.response.body, {}));
}

void Connection::FlushChunk(const Slot& slot, std::string_view bytes) {
  backlog_->waiting -= bytes.size();
  if (slot.head_only) {
    return;
  }
  const size_t before = output_.size();
  if (slot.chunks) {
    AppendChunk(bytes, output_);
  } else {
    output_.append(bytes);
  }
  NoteAppended(output_.size() - before);
}

void Connection::Answered(Slot& slot, size_t bytes) {
  NoteAppended(bytes);
  slot.metrics->Observe(
      slot.response.status,
      static_cast<double>(service_.clock.MonotonicNanos() - slot.started_nanos) / 1e9);
  slot.shares = {};
  max_pipelined_ =
      bytes > kSmallAnswerBytes ? kFirstPipelined : std::min(max_pipelined_ + 1, kMaxPipelined);
}

void Connection::GoOn() {
  behind_ = false;
  if (!Paused() && !input_.empty()) {
    const std::string waiting = std::exchange(input_, {});
    std::string_view rest = waiting;
    Parse(rest);
    input_.assign(rest);
  }
  if (ended_ && !Paused() && !behind_) {
    Stop();
  }
}

void Connection::Resume() {
  behind_ = behind_ ||
            (!parsing_ && !Paused() && phase_ != Phase::kStopped && (!input_.empty() || ended_));
}

void Connection::Append(std::string_view bytes) {
  output_.append(bytes);
  NoteAppended(bytes.size());
}

void Connection::NoteAppended(size_t bytes) {
  if (unsent_ == 0) {
    last_output_nanos_ = service_.clock.MonotonicNanos();
  }
  unsent_ += bytes;
  service_.unsent_bytes.Force(address_client_->unsent_bytes, bytes);
  backlog_->unsent = unsent_ - unsent_before_;
}

std::string Connection::TakeOutput() {
  return std::exchange(output_, {});
}

void Connection::OnSent(size_t bytes) {
  CHECK(bytes <= unsent_);
  const bool was_paused = Paused();
  unsent_ -= bytes;
  service_.unsent_bytes.Give(address_client_->unsent_bytes, bytes);
  last_output_nanos_ = service_.clock.MonotonicNanos();
  unsent_before_ -= std::min(bytes, unsent_before_);
  backlog_->unsent = unsent_ - unsent_before_;
  if (was_paused) {
    Resume();
  }
}

bool Connection::OnTick() {
  const int64_t now = service_.clock.MonotonicNanos();
  const auto passed = [now](int64_t since, int64_t millis) {
    return now - since > millis * kNanosPerMilli;
  };
  if (unsent_ > 0 && passed(last_output_nanos_, service_.limits.idle_millis)) {
    aborted_ = true;
    return true;
  } else if (!slots_.empty() && slots_.front().begun && slots_.front().stream.events()) {
    if (unsent_ == 0 && passed(last_output_nanos_, kEventKeepAliveMillis)) {
      constexpr std::string_view kComment = ": keep-alive\n\n";
      backlog_->waiting += kComment.size();
      FlushChunk(slots_.front(), kComment);
      return true;
    }
  } else if (phase_ == Phase::kBody) {
    if (slots_.empty() && passed(started_nanos_, kBodyGraceMillis)) {
      const double seconds = static_cast<double>(now - started_nanos_) / 1e9;
      const double least = seconds * static_cast<double>(service_.limits.min_body_bytes_per_second);
      if (static_cast<double>(request_.body.size()) < least) {
        Refuse({408, "the body comes too slowly"});
        return true;
      }
    }
  } else if (phase_ == Phase::kHead && head_started_nanos_ != 0) {
    if (slots_.empty() && passed(head_started_nanos_, service_.limits.header_millis)) {
      Refuse({408, "the request head comes too slowly"});
      return true;
    }
  } else if (phase_ == Phase::kHead && slots_.empty() && unsent_ == 0 &&
             passed(last_input_nanos_, service_.limits.idle_millis)) {
    Stop();
    return true;
  }
  return false;
}

}  // namespace weir::net
