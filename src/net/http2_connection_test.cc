#include "net/http2_connection.h"

#include <gtest/gtest.h>

#include "net/connection_fixture.h"
#include "net/raw_http2.h"

namespace weir::net {
namespace {

using namespace std::string_literals;

constexpr uint8_t kGoAway = 7;
constexpr uint8_t kPing = 6;
constexpr uint8_t kReset = 3;

using Fields = RawHttp2::Fields;

class Http2ConnectionTest : public ConnectionFixture<Http2Connection> {
 protected:
  Http2ConnectionTest() : ConnectionFixture({}) {
    service_.router.Add("/counted",
                        {.method = "GET",
                         .max_body_bytes = {},
                         .handler =
                             [this](Request, std::unique_ptr<Responder> responder) {
                               ++begun_;
                               waiting_.push_back(std::move(responder));
                             },
                         .event_handler = {},
                         .metrics = std::make_unique<RouteMetrics>(nullptr, "/counted")},
                        nullptr);
    service_.router.Add("/small",
                        {.method = "GET",
                         .max_body_bytes = 4'000'000,
                         .handler = {},
                         .event_handler = {},
                         .metrics = std::make_unique<RouteMetrics>(nullptr, "/small")},
                        nullptr);
    connection_.OnBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + RawHttp2::Frame(4, 0, 0, ""));
    Take();
  }

  static std::string Get(int32_t stream) {
    return RawHttp2::Frame(1, 5, stream, RawHttp2::Literals(RawHttp2::Head("GET", "/counted")));
  }

  void AnswerAll() {
    for (auto& responder : waiting_) {
      responder->Send({.body = "x", .headers = {}});
    }
    waiting_.clear();
    Deliver();
  }

  size_t begun_ = 0;
};

TEST_F(Http2ConnectionTest, TakesTurns) {
  std::string all;
  for (int32_t i = 0; i < 50; ++i) {
    all += Get(2 * i + 1);
  }
  connection_.OnBytes(all);
  size_t turns = 0;
  for (size_t before = 0; begun_ < 50; ++turns) {
    ASSERT_LE(begun_ - before, Connection::kRequestsPerTurn);
    ASSERT_LT(turns, 100U);
    before = begun_;
    AnswerAll();
    Take();
    if (connection_.behind()) {
      connection_.GoOn();
    }
  }
  EXPECT_GE(turns, 50 / Connection::kRequestsPerTurn);
}

TEST_F(Http2ConnectionTest, SaysThatItGoesInTwoSteps) {
  connection_.OnBytes(Get(1));
  connection_.OnDrain();
  const std::string first = Take();
  EXPECT_NE(first.find(RawHttp2::Frame(kGoAway, 0, 0, "\x7f\xff\xff\xff\0\0\0\0"s)),
            std::string::npos);
  EXPECT_NE(first.find(RawHttp2::Frame(kPing, 0, 0, std::string(8, '\0'))), std::string::npos);
  // What was under way when the client heard of it is still served.
  connection_.OnBytes(Get(3));
  EXPECT_EQ(begun_, 2U);
  connection_.OnBytes(RawHttp2::Frame(kPing, 1, 0, std::string(8, '\0')));
  EXPECT_NE(Take().find(RawHttp2::Frame(kGoAway, 0, 0, "\0\0\0\x03\0\0\0\0"s)), std::string::npos);
  connection_.OnBytes(Get(5));
  EXPECT_EQ(begun_, 2U);
  EXPECT_FALSE(connection_.finished());
  AnswerAll();
  Take();
  EXPECT_TRUE(connection_.finished());
  EXPECT_TRUE(connection_.lingers());
}

TEST_F(Http2ConnectionTest, BeginsNothingOnceItHasGivenUp) {
  std::string all;
  for (int32_t i = 0; i < 20; ++i) {
    all += Get(2 * i + 1);
  }
  connection_.OnBytes(all);
  while (connection_.behind()) {
    connection_.GoOn();
  }
  ASSERT_EQ(begun_, Connection::kFirstWaiting);
  std::string pings;
  for (int i = 0; i < 1'200; ++i) {
    pings += RawHttp2::Frame(kPing, 0, 0, "12345678");
  }
  connection_.OnBytes(pings);
  AnswerAll();
  connection_.GoOn();
  EXPECT_EQ(begun_, Connection::kFirstWaiting);
}

TEST_F(Http2ConnectionTest, ForgetsAMalformedHead) {
  const Fields malformed = RawHttp2::Head("GET", "/counted", {{"X-Upper", "1"}});
  connection_.OnBytes(RawHttp2::Frame(1, 5, 1, RawHttp2::Literals(malformed)));
  Take();
  clock_.AdvanceMillis(10'001);
  EXPECT_FALSE(connection_.OnTick());
  EXPECT_FALSE(connection_.finished());
}

TEST_F(Http2ConnectionTest, TimesAHeadWhateverElseIsReset) {
  connection_.OnBytes(
      RawHttp2::Frame(
          1, 4, 1,
          RawHttp2::Literals(RawHttp2::Head("GET", "/counted", {{"content-length", "2"}}))) +
      RawHttp2::Frame(0, 1, 1, "abc") +
      RawHttp2::Frame(1, 1, 3, RawHttp2::Literals(RawHttp2::Head("GET", "/counted"))));
  EXPECT_NE(Take().find(RawHttp2::Frame(kReset, 0, 1, "\0\0\0\x01"s)), std::string::npos);
  clock_.AdvanceMillis(10'001);
  EXPECT_TRUE(connection_.OnTick());
  Take();
  EXPECT_TRUE(connection_.finished());
}

TEST_F(Http2ConnectionTest, ForgetsHalfARequestOfAClientThatSendsNoMore) {
  const std::string half =
      RawHttp2::Frame(1, 4, 1, RawHttp2::Literals(RawHttp2::Head("GET", "/counted"))) +
      RawHttp2::Frame(0, 0, 1, "half a body");
  connection_.OnBytes(half + Get(3) + RawHttp2::Frame(1, 0, 5, "\x82"));
  ASSERT_EQ(begun_, 1U);
  connection_.OnEnd();
  Take();
  AnswerAll();
  EXPECT_NE(Take().find(RawHttp2::Frame(0, 1, 3, "x")), std::string::npos);
  EXPECT_EQ(service_.body_bytes.used(), 0U);
  EXPECT_TRUE(connection_.finished());
}

TEST_F(Http2ConnectionTest, ServesWhatWaitsUnreadOfAClientThatSendsNoMore) {
  std::string all = RawHttp2::Frame(1, 4, 1, RawHttp2::Literals(RawHttp2::Head("GET", "/counted")));
  for (int32_t i = 1; i < 20; ++i) {
    all += Get(2 * i + 1);
  }
  connection_.OnBytes(all + RawHttp2::Frame(0, 1, 1, ""));
  ASSERT_TRUE(connection_.behind());
  connection_.OnEnd();
  for (int i = 0; i < 20 && !connection_.finished(); ++i) {
    AnswerAll();
    Take();
    if (connection_.behind()) {
      connection_.GoOn();
    }
  }
  EXPECT_EQ(begun_, 20U);
  EXPECT_TRUE(connection_.finished());
}

TEST_F(Http2ConnectionTest, KeepsNothingOfARefusedBody) {
  const std::string post =
      RawHttp2::Frame(1, 4, 1, RawHttp2::Literals(RawHttp2::Head("GET", "/small")));
  // No room for the answer, so that the stream stays.
  connection_.OnBytes(RawHttp2::Frame(4, 0, 0, "\0\x04\0\0\0\0"s) + post);
  const size_t before = AllocatedBytes();
  const std::string data = RawHttp2::Frame(0, 0, 1, std::string(16'000, 'x'));
  for (int i = 0; i < 260; ++i) {
    connection_.OnBytes(data);
    Take();
  }
  EXPECT_EQ(service_.body_bytes.used(), 0U);
  EXPECT_GT(service_.unsent_bytes.used(), 0U);
  EXPECT_LT(AllocatedBytes(), before + 1'000'000);
}

TEST_F(Http2ConnectionTest, MeasuresEachTrailerByItself) {
  const auto post = [](int32_t stream) {
    return RawHttp2::Frame(1, 4, stream, RawHttp2::Literals(RawHttp2::Head("GET", "/counted")));
  };
  const std::string trailer = RawHttp2::Literals({{"x", std::string(10'000, 'y')}});
  connection_.OnBytes(post(1) + post(3) + RawHttp2::Frame(1, 5, 1, trailer) +
                      RawHttp2::Frame(1, 5, 3, trailer));
  while (connection_.behind()) {
    connection_.GoOn();
  }
  EXPECT_EQ(begun_, 2U);
}

TEST_F(Http2ConnectionTest, DoesNotResetWhatIsClosed) {
  connection_.OnBytes(Get(1));
  AnswerAll();
  connection_.OnBytes(RawHttp2::Frame(kReset, 0, 1, "\0\0\0\x08"s));
  EXPECT_EQ(Take().find(RawHttp2::Frame(kReset, 0, 1, "\0\0\0\x02"s)), std::string::npos);
}

TEST_F(Http2ConnectionTest, SlowsAllStreamsOfOneConnection) {
  connection_.OnBytes(RawHttp2::Frame(4, 0, 0, "\0\x04\0\0\0\0"s) + Get(1) + Get(3) + Get(5));
  std::vector<std::shared_ptr<ResponseStream>> streams;
  for (const auto& responder : waiting_) {
    streams.push_back(responder->Stream({.body = "head", .headers = {}}));
  }
  EXPECT_TRUE(streams[0]->Send(std::string(5'996, 'x')));
  EXPECT_TRUE(streams[1]->Send(std::string(2'396, 'x')));
  EXPECT_EQ(streams[0]->queued(), 6'000U);
  EXPECT_EQ(streams[1]->queued(), 2'400U);
  EXPECT_EQ(streams[2]->queued(), 2'101U);  // A quarter of all that waits.
  Deliver();
  Take();
  EXPECT_EQ(streams[0]->queued(), 6'000U);
  EXPECT_EQ(streams[2]->queued(), 2'101U);
  connection_.OnBytes(RawHttp2::Frame(kReset, 0, 1, "\0\0\0\x08"s));
  Take();
  EXPECT_TRUE(streams[1]->Send("late"));
  EXPECT_FALSE(streams[0]->Send("too late"));
  Deliver();
  EXPECT_EQ(streams[1]->queued(), 2'404U);
  EXPECT_EQ(streams[2]->queued(), 602U);
}

TEST_F(Http2ConnectionTest, CountsHeadsThatWait) {
  connection_.OnBytes(RawHttp2::Frame(
      1, 5, 1,
      RawHttp2::Literals(RawHttp2::Head("GET", "/counted", {{"x", std::string(10'000, 'y')}}))));
  ASSERT_EQ(begun_, 1U);
  EXPECT_GT(service_.body_bytes.used(), 10'000U);
  EXPECT_LT(service_.body_bytes.used(), 12'000U);
  AnswerAll();
  EXPECT_EQ(service_.body_bytes.used(), 0U);
}

TEST_F(Http2ConnectionTest, CountsAStreamedAnswerUntilItsEnd) {
  connection_.OnBytes(Get(1));
  const auto stream = waiting_.front()->Stream({.body = "a", .headers = {}});
  Deliver();
  Take();
  EXPECT_EQ(service_.requests.used(), 1U);
  EXPECT_EQ(service_.body_bytes.used(), 0U);
  stream->End();
  Deliver();
  Take();
  EXPECT_EQ(service_.requests.used(), 0U);
}

TEST_F(Http2ConnectionTest, FinishesDownloadsOfAClientThatSendsNoMore) {
  connection_.OnBytes(Get(1));
  const auto stream = waiting_.front()->Stream({.body = "a", .headers = {}});
  Deliver();
  connection_.OnEnd();
  EXPECT_FALSE(connection_.aborted());
  EXPECT_TRUE(stream->Send("b"));
  stream->End();
  Deliver();
  EXPECT_NE(Take().find(RawHttp2::Frame(0, 1, 1, "ab")), std::string::npos);
  Take();
  EXPECT_TRUE(connection_.finished());
}

TEST_F(Http2ConnectionTest, DoesNotWaitForeverForAnAnswerToItsPing) {
  connection_.OnDrain();
  for (int i = 0; i < 10 && !connection_.finished(); ++i) {
    Take();
    connection_.OnTick();
  }
  EXPECT_TRUE(connection_.finished());
}

TEST_F(Http2ConnectionTest, GivesBackWhatItHeld) {
  connection_.OnBytes(Get(1) + RawHttp2::Frame(4, 0, 0, "\0\x04\0\0\0\0"s) + Get(3));
  AnswerAll();
  Take();
  EXPECT_EQ(service_.unsent_bytes.used(), 2U);  // No window: both bodies wait.
  connection_.OnBytes(RawHttp2::Frame(3, 0, 1, "\0\0\0\x08"s));
  Take();
  EXPECT_EQ(service_.unsent_bytes.used(), 1U);
  connection_.OnBytes(RawHttp2::Frame(8, 0, 3, "\0\0\0\x01"s));
  Take();
  EXPECT_EQ(service_.unsent_bytes.used(), 0U);
  EXPECT_EQ(service_.requests.used(), 0U);
}

}  // namespace
}  // namespace weir::net
