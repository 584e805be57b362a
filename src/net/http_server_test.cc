#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/http_server_fixture.h"

namespace weir::net {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_P(HttpServerTest, AnswersOverOneKeptConnection) {
  Start();
  RawConnection raw = Connect();
  for (int i = 0; i < 3; ++i) {
    raw.Send(Get("/hello"));
    const std::string response = raw.ReadResponse();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(response, HasSubstr("date: Sun, 13 Sep 2020 12:26:40 GMT\r\n"));
    EXPECT_THAT(response, HasSubstr("x-request-id: "));
    EXPECT_THAT(response, EndsWith("\r\n\r\nhello"));
  }
}

TEST_P(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held") + Get("/hello") + Post("/echo", "third"));
  const auto held = TakeHeld();
  held->Send({.body = "first", .headers = {}});
  EXPECT_THAT(raw.ReadResponse(), EndsWith("first"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("hello"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("third"));
}

TEST_P(HttpServerTest, ServesMorePipelinedRequestsThanWaitAtOnce) {
  Start();
  RawConnection raw = Connect();
  constexpr int kRequests = 1'000;
  std::string all = Get("/held");
  for (int i = 0; i < kRequests; ++i) {
    all += Post("/echo", fmt::format("n{}", i));
  }
  raw.Send(all);
  raw.EndSending();
  TakeHeld()->Send({.body = "first", .headers = {}});
  EXPECT_THAT(raw.ReadResponse(), EndsWith("first"));
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_THAT(raw.ReadResponse(), EndsWith(fmt::format("\r\n\r\nn{}", i)));
  }
  EXPECT_EQ(raw.ReadResponse(), "");
}

TEST_P(HttpServerTest, TakesARequestByteByByte) {
  Start();
  RawConnection raw = Connect();
  for (const char c : Post("/echo", "slow but fine")) {
    raw.Send(std::string_view(&c, 1));
  }
  EXPECT_THAT(raw.ReadResponse(), EndsWith("slow but fine"));
}

TEST_P(HttpServerTest, ReadsChunkedBodies) {
  Start();
  const std::string head =
      fmt::format("POST /echo HTTP/1.1\r\n{}transfer-encoding: chunked\r\n\r\n", kHost);
  RawConnection raw = Connect();
  raw.Send(head + "5;note=x\r\nhello\r\nA\r\n, chunked!\r\n0\r\ntrailer: t\r\n\r\n" +
           Get("/hello"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("hello, chunked!"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nhello"));
  for (const std::string_view bad :
       {"x\r\n", "5\nhello\r\n", "5\r\nhelloX\r\n", "-1\r\n", "\r\n", "0x5\r\n", "5 \r\nhello\r\n",
        "fffffffffffffffff\r\n", "5\r\r\nhello"}) {
    EXPECT_THAT(Once(head + std::string(bad)), StartsWith("HTTP/1.1 400 ")) << bad;
  }
}

TEST_P(HttpServerTest, AsksForTheBodyWhenTheClientWaits) {
  Start();
  RawConnection raw = Connect();
  raw.Send(fmt::format("POST /echo HTTP/1.1\r\n{}content-length: 4\r\nexpect: 100-continue\r\n\r\n",
                       kHost));
  EXPECT_EQ(raw.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.Send("body");
  EXPECT_THAT(raw.ReadResponse(), EndsWith("body"));
}

TEST_P(HttpServerTest, RoutesByPathAndMethod) {
  Start();
  EXPECT_THAT(Once(Get("/things/a%20b%2Fc/parts?q=x+%26y&q=z")), EndsWith("\r\n\r\na b/c|x &y"));
  EXPECT_THAT(Once(Get("/files/a/b")), EndsWith("\r\n\r\na/b"));
  EXPECT_THAT(Once(Get("/nothing")), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Once(Get("/things//parts")), StartsWith("HTTP/1.1 404 "));
  const std::string wrong = Once(Get("/echo"));
  EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(wrong, HasSubstr("allow: POST\r\n"));
  EXPECT_THAT(wrong, HasSubstr(R"({"error":{"code":"method_not_allowed","message":)"));
}

TEST_P(HttpServerTest, AnswersHeadWithoutABody) {
  Start();
  RawConnection raw = Connect();
  raw.Send(fmt::format("HEAD /hello HTTP/1.1\r\n{}\r\n", kHost) + Get("/hello"));
  const std::string both = raw.ReadUntil("\r\n\r\nhello");
  EXPECT_THAT(both, HasSubstr("content-length: 5\r\n"));
  EXPECT_THAT(both, HasSubstr("\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_P(HttpServerTest, RefusesForeignHostsAndCrossSitePosts) {
  Start({.allowed_hosts = {"weir.example"}});
  const auto status = [&](std::string_view method, std::string_view fields) {
    return Once(fmt::format("{} {} HTTP/1.1\r\n{}\r\n", method,
                            method == "GET" ? "/hello" : "/echo", fields))
        .substr(9, 3);
  };
  EXPECT_EQ(status("GET", "host: evil.example\r\n"), "421");
  EXPECT_EQ(status("GET", "host: 127.0.0.1.evil.example\r\n"), "421");
  EXPECT_EQ(status("GET", "host: 127.0.0.1:8080\r\n"), "200");
  EXPECT_EQ(status("GET", "host: [::1]:8080\r\n"), "200");
  EXPECT_EQ(status("GET", "host: weir.example:1\r\n"), "200");
  EXPECT_EQ(status("POST", "host: localhost\r\norigin: http://evil.example\r\n"), "403");
  EXPECT_EQ(status("POST", "host: localhost\r\norigin: null\r\n"), "403");
  EXPECT_EQ(status("POST", "host: localhost\r\nsec-fetch-site: cross-site\r\n"), "403");
  EXPECT_EQ(status("POST", "host: localhost:1\r\norigin: https://localhost:1\r\n"), "200");
  EXPECT_EQ(status("POST", "host: localhost:1\r\norigin: http://localhost:1\r\n"),
            GetParam() ? "403" : "200");
}

TEST_P(HttpServerTest, LeavesForeignPagesToTheRoutesForThem) {
  Start();
  const auto send = [&](std::string_view method, std::string_view path) {
    return Once(fmt::format(
        "{} {} HTTP/1.1\r\n{}origin: http://shop.example\r\nsec-fetch-site: cross-site\r\n\r\n",
        method, path, kHost));
  };
  EXPECT_THAT(send("POST", "/beacon"), EndsWith("\r\n\r\nhttp://shop.example"));
  EXPECT_THAT(send("PUT", "/beacon"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(send("POST", "/nothing"), StartsWith("HTTP/1.1 403 "));
}

TEST_P(HttpServerTest, RefusesAHugeBodyBeforeItIsSent) {
  Start();
  RawConnection raw = Connect();
  raw.Send(fmt::format("POST /echo HTTP/1.1\r\n{}content-length: 1073741824\r\n\r\n", kHost));
  const std::string response = raw.ReadResponse();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(response, HasSubstr("1073741824 bytes"));
}

TEST_P(HttpServerTest, HoldsItsSizeLimits) {
  ServerOptions options;
  options.limits.max_header_bytes = 1'000;
  options.limits.max_body_bytes = 100;
  options.limits.max_inflight_body_bytes = 50;
  Start(options);
  EXPECT_THAT(
      Once(fmt::format("GET /hello HTTP/1.1\r\n{}x: {}\r\n\r\n", kHost, std::string(1'000, 'a'))),
      StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Once(std::string(2'000, 'a')), StartsWith("HTTP/1.1 431 "));
  std::string fields;
  for (int i = 0; i < 70; ++i) {
    fields += "a: b\r\n";
  }
  EXPECT_THAT(Once(fmt::format("GET /hello HTTP/1.1\r\n{}{}\r\n", kHost, fields)),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Once(Post("/echo", std::string(101, 'a'))), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      Once(fmt::format("POST /echo HTTP/1.1\r\n{}transfer-encoding: chunked\r\n\r\nff\r\n", kHost)),
      StartsWith("HTTP/1.1 413 "));
  const std::string full = Once(Post("/echo", std::string(51, 'a')));
  EXPECT_THAT(full, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(full, HasSubstr("retry-after: 1\r\n"));
  EXPECT_THAT(Once(Post("/echo", std::string(50, 'a'))), StartsWith("HTTP/1.1 200 "));
}

TEST_P(HttpServerTest, CapsConnectionsPerClient) {
  ServerOptions options;
  options.limits.max_connections_per_loopback = 1;
  Start(options);
  RawConnection first = Connect();
  first.Send(Get("/hello"));
  EXPECT_THAT(first.ReadResponse(), EndsWith("hello"));
  RawConnection second = Connect();
  // Before a handshake there is no way to say why.
  EXPECT_EQ(second.ReadUntil("").starts_with("HTTP/1.1 503 "), !GetParam());
  first.Send(Get("/hello"));
  EXPECT_THAT(first.ReadResponse(), EndsWith("hello"));
}

TEST_P(HttpServerTest, GivesUpOnSlowClients) {
  Start();
  RawConnection head = Connect();
  RawConnection body = Connect();
  RawConnection idle = Connect();
  head.Send("GET /hello HT");
  body.Send(fmt::format("POST /echo HTTP/1.1\r\n{}content-length: 100000\r\n\r\nsome", kHost));
  idle.Send(Get("/hello"));
  EXPECT_THAT(idle.ReadResponse(), EndsWith("hello"));
  // All three have arrived once a later connection is answered: connections share one loop.
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
  clock_.AdvanceMillis(61'000);
  EXPECT_THAT(head.ReadUntil(""), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.ReadUntil("}}"), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(idle.ReadUntil(""), "");
}

TEST_P(HttpServerTest, WaitsForASlowHandler) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held"));
  const auto held = TakeHeld();
  clock_.AdvanceMillis(600'000);
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
  held->Send({.body = "late", .headers = {}});
  EXPECT_THAT(raw.ReadResponse(), EndsWith("late"));
}

TEST_P(HttpServerTest, AnswersDroppedRequestsAndBlockingOnes) {
  Start();
  EXPECT_THAT(Once(Get("/dropped")), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(Once(Get("/blocking")), EndsWith("done"));
}

TEST_P(HttpServerTest, StreamsEvents) {
  Start({.threads = 1});
  RawConnection raw = Connect();
  raw.Send(fmt::format("GET /events HTTP/1.1\r\n{}last-event-id: 41\r\n\r\n", kHost));
  const auto stream = AwaitStream();
  EXPECT_EQ(last_event_id_, "41");
  EXPECT_TRUE(stream->Send("42", "figures", "one\ntwo"));
  const std::string received = raw.ReadUntil("data: two\n\n\r\n");
  EXPECT_THAT(received, HasSubstr("content-type: text/event-stream"));
  EXPECT_THAT(received,
              EndsWith("\r\n\r\n2b\r\nid: 42\nevent: figures\ndata: one\ndata: two\n\n\r\n"));
  // Answered by the same thread, so the time of the event is noted before the clock goes on.
  ASSERT_TRUE(Client()->Send("GET", "/hello", {}, ""));
  clock_.AdvanceMillis(10'001);
  EXPECT_EQ(raw.ReadUntil("\n\n\r\n"), "e\r\n: keep-alive\n\n\r\n");
}

TEST_P(HttpServerTest, StreamsABodyInChunks) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held") + Get("/hello"));
  const auto stream =
      TakeHeld()->Stream({.content_type = "text/plain", .body = "a", .headers = {}});
  EXPECT_TRUE(stream->Send("bc"));
  EXPECT_TRUE(stream->Send(""));
  EXPECT_TRUE(stream->Send(std::string(17, 'd')));
  stream->End();
  EXPECT_FALSE(stream->Send("late"));
  const std::string all = raw.ReadUntil("hello");
  EXPECT_THAT(all, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_THAT(all, HasSubstr("\r\n\r\n1\r\na\r\n2\r\nbc\r\n11\r\nddddddddddddddddd\r\n0\r\n\r\n"
                             "HTTP/1.1 200 OK\r\n"));
}

TEST_P(HttpServerTest, StreamsWaitForTheirTurn) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held") + Get("/held"));
  const auto first = TakeHeld();
  const auto second = TakeHeld()->Stream({.body = {}, .headers = {}});
  EXPECT_TRUE(second->Send("second"));
  second->End();
  first->Send({.body = "first", .headers = {}});
  EXPECT_THAT(raw.ReadResponse(), EndsWith("first"));
  EXPECT_THAT(raw.ReadUntil("0\r\n\r\n"), HasSubstr("\r\n\r\n6\r\nsecond\r\n"));
}

TEST_P(HttpServerTest, StreamsToOldClientsUntilTheConnectionEnds) {
  Start();
  RawConnection raw = Connect();
  raw.Send("GET /held HTTP/1.0\r\n\r\n");
  const auto stream = TakeHeld()->Stream({.body = {}, .headers = {}});
  EXPECT_TRUE(stream->Send("all of it"));
  stream->End();
  const std::string all = raw.ReadUntil("");
  EXPECT_THAT(all, EndsWith("\r\n\r\nall of it"));
  EXPECT_THAT(all, Not(HasSubstr("chunked")));
}

TEST_P(HttpServerTest, CutsAStreamThatIsDropped) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held"));
  auto stream = TakeHeld()->Stream({.body = {}, .headers = {}});
  EXPECT_TRUE(stream->Send("half"));
  stream.reset();
  EXPECT_THAT(raw.ReadUntil(""), EndsWith("4\r\nhalf\r\n"));
}

TEST_P(HttpServerTest, ClosesTheStreamOfAClientThatLeft) {
  Start();
  std::shared_ptr<ResponseStream> stream;
  {
    RawConnection raw = Connect();
    raw.Send(Get("/held"));
    stream = TakeHeld()->Stream({.body = {}, .headers = {}});
    EXPECT_THAT(raw.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  }
  while (stream->Send("more")) {
    Once(Get("/hello"));
  }
  EXPECT_FALSE(stream->open());
}

TEST_P(HttpServerTest, AdmitsByTheHeadBeforeTheBody) {
  ServerOptions options;
  options.admit = [](const Request& head) -> std::optional<Response> {
    if (head.Header("authorization") == "good" || head.path == "/hello") {
      return std::nullopt;
    }
    return Response{.status = 401, .body = "who are you?", .headers = {}};
  };
  Start(options);
  RawConnection raw = Connect();
  raw.Send(Post("/echo", "small") + Get("/hello"));
  EXPECT_THAT(raw.ReadResponse(), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("hello"));
  raw.Send(fmt::format(
      "POST /echo HTTP/1.1\r\n{}authorization: good\r\ncontent-length: 2\r\n\r\nok", kHost));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("ok"));
  raw.Send(fmt::format("POST /echo HTTP/1.1\r\n{}content-length: 1000000\r\n\r\n", kHost));
  EXPECT_THAT(raw.ReadUntil(""), HasSubstr("connection: close\r\n"));
  const std::string chunk = fmt::format("8000\r\n{}\r\n", std::string(0x8000, 'x'));
  const std::string endless =
      Once(fmt::format("POST /echo HTTP/1.1\r\n{}transfer-encoding: chunked\r\n\r\n", kHost) +
           chunk + chunk + chunk);
  EXPECT_THAT(endless, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(endless, HasSubstr("connection: close\r\n"));
}

// A body that takes long to take apart holds up neither other connections nor the order of its own.
TEST_P(HttpServerTest, TakesLargeBodiesApartElsewhere) {
  Start({.threads = 1});
  constexpr size_t kLarge = 1 << 20;
  RawConnection raw = Connect();
  raw.Send(Post("/sizes", std::string(kLarge, 'x')) + Post("/sizes", "small"));
  begun_.Await();
  EXPECT_THAT(Once(Post("/echo", "others")), EndsWith("others"));
  EXPECT_THAT(sizes_, ElementsAre(kLarge));
  go_on_.Set();
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\n1048576"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\n5"));
  EXPECT_THAT(sizes_, ElementsAre(kLarge, 5));
}

TEST_P(HttpServerTest, RunsPostedWork) {
  Start();
  Signal done;
  EXPECT_TRUE(server_->Post([&] { done.Set(); }));
  done.Await();
  server_->Stop(0);
  EXPECT_FALSE(server_->Post([] { FAIL(); }));
}

TEST_P(HttpServerTest, ClosesAnEventStreamThatIsNotRead) {
  Start();
  RawConnection raw = Connect();
  raw.ShrinkReceiveBuffer();
  raw.Send(Get("/events"));
  const auto stream = AwaitStream();
  const std::string data(1 << 20, 'x');
  bool taken = true;
  for (int i = 0; i < 1'000 && taken; ++i) {
    taken = stream->Send("", "", data);
  }
  EXPECT_FALSE(taken);
  EXPECT_FALSE(stream->open());
}

TEST_P(HttpServerTest, DrainsRunningRequestsWhenStopped) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held"));
  auto held = TakeHeld();
  std::thread stopper([&] { server_->Stop(10'000); });
  held->Send({.body = "finished", .headers = {}});
  EXPECT_THAT(raw.ReadUntil(""), EndsWith("finished"));
  stopper.join();
}

TEST_P(HttpServerTest, LeavesNobodyWaitingWhenItHasStopped) {
  Start();
  RawConnection idle = Connect();
  RawConnection waiting = Connect();
  waiting.Send(Get("/held"));
  auto held = TakeHeld();
  server_->Stop(0);
  for (RawConnection* const raw : {&idle, &waiting}) {
    raw->ReadUntil("");
    EXPECT_TRUE(raw->ended());
  }
}

TEST_P(HttpServerTest, ToleratesAnswersAfterItStopped) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/held"));
  auto held = TakeHeld();
  server_->Stop(0);
  server_.reset();
  held->Send({.body = "too late", .headers = {}});
}

TEST_P(HttpServerTest, NamesATakenPort) {
  Start();
  auto second = *HttpServer::Create({.port = server_->port()}, clock_);
  const auto started = second->Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::Code::kFailedPrecondition);
  EXPECT_THAT(started.error().message, HasSubstr(fmt::format("127.0.0.1:{}", server_->port())));
}

TEST_P(HttpServerTest, CountsByRouteAndCode) {
  Start();
  Once(Get("/hello"));
  Once(Get("/nothing"));
  const std::string text = metrics_.Expose();
  EXPECT_THAT(text, HasSubstr(R"(weir_http_requests_total{code="200",route="/hello"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(weir_http_requests_total{code="404",route="none"} 1)"));
}

TEST_P(HttpServerTest, ServesManyClientsOnSeveralThreads) {
  Start({.threads = 3});
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      auto client = Client();
      for (int j = 0; j < 50; ++j) {
        const std::string body = fmt::format("{}-{}", i, j);
        const auto response =
            client->Send(j % 2 == 0 ? "POST" : "GET", j % 2 == 0 ? "/echo" : "/blocking", {}, body);
        right += response && response->body == (j % 2 == 0 ? body : "done") ? 1 : 0;
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(right, 400);
}

TEST_P(HttpServerTest, ClientReadsEveryStatusAndSize) {
  Start();
  auto client = Client();
  const std::string large(3 << 20, 'x');
  const auto echoed = client->Send("POST", "/echo", {{"x-note", "1"}}, large);
  ASSERT_TRUE(echoed) << echoed.error().message;
  EXPECT_EQ(echoed->body, large);
  const auto missing = client->Send("GET", "/nothing", {}, "");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
  const auto refused = client->Send("POST", "/echo", {}, std::string(9 << 20, 'x'));
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 413);
  EXPECT_TRUE(client->Send("GET", "/hello", {}, ""));
  const uint16_t port = server_->port();
  server_->Stop(0);
  server_.reset();
  const auto gone = client->Send("GET", "/hello", {}, "");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, base::Code::kUnavailable);
  EXPECT_THAT(gone.error().message, HasSubstr(fmt::format("127.0.0.1:{}", port)));
}

INSTANTIATE_TEST_SUITE_P(Plain, HttpServerTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, HttpServerTest, testing::Values(true));

TEST(HttpClientTest, RefusesWhatIsNoServerAddress) {
  for (const std::string_view url :
       {"", "localhost:80", "https://", "ftp://localhost", "http://", "http://a/b", "http://a:b"}) {
    EXPECT_FALSE(HttpClient::Create(url)) << url;
  }
}

}  // namespace
}  // namespace weir::net
