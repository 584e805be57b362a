#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "auth/gate_fixture.h"
#include "net/http_client.h"

namespace weir::auth {
namespace {

/// A server behind the gate that keeps requests unanswered until it is told to answer.
class FairShareTest : public GateFixture {
 protected:
  static constexpr int kAtOnce = 8;

  void Start() {
    net::ServerOptions options{.port = 0, .limits = {.max_inflight_requests = kAtOnce}};
    options.admit = [this](const net::Request& head) { return gate_->Admit(head); };
    options.client = [this](const net::Request& head) { return gate_->ClientOf(head); };
    http_ = *net::HttpServer::Create(std::move(options), base::SystemClock());
    const auto hold = [this](net::Request, std::unique_ptr<net::Responder> responder) {
      const std::lock_guard lock(mutex_);
      if (answers_) {
        return responder->Send({});
      }
      held_.push_back(std::move(responder));
      changed_.notify_all();
    };
    for (const char* path : {"/held", "/livez"}) {
      http_->Route("GET", path, hold);
    }
    ASSERT_TRUE(http_->Start().has_value());
  }

  void TearDown() override {
    held_.clear();
    for (std::thread& thread : threads_) {
      thread.join();
    }
    if (http_ != nullptr) {
      http_->Stop(0);
    }
  }

  /// Sends half of what is served at once; returns when all of it has arrived.
  void HoldHalf(const std::string& path, const NewKey& key) {
    for (int i = 0; i < kAtOnce / 2; ++i) {
      threads_.emplace_back([this, path, token = Token(key)] { (void)StatusOf(path, token); });
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_.size() == kAtOnce / 2; });
    answers_ = true;
  }

  int StatusOf(const std::string& path, const std::string& token) const {
    const auto client =
        net::HttpClient::Create("http://127.0.0.1:" + std::to_string(http_->port()));
    const auto response = (*client)->Send("GET", path, {{"authorization", "Bearer " + token}}, "");
    return response.has_value() ? response->status : 0;
  }

  std::unique_ptr<net::HttpServer> http_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool answers_ = false;
  std::vector<std::unique_ptr<net::Responder>> held_;
  std::vector<std::thread> threads_;
};

TEST_F(FairShareTest, KeysOfOneAddressShare) {
  const NewKey greedy = Make("greedy", {Role::kViewer});
  const NewKey modest = Make("modest", {Role::kViewer});
  Start();
  HoldHalf("/held", greedy);
  EXPECT_EQ(StatusOf("/held", Token(greedy)), 429);
  EXPECT_EQ(StatusOf("/held", Token(modest)), 200);
  EXPECT_EQ(StatusOf("/livez", Token(greedy)), 200) << "open to the address, which holds nothing";
}

TEST_F(FairShareTest, NobodyTakesFromAKeyByNamingIt) {
  const NewKey key = Make("victim", {Role::kViewer});
  Start();
  HoldHalf("/livez", key);
  EXPECT_EQ(StatusOf("/livez", ""), 429) << "the path is open, so it counts for the address";
  EXPECT_EQ(StatusOf("/held", key.info.id + ".wrong"), 401);
  EXPECT_EQ(StatusOf("/held", Token(key)), 200);
}

TEST_F(FairShareTest, ASessionCountsForItsKey) {
  const NewKey key = Make("a", {Role::kViewer});
  const net::Request page = InSession("GET", "/v1/dashboards/x", Cookie(LogIn(Token(key))));
  EXPECT_EQ(Admitted(page), 200);
  EXPECT_EQ(gate_->ClientOf(page), key.info.id);
  EXPECT_EQ(gate_->ClientOf(Ask("POST", "/", Token(key))), "") << "signatures are judged later";
  Open({.required = false});
  EXPECT_EQ(gate_->ClientOf(Ask("GET", "/v1/dashboards/x", "anyone.else")), "");
}

}  // namespace
}  // namespace weir::auth
