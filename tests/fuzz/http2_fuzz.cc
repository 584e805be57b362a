// Any bytes behind the preface of HTTP/2, in pieces of any size, with time passing and answers that
// come late or in parts: nothing but frames comes back, and a connection that ended stays so.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "net/http2_connection.h"
#include "net/service.h"

namespace {

using weir::net::Delivery;
using weir::net::Request;
using weir::net::Responder;

struct Server {
  Server() : service({}, clock, "fuzz") {
    Add("GET", "/a", [](Request, std::unique_ptr<Responder> responder) {
      responder->Send({.body = "hello", .headers = {}});
    });
    Add("POST", "/b", [](Request request, std::unique_ptr<Responder> responder) {
      responder->Send({.body = std::move(request.body), .headers = {}});
    });
    Add("GET", "/c", [this](Request, std::unique_ptr<Responder> responder) {
      streams.push_back(responder->Stream({.body = "first", .headers = {}}));
    });
    Add("GET", "/d", [this](Request, std::unique_ptr<Responder> responder) {
      held.push_back(std::move(responder));
    });
  }

  void Add(std::string_view method, std::string_view pattern, weir::net::Handler handler) {
    service.router.Add(
        pattern,
        {.method = std::string(method), .max_body_bytes = 100'000, .handler = std::move(handler)},
        nullptr);
  }

  weir::base::ManualClock clock;
  weir::net::Service service;
  std::vector<std::unique_ptr<Responder>> held;
  std::vector<std::shared_ptr<weir::net::ResponseStream>> streams;
};

// One connection, and what a loop does for it.
struct Peer {
  explicit Peer(Server& the_server)
      : server(the_server),
        mailbox(std::make_shared<weir::net::Mailbox>([] {})),
        connection({.service = server.service,
                    .mailbox = mailbox,
                    .id = 1,
                    .remote = "127.0.0.1:1",
                    .client = "127.0.0.1",
                    .date = &date}) {}

  void Pump() {
    for (int i = 0; i < 100; ++i) {
      std::vector<Delivery> mail;
      mailbox->Take(mail);
      for (Delivery& delivery : mail) {
        connection.OnDelivery(std::move(delivery));
      }
      if (connection.behind()) {
        connection.GoOn();
      }
      const std::string output = connection.TakeOutput();
      connection.OnSent(output.size());
      if (mail.empty() && output.empty() && !connection.behind()) {
        return;
      }
    }
  }

  Server& server;
  const std::string date = "Sun, 13 Sep 2020 12:26:40 GMT";
  std::shared_ptr<weir::net::Mailbox> mailbox;
  weir::net::Http2Connection connection;
};

}  // namespace

// The first byte says how the rest is cut into pieces, its bits what happens between them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Server server;
  if (size < 1) {
    return 0;
  }
  const size_t step = 1 + (data[0] & 0x0F) * 61;
  const bool late = (data[0] & 0x10) != 0;
  const bool slow = (data[0] & 0x20) != 0;
  const bool drains = (data[0] & 0x40) != 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  {
    Peer peer(server);
    peer.connection.OnBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    peer.Pump();
    while (!rest.empty() && !peer.connection.finished()) {
      const std::string_view piece = rest.substr(0, step);
      rest.remove_prefix(piece.size());
      peer.connection.OnBytes(piece);
      if (slow) {
        server.clock.AdvanceMillis(3'000);
        peer.connection.OnTick();
      }
      peer.Pump();
    }
    if (drains) {
      peer.connection.OnDrain();
    }
    for (auto& responder : server.held) {
      responder->Send({.body = std::string(100'000, 'x'), .headers = {}});
    }
    for (const auto& stream : server.streams) {
      stream->Send("more");
      if (!late) {
        stream->End();
      }
    }
    peer.Pump();
    peer.connection.OnEnd();
    peer.Pump();
  }
  server.held.clear();
  server.streams.clear();
  CHECK(server.service.unsent_bytes.used() == 0);
  CHECK(server.service.body_bytes.used() == 0);
  CHECK(server.service.requests.used() == 0);
  return 0;
}
