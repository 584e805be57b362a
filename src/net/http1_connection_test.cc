#include "net/http1_connection.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <vector>

namespace weir::net {
namespace {

ServerOptions SmallOptions() {
  ServerOptions options;
  options.limits.max_inflight_body_bytes = 4 << 20;
  return options;
}

size_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// One connection without a socket, and what a loop does for it.
class Http1ConnectionTest : public testing::Test {
 protected:
  Http1ConnectionTest()
      : service_(SmallOptions(), clock_, "test"),
        mailbox_(std::make_shared<Mailbox>([] {})),
        connection_({.service = service_,
                     .mailbox = mailbox_,
                     .id = 1,
                     .remote = "127.0.0.1:1",
                     .client = "127.0.0.1",
                     .date = &date_}) {
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

  void Deliver() {
    std::vector<Delivery> mail;
    mailbox_->Take(mail);
    for (Delivery& delivery : mail) {
      connection_.OnDelivery(std::move(delivery));
    }
  }

  std::string Take() {
    std::string output = connection_.TakeOutput();
    connection_.OnSent(output.size());
    return output;
  }

  static std::string Head(std::string_view method, std::string_view more = "") {
    return fmt::format("{} /held HTTP/1.1\r\nhost: localhost\r\n{}\r\n", method, more);
  }

  const std::string date_ = "Sun, 13 Sep 2020 12:26:40 GMT";
  base::ManualClock clock_;
  Service service_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::unique_ptr<Responder>> waiting_;
  Http1Connection connection_;
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
