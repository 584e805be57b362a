#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/answer.h"
#include "net/mailbox.h"
#include "net/request_parser.h"
#include "net/service.h"

namespace weir::net {

// One HTTP/1.1 connection without its socket: bytes come in, requests go to handlers, answers come
// back in any order through the mailbox, bytes go out in the order of the requests. Whoever moves
// the bytes (plain TCP now, TLS later) calls it from one thread.
//
//   OnBytes ─▶ head ─▶ body ─▶ handler ┄┄▶ mailbox ┄┄▶ OnDelivery ─▶ slot (waits for its turn) ─▶
//   output
class Connection {
 public:
  // Requests that one connection may have waiting for answers; further ones stay unread. It begins
  // with few and is given more while the answers are small.
  static constexpr size_t kMaxPipelined = 64;
  static constexpr size_t kFirstPipelined = 8;
  static constexpr size_t kSmallAnswerBytes = 64 << 10;
  // Requests of one connection that are begun in a row, before other connections get their turn,
  // and the time after which no further one is begun.
  static constexpr size_t kRequestsPerTurn = 8;
  static constexpr int64_t kTurnNanos = 500'000;
  // Reading pauses while this much output waits for the client.
  static constexpr size_t kMaxUnsentBytes = 1 << 20;
  // After a refusal the rest of what the client sends is read for so long, or the answer could be
  // lost in a reset.
  static constexpr int64_t kLingerMillis = 2'000;
  // The largest body of a refused request that is read, so that the connection can go on.
  static constexpr size_t kMaxDiscardedBytes = 64 << 10;
  static constexpr int64_t kBodyGraceMillis = 20'000;
  static constexpr int64_t kEventKeepAliveMillis = 10'000;

  // `remote` is the client's address and port.
  Connection(Service& service, std::shared_ptr<Mailbox> mailbox, uint64_t id, std::string remote);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void OnBytes(std::string_view bytes);
  // The client sends no more; what it asked is still answered.
  void OnEnd();
  void OnDelivery(Delivery delivery);
  // Applies the time limits. Called a few times a second. True when one was passed, so that there
  // is something to send or to close.
  bool OnTick();
  // The server stops: no further requests.
  void OnDrain();

  // `date` of the responses from now on; must stay valid.
  void set_date(const std::string* date) { date_ = date; }

  // Output that is ready to be sent, or "".
  std::string TakeOutput();
  void OnSent(size_t bytes);

  // More requests are there than fitted in this turn, or than could wait for answers: GoOn is due
  // when the others had their turn.
  bool behind() const { return behind_; }

  void GoOn();

  // Whose turns those of this connection are: its address's.
  const Client* owner() const { return address_client_.get(); }

  bool wants_read() const;
  // No more output will come; once all is sent, close.
  bool finished() const;

  // Close only after reading on for kLingerMillis.
  bool lingers() const { return linger_; }

  // Close at once: the client reads nothing, or came to a time limit between requests.
  bool aborted() const { return aborted_; }

 private:
  enum class Phase : uint8_t { kHead, kBody, kStopped };

  // What one request holds of the server until it is answered.
  struct Shares {
    Share request;
    Share job;
    Share body;
  };

  // A request that waits for its answer, or an answer that waits for its turn.
  struct Slot {
    uint64_t id = 0;
    RouteMetrics* metrics = nullptr;
    std::string request_id;
    int64_t started_nanos = 0;
    Shares shares;
    bool head_only = false;
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
  void BuildRequest(const RequestHead& head, Target target, Router::Match match);
  std::optional<Response> Inadmissible(const RequestHead& head) const;
  // Whose shares the request at hand will take; the answer when there is too much already.
  std::optional<Response> FindShares();
  std::optional<Response> TakeShares();
  std::optional<Response> Overload(Quota::Verdict verdict, std::string_view what, size_t limit);
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
  // `bytes` have been counted as waiting.
  void FlushChunk(const Slot& slot, std::string_view bytes);
  void Answered(Slot& slot, size_t bytes);
  // Goes on with what was read while the connection was paused.
  void Resume();
  void Append(std::string_view bytes);
  void NoteAppended(size_t bytes);
  void Stop();

  Service& service_;
  const std::shared_ptr<Mailbox> mailbox_;
  const uint64_t id_;
  const std::string remote_;
  const std::shared_ptr<Client> address_client_;
  std::shared_ptr<Client> client_;  // Of the request at hand.
  std::string client_name_;         // "" for address_client_.
  const std::string* date_ = nullptr;

  Phase phase_ = Phase::kHead;
  std::string input_;  // Read, not yet parsed.
  HeadScanner scanner_;
  BodyReader body_;
  Request request_;  // The one being read.
  RouteEntry* route_ = nullptr;
  bool head_only_ = false;
  bool chunks_ = true;
  bool close_ = false;
  bool continue_pending_ = false;
  std::optional<Response> denied_;  // The answer once the body has been thrown away.
  size_t discarded_bytes_ = 0;
  Shares shares_;
  int64_t started_nanos_ = 0;

  std::deque<Slot> slots_;
  size_t max_pipelined_ = kFirstPipelined;
  uint64_t next_slot_ = 0;

  std::string output_;
  size_t unsent_ = 0;  // In output_ and taken, not yet sent.
  const std::shared_ptr<StreamBacklog> backlog_;
  size_t unsent_before_ = 0;  // Of unsent_, what came before the current stream.

  int64_t last_input_nanos_;
  int64_t last_output_nanos_;
  int64_t head_started_nanos_ = 0;  // 0 while no byte of a head is there.
  bool parsing_ = false;            // input_ is in use.
  bool behind_ = false;
  bool ended_ = false;
  bool linger_ = false;
  bool aborted_ = false;
};

}  // namespace weir::net
