#include "net/fair_share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "net/http_server_fixture.h"

namespace weir::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Verdict = Quota::Verdict;

TEST(QuotaTest, LeavesAsMuchAsEachHolds) {
  Quota quota(12);
  std::atomic<size_t> greedy = 0;
  std::atomic<size_t> other = 0;
  std::atomic<size_t> third = 0;
  while (quota.Take(greedy, 1) == Verdict::kTaken) {
  }
  EXPECT_EQ(greedy, 6);
  while (quota.Take(other, 1) == Verdict::kTaken) {
  }
  EXPECT_EQ(other, 3);
  while (quota.Take(third, 1) == Verdict::kTaken) {
  }
  EXPECT_EQ(third, 2);
  EXPECT_EQ(quota.Take(greedy, 1), Verdict::kClientFull);
  quota.Give(greedy, 6);
  EXPECT_EQ(quota.Take(third, 1), Verdict::kTaken);
  EXPECT_EQ(quota.used(), 6);
}

TEST(QuotaTest, NeverPassesItsLimit) {
  Quota quota(10);
  std::atomic<size_t> one = 0;
  std::atomic<size_t> other = 0;
  EXPECT_EQ(quota.Take(one, 11), Verdict::kAllFull);
  EXPECT_EQ(quota.Take(one, 10), Verdict::kTaken);
  EXPECT_EQ(quota.Take(other, 1), Verdict::kAllFull);
  EXPECT_EQ(quota.Look(other, 0), Verdict::kTaken);
  EXPECT_EQ(quota.used(), 10);
}

TEST(ShareTest, GoesBackAtTheEnd) {
  Quota quota(10);
  const auto mine = std::make_shared<std::atomic<size_t>>(0);
  {
    Share share(quota, mine);
    EXPECT_EQ(share.Grow(3), Verdict::kTaken);
    EXPECT_EQ(share.Grow(2), Verdict::kTaken);
    EXPECT_EQ(share.Grow(6), Verdict::kClientFull);
    Share moved = std::move(share);
    EXPECT_EQ(moved.amount(), 5);
    moved = Share(quota, mine);
    EXPECT_EQ(quota.used(), 0);
    EXPECT_EQ(moved.Grow(1), Verdict::kTaken);
  }
  EXPECT_EQ(quota.used(), 0);
  EXPECT_EQ(*mine, 0);
}

TEST(ClientBookTest, ForgetsClientsThatHoldNothing) {
  ClientBook book;
  const auto kept = book.Find("kept");
  for (int i = 0; i < 10'000; ++i) {
    book.Find(fmt::format("client {}", i));
  }
  EXPECT_EQ(book.Find("kept"), kept);
  EXPECT_LE(book.size(), 2'048);
}

// Clients are told apart by the header "key".
class OverloadTest : public HttpServerTest {
 protected:
  void StartWith(ServerLimits limits) {
    ServerOptions options;
    options.limits = limits;
    options.client = [](const Request& head) { return std::string(head.Header("key")); };
    Start(options);
  }

  static std::string As(std::string_view key, std::string_view request) {
    std::string text(request);
    return text.insert(text.find("\r\n") + 2, fmt::format("key: {}\r\n", key));
  }
};

TEST_P(OverloadTest, OneClientCannotTakeEveryRequest) {
  StartWith({.max_inflight_requests = 8});
  RawConnection greedy = Connect();
  for (int i = 0; i < 6; ++i) {
    greedy.Send(As("greedy", Get("/held")));
  }
  std::vector<std::unique_ptr<Responder>> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(TakeHeld());
  }
  const std::string refused = Once(As("greedy", Get("/hello")));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(refused, HasSubstr("retry-after: 1\r\n"));
  EXPECT_THAT(refused, HasSubstr(R"("code":"limit_exceeded")"));
  EXPECT_THAT(refused, HasSubstr("8 requests"));
  EXPECT_THAT(Once(As("modest", Get("/hello"))), EndsWith("hello"));
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
  for (const auto& responder : held) {
    responder->Send({.body = "answered", .headers = {}});
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(greedy.ReadResponse(), EndsWith("answered"));
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(greedy.ReadResponse(), StartsWith("HTTP/1.1 429 "));
  }
  EXPECT_THAT(Once(As("greedy", Get("/hello"))), EndsWith("hello"));
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr(R"(weir_http_shed_total{share="client",what="requests"} 3)"));
}

TEST_P(OverloadTest, OneClientCannotKeepEveryStreamOpen) {
  StartWith({.max_inflight_requests = 8});
  std::vector<std::unique_ptr<RawConnection>> open;
  for (int i = 0; i < 4; ++i) {
    open.push_back(std::make_unique<RawConnection>(server_->port(),
                                                   GetParam() ? Tls().client.get() : nullptr));
    open.back()->Send(As("greedy", Get("/events")));
    EXPECT_THAT(open.back()->ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_THAT(Once(As("greedy", Get("/events"))), StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(Once(As("modest", Get("/hello"))), EndsWith("hello"));
  {
    const std::lock_guard lock(mutex_);
    streams_.erase(streams_.begin());
  }
  open.front()->ReadUntil("0\r\n\r\n");
  EXPECT_THAT(Once(As("greedy", Get("/hello"))), EndsWith("hello"));
}

TEST_P(OverloadTest, OneClientCannotTakeAllBodyBytes) {
  StartWith({.max_inflight_body_bytes = 100});
  const std::string head =
      fmt::format("POST /hold HTTP/1.1\r\n{}content-length: 60\r\n\r\n", kHost);
  RawConnection first = Connect();
  first.Send(As("greedy", head) + std::string(60, 'x'));
  auto held = TakeHeld();
  EXPECT_THAT(Once(As("greedy", Post("/echo", "more"))), StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(Once(As("modest", Post("/echo", std::string(41, 'x')))), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(Once(As("modest", Post("/echo", "small"))), EndsWith("small"));
  held->Send({.body = "done", .headers = {}});
  EXPECT_THAT(first.ReadResponse(), EndsWith("done"));
  EXPECT_THAT(Once(As("greedy", Post("/echo", "more"))), EndsWith("more"));
}

TEST_P(OverloadTest, OneClientCannotTakeEveryPlaceOfAPool) {
  StartWith({});
  RawConnection first = Connect();
  first.Send(As("greedy", Get("/few")));
  AwaitFew(1);
  const std::string refused = Once(As("greedy", Get("/few")));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(refused, HasSubstr("2 places"));
  RawConnection second = Connect();
  second.Send(As("modest", Get("/few")));
  AwaitFew(2);
  EXPECT_THAT(Once(As("third", Get("/few"))), StartsWith("HTTP/1.1 503 "));
  go_on_.Set();
  EXPECT_THAT(first.ReadResponse(), EndsWith("few"));
  EXPECT_THAT(second.ReadResponse(), EndsWith("few"));
}

// Also when nobody waits for the answer any more.
TEST_P(OverloadTest, ABodyCountsUntilItsHandlerEnds) {
  constexpr size_t kBody = 2 << 20;
  StartWith({.max_inflight_body_bytes = 2 * kBody});
  auto gone =
      std::make_unique<RawConnection>(server_->port(), GetParam() ? Tls().client.get() : nullptr);
  gone->Send(
      As("greedy",
         fmt::format("POST /sizes HTTP/1.1\r\n{}connection: close\r\ncontent-length: {}\r\n\r\n",
                     kHost, kBody)) +
      std::string(kBody, 'x'));
  begun_.Await();
  gone->ResetAtEnd();
  gone.reset();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < until; };
  while (!metrics_.Expose().contains("weir_http_connections 0\n") && in_time()) {
    std::this_thread::yield();
  }
  EXPECT_THAT(Once(As("greedy", Post("/echo", "more"))), StartsWith("HTTP/1.1 429 "));
  go_on_.Set();
  std::string answer;
  do {
    answer = Once(As("greedy", Post("/echo", "more")));
  } while (answer.starts_with("HTTP/1.1 429 ") && in_time());
  EXPECT_THAT(answer, EndsWith("more"));
}

TEST_P(OverloadTest, RefusesAtOnceAndGoesOn) {
  StartWith({.max_inflight_requests = 2});
  RawConnection holder = Connect();
  holder.Send(As("a", Get("/held")));
  auto held = TakeHeld();
  RawConnection raw = Connect();
  // The refused body is thrown away, the connection goes on.
  raw.Send(As("a", Post("/echo", std::string(10'000, 'x'))) + As("b", Post("/echo", "mine")));
  EXPECT_THAT(raw.ReadResponse(), StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nmine"));
  held->Send({.body = "done", .headers = {}});
  EXPECT_THAT(holder.ReadResponse(), EndsWith("done"));
}

TEST_P(OverloadTest, AClientThatDoesNotReadIsAskedTo) {
  StartWith({.max_unsent_bytes = 1 << 20});
  RawConnection lazy = Connect();
  lazy.ShrinkReceiveBuffer();
  lazy.Send(Get("/held"));
  TakeHeld()->Send({.body = std::string(8 << 20, 'x'), .headers = {}});
  std::string answer;
  do {  // Until the answer has reached the connection.
    answer = Once(Get("/hello"));
  } while (answer.ends_with("hello"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(answer, HasSubstr("unsent_bytes"));
}

INSTANTIATE_TEST_SUITE_P(Plain, OverloadTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, OverloadTest, testing::Values(true));

}  // namespace
}  // namespace weir::net
