#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/gate.h"
#include "base/simulated_file_system.h"
#include "catalog/catalog.h"

namespace weir::auth {

/// Routes without a network: calls their handlers at once.
class FakeServer : public net::HttpServer {
 public:
  void Route(std::string_view method, std::string_view pattern, net::Handler handler,
             std::optional<size_t> /*max_body_bytes*/) override {
    handlers_[{std::string(method), std::string(pattern)}] = std::move(handler);
  }

  void RouteForPages(std::string_view method, std::string_view pattern, net::Handler handler,
                     std::optional<size_t> max_body_bytes) override {
    Route(method, pattern, std::move(handler), max_body_bytes);
  }

  void RouteBlocking(std::string_view method, std::string_view pattern, net::Handler handler,
                     std::optional<size_t> max_body_bytes, net::BlockingPool* /*pool*/) override {
    Route(method, pattern, std::move(handler), max_body_bytes);
  }

  void RouteEvents(std::string_view, net::EventHandler) override {}

  bool Post(std::move_only_function<void()>, const std::shared_ptr<net::Client>&) override {
    return false;
  }

  base::Result<void> Start() override { return {}; }

  uint16_t port() const override { return 0; }

  void Stop(int64_t) override {}

  /// `name` is the route's parameter of that name.
  net::Response Ask(const std::string& pattern, net::Request request,
                    const std::string& name = "") {
    net::Response answer{.status = 0};
    request.parameters["name"] = name;
    const auto& handler = handlers_.at({request.method, pattern});
    handler(std::move(request), std::make_unique<Keeper>(answer));
    return answer;
  }

 private:
  class Keeper : public net::Responder {
   public:
    explicit Keeper(net::Response& answer) : answer_(answer) {}

    void Send(net::Response response) override { answer_ = std::move(response); }

    std::shared_ptr<net::ResponseStream> Stream(net::Response) override { return nullptr; }

   private:
    net::Response& answer_;
  };

  std::map<std::pair<std::string, std::string>, net::Handler> handlers_;
};

/// A gate with keys, over simulated files.
class GateFixture : public testing::Test {
 protected:
  GateFixture() {
    EXPECT_TRUE(files_.CreateDirectories("/data").has_value());
    catalog_ = *catalog::Catalog::Open(files_, clock_, "/data/catalog.db");
    keyring_ = *Keyring::Open(files_, clock_, *catalog_, "/data/secret.key");
    Open({.required = true});
  }

  void Open(GateOptions options) {
    gate_.reset();
    options.audit_path = "/data/audit.log";
    options.metrics = &metrics_;
    auto gate = Gate::Create(std::move(options), files_, clock_, *keyring_);
    ASSERT_TRUE(gate.has_value()) << gate.error().message;
    gate_ = std::move(*gate);
    server_ = std::make_unique<FakeServer>();
    gate_->RegisterRoutes(*server_);
  }

  NewKey Make(const std::string& name, std::vector<Role> roles,
              std::vector<std::string> streams = {}) {
    auto made = keyring_->Create(name, std::move(roles), std::move(streams));
    EXPECT_TRUE(made.has_value());
    return made.has_value() ? *made : NewKey();
  }

  static std::string Token(const NewKey& key) { return key.info.id + "." + key.secret; }

  static net::Request Ask(std::string method, std::string path, std::string token = "") {
    net::Request request{
        .method = std::move(method), .path = std::move(path), .remote = "192.0.2.1:5"};
    if (!token.empty()) {
      request.headers.emplace_back("authorization", "Bearer " + token);
    }
    return request;
  }

  /// 200 when the gate admits it.
  int Admitted(const net::Request& request) {
    const auto refused = gate_->Admit(request);
    return refused.has_value() ? refused->status : 200;
  }

  net::Response LogIn(const std::string& token) {
    net::Request request = Ask("POST", "/v1/session");
    request.body = R"({"key":")" + token + "\"}";
    return server_->Ask("/v1/session", std::move(request));
  }

  /// "name=value" of the Set-Cookie header.
  static std::string Cookie(const net::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") {
        return value.substr(0, value.find(';'));
      }
    }
    return "";
  }

  static net::Request InSession(std::string method, std::string path, std::string cookie) {
    net::Request request = Ask(std::move(method), std::move(path));
    request.headers.emplace_back("cookie", "other=1; " + std::move(cookie));
    return request;
  }

  double Failures(const std::string& reason) {
    return metrics_.GetCounter("weir_auth_failures_total", "", {{"reason", reason}}).Value();
  }

  std::string AuditText() { return base::ReadFile(files_, "/data/audit.log").value_or(""); }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  base::Metrics metrics_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<FakeServer> server_;
};

}  // namespace weir::auth
