#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/connection.h"
#include "net/http2_session.h"
#include "net/http_server_fixture.h"
#include "net/raw_http2.h"

namespace weir::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::string_literals;

using Fields = RawHttp2::Fields;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr uint8_t kData = 0;
constexpr uint8_t kHeaders = 1;
constexpr uint8_t kPriority = 2;
constexpr uint8_t kReset = 3;
constexpr uint8_t kSettings = 4;
constexpr uint8_t kPing = 6;
constexpr uint8_t kGoAway = 7;
constexpr uint8_t kWindowUpdate = 8;
constexpr uint8_t kContinuation = 9;
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kWhole = kEndStream | kEndHeaders;

constexpr uint32_t kNoError = 0;
constexpr uint32_t kProtocolError = 1;
constexpr uint32_t kFlowControlError = 3;
constexpr uint32_t kFrameSizeError = 6;
constexpr uint32_t kRefusedStream = 7;
constexpr uint32_t kCompressionError = 9;
constexpr uint32_t kEnhanceYourCalm = 11;

std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload = "") {
  return RawHttp2::Frame(type, flags, stream, payload);
}

std::string Get(int32_t stream, std::string_view path, const Fields& more = {}) {
  return Frame(kHeaders, kWhole, stream, RawHttp2::Literals(RawHttp2::Head("GET", path, more)));
}

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    all.append(text);
  }
  return all;
}

// What came of it.
struct Outcome {
  std::map<int32_t, uint32_t> resets;
  std::map<int32_t, std::string> bodies;
  std::optional<uint32_t> goaway;
  bool alive = false;  // The connection goes on.
};

// A client without manners.
class Attacker {
 public:
  Attacker(uint16_t port, crypto::TlsContext* tls) : raw_(port, tls) {
    raw_.Send(std::string(kPreface) + Frame(kSettings, 0, 0));
  }

  // Sends, and reads until that has been dealt with; what handlers answer may come later. Returns
  // what came since the beginning.
  const Outcome& Send(std::string_view bytes) {
    raw_.Send(bytes);
    // What answers a ping overtakes all else.
    for (int i = 0; i < 2; ++i) {
      raw_.Send(Frame(kPing, 0, 0, "all done"));
      Read();
    }
    return outcome_;
  }

  std::string AwaitBody(int32_t stream) {
    while (outcome_.bodies[stream].empty() && Send("").alive) {
    }
    return outcome_.bodies[stream];
  }

  RawConnection& raw() { return raw_; }

 private:
  void Read() {
    outcome_.alive = false;
    for (;;) {
      while (input_.size() >= 9 && input_.size() >= 9 + Number(0, 3)) {
        const std::string payload = input_.substr(9, Number(0, 3));
        const auto type = static_cast<uint8_t>(input_[3]);
        const bool ack = (input_[4] & 1) != 0;
        const auto stream = static_cast<int32_t>(Number(5, 4));
        input_.erase(0, 9 + payload.size());
        if (type == kReset) {
          outcome_.resets[stream] = Code(payload, 0);
        } else if (type == kGoAway) {
          outcome_.goaway = Code(payload, 4);
        } else if (type == kData) {
          outcome_.bodies[stream] += payload;
        } else if (type == kPing && ack && payload == "all done") {
          outcome_.alive = true;
          return;
        }
      }
      const std::string more = raw_.ReadSome();
      if (more.empty()) {
        return;
      }
      input_ += more;
    }
  }

  static uint32_t Code(std::string_view payload, size_t at) {
    uint32_t code = 0;
    for (size_t i = at; i < at + 4; ++i) {
      code = code << 8 | static_cast<uint8_t>(payload[i]);
    }
    return code;
  }

  size_t Number(size_t at, size_t size) const {
    size_t number = 0;
    for (size_t i = at; i < at + size; ++i) {
      number = number << 8 | static_cast<uint8_t>(input_[i]);
    }
    return number;
  }

  RawConnection raw_;
  std::string input_;
  Outcome outcome_;
};

class Http2AttackTest : public HttpServerTest {
 protected:
  Attacker Attack() {
    return Attacker(server_->port(), GetParam() ? Tls().http2_client.get() : nullptr);
  }

  // Whatever was sent before has come too slowly then: its time begins when it is read, which need
  // not be before the first of the answers.
  void PassHeaderTime() {
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT(Once(weir::net::Get("/hello")), EndsWith("hello"));
      clock_.AdvanceMillis(10'001);
    }
  }

  void ExpectGoAway(std::string_view bytes, uint32_t code) {
    Attacker attacker = Attack();
    const Outcome outcome = attacker.Send(bytes);
    SCOPED_TRACE(bytes.substr(0, 100));
    EXPECT_EQ(outcome.goaway, code);
    EXPECT_FALSE(outcome.alive);
  }

  void ExpectCounted(std::string_view why) {
    EXPECT_THAT(metrics_.Expose(),
                HasSubstr(fmt::format("weir_http2_connections_ended_total{{why=\"{}\"}} ", why)));
  }
};

TEST_P(Http2AttackTest, ResetsMalformedRequests) {
  Start();
  const Fields good = RawHttp2::Head("GET", "/hello");
  const auto with = [&](const Fields& more) { return RawHttp2::Head("GET", "/hello", more); };
  const auto without = [&](size_t index) {
    Fields fields = good;
    fields.erase(fields.begin() + static_cast<ptrdiff_t>(index));
    return fields;
  };
  const std::vector<Fields> cases = {
      with({{"X-Upper", "1"}}),
      with({{"connection", "close"}}),
      with({{"transfer-encoding", "chunked"}}),
      with({{"upgrade", "h2c"}}),
      with({{"keep-alive", "1"}}),
      with({{"proxy-connection", "1"}}),
      with({{"te", "gzip"}}),
      with({{"x", "a\r\nb: c"s}}),
      with({{"x", "a\nb"s}}),
      with({{"x", "a\0b"s}}),
      with({{"x y", "1"}}),
      with({{"x:", "1"}}),
      with({{"", "1"}}),
      with({{":path", "/again"}}),
      with({{":status", "200"}}),
      with({{":unknown", "1"}}),
      with({{"x", "1"}, {":scheme", "http"}}),
      with({{"host", "localhost"}, {"host", "localhost"}}),
      with({{"content-length", "5"}}),
      with({{"content-length", "x"}}),
      with({{"content-length", "0"}, {"content-length", "0"}}),
      without(0),
      without(1),
      without(2),
      without(3),
      {{":method", "GET"}, {":scheme", "http"}, {":path", "hello"}, {":authority", "localhost"}},
      {{":method", "G T"}, {":scheme", "http"}, {":path", "/hello"}, {":authority", "localhost"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/a b"}, {":authority", "localhost"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/hello"}, {":authority", "a\r\nb"}},
  };
  Attacker attacker = Attack();
  int32_t stream = 1;
  for (const Fields& fields : cases) {
    const Outcome outcome =
        attacker.Send(Frame(kHeaders, kWhole, stream, RawHttp2::Literals(fields)));
    SCOPED_TRACE(fmt::format("case {}", (stream - 1) / 2));
    EXPECT_TRUE(outcome.alive);
    EXPECT_EQ(outcome.bodies.count(stream), 0U);
    ASSERT_EQ(outcome.resets.count(stream), 1U);
    EXPECT_EQ(outcome.resets.at(stream), kProtocolError);
    stream += 2;
  }
  attacker.Send(Get(stream, "/hello"));
  EXPECT_EQ(attacker.AwaitBody(stream), "hello");
}

TEST_P(Http2AttackTest, ResetsBodiesOfAnotherLength) {
  Start();
  Attacker attacker = Attack();
  const auto post = [](int32_t stream, std::string_view length) {
    return Frame(kHeaders, kEndHeaders, stream,
                 RawHttp2::Literals(
                     RawHttp2::Head("POST", "/echo", {{"content-length", std::string(length)}})));
  };
  const Outcome outcome =
      attacker.Send(post(1, "2") + Frame(kData, kEndStream, 1, "abc") + post(3, "2") +
                    Frame(kData, kEndStream, 3, "a") + post(5, "2") + Frame(kData, 0, 5, "a") +
                    Frame(kHeaders, kWhole, 5, RawHttp2::Literals({{"x", "y"}})) + post(7, "0") +
                    Frame(kData, kEndStream, 7, "GET /hello HTTP/1.1\r\n\r\n") + post(9, "2") +
                    Frame(kData, 0, 9, "o") + Frame(kData, kEndStream, 9, "k"));
  for (const int32_t stream : {1, 3, 5, 7}) {
    ASSERT_EQ(outcome.resets.count(stream), 1U) << stream;
    EXPECT_EQ(outcome.resets.at(stream), kProtocolError) << stream;
    EXPECT_EQ(outcome.bodies.count(stream), 0U);
  }
  EXPECT_TRUE(outcome.alive);
  EXPECT_EQ(attacker.AwaitBody(9), "ok");
}

TEST_P(Http2AttackTest, EndsConnectionsThatBreakTheProtocol) {
  Start();
  ExpectGoAway(Frame(kHeaders, kWhole, 1, std::string(20, '\xff')), kCompressionError);
  ExpectGoAway(Frame(kHeaders, kWhole, 1, std::string(20, '\xff').substr(0, 1)), kCompressionError);
  ExpectGoAway(Frame(kHeaders, kWhole, 2, RawHttp2::Literals(RawHttp2::Head("GET", "/hello"))),
               kProtocolError);
  ExpectGoAway(Frame(kData, 0, 1, "x"), kProtocolError);
  ExpectGoAway(Frame(kContinuation, kEndHeaders, 1, "x"), kProtocolError);
  ExpectGoAway(Frame(kHeaders, 0, 1, "x") + Frame(kPing, 0, 0, "12345678"), kProtocolError);
  ExpectGoAway(Frame(kPing, 0, 0, "short"), kFrameSizeError);
  ExpectGoAway(Frame(kData, 0, 1, std::string(16'385, 'x')), kFrameSizeError);
  ExpectGoAway(Frame(kSettings, 0, 0, "12345"), kFrameSizeError);
  ExpectGoAway(Frame(kWindowUpdate, 0, 0, std::string(4, '\0')), kProtocolError);
  ExpectGoAway(Frame(kWindowUpdate, 0, 0, "\x7f\xff\xff\xff"), kFlowControlError);
  ExpectGoAway(Frame(5, kEndHeaders, 1, "xxxx"), kProtocolError);
  ExpectCounted("protocol_error");
  ExpectCounted("compression_error");
}

TEST_P(Http2AttackTest, EndsWhatDoesNotBeginAsHttp2) {
  Start();
  crypto::TlsContext* const tls = GetParam() ? Tls().http2_client.get() : nullptr;
  RawConnection broken(server_->port(), tls);
  broken.Send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + weir::net::Get("/hello"));
  EXPECT_THAT(broken.ReadUntil(""), testing::Not(HasSubstr("hello")));
  RawConnection no_settings(server_->port(), tls);
  no_settings.Send(std::string(kPreface) + Get(1, "/hello"));
  EXPECT_THAT(no_settings.ReadUntil(""), testing::Not(HasSubstr("hello")));
  RawConnection bytewise(server_->port(), tls);
  for (const char c : std::string(kPreface) + Frame(kSettings, 0, 0) + Get(1, "/hello")) {
    bytewise.Send(std::string_view(&c, 1));
  }
  EXPECT_THAT(bytewise.ReadUntil("hello"), EndsWith("hello"));
  if (!GetParam()) {
    // What begins alike goes on as HTTP/1.1.
    RawConnection other(server_->port());
    other.Send("PRI * HTTP/1.1\r\nhost: localhost\r\n\r\n");
    EXPECT_THAT(other.ReadResponse(), StartsWith("HTTP/1.1 400 "));
    RawConnection post(server_->port());
    post.Send("P");
    post.Send(weir::net::Post("/echo", "posted").substr(1));
    EXPECT_THAT(post.ReadResponse(), EndsWith("posted"));
    RawConnection slow(server_->port());
    slow.Send("PRI * HTTP/2.0\r\n");
    PassHeaderTime();
    EXPECT_THAT(slow.ReadUntil(""), StartsWith("HTTP/1.1 408 "));
  }
  RawConnection silent(server_->port(), tls);
  silent.Send(kPreface);
  PassHeaderTime();
  silent.ReadUntil("");
  ExpectCounted("slow_head");
}

TEST_P(Http2AttackTest, BoundsFloodsOfFramesThatCarryNothing) {
  Start();
  constexpr int kMany = 1'200;
  const std::string open =
      Frame(kHeaders, kEndHeaders, 1, RawHttp2::Literals(RawHttp2::Head("POST", "/echo")));
  ExpectGoAway(Repeat(Frame(kPing, 0, 0, "12345678"), kMany), kEnhanceYourCalm);
  ExpectCounted("ping");
  ExpectGoAway(Repeat(Frame(kSettings, 0, 0), kMany), kEnhanceYourCalm);
  ExpectCounted("settings");
  ExpectGoAway(open + Repeat(Frame(kData, 0, 1), kMany), kEnhanceYourCalm);
  ExpectCounted("empty_data");
  ExpectGoAway(Repeat(Frame(kPriority, 0, 1, std::string(5, '\0')), kMany), kEnhanceYourCalm);
  ExpectCounted("priority");
  ExpectGoAway(open + Repeat(Frame(kWindowUpdate, 0, 1, "\0\0\0\1"s), kMany), kEnhanceYourCalm);
  ExpectCounted("window_update");
  constexpr uint8_t kPadded = 8;
  ExpectGoAway(open + Repeat(Frame(kData, kPadded, 1, "\0"s), kMany), kEnhanceYourCalm);
  ExpectGoAway(open + Repeat(Frame(kData, kPadded, 1, "\2\0\0"s), kMany), kEnhanceYourCalm);
  ExpectGoAway(open + Repeat(Frame(kGoAway, 0, 0, std::string(8, '\0')), kMany), kEnhanceYourCalm);
  ExpectCounted("goaway");
  ExpectGoAway(open + Frame(kReset, 0, 1, "\0\0\0\x08"s) +
                   Repeat(Frame(kHeaders, kWhole, 1, RawHttp2::Literals({{"x", "y"}})), kMany),
               kEnhanceYourCalm);
  ExpectCounted("closed_stream");
  EXPECT_THAT(Once(weir::net::Get("/hello")), EndsWith("hello"));
}

TEST_P(Http2AttackTest, GivesTheAllowanceBackWithTime) {
  Start();
  Attacker attacker = Attack();
  const std::string pings = Repeat(Frame(kPing, 0, 0, "12345678"), 150);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(attacker.Send(pings).alive) << i;
    clock_.AdvanceMillis(1'000);
  }
}

TEST_P(Http2AttackTest, BoundsContinuations) {
  Start();
  ExpectGoAway(Frame(kHeaders, kEndStream, 1, "") + Repeat(Frame(kContinuation, 0, 1, ""), 20),
               kEnhanceYourCalm);
  ExpectGoAway(
      Frame(kHeaders, kEndStream, 1, RawHttp2::Literals(RawHttp2::Head("GET", "/hello"))) +
          Repeat(Frame(kContinuation, 0, 1, RawHttp2::Literals({{"x", std::string(15'000, 'y')}})),
                 20),
      kEnhanceYourCalm);
}

TEST_P(Http2AttackTest, BoundsDecompressedHeads) {
  Start();
  // One field goes into the table, then each byte stands for it again.
  std::string block = RawHttp2::Literals(RawHttp2::Head("GET", "/hello"));
  std::string field = RawHttp2::Literals({{"x", std::string(4'000, 'y')}});
  field[0] = '\x40';
  block += field;
  Attacker small = Attack();
  const Outcome refused = small.Send(Frame(kHeaders, kWhole, 1, block + std::string(5, '\xbe')));
  EXPECT_TRUE(refused.alive);
  EXPECT_THAT(small.AwaitBody(1), HasSubstr("larger than 16384 bytes"));
  ExpectGoAway(Frame(kHeaders, kWhole, 1, block + std::string(10'000, '\xbe')), kEnhanceYourCalm);
  ExpectCounted("header_list");
  const std::string open =
      Frame(kHeaders, kEndHeaders, 1, RawHttp2::Literals(RawHttp2::Head("POST", "/echo")));
  ExpectGoAway(open + Frame(kHeaders, kWhole, 1, field + std::string(10'000, '\xbe')),
               kEnhanceYourCalm);
}

TEST_P(Http2AttackTest, BoundsRapidResets) {
  Start();
  Attacker attacker = Attack();
  std::string all;
  for (int32_t stream = 1; stream < 1'000; stream += 2) {
    all += Get(stream, "/held") + Frame(kReset, 0, stream, "\0\0\0\x08"s);
  }
  const Outcome outcome = attacker.Send(all);
  EXPECT_EQ(outcome.goaway, kEnhanceYourCalm);
  EXPECT_FALSE(outcome.alive);
  ExpectCounted("reset");
  const std::lock_guard lock(mutex_);
  EXPECT_LE(held_.size(), Connection::kFirstWaiting);
}

TEST_P(Http2AttackTest, CancelledRequestsCountWhileTheyRun) {
  Start();
  Attacker attacker = Attack();
  std::string all;
  for (int32_t stream = 1; stream < 101; stream += 2) {
    all += Get(stream, "/held");
  }
  EXPECT_TRUE(attacker.Send(all).alive);
  all.clear();
  for (int32_t stream = 1; stream < 101; stream += 2) {
    all += Frame(kReset, 0, stream, "\0\0\0\x08"s);
  }
  EXPECT_EQ(attacker.Send(all + Get(101, "/hello")).bodies.count(101), 0U);
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(held_.size(), Connection::kFirstWaiting);
  }
  TakeHeld()->Send({.body = "nobody waits", .headers = {}});
  EXPECT_EQ(attacker.AwaitBody(101), "hello");
}

TEST_P(Http2AttackTest, BoundsMalformedRequests) {
  Start();
  std::string all;
  for (int32_t stream = 1; stream < 1'000; stream += 2) {
    all += Get(stream, "/hello", {{"X-Upper", "1"}});
  }
  ExpectGoAway(all, kEnhanceYourCalm);
  ExpectCounted("misuse");
  std::string other_lengths;
  std::string few;
  for (int32_t stream = 1; stream < 600; stream += 2) {
    other_lengths +=
        Frame(kHeaders, kEndHeaders, stream,
              RawHttp2::Literals(RawHttp2::Head("POST", "/echo", {{"content-length", "2"}}))) +
        Frame(kData, kEndStream, stream, "abc");
    if (stream < 300) {
      few += Get(stream, "/hello", {{"x", "a\nb"}});
    }
  }
  ExpectGoAway(other_lengths, kEnhanceYourCalm);
  // Each counts once.
  EXPECT_TRUE(Attack().Send(few).alive);
}

TEST_P(Http2AttackTest, RefusesStreamsBeyondTheLimit) {
  Start();
  Attacker attacker = Attack();
  attacker.raw().Send(Frame(kSettings, 1, 0));
  const auto limit = static_cast<int32_t>(Http2Session::kMaxStreams);
  std::string all;
  for (int32_t i = 0; i < limit; ++i) {
    all += Get(2 * i + 1, "/held");
  }
  EXPECT_TRUE(attacker.Send(all).resets.empty());
  const Outcome outcome = attacker.Send(Get(2 * limit + 1, "/held"));
  // Who knows the limit and opens more breaks the protocol; who may not know it is only refused.
  EXPECT_TRUE(outcome.goaway == kProtocolError ||
              outcome.resets.at(2 * limit + 1) == kRefusedStream);
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(held_.size(), Connection::kFirstWaiting);
}

TEST_P(Http2AttackTest, AnswersOfRefusedBodiesDoNotPileUp) {
  ServerOptions options;
  options.limits.max_inflight_body_bytes = 100'000;
  Start(options);
  Attacker attacker = Attack();
  std::string all;
  const std::string chunk(16'000, 'x');
  for (int32_t stream = 1; stream < 41; stream += 2) {
    all +=
        Frame(kHeaders, kEndHeaders, stream, RawHttp2::Literals(RawHttp2::Head("POST", "/echo"))) +
        Frame(kData, 0, stream, chunk);
  }
  attacker.Send(all);
  attacker.AwaitBody(39);
  const Outcome outcome = attacker.Send("");
  EXPECT_TRUE(outcome.alive);
  size_t refused = 0;
  for (const auto& [stream, body] : outcome.bodies) {
    refused += body.find("body_bytes") != std::string::npos ? 1 : 0;
  }
  EXPECT_GE(refused, 14U);
  EXPECT_THAT(metrics_.Expose(), HasSubstr("weir_http_shed_total{share=\"client\",what=\"body_"));
}

INSTANTIATE_TEST_SUITE_P(Plain, Http2AttackTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, Http2AttackTest, testing::Values(true));

}  // namespace
}  // namespace weir::net
