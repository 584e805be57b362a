#include "net/http2_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/response_fields.h"

namespace weir::net {
namespace {

// Fed to the session between two looks at the clock.
constexpr size_t kFeedBytes = 16 << 10;
// Output that is made ahead of the socket.
constexpr size_t kOutputBytes = 256 << 10;
// Frames that carry nothing, and resets: so many at once, and so many a second. A frame of an
// answer gives some back, because clients say often that they have room.
constexpr double kMaxIdleFrames = 1'000;
constexpr double kIdleFramesPerSecond = 200;
constexpr double kFramesPerDataFrame = 4;
constexpr double kMaxResets = 200;
constexpr double kResetsPerSecond = 20;
// How long the client is waited for when it shall say what it has sent before it heard of the end.
constexpr int kDrainTicks = 4;

std::string_view NameOf(Http2Frame frame) {
  switch (frame) {
    case Http2Frame::kUseful:
      return "useful";
    case Http2Frame::kWindowUpdate:
      return "window_update";
    case Http2Frame::kReset:
      return "reset";
    case Http2Frame::kPing:
      return "ping";
    case Http2Frame::kSettings:
      return "settings";
    case Http2Frame::kPriority:
      return "priority";
    case Http2Frame::kGoAway:
      return "goaway";
    case Http2Frame::kEmptyData:
      return "empty_data";
    case Http2Frame::kClosedStream:
      return "closed_stream";
    case Http2Frame::kContinuation:
      return "continuation";
  }
  return "";
}

}  // namespace

Http2Connection::Http2Connection(const ConnectionSite& site)
    : service_(site.service),
      date_(site.date),
      admission_(site),
      session_(*this, site.service.limits.max_header_bytes),
      backlog_(std::make_shared<StreamBacklog>()),
      frames_(kMaxIdleFrames, kIdleFramesPerSecond, site.service.clock.MonotonicNanos()),
      resets_(kMaxResets, kResetsPerSecond, site.service.clock.MonotonicNanos()),
      last_request_nanos_(site.service.clock.MonotonicNanos()),
      last_output_nanos_(last_request_nanos_),
      head_started_nanos_(last_request_nanos_) {}

bool Http2Connection::wants_read() const {
  return !ended_ && !aborted_ && !behind_;
}

bool Http2Connection::finished() const {
  if (aborted_) {
    return true;
  }
  // A client that says goodbye closes by itself, when it has read what came.
  const bool said = given_up_ || last_goaway_;
  const bool over = (said && !session_.wants_read()) || (ended_ && !behind_ && streams_.empty());
  return over && !session_.wants_write();
}

Http2Connection::Stream* Http2Connection::Find(int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

bool Http2Connection::Paused() const {
  return running_ >= admission_.max_waiting() || answer_bytes_ >= kMaxUnsentBytes;
}

void Http2Connection::OnBytes(std::string_view bytes) {
  if (given_up_) {
    return;
  }
  if (behind_) {
    input_.append(bytes);
    return;
  }
  TakeTurn(bytes);
  input_.assign(bytes);
}

void Http2Connection::GoOn() {
  behind_ = false;
  if (given_up_) {
    return input_.clear();
  }
  const std::string waiting = std::exchange(input_, {});
  std::string_view rest = waiting;
  TakeTurn(rest);
  input_.insert(0, rest);
  if (ended_ && !behind_) {
    ResetHalfRequests();
  }
}

void Http2Connection::TakeTurn(std::string_view& input) {
  const int64_t until = service_.clock.MonotonicNanos() + kTurnNanos;
  size_t begun = 0;
  heads_ = 0;
  for (;;) {
    while (!waiting_.empty() && !Paused()) {
      if (begun >= kRequestsPerTurn || (begun > 0 && service_.clock.MonotonicNanos() > until)) {
        behind_ = true;
        return;
      }
      ++begun;
      BeginRequest(waiting_.front());
    }
    if (input.empty()) {
      return;
    }
    if (heads_ >= kRequestsPerTurn || service_.clock.MonotonicNanos() > until) {
      behind_ = true;
      return;
    }
    std::string_view some = input.substr(0, kFeedBytes);
    const size_t size = some.size();
    session_.Feed(some);
    input.remove_prefix(size - some.size());
    if (given_up_) {
      input = {};
      return;
    }
  }
}

void Http2Connection::OnEnd() {
  ended_ = true;
  // Events have no end that the client could wait for: it is gone.
  for (auto& [id, stream] : streams_) {
    if (stream.hold.events()) {
      aborted_ = true;
    }
  }
  if (!behind_) {
    ResetHalfRequests();
  }
}

void Http2Connection::ResetHalfRequests() {
  for (const auto& [id, stream] : streams_) {
    if (stream.phase == Phase::kHead || stream.phase == Phase::kBody) {
      session_.Reset(id, Http2Error::kCancel);
    }
  }
}

void Http2Connection::Charge(FrameAllowance& allowance, std::string_view what) {
  if (!allowance.Use(1, service_.clock.MonotonicNanos())) {
    GiveUp(what, Http2Error::kEnhanceYourCalm);
  }
}

void Http2Connection::GiveUp(std::string_view why, Http2Error error) {
  if (!std::exchange(given_up_, true)) {
    CountGoAway(why);
    session_.Fail(error);
  }
}

void Http2Connection::CountGoAway(std::string_view why) {
  if (service_.metrics != nullptr) {
    service_.metrics
        ->GetCounter("weir_http2_connections_ended_total",
                     "HTTP/2 connections that the server ended, by the reason.",
                     {{"why", std::string(why)}})
        .Add();
  }
}

void Http2Connection::OnFrame(Http2Frame frame) {
  if (!std::exchange(begun_, true)) {
    head_started_nanos_ = 0;
  }
  if (frame == Http2Frame::kReset) {
    Charge(resets_, NameOf(frame));
  } else if (frame != Http2Frame::kUseful) {
    Charge(frames_, NameOf(frame));
  }
}

void Http2Connection::OnMisuse(int32_t id) {
  head_started_nanos_ = 0;  // A malformed head comes to no other end.
  ChargeMisuse(Find(id));
}

void Http2Connection::ChargeMisuse(Stream* stream) {
  if (stream != nullptr) {
    stream->misused = true;
  }
  Charge(resets_, "misuse");
}

void Http2Connection::OnHeadBegins(int32_t id) {
  const int64_t now = service_.clock.MonotonicNanos();
  head_started_nanos_ = last_request_nanos_ = now;
  Stream& stream = streams_[id];
  stream.incoming.started_nanos = now;
  stream.progress_nanos = now;
}

void Http2Connection::OnTrailerBegins() {
  trailer_bytes_ = 0;
}

Http2Events::Verdict Http2Connection::OnField(int32_t id, std::string_view name,
                                              std::string_view value) {
  Stream* const stream = Find(id);
  if (given_up_ || stream == nullptr) {
    return Verdict::kGoOn;
  }
  if (!stream->head.Add(name, value, service_.limits.max_header_bytes)) {
    GiveUp("header_list", Http2Error::kEnhanceYourCalm);
    return Verdict::kFail;
  }
  return heads_ >= kRequestsPerTurn ? Verdict::kPause : Verdict::kGoOn;
}

Http2Events::Verdict Http2Connection::OnTrailerField(std::string_view name,
                                                     std::string_view value) {
  trailer_bytes_ += name.size() + value.size();
  if (trailer_bytes_ > service_.limits.max_header_bytes) {
    GiveUp("header_list", Http2Error::kEnhanceYourCalm);
    return Verdict::kFail;
  }
  return Verdict::kGoOn;
}

void Http2Connection::OnHead(int32_t id) {
  head_started_nanos_ = 0;
  ++heads_;
  Stream* const stream = Find(id);
  if (stream == nullptr || given_up_) {
    return;
  }
  Http2Head text = std::exchange(stream->head, {});
  const auto head = text.Finish(service_.limits.max_header_bytes);
  stream->phase = Phase::kBody;
  stream->incoming.head_bytes = text.held_bytes();
  if (!head) {
    stream->incoming.head_only = text.method() == "HEAD";
    return Deny(id, *stream, RefusalResponse(head.error().status, head.error().message));
  }
  if (auto refused = admission_.Admit(*head, stream->incoming)) {
    return Deny(id, *stream, std::move(*refused));
  }
  if (head->expect_continue) {
    session_.Continue(id);
  }
}

void Http2Connection::OnData(int32_t id, std::string_view bytes) {
  session_.GiveRoom(id, bytes.size());
  Stream* const stream = Find(id);
  if (stream == nullptr) {
    return;
  }
  if (stream->phase != Phase::kBody) {
    stream->discarded += bytes.size();
    return ResetIfAnswered(id, *stream);
  }
  Incoming& incoming = stream->incoming;
  incoming.request.body.append(bytes);
  if (auto refused = admission_.HoldBody(incoming)) {
    Deny(id, *stream, std::move(*refused));
  }
}

void Http2Connection::OnRequestEnd(int32_t id) {
  Stream* const stream = Find(id);
  if (stream == nullptr) {
    return;
  }
  stream->request_ended = true;
  if (stream->phase == Phase::kBody) {
    stream->phase = Phase::kWaiting;
    waiting_.push_back(id);
  }
}

void Http2Connection::BeginRequest(int32_t id) {
  waiting_.pop_front();
  Stream& stream = streams_.at(id);
  if (auto refused = admission_.TakeShares(stream.incoming)) {
    return Deny(id, stream, std::move(*refused));
  }
  stream.phase = Phase::kRunning;
  stream.pending = admission_.Begin(stream.incoming);
  stream.incoming.request.request_id = stream.pending.request_id;
  stream.backlog = std::make_shared<StreamBacklog>();
  stream.backlog->all = backlog_;
  ++running_;
  admission_.Dispatch(stream.incoming, stream.pending, static_cast<uint64_t>(id), stream.backlog);
}

void Http2Connection::Deny(int32_t id, Stream& stream, Response response) {
  stream.pending = admission_.Begin(stream.incoming);
  stream.incoming.Release();
  Answer(id, stream, std::move(response));
}

void Http2Connection::Answer(int32_t id, Stream& stream, Response response) {
  const bool streamed = stream.streamed();
  admission_.Answered(stream.pending, response, streamed);
  stream.phase = Phase::kAnswered;
  stream.progress_nanos = service_.clock.MonotonicNanos();
  const bool has_body = !stream.pending.head_only &&
                        (streamed || (!IsBodiless(response.status) && !response.body.empty()));
  stream.ended = !streamed || !has_body;
  session_.Answer(
      id,
      Http2Fields(response, {.date = *date_, .request_id = stream.pending.request_id}, !streamed),
      has_body);
  if (!has_body) {
    stream.hold.Close();
  } else if (!response.body.empty()) {
    AddBody(id, stream, std::move(response.body));
  }
}

void Http2Connection::AddBody(int32_t id, Stream& stream, std::string bytes) {
  const size_t size = bytes.size();
  if (stream.waiting_bytes() == 0) {
    stream.body = std::move(bytes);
    stream.taken = 0;
    stream.progress_nanos = service_.clock.MonotonicNanos();
  } else {
    stream.body.append(bytes);
  }
  admission_.NoteUnsent(size);
  NoteWaiting(stream, size);
  if (stream.streamed()) {
    session_.Resume(id);
    if (streamed_bytes_ > kMaxStreamedBytes) {
      CutLargest();
    }
  }
}

size_t Http2Connection::ReadBody(int32_t id, char* into, size_t size, bool& end) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->cut) {
    return 0;
  }
  const size_t some = std::min(size, stream->waiting_bytes());
  stream->body.copy(into, some, stream->taken);
  stream->taken += some;
  stream->progress_nanos = service_.clock.MonotonicNanos();
  payload_ += some;
  NoteTaken(*stream, some);
  end = stream->ended && stream->waiting_bytes() == 0;
  if (stream->waiting_bytes() == 0) {
    std::string().swap(stream->body);
    stream->taken = 0;
  } else if (stream->taken > stream->body.size() / 2) {
    // Not erased: what is counted no longer is not to be held either.
    stream->body = stream->body.substr(std::exchange(stream->taken, 0));
  }
  return some;
}

void Http2Connection::EndAnswer(int32_t id, Stream& stream, bool whole) {
  if (stream.ended) {
    return;
  }
  if (!whole) {
    return Cut(id, stream, Http2Error::kInternal);
  }
  stream.ended = true;
  stream.hold.Close();
  session_.Resume(id);
}

void Http2Connection::Cut(int32_t id, Stream& stream, Http2Error error) {
  stream.ended = true;
  stream.cut = true;
  stream.hold.Close();
  DropBody(stream);
  session_.Reset(id, error);
}

void Http2Connection::DropBody(Stream& stream) {
  const size_t rest = stream.waiting_bytes();
  std::string().swap(stream.body);
  stream.taken = 0;
  NoteTaken(stream, rest);
  admission_.NoteSent(rest);
}

void Http2Connection::NoteWaiting(const Stream& stream, size_t bytes) {
  if (!stream.streamed()) {
    answer_bytes_ += bytes;
    return;
  }
  streamed_bytes_ += bytes;
  backlog_->unsent = streamed_bytes_;
  stream.backlog->unsent = stream.waiting_bytes();
}

void Http2Connection::NoteTaken(const Stream& stream, size_t bytes) {
  if (!stream.streamed()) {
    answer_bytes_ -= bytes;
    return;
  }
  streamed_bytes_ -= bytes;
  backlog_->unsent = streamed_bytes_;
  stream.backlog->unsent = stream.waiting_bytes();
}

void Http2Connection::OnDelivery(Delivery delivery) {
  const auto id = static_cast<int32_t>(delivery.slot);
  Stream* const stream = Find(id);
  (stream != nullptr ? stream->backlog : backlog_)->Take(delivery.streamed_bytes());
  if (stream == nullptr) {
    return;
  }
  if (stream->phase == Phase::kRunning) {
    --running_;
    behind_ = behind_ || !waiting_.empty();
    if (stream->gone) {
      admission_.Answered(stream->pending, delivery.response, false);
      streams_.erase(id);
      return;
    }
  }
  switch (delivery.kind) {
    case Delivery::Kind::kResponse:
      return Answer(id, *stream, std::move(delivery.response));
    case Delivery::Kind::kStreamHead:
      stream->hold = std::move(delivery.stream);
      Answer(id, *stream, std::move(delivery.response));
      if (service_.draining && stream->hold.events()) {
        EndAnswer(id, *stream, true);
      }
      return;
    case Delivery::Kind::kChunk:
      if (!stream->ended) {
        AddBody(id, *stream, std::move(delivery.chunk));
      }
      return;
    case Delivery::Kind::kStreamEnd:
    case Delivery::Kind::kStreamCut:
      return EndAnswer(id, *stream, delivery.kind == Delivery::Kind::kStreamEnd);
    case Delivery::Kind::kStreamOverflow:
      return Cut(id, *stream, Http2Error::kEnhanceYourCalm);
  }
}

void Http2Connection::CutLargest() {
  const auto largest =
      std::max_element(streams_.begin(), streams_.end(), [](const auto& a, const auto& b) {
        const auto held = [](const Stream& stream) {
          return stream.streamed() && !stream.cut ? stream.waiting_bytes() : 0;
        };
        return held(a.second) < held(b.second);
      });
  Cut(largest->first, largest->second, Http2Error::kEnhanceYourCalm);
}

void Http2Connection::OnAnswered(int32_t id) {
  if (Stream* const stream = Find(id)) {
    stream->sent = true;
    ResetIfAnswered(id, *stream);
  }
}

void Http2Connection::ResetIfAnswered(int32_t id, const Stream& stream) {
  if (stream.sent && !stream.request_ended && stream.discarded > kMaxDiscardedBytes) {
    session_.Reset(id, Http2Error::kNone);
  }
}

void Http2Connection::OnStreamClosed(int32_t id) {
  Stream* const stream = Find(id);
  if (stream == nullptr) {
    return;
  }
  last_request_nanos_ = service_.clock.MonotonicNanos();
  DropBody(*stream);
  if (stream->phase == Phase::kRunning) {
    stream->gone = true;  // Its handler goes on: the request counts until it is done.
    return;
  }
  if (stream->phase == Phase::kWaiting) {
    std::erase(waiting_, id);
  }
  streams_.erase(id);
  behind_ = behind_ || (!waiting_.empty() && !Paused());
}

void Http2Connection::OnDataSent() {
  frames_.GiveBack(kFramesPerDataFrame);
}

void Http2Connection::OnResetSent(int32_t id, uint32_t error) {
  // A body of another length than was said is no misuse of a frame.
  Stream* const stream = Find(id);
  if (stream != nullptr && !stream->misused &&
      error == static_cast<uint32_t>(Http2Error::kProtocol)) {
    ChargeMisuse(stream);
  }
  if (service_.metrics != nullptr) {
    service_.metrics
        ->GetCounter("weir_http2_resets_total", "HTTP/2 streams that the server cut, by the code.",
                     {{"code", std::string(Http2ErrorName(error))}})
        .Add();
  }
}

void Http2Connection::OnGoAwaySent(uint32_t error) {
  if (error != 0 && !std::exchange(given_up_, true)) {
    CountGoAway(Http2ErrorName(error));
  }
}

std::string Http2Connection::TakeOutput() {
  std::string output;
  while (output.size() < kOutputBytes) {
    payload_ = 0;
    const std::string_view frame = session_.Take();
    if (frame.empty()) {
      break;
    }
    if (in_output_ == 0) {
      last_output_nanos_ = service_.clock.MonotonicNanos();
    }
    CHECK(payload_ <= frame.size());
    output.append(frame);
    in_output_ += frame.size();
    admission_.NoteUnsent(frame.size() - payload_);
  }
  behind_ = behind_ || (!waiting_.empty() && !Paused());
  return output;
}

void Http2Connection::OnSent(size_t bytes) {
  in_output_ -= bytes;
  admission_.NoteSent(bytes);
  last_output_nanos_ = service_.clock.MonotonicNanos();
}

void Http2Connection::OnPong() {
  if (draining_ && !std::exchange(last_goaway_, true)) {
    session_.FinishGoAway();
  }
}

void Http2Connection::OnDrain() {
  if (std::exchange(draining_, true)) {
    return;
  }
  for (auto& [id, stream] : streams_) {
    if (stream.streamed()) {
      EndAnswer(id, stream, stream.hold.events());
    }
  }
  session_.BeginGoAway();
}

bool Http2Connection::TickStream(int32_t id, Stream& stream, int64_t now) {
  if (stream.phase == Phase::kBody) {
    if (auto slow = admission_.TooSlow(stream.incoming, now)) {
      Deny(id, stream, std::move(*slow));
      return true;
    }
  } else if (stream.phase == Phase::kAnswered) {
    if (stream.sent) {
      if (!stream.request_ended && Passed(stream.progress_nanos, kLingerMillis, now)) {
        session_.Reset(id, Http2Error::kNone);
        return true;
      }
    } else if (stream.waiting_bytes() > 0) {
      if (Passed(stream.progress_nanos, service_.limits.idle_millis, now)) {
        Cut(id, stream, Http2Error::kCancel);
        return true;
      }
    } else if (stream.hold.events() && !stream.ended &&
               Passed(stream.progress_nanos, kEventKeepAliveMillis, now)) {
      AddBody(id, stream, std::string(kEventKeepAlive));
      return true;
    }
  }
  return false;
}

bool Http2Connection::OnTick() {
  const int64_t now = service_.clock.MonotonicNanos();
  if (in_output_ > 0 && Passed(last_output_nanos_, service_.limits.idle_millis, now)) {
    aborted_ = true;
    return true;
  }
  if (head_started_nanos_ != 0 && !given_up_ &&
      Passed(head_started_nanos_, service_.limits.header_millis, now)) {
    GiveUp("slow_head", Http2Error::kEnhanceYourCalm);
    return true;
  }
  bool any = false;
  for (auto& [id, stream] : streams_) {
    any = TickStream(id, stream, now) || any;
  }
  if (draining_ && !last_goaway_ && ++drain_ticks_ >= kDrainTicks) {
    OnPong();
    any = true;
  }
  if (begun_ && !draining_ && !given_up_ && streams_.empty() &&
      Passed(last_request_nanos_, service_.limits.idle_millis, now)) {
    OnDrain();
    any = true;
  }
  return any;
}

}  // namespace weir::net
