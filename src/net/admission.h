#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/answer.h"
#include "net/connection.h"
#include "net/mailbox.h"
#include "net/request_parser.h"
#include "net/service.h"

namespace weir::net {

// What one request holds of the server until it is answered; `request` until a streamed answer has
// ended, `body` as long as the Request is there besides.
struct Shares {
  Share request;
  std::shared_ptr<Share> body;
};

// A request that is being read.
struct Incoming {
  Request request;
  RouteEntry* route = nullptr;  // Null: it reached none.
  size_t max_body_bytes = 0;    // Of the route.
  Shares shares;
  uint64_t content_length = 0;  // As announced; 0: not.
  size_t head_bytes = 0;  // What it holds besides the body, where many heads wait side by side.
  bool head_only = false;
  int64_t started_nanos = 0;

  // Gives back what the request holds: nobody will serve it.
  void Release() {
    // An assignment would keep the buffers of the strings.
    const Request gone = std::move(request);
    request = Request{};
    shares = {};
  }
};

// What is kept of a request until it is answered.
struct Pending {
  RouteMetrics* metrics = nullptr;
  std::string request_id;
  int64_t started_nanos = 0;
  Shares shares;
  // Another thread runs the handler, or will.
  std::shared_ptr<BlockingPool::Place> place;
  bool head_only = false;
};

// What becomes of a request on its way from the head to the handler, whatever protocol it came by;
// and what one connection holds of the server. Not thread-safe.
class Admission {
 public:
  explicit Admission(const ConnectionSite& site);
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Judges the head: host, route, who asks, whose shares it will take. The answer that refuses it,
  // or nothing: then `incoming` is complete but for its body. `incoming.route` is set as far as the
  // judgement came.
  std::optional<Response> Admit(const RequestHead& head, Incoming& incoming);

  // Counts what the request has grown by. The answer when that is too much of the body, or of all.
  std::optional<Response> HoldBody(Incoming& incoming);

  // Takes the shares of a request that is complete. The answer when there is too much already.
  std::optional<Response> TakeShares(Incoming& incoming);

  // Gives the request its number. Its shares go over to what is returned.
  Pending Begin(Incoming& incoming);

  // Hands the request to its handler, whose answer comes to `slot` of the connection: never from
  // within the call.
  void Dispatch(Incoming& incoming, Pending& pending, uint64_t slot,
                std::shared_ptr<StreamBacklog> backlog);

  // The answer when the body has come too slowly so far.
  std::optional<Response> TooSlow(const Incoming& incoming, int64_t now_nanos) const;

  // The head of the answer is on its way. `streamed`: its end is not.
  void Answered(Pending& pending, const Response& response, bool streamed);

  // So many requests of the connection may wait for their answers: few at first, more while the
  // answers are small.
  size_t max_waiting() const { return max_waiting_; }

  // Bytes of answers begin, and cease, to wait for the client.
  void NoteUnsent(size_t bytes);
  void NoteSent(size_t bytes);

  size_t unsent() const { return unsent_; }

  // Whose turns those of the connection are: its address's.
  const Client* owner() const { return address_client_.get(); }

 private:
  void BuildRequest(const RequestHead& head, Target target, Router::Match match,
                    Request& request) const;
  std::optional<Response> FindShares(Incoming& incoming);
  std::optional<Response> Overload(Quota::Verdict verdict, std::string_view what, size_t limit);

  Service& service_;
  const std::shared_ptr<Mailbox> mailbox_;
  const uint64_t connection_;
  const std::string remote_;
  const std::shared_ptr<Client> address_client_;
  std::shared_ptr<Client> client_;  // Of the last request.
  std::string client_name_;         // "" for address_client_.
  size_t max_waiting_ = Connection::kFirstWaiting;
  size_t unsent_ = 0;
};

}  // namespace weir::net
