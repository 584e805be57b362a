#pragma once

/// The door of the net room for servers: HTTP/1.1 and HTTP/2, plain or over TLS, with streamed
/// answers and server-sent events.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "crypto/tls.h"

namespace weir::net {

class BlockingPool;  // See net/blocking_pool.h.
struct Client;

/// A whole request. Moves cheaply.
struct Request {
  std::string method;
  std::string target;  ///< As received, undecoded and with the query: what signatures cover.
  std::string path;    ///< Percent-decoded, without the query; what routes match.
  std::map<std::string, std::string, std::less<>> query;  ///< Decoded; the first of repeated names.
  /// Names in lower case. "host" is always there but in HTTP/1.0; of what HTTP/2 has besides,
  /// ":authority", with the same value.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string remote;      ///< "127.0.0.1:51234"
  std::string request_id;  ///< Unique; also sent back as x-request-id.
  bool secure = false;     ///< Came over TLS.
  /// What "{name}" parts of the route matched.
  std::map<std::string, std::string, std::less<>> parameters;
  /// Whom it counts for; null when no server has received it.
  std::shared_ptr<Client> client;
  /// Counts the bytes of the body for that client as long as this is there.
  std::shared_ptr<void> held;

  /// The header's value, or "".
  std::string_view Header(std::string_view lower_case_name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Whether something was, or may have been, done, so that the same request must not be tried
  /// anew. Without it the status says so: 200 of something, others of nothing. Not sent.
  std::optional<bool> had_effect = std::nullopt;
};

/// {"error":{"code":…,"message":…}} with the status that fits the code (see base::Code); adds
/// Retry-After to 429 and 503.
Response ErrorResponse(const base::Error& error);

/// A body that is sent as it comes. Thread-safe. Dropping it before End cuts the connection, or the
/// stream of HTTP/2, so that the client sees that the body is not whole; so does the server when it
/// stops.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// Queues bytes of the body. False when the client is gone, or reads so slowly that
  /// kMaxQueuedStreamBytes of its connection (over HTTP/2: of this stream) wait: then that is cut.
  virtual bool Send(std::string_view bytes) = 0;
  /// The body is whole. Nothing is sent after it.
  virtual void End() = 0;
  /// False once nothing more can reach the client.
  virtual bool open() const = 0;
  /// Bytes that the client has not taken yet: of this stream, or a quarter of those of all streams
  /// of its HTTP/2 connection when that is more. A sender that waits while they are many never
  /// meets the limit.
  virtual size_t queued() const = 0;
};

/// Answers one request, once (Send or Stream), from any thread. Dropping it unanswered answers 500.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void Send(Response response) = 0;
  /// Sends `head` (and its body, if it has one, as the first bytes), then what the stream is given:
  /// in chunks, or to a client of HTTP/1.0 until the connection ends.
  virtual std::shared_ptr<ResponseStream> Stream(Response head) = 0;
};

using Handler = std::function<void(Request request, std::unique_ptr<Responder> responder)>;

/// One open server-sent event stream: a streamed answer with a format. Dropping it ends it.
/// Thread-safe.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Queues "id: …\nevent: …\ndata: …". False as with ResponseStream::Send.
  virtual bool Send(std::string_view id, std::string_view event, std::string_view data) = 0;
  virtual bool open() const = 0;
};

inline constexpr size_t kMaxQueuedStreamBytes = 8 << 20;

/// Called when a client subscribes; keep the stream and send to it. last_event_id is "" for a new
/// client.
using EventHandler = std::function<void(Request request, std::shared_ptr<EventStream> stream)>;

/// Limits of one listener; each has a named refusal.
struct ServerLimits {
  size_t max_header_bytes = 16 << 10;  ///< 431
  size_t max_body_bytes = 8 << 20;     ///< 413, before the body is read when Content-Length says so
  int64_t header_millis = 10'000;      ///< 408, close
  int64_t idle_millis = 60'000;        ///< close
  size_t min_body_bytes_per_second = 1'000;  ///< after 20 s: 408, close
  size_t max_connections = 10'000;           ///< refused
  /// Of one client: an IPv4 address, or the /64 of one of IPv6.
  size_t max_connections_per_client = 256;
  /// Of one address of this machine: behind it there may be a proxy with many clients.
  size_t max_connections_per_loopback = 4'096;
  int64_t handshake_millis = 10'000;  ///< of TLS: close
  size_t max_handshakes = 1'024;      ///< at once: the longest running gives way
  // Of the following, a client that holds as much as is still free gets no more (429), so that
  // others find something; what fills all is refused, too (503).
  size_t max_inflight_requests = 8'192;        ///< Open streams of answers are among them.
  size_t max_inflight_body_bytes = 256 << 20;  ///< Heads over HTTP/2 are counted with them.
  size_t max_unsent_bytes = 256 << 20;         ///< Answers that wait for their clients to read.
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  ///< 0: any free one.
  int threads = 1;
  ServerLimits limits;
  /// Host header values that are accepted besides host:port, localhost and loopback addresses (DNS
  /// rebinding).
  std::vector<std::string> allowed_hosts;
  base::Metrics* metrics = nullptr;
  /// The listener speaks TLS with these; plain HTTP without. Outlives the server.
  crypto::TlsContext* tls = nullptr;
  /// Looks at the head of each request that reached a route, before its body is read; `body` and
  /// `request_id` are still empty. A response refuses the request: a small body is read and thrown
  /// away, a large one ends the connection, or the stream of HTTP/2. Called on server threads; must
  /// not block.
  std::function<std::optional<Response>(const Request& head)> admit;
  /// Names the client that an admitted request counts for (the id of a key that the head proves);
  /// "", or no function: its address. Called on server threads; must not block.
  std::function<std::string(const Request& head)> client;
};

/// Serves HTTP/1.1 and HTTP/2. Routes are added before Start. Refuses smuggling (TE with CL, two
/// CL, bare LF, obs-fold).
class HttpServer {
 public:
  static base::Result<std::unique_ptr<HttpServer>> Create(ServerOptions options,
                                                          base::Clock& clock);
  virtual ~HttpServer() = default;

  /// `pattern` like "/v1/streams/{name}/records"; a last part "{rest...}" takes what remains.
  /// Unknown path 404, known path with another method 405 with Allow. Handlers run on server
  /// threads, with large bodies on others, side by side, and must not block; `max_body_bytes`
  /// overrides the listener's limit.
  virtual void Route(std::string_view method, std::string_view pattern, Handler handler,
                     std::optional<size_t> max_body_bytes = {}) = 0;
  /// As Route, also for what browsers send on behalf of other sites' pages, which every other route
  /// refuses: the handler judges Origin. OPTIONS may be routed.
  virtual void RouteForPages(std::string_view method, std::string_view pattern, Handler handler,
                             std::optional<size_t> max_body_bytes = {}) = 0;
  /// A handler that may block or take long: runs on the threads of `pool`, or without one on a few
  /// threads of the server. The pool outlives the server's Stop, and is stopped before the server
  /// is destroyed.
  virtual void RouteBlocking(std::string_view method, std::string_view pattern, Handler handler,
                             std::optional<size_t> max_body_bytes = {},
                             BlockingPool* pool = nullptr) = 0;
  /// GET that stays open as text/event-stream; a comment is sent every 10 s to keep it alive.
  virtual void RouteEvents(std::string_view pattern, EventHandler handler) = 0;

  /// Runs `work` on the server's threads for RouteBlocking, as a job of `client` (see
  /// Request::client; null: of nobody's). False, without running it, when all their places are
  /// taken, the client holds its share of them, or the server stops. Any thread.
  virtual bool Post(std::move_only_function<void()> work,
                    const std::shared_ptr<Client>& client = nullptr) = 0;

  /// Binds and serves. kFailedPrecondition when the address is taken, naming it.
  virtual base::Result<void> Start() = 0;
  /// The port in use after Start.
  virtual uint16_t port() const = 0;
  /// Stops accepting, lets running requests finish for at most `drain_millis`, closes, joins.
  virtual void Stop(int64_t drain_millis) = 0;
};

}  // namespace weir::net
