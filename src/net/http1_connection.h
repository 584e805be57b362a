#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/admission.h"
#include "net/answer.h"
#include "net/connection.h"
#include "net/mailbox.h"
#include "net/request_parser.h"
#include "net/service.h"

namespace weir::net {

// One HTTP/1.1 connection: answers go out in the order of the requests.
//
//   OnBytes ─▶ head ─▶ body ─▶ handler ┄┄▶ mailbox ┄┄▶ OnDelivery ─▶ slot (waits for its turn) ─▶
//   output
class Http1Connection : public Connection {
 public:
  explicit Http1Connection(const ConnectionSite& site);
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;

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

  bool lingers() const override { return linger_; }

  bool aborted() const override { return aborted_; }

 private:
  enum class Phase : uint8_t { kHead, kBody, kStopped };

  // A request that waits for its answer, or an answer that waits for its turn.
  struct Slot {
    uint64_t id = 0;
    Pending pending;
    bool chunks = true;  // The client understands chunked bodies.
    bool close = false;
    bool ready = false;  // `response` is there, whole or as the head of a stream.
    bool begun = false;  // Of a stream: the head is in the output.
    bool ended = false;  // Of a stream: nothing more comes.
    bool whole = true;   // Of a stream that ended.
    Response response;   // The body of a stream that waits for its turn grows.
    StreamHold stream;
  };

  bool Paused() const;
  void Parse(std::string_view& input);
  // False when more bytes are needed.
  bool ParseOneHead(std::string_view& input);
  bool ParseBody(std::string_view& input);
  void StartRequest(const RequestHead& head);
  // Answers the request whose head was read without serving it: a small body is read and thrown
  // away first, with a large one the connection ends.
  void Deny(Response response);
  bool DiscardBody();
  void Dispatch();

  Slot& AddSlot();
  Slot* FindSlot(uint64_t id);
  void EndStream(Slot& slot, bool whole);
  void Refuse(const Refusal& refusal);
  // Answers the request at hand by itself; unless `reusable`, the connection is closed after it.
  void AnswerEarly(Response response, bool reusable);
  void FlushReady();
  void FlushResponse(Slot& slot, bool close);
  void FlushStreamHead(Slot& slot, bool close);
  void FlushChunk(const Slot& slot, std::string_view bytes);
  void Answered(Slot& slot, size_t bytes);
  // Goes on with what was read while the connection was paused.
  void Resume();
  void Append(std::string_view bytes);
  void NoteAppended(size_t bytes);
  void Stop();

  Service& service_;
  const std::string* const date_;
  Admission admission_;

  Phase phase_ = Phase::kHead;
  std::string input_;  // Read, not yet parsed.
  HeadScanner scanner_;
  BodyReader body_;
  Incoming incoming_;  // The request being read.
  bool chunks_ = true;
  bool close_ = false;
  bool continue_pending_ = false;
  std::optional<Response> denied_;  // The answer once the body has been thrown away.
  size_t discarded_bytes_ = 0;

  std::deque<Slot> slots_;
  uint64_t next_slot_ = 0;

  std::string output_;
  const std::shared_ptr<StreamBacklog> backlog_;
  size_t unsent_before_ = 0;  // Of what is unsent, came before the current stream.

  int64_t last_input_nanos_;
  int64_t last_output_nanos_;
  int64_t head_started_nanos_ = 0;  // 0 while no byte of a head is there.
  bool elsewhere_ = false;  // Another thread runs the last request: the next one waits, so that
                            // they take effect in their order.
  bool parsing_ = false;    // input_ is in use.
  bool behind_ = false;
  bool ended_ = false;
  bool linger_ = false;
  bool aborted_ = false;
};

}  // namespace weir::net
