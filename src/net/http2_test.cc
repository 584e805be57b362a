#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/connection.h"
#include "net/http2_session.h"
#include "net/http_server_fixture.h"
#include "net/raw_http2.h"

namespace weir::net {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

using Fields = RawHttp2::Fields;

constexpr auto Code(Http2Error error) {
  return static_cast<uint32_t>(error);
}

class Http2Test : public HttpServerTest {
 protected:
  crypto::TlsContext* Offer() { return GetParam() ? Tls().http2_client.get() : nullptr; }

  RawHttp2 Speak(RawHttp2::Settings settings = {}) {
    return RawHttp2(server_->port(), Offer(), settings);
  }

  std::string Status(const Fields& fields, std::string_view body = "") {
    RawHttp2 client = Speak();
    const RawHttp2::Answer answer = client.Await(client.Request(fields, body));
    return answer.reset ? fmt::format("reset {}", *answer.reset) : std::string(answer.status());
  }
};

TEST_P(Http2Test, AnswersInAnyOrder) {
  Start();
  RawHttp2 client = Speak();
  const int32_t held = client.Get("/held");
  const int32_t hello = client.Get("/hello");
  const int32_t echo = client.Post("/echo", "third");
  const RawHttp2::Answer answer = client.Await(hello);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_THAT(answer.fields, Contains(Pair("content-length", "5")));
  EXPECT_THAT(answer.fields, Contains(Pair("date", "Sun, 13 Sep 2020 12:26:40 GMT")));
  EXPECT_NE(answer.Field("x-request-id"), "");
  EXPECT_EQ(answer.Field("connection"), "");
  EXPECT_EQ(client.Await(echo).body, "third");
  EXPECT_FALSE(client.Of(held).ended);
  TakeHeld()->Send({.body = "first", .headers = {{"X-Mixed", "a\r\nb"}}});
  EXPECT_EQ(client.Await(held).body, "first");
  EXPECT_THAT(client.Of(held).fields, Contains(Pair("x-mixed", "a  b")));
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr(R"(weir_http_requests_total{code="200",route="/hello"} 1)"));
}

TEST_P(Http2Test, MovesLargeBodiesSideBySide) {
  Start();
  RawHttp2 client = Speak();
  std::vector<int32_t> streams;
  for (int i = 0; i < 5; ++i) {
    streams.push_back(client.Post("/echo", std::string(3 << 20, static_cast<char>('a' + i))));
  }
  for (int i = 0; i < 5; ++i) {
    const RawHttp2::Answer answer = client.Await(streams[i]);
    EXPECT_EQ(answer.status(), "200");
    EXPECT_TRUE(answer.body == std::string(3 << 20, static_cast<char>('a' + i)));
  }
}

TEST_P(Http2Test, ServesManyRequestsOfOneConnection) {
  Start({.threads = 2});
  RawHttp2 client = Speak();
  for (int round = 0; round < 20; ++round) {
    std::vector<int32_t> streams;
    for (int i = 0; i < 100; ++i) {
      streams.push_back(i % 3 == 0 ? client.Get("/blocking")
                                   : client.Post("/echo", fmt::format("{}-{}", round, i)));
    }
    for (int i = 0; i < 100; ++i) {
      const RawHttp2::Answer answer = client.Await(streams[i]);
      ASSERT_EQ(answer.body, i % 3 == 0 ? "done" : fmt::format("{}-{}", round, i));
    }
  }
}

TEST_P(Http2Test, AnswersHeadWithoutABody) {
  Start();
  RawHttp2 client = Speak();
  const RawHttp2::Answer answer =
      client.Await(client.Request(RawHttp2::Head("HEAD", "/hello"), ""));
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.Field("content-length"), "5");
  const RawHttp2::Answer refused = client.Await(
      client.Request(RawHttp2::Head("HEAD", "/hello", {{"x", std::string(20 << 10, 'a')}}), ""));
  EXPECT_EQ(refused.status(), "431");
  EXPECT_TRUE(refused.ended);
  EXPECT_EQ(refused.body, "");
}

TEST_P(Http2Test, AsksForTheBodyWhenTheClientWaits) {
  Start();
  RawHttp2 client = Speak();
  const int32_t stream = client.Request(
      RawHttp2::Head("POST", "/echo", {{"expect", "100-continue"}, {"content-length", "4"}}), "",
      true);
  client.Settle();
  EXPECT_EQ(client.Of(stream).status(), "100");
  client.SendBody(stream, "body", true);
  EXPECT_EQ(client.Await(stream).body, "body");
  EXPECT_THAT(client.Of(stream).fields, Contains(Pair(":status", "200")));
}

TEST_P(Http2Test, RefusesWithTheStatusOfHttp1) {
  ServerOptions options;
  options.limits.max_header_bytes = 12 << 10;
  options.limits.max_body_bytes = 1'100;
  options.limits.max_inflight_body_bytes = 1'050;
  Start(options);
  EXPECT_EQ(Status(RawHttp2::Head("GET", "/nothing")), "404");
  EXPECT_EQ(Status(RawHttp2::Head("GET", "/echo")), "405");
  EXPECT_EQ(Status(RawHttp2::Head("GET", "/files/%2e%2e/x")), "400");
  EXPECT_EQ(Status(RawHttp2::Head("POST", "/echo", {{"origin", "http://evil.example"}})), "403");
  EXPECT_EQ(Status(RawHttp2::Head("POST", "/echo", {{"content-encoding", "gzip"}}), "x"), "415");
  EXPECT_EQ(Status(RawHttp2::Head("POST", "/echo", {{"expect", "magic"}}), "x"), "417");
  EXPECT_EQ(Status(RawHttp2::Head("POST", "/echo"), std::string(1'101, 'x')), "413");
  EXPECT_EQ(Status(RawHttp2::Head("POST", "/echo", {{"content-length", "1101"}}),
                   std::string(1'101, 'x')),
            "413");
  EXPECT_EQ(Status(RawHttp2::Head("POST", "/echo"), std::string(1'051, 'x')), "503");
  EXPECT_EQ(Status(RawHttp2::Head("GET", "/hello", {{"x", std::string(12 << 10, 'a')}})), "431");
  EXPECT_EQ(Status(RawHttp2::Head("GET", "/" + std::string(9 << 10, 'a'))), "414");
  Fields many;
  for (int i = 0; i < 70; ++i) {
    many.emplace_back(fmt::format("x-{}", i), "y");
  }
  EXPECT_EQ(Status(RawHttp2::Head("GET", "/hello", many)), "431");
  EXPECT_EQ(Status({{":method", "GET"},
                    {":scheme", "http"},
                    {":path", "/hello"},
                    {":authority", "evil.example"}}),
            "421");
  EXPECT_EQ(Status({{":method", "OPTIONS"},
                    {":scheme", "http"},
                    {":path", "*"},
                    {":authority", "localhost"}}),
            "400");
  EXPECT_EQ(Status({{":method", "CONNECT"}, {":authority", "localhost"}}), "400");
  EXPECT_EQ(Status({{":method", "GET"},
                    {":scheme", "ftp"},
                    {":path", "/hello"},
                    {":authority", "localhost"}}),
            "400");
}

TEST_P(Http2Test, TakesTheHostFromEitherPlace) {
  ServerOptions options;
  options.admit = [](const Request& head) -> std::optional<Response> {
    return Response{.body = fmt::format("{}|{}", head.Header("host"), head.Header("cookie")),
                    .headers = {}};
  };
  Start(options);
  RawHttp2 client = Speak();
  const auto body = [&](const Fields& fields) {
    return client.Await(client.Request(fields, "")).body;
  };
  EXPECT_EQ(body(RawHttp2::Head("GET", "/hello", {{"cookie", "a=1"}, {"cookie", "b=2"}})),
            "localhost|a=1; b=2");
  EXPECT_EQ(body(RawHttp2::Head("GET", "/hello", {{"host", "localhost"}})), "localhost|");
  EXPECT_EQ(
      body(
          {{":method", "GET"}, {":scheme", "http"}, {":path", "/hello"}, {"host", "127.0.0.1:99"}}),
      "127.0.0.1:99|");
  const RawHttp2::Answer two =
      client.Await(client.Request(RawHttp2::Head("GET", "/hello", {{"host", "127.0.0.1"}}), ""));
  EXPECT_EQ(two.status(), "400");
  EXPECT_THAT(two.body, HasSubstr("names another host"));
}

TEST_P(Http2Test, AdmitsByTheHeadBeforeTheBody) {
  ServerOptions options;
  options.admit = [](const Request&) -> std::optional<Response> {
    return Response{.status = 401, .body = "who are you?", .headers = {}};
  };
  Start(options);
  RawHttp2 client = Speak();
  const int32_t small = client.Request(RawHttp2::Head("POST", "/echo"), "begun", true);
  EXPECT_EQ(client.Await(small).status(), "401");
  client.SendBody(small, "ended", true);
  client.Settle();
  EXPECT_FALSE(client.Of(small).reset);
  const int32_t large = client.Request(RawHttp2::Head("POST", "/echo"), "begun", true);
  EXPECT_EQ(client.Await(large).status(), "401");
  client.SendBody(large, std::string(1 << 20, 'x'), false);
  while (!client.Of(large).reset) {
    client.Settle();
  }
  EXPECT_EQ(client.Of(large).reset, Code(Http2Error::kNone));
  EXPECT_EQ(client.Await(client.Get("/hello")).status(), "401");
}

TEST_P(Http2Test, IgnoresTrailers) {
  Start();
  RawHttp2 client = Speak();
  const int32_t stream = client.Request(RawHttp2::Head("POST", "/echo"), "body", true);
  client.raw().Send(
      RawHttp2::Frame(1, 0x5, stream, RawHttp2::Literals({{"x-checksum", "1"}, {"host", "evil"}})));
  EXPECT_EQ(client.Await(stream).body, "body");
}

TEST_P(Http2Test, StreamsSideBySide) {
  Start();
  RawHttp2 client = Speak();
  const int32_t first = client.Get("/held");
  const int32_t second = client.Get("/held");
  const auto one = TakeHeld()->Stream({.content_type = "text/plain", .body = "a", .headers = {}});
  const auto two = TakeHeld()->Stream({.body = {}, .headers = {}});
  EXPECT_TRUE(two->Send("2"));
  EXPECT_EQ(client.AwaitBody(second, 1).body, "2");
  EXPECT_TRUE(one->Send("bc"));
  EXPECT_TRUE(one->Send(""));
  one->End();
  EXPECT_FALSE(one->Send("late"));
  const RawHttp2::Answer answer = client.Await(first);
  EXPECT_EQ(answer.body, "abc");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.Field("content-length"), "");
  EXPECT_EQ(answer.Field("transfer-encoding"), "");
  EXPECT_TRUE(two->open());
  two->End();
  EXPECT_TRUE(client.Await(second).ended);
}

TEST_P(Http2Test, CutsAStreamThatIsDropped) {
  Start();
  RawHttp2 client = Speak();
  const int32_t stream = client.Get("/held");
  auto half = TakeHeld()->Stream({.body = {}, .headers = {}});
  EXPECT_TRUE(half->Send("half"));
  EXPECT_EQ(client.AwaitBody(stream, 4).body, "half");
  half.reset();
  EXPECT_EQ(client.Await(stream).reset, Code(Http2Error::kInternal));
  EXPECT_EQ(client.Await(client.Get("/hello")).body, "hello");
}

TEST_P(Http2Test, ClosesTheStreamThatAClientCancels) {
  Start();
  RawHttp2 client = Speak();
  const int32_t stream = client.Get("/events");
  const auto events = AwaitStream();
  EXPECT_TRUE(events->Send("42", "figures", "one"));
  EXPECT_EQ(client.AwaitBody(stream, 30).body, "id: 42\nevent: figures\ndata: one\n\n");
  client.Cancel(stream);
  EXPECT_EQ(client.Await(client.Get("/hello")).body, "hello");
  EXPECT_FALSE(events->open());
}

TEST_P(Http2Test, KeepsEventStreamsAlive) {
  Start();
  RawHttp2 client = Speak();
  const int32_t stream = client.Get("/events");
  AwaitStream();
  EXPECT_EQ(client.Await(client.Get("/hello")).body, "hello");
  clock_.AdvanceMillis(10'001);
  EXPECT_EQ(client.AwaitBody(stream, 1).body, ": keep-alive\n\n");
}

TEST_P(Http2Test, CutsAnEventStreamThatIsNotRead) {
  Start();
  RawHttp2 client = Speak({.keeps_windows_shut = true});
  const int32_t stream = client.Get("/events");
  const auto events = AwaitStream();
  const std::string data(1 << 20, 'x');
  bool taken = true;
  for (int i = 0; i < 1'000 && taken; ++i) {
    taken = events->Send("", "", data);
  }
  EXPECT_FALSE(taken);
  EXPECT_FALSE(events->open());
  EXPECT_EQ(client.Await(stream).reset, Code(Http2Error::kEnhanceYourCalm));
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr(R"(weir_http2_resets_total{code="enhance_your_calm"} 1)"));
}

TEST_P(Http2Test, CutsTheLargestOfManyThatAreNotRead) {
  Start();
  for (const bool ended : {false, true}) {
    SCOPED_TRACE(ended);
    RawHttp2 client = Speak({.keeps_windows_shut = true});
    std::vector<std::shared_ptr<ResponseStream>> streams;
    std::vector<int32_t> ids;
    for (int i = 0; i < 6; ++i) {
      ids.push_back(client.Get("/held"));
      streams.push_back(TakeHeld()->Stream({.body = {}, .headers = {}}));
      for (int j = 0; j < (i == 2 ? 7 : 6); ++j) {
        EXPECT_TRUE(streams.back()->Send(std::string(1 << 20, 'x')));
      }
      if (ended && i == 2) {
        streams.back()->End();
      }
      client.Settle();
    }
    EXPECT_EQ(client.Await(ids[2]).reset, Code(Http2Error::kEnhanceYourCalm));
    EXPECT_FALSE(streams[2]->open());
    EXPECT_TRUE(streams[0]->open());
  }
}

TEST_P(Http2Test, FinishesWhatRunsWhenStopped) {
  Start();
  std::jthread stopper;  // Ends last: the server waits until the client has closed, too.
  RawHttp2 client = Speak();
  const int32_t events = client.Get("/events");
  AwaitStream();
  const int32_t stream = client.Get("/held");
  auto held = TakeHeld();
  stopper = std::jthread([&] { server_->Stop(10'000); });
  client.AwaitGoAway();
  held->Send({.body = "finished", .headers = {}});
  EXPECT_EQ(client.Await(stream).body, "finished");
  EXPECT_TRUE(client.Await(events).ended);
  EXPECT_EQ(client.AwaitEnd(), Code(Http2Error::kNone));
}

TEST_P(Http2Test, EndsIdleConnections) {
  Start();
  RawHttp2 client = Speak();
  EXPECT_EQ(client.Await(client.Get("/hello")).body, "hello");
  client.Settle();
  clock_.AdvanceMillis(60'001);
  EXPECT_EQ(client.AwaitEnd(), Code(Http2Error::kNone));
}

TEST_P(Http2Test, HoldsItsTimeLimits) {
  Start();
  RawHttp2 slow = Speak();
  const int32_t body = slow.Request(RawHttp2::Head("POST", "/echo"), "a", true);
  slow.Settle();
  clock_.AdvanceMillis(20'001);
  EXPECT_EQ(slow.Await(body).status(), "408");
  while (!slow.Of(body).reset) {
    clock_.AdvanceMillis(500);
    slow.Settle();
  }
  EXPECT_EQ(slow.Of(body).reset, Code(Http2Error::kNone));
  // A head whose end does not come.
  slow.raw().Send(RawHttp2::Frame(1, 0x1, 9, RawHttp2::Literals(RawHttp2::Head("GET", "/hello"))));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Status(RawHttp2::Head("GET", "/hello")), "200");
    clock_.AdvanceMillis(10'001);
  }
  EXPECT_EQ(slow.AwaitEnd(), Code(Http2Error::kEnhanceYourCalm));
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr(R"(weir_http2_connections_ended_total{why="slow_head"} 1)"));
}

TEST_P(Http2Test, CutsAnswersThatAreNotTaken) {
  Start();
  RawHttp2 client = Speak({.stream_window = 10, .keeps_windows_shut = true});
  const int32_t stream = client.Post("/echo", std::string(1'000, 'x'));
  EXPECT_EQ(client.AwaitBody(stream, 10).body.size(), 10U);
  clock_.AdvanceMillis(60'001);
  EXPECT_EQ(client.Await(stream).reset, Code(Http2Error::kCancel));
  EXPECT_EQ(client.Await(client.Get("/hello")).body, "hello");
}

TEST_P(Http2Test, BeginsFewRequestsAtFirst) {
  Start();
  RawHttp2 client = Speak();
  std::vector<int32_t> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(client.Get("/held"));
  }
  client.Settle();
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(held_.size(), Connection::kFirstWaiting);
  }
  for (int i = 0; i < 20; ++i) {
    TakeHeld()->Send({.body = "x", .headers = {}});
  }
  for (const int32_t stream : streams) {
    EXPECT_EQ(client.Await(stream).body, "x");
  }
}

TEST_P(Http2Test, TakesAConnectionByteByByte) {
  Start();
  RawHttp2 client = Speak();
  const int32_t stream = client.Request(RawHttp2::Head("POST", "/echo"), "", true);
  for (const char c :
       RawHttp2::Frame(0, 0x0, stream, "slow but") + RawHttp2::Frame(0, 0x1, stream, " fine")) {
    client.raw().Send(std::string_view(&c, 1));
  }
  EXPECT_EQ(client.Await(stream).body, "slow but fine");
}

INSTANTIATE_TEST_SUITE_P(Plain, Http2Test, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, Http2Test, testing::Values(true));

}  // namespace
}  // namespace weir::net
