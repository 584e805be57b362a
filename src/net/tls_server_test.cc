#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server_fixture.h"

namespace weir::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class TlsServerTest : public HttpServerTest {};

std::string Handshakes(std::string_view result, int count) {
  return fmt::format("weir_tls_handshakes_total{{result=\"{}\"}} {}\n", result, count);
}

TEST_P(TlsServerTest, TellsPlainHttpToSpeakTls) {
  Start();
  RawConnection plain(server_->port());
  plain.Send(Get("/hello"));
  const std::string answer = plain.ReadUntil("");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("https://"));
  EXPECT_THAT(answer, EndsWith("}}\n"));
  EXPECT_THAT(metrics_.Expose(), HasSubstr(Handshakes("plain_http", 1)));
}

TEST_P(TlsServerTest, SurvivesGarbage) {
  Start();
  const std::string garbage = std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10);
  for (const std::string& bytes :
       {garbage, garbage + std::string(1'000, '\xff'), std::string(70'000, '\x16'),
        std::string("\x16\x03\x01\xff\xff", 5), std::string("\x80\x2e\x01", 3),
        std::string(1, '\0'), std::string("\x15\x03\x03\x00\x02\x02\x28", 7)}) {
    RawConnection raw(server_->port());
    raw.Send(bytes);
    raw.EndSending();
    EXPECT_EQ(raw.ReadUntil("").find("HTTP"), std::string::npos);
  }
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
}

TEST_P(TlsServerTest, ClosesWhatBreaksInTheMiddle) {
  Start();
  RawConnection raw = Connect();
  raw.Send(Get("/hello"));
  EXPECT_THAT(raw.ReadResponse(), EndsWith("hello"));
  raw.SendOutsideOfTls("GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_EQ(raw.ReadUntil(""), "");
}

TEST_P(TlsServerTest, GivesUpOnSlowHandshakes) {
  Start();
  RawConnection silent(server_->port());
  RawConnection slow(server_->port());
  slow.Send(std::string_view("\x16\x03\x01", 3));
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
  clock_.AdvanceMillis(10'001);
  EXPECT_EQ(slow.ReadUntil(""), "");
  EXPECT_EQ(silent.ReadUntil(""), "");
  EXPECT_THAT(metrics_.Expose(), HasSubstr(Handshakes("timeout", 2)));
}

TEST_P(TlsServerTest, LetsTheOldestHandshakeGiveWay) {
  ServerOptions options;
  options.limits.max_handshakes = 2;
  Start(options);
  RawConnection oldest(server_->port());
  RawConnection second(server_->port());
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
  EXPECT_EQ(oldest.ReadUntil(""), "");
  EXPECT_THAT(Once(Get("/hello")), EndsWith("hello"));
  EXPECT_THAT(metrics_.Expose(), HasSubstr(Handshakes("displaced", 1)));
}

TEST_P(TlsServerTest, SaysWhenARequestIsSecure) {
  ServerOptions options;
  options.admit = [](const Request& head) -> std::optional<Response> {
    return Response{.body = head.secure ? "secure" : "plain", .headers = {}};
  };
  Start(options);
  EXPECT_THAT(Once(Get("/hello")), EndsWith("secure"));
}

TEST_P(TlsServerTest, TheClientRefusesACertificateThatItDoesNotTrust) {
  Start();
  const std::string url = fmt::format("https://127.0.0.1:{}", server_->port());
  const auto distrusted = (*HttpClient::Create(url))->Send("GET", "/hello", {}, "");
  ASSERT_FALSE(distrusted);
  EXPECT_EQ(distrusted.error().code, base::Code::kUnavailable);
  EXPECT_THAT(distrusted.error().message, HasSubstr("certificate of '127.0.0.1' is refused"));
  EXPECT_FALSE(HttpClient::Create(url, 1'000, {.authorities = "nonsense"}));
  const auto plain = (*HttpClient::Create(fmt::format("http://127.0.0.1:{}", server_->port())))
                         ->Send("GET", "/hello", {}, "");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->status, 400);
}

INSTANTIATE_TEST_SUITE_P(Tls, TlsServerTest, testing::Values(true));

}  // namespace
}  // namespace weir::net
