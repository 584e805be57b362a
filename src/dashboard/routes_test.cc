#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "auth/gate_fixture.h"
#include "dashboard/dashboard.h"
#include "net/http_client.h"

namespace weir::dashboard {
namespace {

// One client may hold half of all places.
constexpr int kSlowQueries = (query::kMaxRunningQueries + query::kMaxWaitingQueries) / 2;
constexpr int64_t kPatienceMillis = 10'000;

/// Answers when it is released.
class SlowQueries : public query::QueryService {
 public:
  base::Result<query::QueryResult> Run(std::string_view, const query::QueryOptions&) override {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    return query::QueryResult{};
  }

  void Shutdown() override {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  /// Whether so many queries were asked in the end.
  bool WaitFor(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMillis),
                             [&] { return asked_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int asked_ = 0;
  bool released_ = false;
};

class DashboardRoutes : public auth::GateFixture {
 protected:
  /// The status of a request of its own connection, or 0.
  int Status(std::string_view method, std::string_view target, std::string_view body = "") const {
    const auto client =
        net::HttpClient::Create(fmt::format("http://127.0.0.1:{}", http_->port()), kPatienceMillis);
    if (!client.has_value()) {
      return 0;
    }
    const auto answer = (*client)->Send(method, target, {}, body);
    return answer.has_value() ? answer->status : 0;
  }

  std::unique_ptr<net::HttpServer> http_;
};

TEST_F(DashboardRoutes, SignedRequestsForThePageAreNotForIt) {
  SlowQueries queries;
  const auto dashboard = Dashboard::Create(queries, *gate_, clock_, [] { return PipelineState{}; },
                                           {.status = 403, .body = "signed"});
  ASSERT_TRUE(dashboard.has_value());
  (*dashboard)->Register(*server_);
  net::Request request{.method = "GET", .path = "/"};
  EXPECT_NE(server_->Ask("/", request).body, "signed");
  request.headers = {{"authorization", "AWS4-HMAC-SHA256 Credential=a/b"}};
  EXPECT_EQ(server_->Ask("/", request).body, "signed");
  request.headers = {{"authorization", "Bearer a.b"}};
  EXPECT_NE(server_->Ask("/", request).body, "signed");
  request.query["X-Amz-Signature"] = "00";
  EXPECT_EQ(server_->Ask("/", request).body, "signed");
  (*dashboard)->Stop();
}

TEST_F(DashboardRoutes, SlowQueriesLeaveThreadsAndPlacesFree) {
  Open({.required = false});
  base::Clock& clock = base::SystemClock();
  SlowQueries queries;
  auto dashboard = Dashboard::Create(queries, *gate_, clock, [] { return PipelineState{}; }, {});
  ASSERT_TRUE(dashboard.has_value());
  http_ = *net::HttpServer::Create({.port = 0}, clock);
  (*dashboard)->Register(*http_);
  http_->RouteBlocking("GET", "/metrics",
                       [](const net::Request&, std::unique_ptr<net::Responder> responder) {
                         responder->Send({.body = "{}"});
                       });
  ASSERT_TRUE(http_->Start().has_value());
  std::array<int, kSlowQueries + 1> answers{};
  std::atomic<bool> one_refused = false;
  std::vector<std::thread> asking;
  asking.reserve(answers.size());
  for (int& answer : answers) {
    asking.emplace_back([&] {
      answer = Status("POST", "/v1/query", R"({"sql":"SELECT 1"})");
      if (answer != 200) {
        one_refused = true;
        one_refused.notify_all();
      }
    });
  }
  EXPECT_TRUE(queries.WaitFor(kSlowQueries));
  one_refused.wait(false);
  EXPECT_EQ(Status("GET", "/metrics"), 200);
  queries.Shutdown();
  for (std::thread& thread : asking) {
    thread.join();
  }
  std::ranges::sort(answers);
  EXPECT_EQ(answers.back(), 429);
  EXPECT_EQ(std::ranges::count(answers, 200), kSlowQueries);
  (*dashboard)->Stop();
  http_->Stop(kPatienceMillis);
}

}  // namespace
}  // namespace weir::dashboard
