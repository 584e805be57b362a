#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/admission.h"
#include "net/answer.h"
#include "net/connection.h"
#include "net/frame_allowance.h"
#include "net/http2_head.h"
#include "net/http2_session.h"
#include "net/service.h"

namespace weir::net {

// One HTTP/2 connection: answers go out as they come, streams take turns frame by frame.
//
//   OnBytes ─▶ session ─▶ head ─▶ body ─▶ waiting ─▶ handler ┄┄▶ mailbox ┄┄▶ OnDelivery ─▶ stream
//                                                                     stream ─▶ session ─▶ output
class Http2Connection : public Connection, private Http2Events {
 public:
  // Streamed answers of all streams that the client has not taken; beyond, the stream that holds
  // most of them is cut.
  static constexpr size_t kMaxStreamedBytes = kMaxFullStreams * kMaxQueuedStreamBytes;

  explicit Http2Connection(const ConnectionSite& site);
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  void OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  void OnDelivery(Delivery delivery) override;
  bool OnTick() override;
  void OnDrain() override;
  std::string TakeOutput() override;
  void OnSent(size_t bytes) override;

  bool behind() const override { return behind_; }

  void GoOn() override;

  const Client* owner() const override { return admission_.owner(); }

  bool wants_read() const override;
  bool finished() const override;

  // Frames of the client may be unread, however the connection ends.
  bool lingers() const override { return true; }

  bool aborted() const override { return aborted_; }

 private:
  enum class Phase : uint8_t {
    kHead,
    kBody,
    kWaiting,   // Whole, not yet begun.
    kRunning,   // At its handler.
    kAnswered,  // The head of the answer is there.
  };

  struct Stream {
    Phase phase = Phase::kHead;
    Http2Head head;
    Incoming incoming;
    Pending pending;
    std::shared_ptr<StreamBacklog> backlog;
    StreamHold hold;   // Of a streamed answer.
    std::string body;  // Of the answer; from `taken` on it is not in the output.
    size_t taken = 0;
    bool ended = false;  // Nothing follows what `body` has.
    bool cut = false;    // The client is told that no more comes, and that it is not whole.
    bool request_ended = false;
    bool sent = false;           // The answer is in the output, whole.
    bool gone = false;           // For the client; its handler still runs.
    bool misused = false;        // And that has been charged.
    size_t discarded = 0;        // Of a request's body that nobody wants.
    int64_t progress_nanos = 0;  // When the answer last moved.

    bool streamed() const { return static_cast<bool>(hold); }

    size_t waiting_bytes() const { return body.size() - taken; }
  };

  using Streams = std::unordered_map<int32_t, Stream>;

  // Http2Events:
  void OnFrame(Http2Frame frame) override;
  void OnHeadBegins(int32_t id) override;
  Verdict OnField(int32_t id, std::string_view name, std::string_view value) override;
  Verdict OnTrailerField(std::string_view name, std::string_view value) override;
  void OnTrailerBegins() override;
  void OnHead(int32_t id) override;
  void OnData(int32_t id, std::string_view bytes) override;
  void OnRequestEnd(int32_t id) override;
  void OnStreamClosed(int32_t id) override;
  void OnMisuse(int32_t id) override;
  void OnPong() override;
  size_t ReadBody(int32_t id, char* into, size_t size, bool& end) override;
  void OnAnswered(int32_t id) override;
  void OnDataSent() override;
  void OnResetSent(int32_t id, uint32_t error) override;
  void OnGoAwaySent(uint32_t error) override;

  Stream* Find(int32_t id);
  // Reads and begins requests until the input or the turn is at its end.
  void TakeTurn(std::string_view& input);
  bool Paused() const;
  void BeginRequest(int32_t id);
  // Answers a request that is not served.
  void Deny(int32_t id, Stream& stream, Response response);
  // Streamed when `stream` has a hold.
  void Answer(int32_t id, Stream& stream, Response response);
  void AddBody(int32_t id, Stream& stream, std::string bytes);
  void EndAnswer(int32_t id, Stream& stream, bool whole);
  // Ends a stream whose client sends on though it has its answer.
  void ResetIfAnswered(int32_t id, const Stream& stream);
  // Ends an answer that is not whole; what it still held is gone.
  void Cut(int32_t id, Stream& stream, Http2Error error);
  void CutLargest();
  void DropBody(Stream& stream);
  // Bytes of the stream's body begin, and cease, to wait for room in the output.
  void NoteWaiting(const Stream& stream, size_t bytes);
  void NoteTaken(const Stream& stream, size_t bytes);
  bool TickStream(int32_t id, Stream& stream, int64_t now);
  void Charge(FrameAllowance& allowance, std::string_view what);
  void ChargeMisuse(Stream* stream);
  // The client sends no more: what it has begun to ask will never be whole.
  void ResetHalfRequests();
  // Ends the connection; `why` is for the metric.
  void GiveUp(std::string_view why, Http2Error error);
  void CountGoAway(std::string_view why);

  Service& service_;
  const std::string* const date_;
  Admission admission_;
  Http2Session session_;

  std::string input_;  // Read, not yet taken by the session.
  Streams streams_;
  std::deque<int32_t> waiting_;
  size_t running_ = 0;
  size_t answer_bytes_ = 0;                       // Of whole answers, not yet in the output.
  size_t streamed_bytes_ = 0;                     // Of streamed ones.
  const std::shared_ptr<StreamBacklog> backlog_;  // Of those, for their senders.
  size_t heads_ = 0;                              // In this turn.

  size_t in_output_ = 0;  // Taken, not yet sent.
  size_t payload_ = 0;    // Of the frame at hand: what has been counted already.

  FrameAllowance frames_;
  FrameAllowance resets_;
  size_t trailer_bytes_ = 0;
  int64_t last_request_nanos_;
  int64_t last_output_nanos_;
  int64_t head_started_nanos_;  // Of a head, or of the preface; 0 between them.
  int drain_ticks_ = 0;
  bool begun_ = false;  // The preface is there.
  bool draining_ = false;
  bool last_goaway_ = false;
  bool behind_ = false;
  bool ended_ = false;
  bool given_up_ = false;
  bool aborted_ = false;
};

}  // namespace weir::net
