#include "net/http1_connection.h"

#include <algorithm>
#include <utility>

#include "net/response_text.h"
#include "net/text.h"

namespace weir::net {
Http1Connection::Http1Connection(const ConnectionSite& site)
    : service_(site.service),
      date_(site.date),
      admission_(site),
      backlog_(std::make_shared<StreamBacklog>()),
      last_input_nanos_(site.service.clock.MonotonicNanos()),
      last_output_nanos_(last_input_nanos_) {}

bool Http1Connection::Paused() const {
  return elsewhere_ || slots_.size() >= admission_.max_waiting() ||
         admission_.unsent() >= kMaxUnsentBytes;
}

bool Http1Connection::wants_read() const {
  return !ended_ && !aborted_ && !behind_ && (phase_ == Phase::kStopped || !Paused());
}

bool Http1Connection::finished() const {
  return aborted_ || (phase_ == Phase::kStopped && slots_.empty());
}

void Http1Connection::OnBytes(std::string_view bytes) {
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

void Http1Connection::OnEnd() {
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

void Http1Connection::Stop() {
  phase_ = Phase::kStopped;
  behind_ = false;
  input_.clear();
}

void Http1Connection::OnDrain() {
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

void Http1Connection::Parse(std::string_view& input) {
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

bool Http1Connection::ParseOneHead(std::string_view& input) {
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
  incoming_.started_nanos = last_input_nanos_;
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

void Http1Connection::StartRequest(const RequestHead& head) {
  chunks_ = !head.http_1_0;
  close_ = !head.keep_alive;
  body_.Start(head, std::max(service_.limits.max_body_bytes, kMaxDiscardedBytes));
  continue_pending_ = head.expect_continue && !body_.done();
  if (auto refused = admission_.Admit(head, incoming_)) {
    return Deny(std::move(*refused));
  }
  body_.Start(head, incoming_.max_body_bytes);
  phase_ = Phase::kBody;
  FlushReady();
}

void Http1Connection::Deny(Response response) {
  if (body_.done()) {
    return AnswerEarly(std::move(response), true);
  }
  // A client that waits for "100 Continue" may or may not send the body now.
  if (continue_pending_ || body_.remaining() > kMaxDiscardedBytes) {
    return AnswerEarly(std::move(response), false);
  }
  denied_ = std::move(response);
  discarded_bytes_ = 0;
  incoming_.Release();
  phase_ = Phase::kBody;
}

bool Http1Connection::ParseBody(std::string_view& input) {
  if (!body_.done()) {
    if (input.empty()) {
      return false;
    }
    continue_pending_ = false;
    const auto taken = body_.Consume(input, incoming_.request.body);
    if (!taken) {
      Refuse(taken.error());
      return false;
    }
    input.remove_prefix(*taken);
    if (denied_) {
      return DiscardBody();
    }
    if (auto refused = admission_.HoldBody(incoming_)) {
      Deny(std::move(*refused));
      return phase_ == Phase::kHead;
    }
    if (!body_.done()) {
      return false;
    }
  }
  Dispatch();
  return true;
}

bool Http1Connection::DiscardBody() {
  discarded_bytes_ += std::exchange(incoming_.request.body, {}).size();
  if (!body_.done() && discarded_bytes_ <= kMaxDiscardedBytes) {
    return false;
  }
  AnswerEarly(std::move(*denied_), body_.done());
  return true;
}

Http1Connection::Slot& Http1Connection::AddSlot() {
  Slot& slot = slots_.emplace_back();
  slot.id = next_slot_++;
  slot.pending = admission_.Begin(incoming_);
  slot.chunks = chunks_;
  slot.close = close_;
  return slot;
}

void Http1Connection::Refuse(const Refusal& refusal) {
  if (phase_ == Phase::kHead) {
    incoming_.started_nanos = last_input_nanos_;
    incoming_.head_only = false;
    incoming_.route = nullptr;
  }
  AnswerEarly(RefusalResponse(refusal.status, refusal.message), false);
}

void Http1Connection::AnswerEarly(Response response, bool reusable) {
  close_ = close_ || !reusable;
  continue_pending_ = false;
  denied_.reset();
  Slot& slot = AddSlot();
  slot.response = std::move(response);
  slot.ready = true;
  phase_ = Phase::kHead;
  linger_ = linger_ || !reusable;
  incoming_.Release();
  if (close_) {
    Stop();
  }
  FlushReady();
}

void Http1Connection::Dispatch() {
  if (auto refused = admission_.TakeShares(incoming_)) {
    return AnswerEarly(std::move(*refused), true);
  }
  phase_ = Phase::kHead;
  Slot& slot = AddSlot();
  incoming_.request.request_id = slot.pending.request_id;
  if (close_) {
    phase_ = Phase::kStopped;
  }
  admission_.Dispatch(incoming_, slot.pending, slot.id, backlog_);
  elsewhere_ = slot.pending.place != nullptr;
}

Http1Connection::Slot* Http1Connection::FindSlot(uint64_t id) {
  const uint64_t first = slots_.empty() ? next_slot_ : slots_.front().id;
  return id < first || id - first >= slots_.size() ? nullptr : &slots_[id - first];
}

void Http1Connection::OnDelivery(Delivery delivery) {
  Slot* const slot = FindSlot(delivery.slot);
  if (slot == nullptr) {
    return backlog_->Take(delivery.streamed_bytes());
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
        backlog_->Take(delivery.chunk.size());
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

void Http1Connection::EndStream(Slot& slot, bool whole) {
  if (!slot.ended) {
    slot.ended = true;
    slot.whole = whole;
    slot.close = slot.close || !whole;
    slot.stream.Close();
  }
}

void Http1Connection::FlushReady() {
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
      if (slot.whole && slot.chunks && !slot.pending.head_only) {
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

void Http1Connection::FlushResponse(Slot& slot, bool close) {
  const size_t before = output_.size();
  AppendResponse(slot.response,
                 {.date = *date_,
                  .request_id = slot.pending.request_id,
                  .head_only = slot.pending.head_only,
                  .close = close},
                 output_);
  Answered(slot, output_.size() - before);
}

void Http1Connection::FlushStreamHead(Slot& slot, bool close) {
  const size_t before = output_.size();
  AppendStreamHead(slot.response,
                   {.date = *date_,
                    .request_id = slot.pending.request_id,
                    .head_only = slot.pending.head_only,
                    .close = close},
                   slot.chunks, output_);
  Answered(slot, output_.size() - before);
  slot.begun = true;
  unsent_before_ = admission_.unsent();
  if (slot.pending.head_only) {
    EndStream(slot, true);
  }
  backlog_->Take(slot.response.body.size());
  FlushChunk(slot, std::exchange(slot.response.body, {}));
}

void Http1Connection::FlushChunk(const Slot& slot, std::string_view bytes) {
  if (slot.pending.head_only) {
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

void Http1Connection::Answered(Slot& slot, size_t bytes) {
  NoteAppended(bytes);
  elsewhere_ = elsewhere_ && slot.pending.place == nullptr;
  admission_.Answered(slot.pending, slot.response, static_cast<bool>(slot.stream));
}

void Http1Connection::GoOn() {
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

void Http1Connection::Resume() {
  behind_ = behind_ ||
            (!parsing_ && !Paused() && phase_ != Phase::kStopped && (!input_.empty() || ended_));
}

void Http1Connection::Append(std::string_view bytes) {
  output_.append(bytes);
  NoteAppended(bytes.size());
}

void Http1Connection::NoteAppended(size_t bytes) {
  if (admission_.unsent() == 0) {
    last_output_nanos_ = service_.clock.MonotonicNanos();
  }
  admission_.NoteUnsent(bytes);
  backlog_->unsent = admission_.unsent() - unsent_before_;
}

std::string Http1Connection::TakeOutput() {
  return std::exchange(output_, {});
}

void Http1Connection::OnSent(size_t bytes) {
  const bool was_paused = Paused();
  admission_.NoteSent(bytes);
  last_output_nanos_ = service_.clock.MonotonicNanos();
  unsent_before_ -= std::min(bytes, unsent_before_);
  backlog_->unsent = admission_.unsent() - unsent_before_;
  if (was_paused) {
    Resume();
  }
}

bool Http1Connection::OnTick() {
  const int64_t now = service_.clock.MonotonicNanos();
  const auto passed = [now](int64_t since, int64_t millis) { return Passed(since, millis, now); };
  if (admission_.unsent() > 0 && passed(last_output_nanos_, service_.limits.idle_millis)) {
    aborted_ = true;
    return true;
  } else if (!slots_.empty() && slots_.front().begun && slots_.front().stream.events()) {
    if (admission_.unsent() == 0 && passed(last_output_nanos_, kEventKeepAliveMillis)) {
      FlushChunk(slots_.front(), kEventKeepAlive);
      return true;
    }
  } else if (phase_ == Phase::kBody) {
    auto slow = slots_.empty() ? admission_.TooSlow(incoming_, now) : std::nullopt;
    if (slow) {
      AnswerEarly(std::move(*slow), false);
      return true;
    }
  } else if (phase_ == Phase::kHead && head_started_nanos_ != 0) {
    if (slots_.empty() && passed(head_started_nanos_, service_.limits.header_millis)) {
      Refuse({408, "the request head comes too slowly"});
      return true;
    }
  } else if (phase_ == Phase::kHead && slots_.empty() && admission_.unsent() == 0 &&
             passed(last_input_nanos_, service_.limits.idle_millis)) {
    Stop();
    return true;
  }
  return false;
}

}  // namespace weir::net
