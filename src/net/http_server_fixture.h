#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/blocking_pool.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/raw_connection.h"

namespace weir::net {

inline constexpr std::string_view kHost = "host: localhost\r\n";

inline std::string Get(std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\n{}\r\n", path, kHost);
}

inline std::string Post(std::string_view path, std::string_view body) {
  return fmt::format("POST {} HTTP/1.1\r\n{}content-length: {}\r\n\r\n{}", path, kHost, body.size(),
                     body);
}

// Then a test fails, rather than to wait for ever.
inline constexpr std::chrono::seconds kPatience(10);

// A latch of one for the tests' threads.
class Signal {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }

  void Await() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return set_; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

// Both ends of TLS for all tests.
struct TestTls {
  crypto::TlsIdentity identity = *crypto::MakeSelfSigned("localhost");
  std::unique_ptr<crypto::TlsContext> server = *crypto::TlsContext::ForServer(identity);
  std::unique_ptr<crypto::TlsContext> client =
      *crypto::TlsContext::ForClient(identity.certificate_chain);
  std::unique_ptr<crypto::TlsContext> http2_client =
      *crypto::TlsContext::ForClient(identity.certificate_chain, "h2");
};

inline TestTls& Tls() {
  static TestTls tls;
  return tls;
}

// Every test runs over plain TCP, and again over TLS.
class HttpServerTest : public testing::TestWithParam<bool> {
 protected:
  ~HttpServerTest() override {
    if (server_ != nullptr) {
      server_->Stop(0);
    }
  }

  void Start(ServerOptions options = {}) {
    options.port = 0;
    if (GetParam()) {
      options.tls = Tls().server.get();
    }
    options.metrics = &metrics_;
    auto server = HttpServer::Create(options, clock_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    server_->Route("GET", "/hello", [](Request, std::unique_ptr<Responder> responder) {
      responder->Send({.content_type = "text/plain", .body = "hello", .headers = {}});
    });
    server_->Route("POST", "/echo", [](Request request, std::unique_ptr<Responder> responder) {
      responder->Send(
          {.content_type = "text/plain", .body = std::move(request.body), .headers = {}});
    });
    server_->Route(
        "GET", "/things/{name}/parts", [](Request request, std::unique_ptr<Responder> responder) {
          responder->Send(
              {.body = request.parameters["name"] + "|" + request.query["q"], .headers = {}});
        });
    server_->Route("GET", "/files/{rest...}",
                   [](Request request, std::unique_ptr<Responder> responder) {
                     responder->Send({.body = request.parameters["rest"], .headers = {}});
                   });
    // Remembers the size, and waits when it is large.
    server_->Route("POST", "/sizes", [this](Request request, std::unique_ptr<Responder> responder) {
      const size_t size = request.body.size();
      {
        const std::lock_guard lock(mutex_);
        sizes_.push_back(size);
      }
      if (size > 1'000) {
        begun_.Set();
        go_on_.Await();
      }
      responder->Send({.body = fmt::format("{}", size), .headers = {}});
    });
    server_->Route("GET", "/dropped", [](Request, std::unique_ptr<Responder>) {});
    const auto hold = [this](Request, std::unique_ptr<Responder> responder) {
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(responder));
      changed_.notify_all();
    };
    server_->Route("GET", "/held", hold);
    server_->Route("POST", "/hold", hold);
    server_->RouteBlocking("GET", "/blocking", [](Request, std::unique_ptr<Responder> responder) {
      responder->Send({.body = "done", .headers = {}});
    });
    const auto few = [this](Request, std::unique_ptr<Responder> responder) {
      {
        const std::lock_guard lock(mutex_);
        ++few_;
        changed_.notify_all();
      }
      go_on_.Await();
      responder->Send({.body = "few", .headers = {}});
    };
    server_->RouteBlocking("GET", "/few", few, {}, &pool_);
    server_->RouteForPages(
        "POST", "/beacon", [](Request request, std::unique_ptr<Responder> responder) {
          responder->Send({.body = std::string(request.Header("origin")), .headers = {}});
        });
    server_->RouteEvents("/events", [this](Request request, std::shared_ptr<EventStream> stream) {
      const std::lock_guard lock(mutex_);
      last_event_id_ = request.Header("last-event-id");
      streams_.push_back(std::move(stream));
      changed_.notify_all();
    });
    auto started = server_->Start();
    ASSERT_TRUE(started) << started.error().message;
  }

  std::unique_ptr<Responder> TakeHeld() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_.empty(); });
    auto held = std::move(held_.front());
    held_.erase(held_.begin());
    return held;
  }

  void AwaitFew(int count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return few_ >= count; }));
  }

  std::shared_ptr<EventStream> AwaitStream() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !streams_.empty(); });
    return streams_.back();
  }

  RawConnection Connect() {
    return RawConnection(server_->port(), GetParam() ? Tls().client.get() : nullptr);
  }

  std::string Once(std::string_view request) {
    RawConnection raw = Connect();
    raw.Send(request);
    return raw.ReadResponse();
  }

  std::unique_ptr<HttpClient> Client() {
    return std::move(*HttpClient::Create(
        fmt::format("{}://127.0.0.1:{}", GetParam() ? "https" : "http", server_->port()), 30'000,
        {.authorities = Tls().identity.certificate_chain}));
  }

  base::ManualClock clock_;
  base::Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Responder>> held_;
  std::vector<std::shared_ptr<EventStream>> streams_;
  std::string last_event_id_;
  std::vector<size_t> sizes_;
  Signal begun_;
  Signal go_on_;
  int few_ = 0;  // Requests for /few that have begun.
  BlockingPool pool_{2, 2, "places"};
};

}  // namespace weir::net
