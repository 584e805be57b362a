#include "net/http1_connection.h"

#include <gtest/gtest.h>

#include "net/connection_fixture.h"

namespace weir::net {
namespace {

ServerOptions SmallOptions() {
  ServerOptions options;
  options.limits.max_inflight_body_bytes = 4 << 20;
  return options;
}

class Http1ConnectionTest : public ConnectionFixture<Http1Connection> {
 protected:
  Http1ConnectionTest() : ConnectionFixture(SmallOptions()) {
    for (const char* const method : {"GET", "HEAD", "POST"}) {
      service_.router.Add("/held",
                          {.method = method,
                           .max_body_bytes = {},
                           .handler =
                               [this](Request, std::unique_ptr<Responder> responder) {
                                 waiting_.push_back(std::move(responder));
                               },
                           .event_handler = {},
                           .metrics = {}},
                          nullptr);
    }
  }

  static std::string Head(std::string_view method, std::string_view more = "") {
    return fmt::format("{} /held HTTP/1.1\r\nhost: localhost\r\n{}\r\n", method, more);
  }
};

TEST_F(Http1ConnectionTest, ForgetsWhatWasSentForAnAnswerThatIsOver) {
  connection_.OnBytes(Head("HEAD"));
  const auto of_head = waiting_.front()->Stream({.body = "a", .headers = {}});
  EXPECT_TRUE(of_head->Send(std::string(999, 'x')));
  Deliver();
  Take();
  EXPECT_FALSE(of_head->open());
  waiting_.clear();
  connection_.OnBytes(Head("GET"));
  const auto stream = waiting_.front()->Stream({.body = "a", .headers = {}});
  Deliver();
  Take();
  EXPECT_EQ(stream->queued(), 0U);
}

TEST_F(Http1ConnectionTest, KeepsNothingOfARefusedBody) {
  const size_t before = AllocatedBytes();
  connection_.OnBytes(Head("POST", "content-length: 8000000\r\n"));
  const std::string some(100'000, 'x');
  size_t sent = 0;
  while (service_.body_bytes.used() > 0 || sent == 0) {
    ASSERT_LT(sent += some.size(), 8'000'000U);
    connection_.OnBytes(some);
  }
  EXPECT_GT(sent, 2'000'000U);
  EXPECT_NE(Take().find("HTTP/1.1 429 "), std::string::npos);
  EXPECT_LT(AllocatedBytes(), before + 1'000'000);
}

TEST_F(Http1ConnectionTest, KeepsNothingOfABodyThatIsThrownAway) {
  const size_t before = AllocatedBytes();
  connection_.OnBytes(Head("POST", "transfer-encoding: chunked\r\n"));
  const std::string chunk = "186a0\r\n" + std::string(100'000, 'x') + "\r\n";
  size_t sent = 0;
  while (service_.body_bytes.used() > 0 || sent == 0) {
    ASSERT_LT(sent += chunk.size(), 8'000'000U);
    connection_.OnBytes(chunk);
  }
  EXPECT_GT(sent, 2'000'000U);
  EXPECT_LT(AllocatedBytes(), before + 1'000'000);
  connection_.OnBytes("0\r\n\r\n" + Head("GET"));
  EXPECT_NE(Take().find("HTTP/1.1 429 "), std::string::npos);
  EXPECT_EQ(waiting_.size(), 1U);
}

}  // namespace
}  // namespace weir::net
