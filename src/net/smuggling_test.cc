#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server_fixture.h"

namespace weir::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::string_literals;

// Messages that two parsers could read differently, over plain TCP and over TLS.
class SmugglingTest : public HttpServerTest {
 protected:
  // The message is refused with this status, the connection ends, and the request that hides
  // behind the message is not served.
  void ExpectRefused(const std::string& message, int status) {
    SCOPED_TRACE(message);
    RawConnection raw = Connect();
    raw.Send(message + Get("/hello"));
    raw.EndSending();
    const std::string all = raw.ReadUntil("");
    EXPECT_THAT(all, StartsWith(fmt::format("HTTP/1.1 {} ", status)));
    EXPECT_THAT(all, HasSubstr("connection: close\r\n"));
    EXPECT_THAT(all, HasSubstr(R"({"error":{"code":")"));
    EXPECT_THAT(all, Not(HasSubstr("200 OK")));
    EXPECT_EQ(all.find("x-request-id"), all.rfind("x-request-id"));
  }

  static std::string Head(std::string_view fields) {
    return fmt::format("POST /echo HTTP/1.1\r\n{}{}\r\n", kHost, fields);
  }
};

TEST_P(SmugglingTest, RefusesTwoWaysToFrameABody) {
  Start();
  constexpr std::string_view kEmpty = "0\r\n\r\n";
  const std::vector<std::pair<std::string_view, int>> cases = {
      {"content-length: 5\r\ntransfer-encoding: chunked\r\n", 400},
      {"transfer-encoding: chunked\r\ncontent-length: 5\r\n", 400},
      {"Transfer-Encoding: chunked\r\nCONTENT-LENGTH: 0\r\n", 400},
      {"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", 400},
      {"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", 400},
      {"transfer-encoding: gzip, chunked\r\n", 501},
      {"transfer-encoding: chunked, identity\r\n", 501},
      {"transfer-encoding: chunked, chunked\r\n", 501},
      {"transfer-encoding: identity\r\n", 501},
      {"transfer-encoding: xchunked\r\n", 501},
      {"transfer-encoding: \"chunked\"\r\n", 501},
      {"transfer-encoding:\r\n", 501},
      {"transfer-encoding: chunked;q=1\r\n", 501},
      {"transfer-encoding : chunked\r\n", 400},
      {"transfer-encoding\t: chunked\r\n", 400},
      {" transfer-encoding: chunked\r\n", 400},
      {"x: y\r\n transfer-encoding: chunked\r\n", 400},
      {"transfer-encoding: chun\r\n ked\r\n", 501},
      {"transfer-encoding:\x0b"
       "chunked\r\n",
       400},
      {"transfer-encoding: chunked\x0c\r\n", 400},
      {"transfer-encoding: chunked\r\r\n", 400},
      {"x: y\ntransfer-encoding: chunked\r\n", 400},
      {"x: y\rtransfer-encoding: chunked\r\n", 400},
      {"transfer-encoding\r\n", 400},
      {": chunked\r\n", 400},
  };
  for (const auto& [fields, status] : cases) {
    ExpectRefused(Head(fields) + std::string(kEmpty), status);
  }
  ExpectRefused(
      "POST /echo HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

TEST_P(SmugglingTest, RefusesUnclearLengths) {
  Start();
  for (const std::string_view length : {"", "+1", "-1", "1 1", "1, 1", "1,1", "0x1", "1.0", "1e0",
                                        "one", "1;", "\"1\"", "1\t1", "\xd9\xa1"}) {
    ExpectRefused(Head(fmt::format("content-length: {}\r\n", length)) + "a", 400);
  }
  ExpectRefused(Head("content-length: 1\r\ncontent-length: 1\r\n") + "a", 400);
  ExpectRefused(Head("content-length: 1\r\nContent-Length: 2\r\n") + "a", 400);
  ExpectRefused(Head("content-length: 99999999999999999999\r\n") + "a", 413);
  ExpectRefused(Head("content-length: 18446744073709551617\r\n") + "a", 413);
  ExpectRefused(Head("content-length\x00: 1\r\n"s) + "a", 400);
}

TEST_P(SmugglingTest, RefusesBrokenHeads) {
  Start();
  const std::vector<std::pair<std::string, int>> cases = {
      {"GET /hello HTTP/1.1\nhost: localhost\n\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\nx: y\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\n\n", 400},
      {"GET /hello HTTP/1.1\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n", 400},
      {"GET http://evil.example/hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost : localhost\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n host: localhost\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\nx: a\r\n folded\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\nx: a\r\n\tfolded\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\nx: a\rb\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\nx: a\x00b\r\n\r\n"s, 400},
      {"GET /hello HTTP/1.1\r\nhost: localhost\r\nx(y): a\r\n\r\n", 400},
      {"\r\n\r\nGET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {" GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"\tGET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET  /hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET\t/hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET /hello HTTP/1.1 \r\nhost: localhost\r\n\r\n", 400},
      {"GET /hello http/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET /hello HTTP/2.0\r\nhost: localhost\r\n\r\n", 505},
      {"GET /hello HTTP/1.10\r\nhost: localhost\r\n\r\n", 505},
      {"GET /he llo HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET /hello#x HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {"GET /hello\r\nhost: localhost\r\n\r\n", 400},
      {"(GET) /hello HTTP/1.1\r\nhost: localhost\r\n\r\n", 400},
      {Head("expect: magic\r\ncontent-length: 1\r\n") + "a", 417},
      {Head("content-encoding: gzip\r\ncontent-length: 1\r\n") + "a", 415},
      {Head("content-encoding: br\r\ncontent-length: 1\r\n") + "a", 415},
  };
  for (const auto& [message, status] : cases) {
    ExpectRefused(message, status);
  }
  if (GetParam()) {  // Inside of TLS only the handshake chooses HTTP/2.
    ExpectRefused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  }
}

TEST_P(SmugglingTest, RefusesBrokenChunks) {
  Start();
  const std::string head = Head("transfer-encoding: chunked\r\n");
  for (const std::string& chunks : {"x\r\n"s,
                                    "5\nhello\r\n0\r\n\r\n"s,
                                    "5\r\nhelloX\r\n"s,
                                    "5\r\nhello0\r\n\r\n"s,
                                    "-1\r\n"s,
                                    "+5\r\nhello\r\n"s,
                                    "\r\n"s,
                                    "0x5\r\nhello\r\n"s,
                                    "5 \r\nhello\r\n"s,
                                    " 5\r\nhello\r\n"s,
                                    "5\t\r\nhello\r\n"s,
                                    "fffffffffffffffff\r\n"s,
                                    "5\r\r\nhello\r\n"s,
                                    "5\rhello\r\n"s,
                                    "5;x\ny\r\nhello\r\n"s,
                                    "5;x\ry\r\nhello\r\n"s,
                                    "5;x=\x00\r\nhello\r\n"s,
                                    "5,x\r\nhello\r\n"s,
                                    "5\r\nhello\n0\r\n\r\n"s,
                                    "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n"s,
                                    "5\r\nhello\r\n0\r\nx: y\n\r\n"s,
                                    "5\r\nhello\r\n0\n\r\n"s,
                                    "5;" + std::string(300, 'x') + "\r\nhello\r\n"}) {
    ExpectRefused(head + chunks, 400);
  }
}

TEST_P(SmugglingTest, ReadsWhatIsOnlyUnusual) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Head("Transfer-Encoding: Chunked\r\n") +
           "5;name=value;x\r\nhello\r\n00\r\ncontent-length: 50\r\ntransfer-encoding: x\r\n\r\n" +
           "\r\n" + Get("/hello"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nhello"));
  raw.Send("GET /hello HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nGET /" +
           Get("/hello"));
  EXPECT_THAT(raw.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(raw.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  raw.Send(Head("content-length: 0002\r\ncontent_length: 9\r\n") + "ok" + Get("/hello"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nok"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nhello"));
  raw.Send("GET http://localhost/hello HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_THAT(raw.ReadResponse(), EndsWith("\r\n\r\nhello"));
}

TEST_P(SmugglingTest, RefusesPathsThatMeanSomethingElse) {
  Start();
  for (const std::string_view path : {"/things/a%2/parts", "/things/a%00b/parts", "/files/%2e%2e/x",
                                      "/files/../x", "/files/%zz"}) {
    EXPECT_THAT(Once(Get(path)), StartsWith("HTTP/1.1 400 ")) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(Plain, SmugglingTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, SmugglingTest, testing::Values(true));

}  // namespace
}  // namespace weir::net
