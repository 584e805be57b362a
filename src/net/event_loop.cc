#include "net/event_loop.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/logging.h"
#include "net/census.h"
#include "net/client_network.h"
#include "net/connection.h"
#include "net/mailbox.h"
#include "net/response_text.h"
#include "net/transport.h"
#include "net/turns.h"

namespace weir::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kReadBytes = 256 << 10;
// Reads of one connection in a row, before others get their turn.
constexpr int kMaxReadsInARow = 4;
// Turns of connections between two looks at the sockets: what comes meanwhile waits as long. Long
// rounds are cheaper, so only who has a loop to himself has them.
constexpr int kMaxTurns = 64;
constexpr int64_t kTurnsNanos = 500'000;
constexpr int64_t kSharedTurnsNanos = 150'000;
// A loop counts as shared for so long after turns of different clients.
constexpr int64_t kSharedNanos = 100'000'000;
constexpr auto kTick = std::chrono::milliseconds(250);
constexpr int kMaxAccepts = 64;  // Between two looks at the other sockets.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// A connection and its socket.
struct Peer {
  Peer(tcp::socket the_socket, const ConnectionSite& site)
      : socket(std::move(the_socket)),
        id(site.id),
        client(site.client),
        transport(site),
        handshaking(site.service.tls != nullptr) {}

  Connection& connection() { return transport.connection(); }

  bool wants_read() const { return !transport.failed() && transport.connection().wants_read(); }

  tcp::socket socket;
  const uint64_t id;
  const std::string client;  // Whom the census counts.
  Transport transport;
  bool handshaking;
  int64_t handshake_until_nanos = 0;
  bool reading = false;
  bool writing = false;
  bool readable = false;
  bool queued = false;         // For its turn.
  std::vector<Delivery> mail;  // For its next turn.
  bool ended = false;          // Nothing more is asked of it; it may still have to read.
  bool shut_down = false;
  int64_t linger_until_nanos = 0;
  bool closed = false;
};

using PeerPtr = std::shared_ptr<Peer>;

// One thread and its connections. Everything but Adopt, Drain and Finish runs on that thread.
class Loop {
 public:
  Loop(Service& service, ConnectionCensus& census, size_t max_handshakes)
      : service_(service),
        census_(census),
        context_(1),
        work_(asio::make_work_guard(context_)),
        tick_(context_),
        mailbox_(
            std::make_shared<Mailbox>([this] { asio::post(context_, [this] { HandleMail(); }); })),
        read_buffer_(kReadBytes),
        date_(FormatHttpDate(service.clock.WallMillis())),
        max_handshakes_(max_handshakes) {}

  ~Loop() { mailbox_->Close(); }

  asio::io_context& context() { return context_; }

  void Start() {
    thread_ = std::thread([this] {
      Tick();
      context_.run();
    });
  }

  // Takes over a socket that `census` has let in as `client`'s.
  void Adopt(tcp::socket socket, uint64_t id, const std::string& client, std::string remote) {
    auto peer =
        std::make_shared<Peer>(std::move(socket), ConnectionSite{.service = service_,
                                                                 .mailbox = mailbox_,
                                                                 .id = id,
                                                                 .remote = std::move(remote),
                                                                 .client = client,
                                                                 .date = &date_});
    asio::post(context_, [this, peer] {
      peers_.emplace(peer->id, peer);
      if (finished_) {
        return Close(peer);
      }
      if (peer->handshaking) {
        BeginHandshake(peer);
      }
      if (service_.draining) {
        peer->connection().OnDrain();
      }
      Pump(peer);
    });
  }

  void Drain() {
    asio::post(context_, [this] { ForEach([](Peer& peer) { peer.connection().OnDrain(); }); });
  }

  // Closes all connections, so that nobody waits for a server that has stopped.
  void Finish() {
    mailbox_->Close();
    work_.reset();
    asio::post(context_, [this] {
      finished_ = true;
      const auto all = peers_;
      for (const auto& [id, peer] : all) {
        Close(peer);
      }
      context_.stop();
    });
    thread_.join();
    context_.restart();
    context_.poll();  // Those that were adopted meanwhile.
    turns_.Clear();
  }

 private:
  template <typename Action>
  void ForEach(Action action) {
    mailbox_->EnterLoop();
    const auto all = peers_;  // Pump may remove some.
    for (const auto& [id, peer] : all) {
      action(*peer);
      Pump(peer);
    }
    LeaveLoop();
  }

  void Tick() {
    date_ = FormatHttpDate(service_.clock.WallMillis());
    if (service_.metrics != nullptr) {
      inflight_gauge().Set(static_cast<double>(service_.body_bytes.used()));
    }
    const int64_t now = service_.clock.MonotonicNanos();
    mailbox_->EnterLoop();
    expired_.clear();
    for (const auto& [id, peer] : peers_) {
      const bool late = (peer->handshaking && now > peer->handshake_until_nanos) ||
                        (peer->ended && now > peer->linger_until_nanos);
      if (peer->connection().OnTick() || late) {
        expired_.push_back(peer);
      }
    }
    for (const PeerPtr& peer : expired_) {
      if (peer->handshaking && now > peer->handshake_until_nanos) {
        FinishHandshake(*peer, "timeout");
        Close(peer);
      } else if (peer->ended && now > peer->linger_until_nanos) {
        Close(peer);
      } else {
        Pump(peer);
      }
    }
    expired_.clear();
    LeaveLoop();
    tick_.expires_after(kTick);
    tick_.async_wait([this](const error_code& error) {
      if (!error) {
        Tick();
      }
    });
  }

  // When too many are at it, the one that takes longest gives way: an honest one takes one round
  // trip.
  void BeginHandshake(const PeerPtr& peer) {
    peer->handshake_until_nanos =
        service_.clock.MonotonicNanos() + service_.limits.handshake_millis * 1'000'000;
    while (!handshakes_.empty()) {
      const auto oldest = peers_.find(handshakes_.front());
      const bool at_it = oldest != peers_.end() && oldest->second->handshaking;
      if (at_it && handshaking_ < max_handshakes_) {
        break;
      }
      handshakes_.pop_front();
      if (at_it) {
        const PeerPtr displaced = oldest->second;
        FinishHandshake(*displaced, "displaced");
        Close(displaced);
      }
    }
    handshakes_.push_back(peer->id);
    ++handshaking_;
  }

  void FinishHandshake(Peer& peer, std::string_view result) {
    peer.handshaking = false;
    --handshaking_;
    if (service_.metrics != nullptr) {
      service_.metrics
          ->GetCounter("weir_tls_handshakes_total", "TLS handshakes, by how they ended.",
                       {{"result", std::string(result)}})
          .Add();
    }
  }

  base::Gauge& inflight_gauge() {
    if (inflight_ == nullptr) {
      inflight_ =
          &service_.metrics->GetGauge("weir_http_inflight_bytes",
                                      "Bytes of request bodies, and of heads over HTTP/2, that are "
                                      "held.");
    }
    return *inflight_;
  }

  // Hands out what handlers have posted.
  void HandleMail() {
    mailbox_->EnterLoop();
    LeaveLoop();
  }

  // Sending takes turns, too: one sync may bring one client a thousand answers and another its one.
  void LeaveLoop() {
    do {
      mail_.clear();
      mailbox_->Take(mail_);
      for (Delivery& delivery : mail_) {
        const auto found = peers_.find(delivery.connection);
        if (found != peers_.end()) {
          found->second->mail.push_back(std::move(delivery));
          TakeTurn(found->second);
        }
      }
    } while (!mailbox_->LeaveLoop());
  }

  // Sends what is ready, asks to be told of what can be done next, closes when all is done.
  void Pump(const PeerPtr& peer) {
    if (peer->closed || !Write(peer)) {
      return;
    }
    if (peer->connection().aborted()) {
      return Close(peer);
    }
    if (peer->handshaking && !peer->transport.handshaking()) {
      FinishHandshake(*peer, peer->transport.failed() ? peer->transport.failure() : "done");
    }
    if (IsOver(*peer) && !BringToEnd(peer)) {
      return;
    }
    if (peer->connection().behind()) {
      TakeTurn(peer);
    }
    if (!peer->reading && !peer->readable && (peer->wants_read() || peer->ended)) {
      peer->reading = true;
      peer->socket.async_wait(tcp::socket::wait_read, [this, peer](const error_code& error) {
        peer->reading = false;
        if (!error && !peer->closed) {
          peer->readable = true;
          TakeTurn(peer);
        }
      });
    }
  }

  // Queues the peer for its next step.
  void TakeTurn(const PeerPtr& peer) {
    if (peer->queued) {
      return;
    }
    peer->queued = true;
    turns_.Add(peer->connection().owner(), peer);
    if (!turning_) {
      turning_ = true;
      asio::post(context_, [this] { GiveTurns(); });
    }
  }

  // Some turns; then the loop looks at its sockets, so that newcomers are queued, too.
  void GiveTurns() {
    const int64_t begun = service_.clock.MonotonicNanos();
    const bool shared = begun < shared_until_nanos_;
    const int64_t until = begun + (shared ? kSharedTurnsNanos : kTurnsNanos);
    mailbox_->EnterLoop();
    for (int i = 0; i < kMaxTurns && !turns_.empty(); ++i) {
      const PeerPtr peer = turns_.Next();
      peer->queued = false;
      if (peer->closed) {
        continue;
      }
      if (std::exchange(last_owner_, peer->connection().owner()) != peer->connection().owner()) {
        shared_until_nanos_ = begun + kSharedNanos;
      }
      GiveTurn(peer);
      if (service_.clock.MonotonicNanos() > until) {
        break;
      }
    }
    LeaveLoop();
    turning_ = !turns_.empty();
    if (turning_) {
      if (shared) {
        // Those who write down what came may wait for this processor: a thread that never sleeps
        // keeps it until the next tick of the system's clock, which is 4 ms.
        std::this_thread::yield();
      }
      asio::post(context_, [this] { GiveTurns(); });
    }
  }

  void GiveTurn(const PeerPtr& peer) {
    for (Delivery& delivery : peer->mail) {
      peer->connection().OnDelivery(std::move(delivery));
    }
    peer->mail.clear();
    if (peer->connection().behind()) {
      peer->connection().GoOn();
    }
    if (std::exchange(peer->readable, false)) {
      Read(peer);
    }
    Pump(peer);
  }

  static bool IsOver(Peer& peer) {
    return peer.transport.failed() || (!peer.writing && peer.connection().finished());
  }

  // Sends the last bytes and waits for the other side to have read them. False when the peer was
  // closed.
  bool BringToEnd(const PeerPtr& peer) {
    if (!peer->ended) {
      peer->ended = true;
      peer->linger_until_nanos =
          service_.clock.MonotonicNanos() + Connection::kLingerMillis * 1'000'000;
      peer->transport.End();
      if (!Write(peer)) {
        return false;
      }
    }
    if (peer->writing || peer->shut_down) {
      return true;
    }
    if (!peer->transport.failed() && !peer->connection().lingers()) {
      Close(peer);
      return false;
    }
    peer->shut_down = true;
    error_code ignored;
    peer->socket.shutdown(tcp::socket::shutdown_send, ignored);
    return true;
  }

  void Read(const PeerPtr& peer) {
    for (int i = 0; i < kMaxReadsInARow; ++i) {
      if (!peer->ended && !peer->wants_read()) {
        return;
      }
      error_code error;
      // What comes after the end is dropped uncopied.
      const size_t size =
          peer->socket.receive(asio::buffer(read_buffer_), peer->ended ? MSG_TRUNC : 0, error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        return;
      }
      if (error == asio::error::eof && !peer->ended && !peer->handshaking) {
        return peer->transport.OnEnd();
      }
      if (error) {
        return Close(peer);
      }
      if (!peer->ended) {
        peer->transport.OnBytes({read_buffer_.data(), size});
      }
      if (size < read_buffer_.size()) {
        return;
      }
    }
  }

  // False when the peer was closed on the way.
  bool Write(const PeerPtr& peer) {
    while (!peer->writing) {
      const std::string_view output = peer->transport.Output();
      if (output.empty()) {
        return true;
      }
      error_code error;
      const size_t size = peer->socket.write_some(asio::buffer(output), error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        peer->writing = true;
        peer->socket.async_wait(tcp::socket::wait_write, [this, peer](const error_code& failed) {
          peer->writing = false;
          if (!failed && !peer->closed) {
            mailbox_->EnterLoop();
            Pump(peer);
            LeaveLoop();
          }
        });
      } else if (error) {
        Close(peer);
        return false;
      } else {
        peer->transport.OnSent(size);
      }
    }
    return true;
  }

  void Close(const PeerPtr& peer) {
    if (peers_.erase(peer->id) == 0) {
      return;
    }
    if (peer->handshaking) {
      FinishHandshake(*peer, "abandoned");
    }
    peer->closed = true;
    error_code ignored;
    peer->socket.close(ignored);
    census_.Leave(peer->client);
  }

  Service& service_;
  ConnectionCensus& census_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer tick_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<char> read_buffer_;
  std::string date_;
  base::Gauge* inflight_ = nullptr;
  std::unordered_map<uint64_t, PeerPtr> peers_;
  Turns<Client, PeerPtr> turns_;
  bool turning_ = false;
  bool finished_ = false;
  const Client* last_owner_ = nullptr;  // To be compared, it may be gone.
  int64_t shared_until_nanos_ = 0;
  std::vector<Delivery> mail_;
  std::vector<PeerPtr> expired_;
  const size_t max_handshakes_;
  size_t handshaking_ = 0;
  std::deque<uint64_t> handshakes_;  // Oldest first; some have finished.
  std::thread thread_;
};

class AsioLoops : public EventLoops {
 public:
  AsioLoops(Service& service, int threads)
      : service_(service), census_(service.limits, service.metrics) {
    for (int i = 0; i < threads; ++i) {
      loops_.push_back(std::make_unique<Loop>(
          service, census_,
          std::max<size_t>(service.limits.max_handshakes / static_cast<size_t>(threads), 1)));
    }
    acceptor_ = std::make_unique<tcp::acceptor>(loops_.front()->context());
    pause_ = std::make_unique<asio::steady_timer>(loops_.front()->context());
  }

  ~AsioLoops() override { Stop(0); }

  base::Result<void> Bind(const std::string& host, uint16_t port) {
    error_code error;
    tcp::resolver resolver(loops_.front()->context());
    const auto found =
        resolver.resolve(host, fmt::format("{}", port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || found.empty()) {
      return base::Fail(base::Code::kInvalidArgument,
                        "cannot listen on '{}': no such host or address", host);
    }
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_->open(endpoint.protocol(), error);
    if (!error) {
      acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
      acceptor_->bind(endpoint, error);
    }
    if (!error) {
      acceptor_->listen(asio::socket_base::max_listen_connections, error);
    }
    if (!error) {
      acceptor_->non_blocking(true, error);
    }
    if (error) {
      return base::Fail(base::Code::kFailedPrecondition,
                        "cannot listen on {}:{}: {}; stop what uses it or choose another port",
                        host, port, error.message());
    }
    port_ = acceptor_->local_endpoint(error).port();
    return {};
  }

  uint16_t port() const override { return port_; }

  void Start() override {
    started_ = true;
    Accept();
    for (const auto& loop : loops_) {
      loop->Start();
    }
  }

  void Stop(int64_t drain_millis) override {
    if (!started_) {
      return;
    }
    started_ = false;
    service_.draining = true;
    asio::post(loops_.front()->context(), [this] {
      error_code ignored;
      acceptor_->close(ignored);
      pause_->cancel();
    });
    for (const auto& loop : loops_) {
      loop->Drain();
    }
    census_.AwaitEmpty(drain_millis);
    for (const auto& loop : loops_) {  // The first one accepts for the others.
      loop->Finish();
    }
  }

 private:
  void Accept() {
    acceptor_->async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
      if (!error && !service_.draining) {
        AcceptAll();
      }
    });
  }

  // Takes what waits at once: one at a time, newcomers would wait for a turn of the others each.
  void AcceptAll() {
    for (int i = 0; i < kMaxAccepts; ++i) {
      Loop& loop = *loops_[next_loop_ % loops_.size()];
      error_code error;
      tcp::socket socket = acceptor_->accept(loop.context(), error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        break;
      }
      if (!error) {
        ++next_loop_;
        LetIn(loop, std::move(socket));
      } else if (error != asio::error::connection_aborted) {
        return PauseAccepting(error);
      }
    }
    Accept();
  }

  // Out of file descriptors, most likely: gives the others time to close theirs.
  void PauseAccepting(const error_code& error) {
    base::LogEvent(base::LogLevel::kError, "net.accept_failed", error.message());
    pause_->expires_after(kAcceptPause);
    pause_->async_wait([this](const error_code& cancelled) {
      if (!cancelled) {
        Accept();
      }
    });
  }

  void LetIn(Loop& loop, tcp::socket socket) {
    error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) {
      return;
    }
    socket.set_option(tcp::no_delay(true), error);
    socket.non_blocking(true, error);
    const std::string address = remote.address().to_string();
    const std::string client = ClientNetwork(address);
    if (!census_.Enter(client, remote.address().is_loopback() || client.starts_with("127."))) {
      constexpr std::string_view kBusy =
          "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\n"
          "connection: close\r\n\r\n";
      if (service_.tls == nullptr) {
        socket.write_some(asio::buffer(kBusy), error);
      }
      return;
    }
    loop.Adopt(std::move(socket), next_connection_++, client,
               fmt::format("{}:{}", address, remote.port()));
  }

  Service& service_;
  ConnectionCensus census_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<asio::steady_timer> pause_;
  size_t next_loop_ = 0;
  uint64_t next_connection_ = 1;
  uint16_t port_ = 0;
  bool started_ = false;
};

}  // namespace

base::Result<std::unique_ptr<EventLoops>> EventLoops::Listen(Service& service,
                                                             const std::string& host, uint16_t port,
                                                             int threads) {
  auto loops = std::make_unique<AsioLoops>(service, threads);
  RETURN_IF_ERROR(loops->Bind(host, port));
  return loops;
}

}  // namespace weir::net
