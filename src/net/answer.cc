#include "net/answer.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "net/response_text.h"

namespace weir::net {
namespace {

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
    case 429:
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

class OneStream : public ResponseStream {
 public:
  OneStream(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<StreamBacklog> backlog,
            std::shared_ptr<StreamState> state, uint64_t connection, uint64_t slot)
      : mailbox_(std::move(mailbox)),
        backlog_(std::move(backlog)),
        state_(std::move(state)),
        connection_(connection),
        slot_(slot) {}

  ~OneStream() override { Finish(Delivery::Kind::kStreamCut); }

  bool Send(std::string_view bytes) override {
    if (!open()) {
      return false;
    }
    backlog_->Add(bytes.size());
    if (backlog_->held() > kMaxQueuedStreamBytes) {
      backlog_->Take(bytes.size());
      Finish(Delivery::Kind::kStreamOverflow);
      return false;
    }
    Post(Delivery::Kind::kChunk, bytes);
    return true;
  }

  void End() override { Finish(Delivery::Kind::kStreamEnd); }

  bool open() const override { return state_->open && !finished_; }

  size_t queued() const override { return backlog_->queued(); }

 private:
  void Finish(Delivery::Kind how) {
    if (!finished_.exchange(true)) {
      Post(how, "");
    }
  }

  void Post(Delivery::Kind kind, std::string_view bytes) {
    mailbox_->Post({.connection = connection_,
                    .kind = kind,
                    .slot = slot_,
                    .response = {},
                    .stream = {},
                    .chunk = std::string(bytes)});
  }

  const std::shared_ptr<Mailbox> mailbox_;
  const std::shared_ptr<StreamBacklog> backlog_;
  const std::shared_ptr<StreamState> state_;
  const uint64_t connection_;
  const uint64_t slot_;
  std::atomic<bool> finished_ = false;
};

class OneEventStream : public EventStream {
 public:
  explicit OneEventStream(std::shared_ptr<ResponseStream> stream) : stream_(std::move(stream)) {}

  ~OneEventStream() override { stream_->End(); }

  bool Send(std::string_view id, std::string_view event, std::string_view data) override {
    std::string text;
    AppendEvent(id, event, data, text);
    return stream_->Send(text);
  }

  bool open() const override { return stream_->open(); }

 private:
  const std::shared_ptr<ResponseStream> stream_;
};

}  // namespace

OneResponder::OneResponder(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<StreamBacklog> backlog,
                           uint64_t connection, uint64_t slot)
    : mailbox_(std::move(mailbox)),
      backlog_(std::move(backlog)),
      connection_(connection),
      slot_(slot) {}

OneResponder::~OneResponder() {
  if (!sent_) {
    OneResponder::Send(RefusalResponse(500, "the request was dropped unanswered"));
  }
}

void OneResponder::Send(Response response) {
  CHECK(!sent_);
  sent_ = true;
  mailbox_->Post({.connection = connection_,
                  .kind = Delivery::Kind::kResponse,
                  .slot = slot_,
                  .response = std::move(response),
                  .stream = {},
                  .chunk = {}});
}

std::shared_ptr<ResponseStream> OneResponder::Stream(Response head) {
  return Open(std::move(head), false);
}

std::shared_ptr<EventStream> OneResponder::StreamEvents() {
  return std::make_shared<OneEventStream>(Open({.content_type = "text/event-stream; charset=utf-8",
                                                .body = {},
                                                .headers = {{"cache-control", "no-store"}}},
                                               true));
}

std::shared_ptr<ResponseStream> OneResponder::Open(Response head, bool events) {
  CHECK(!sent_);
  sent_ = true;
  auto state = std::make_shared<StreamState>();
  state->events = events;
  backlog_->Add(head.body.size());
  mailbox_->Post({.connection = connection_,
                  .kind = Delivery::Kind::kStreamHead,
                  .slot = slot_,
                  .response = std::move(head),
                  .stream = StreamHold(state),
                  .chunk = {}});
  return std::make_shared<OneStream>(mailbox_, backlog_, std::move(state), connection_, slot_);
}

Response RefusalResponse(int status, std::string_view message) {
  return JsonError(status, CodeOfStatus(status), message);
}

}  // namespace weir::net
