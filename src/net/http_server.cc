#include "net/http_server.h"

#include "base/check.h"
#include "base/random.h"
#include "net/event_loop.h"
#include "net/service.h"

namespace weir::net {
namespace {

constexpr size_t kIdPrefixBytes = 6;

class Server : public HttpServer {
 public:
  Server(ServerOptions options, base::Clock& clock)
      : options_(std::move(options)),
        service_(options_, clock, base::SystemRandomHex(kIdPrefixBytes)) {}

  ~Server() override { Stop(0); }

  void Route(std::string_view method, std::string_view pattern, Handler handler,
             std::optional<size_t> max_body_bytes) override {
    Add(pattern, {.method = std::string(method),
                  .max_body_bytes = max_body_bytes,
                  .handler = std::move(handler)});
  }

  void RouteForPages(std::string_view method, std::string_view pattern, Handler handler,
                     std::optional<size_t> max_body_bytes) override {
    Add(pattern, {.method = std::string(method),
                  .max_body_bytes = max_body_bytes,
                  .for_pages = true,
                  .handler = std::move(handler)});
  }

  void RouteBlocking(std::string_view method, std::string_view pattern, Handler handler,
                     std::optional<size_t> max_body_bytes, BlockingPool* pool) override {
    Add(pattern, {.method = std::string(method),
                  .max_body_bytes = max_body_bytes,
                  .pool = pool == nullptr ? &service_.pool : pool,
                  .handler = std::move(handler)});
  }

  void RouteEvents(std::string_view pattern, EventHandler handler) override {
    Add(pattern, {.method = "GET", .event_handler = std::move(handler)});
  }

  bool Post(std::move_only_function<void()> work, const std::shared_ptr<Client>& client) override {
    return service_.pool.Run(client, work).has_value();
  }

  base::Result<void> Start() override {
    CHECK(loops_ == nullptr);
    ASSIGN_OR_RETURN(loops_,
                     EventLoops::Listen(service_, options_.host, options_.port, options_.threads));
    loops_->Start();
    return {};
  }

  uint16_t port() const override {
    CHECK(loops_ != nullptr);
    return loops_->port();
  }

  void Stop(int64_t drain_millis) override {
    if (loops_ != nullptr) {
      loops_->Stop(drain_millis);
    }
    service_.large_bodies.Stop();
    service_.pool.Stop();
  }

 private:
  void Add(std::string_view pattern, RouteEntry entry) {
    CHECK_NOTE(loops_ == nullptr, "routes are added before Start");
    service_.router.Add(pattern, std::move(entry), options_.metrics);
  }

  ServerOptions options_;
  Service service_;
  std::unique_ptr<EventLoops> loops_;
};

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::Create(ServerOptions options,
                                                             base::Clock& clock) {
  if (options.threads < 1 || options.threads > 256) {
    return base::Fail(base::Code::kInvalidArgument, "{} server threads: use 1 to 256",
                      options.threads);
  }
  return std::make_unique<Server>(std::move(options), clock);
}

}  // namespace weir::net
