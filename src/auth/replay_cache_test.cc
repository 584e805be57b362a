#include "auth/replay_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/format.h"
#include "crypto/digest.h"

namespace weir::auth {
namespace {

/// What became of a request: "" while unanswered, "dropped" when it never was.
class Answers : public net::Responder {
 public:
  explicit Answers(std::shared_ptr<std::string> into) : into_(std::move(into)) {}

  ~Answers() override {
    if (into_->empty()) {
      *into_ = "dropped";
    }
  }

  void Send(net::Response response) override {
    *into_ = fmt::format("{} {}", response.status, response.body);
  }

  std::shared_ptr<net::ResponseStream> Stream(net::Response /*head*/) override { return nullptr; }

 private:
  std::shared_ptr<std::string> into_;
};

class ReplayCacheTest : public testing::Test {
 protected:
  static constexpr ReplayCache::Limits kLimits = {
      .answer_bytes = 10'000, .signatures = 1'000, .waiting = 3};

  struct Arrival {
    std::shared_ptr<std::string> answer = std::make_shared<std::string>();
    std::unique_ptr<net::Responder> first;  ///< Set for the first request.
    std::string refusal;
  };

  static std::string SignatureOf(std::string_view request) {
    return crypto::Hex(crypto::Sha256(request));
  }

  Arrival Arrive(std::string_view request) {
    Arrival arrival;
    std::unique_ptr<net::Responder> responder = std::make_unique<Answers>(arrival.answer);
    auto admitted = cache_.Admit(SignatureOf(request), responder);
    if (admitted.has_value()) {
      EXPECT_EQ(responder, nullptr);
      arrival.first = *std::move(admitted);
    } else {
      EXPECT_NE(responder, nullptr) << "left to be answered with the refusal";
      arrival.refusal = admitted.error().message;
    }
    return arrival;
  }

  static net::Response Response(int status, std::string body) {
    return {.status = status, .body = std::move(body)};
  }

  double Counted(const char* result) {
    return metrics_.GetCounter("weir_auth_replayed_requests_total", "", {{"result", result}})
        .Value();
  }

  base::ManualClock clock_;
  base::Metrics metrics_;
  ReplayCache cache_{clock_, &metrics_, kLimits};
};

TEST_F(ReplayCacheTest, RepetitionGetsTheFirstAnswer) {
  Arrival first = Arrive("a");
  ASSERT_NE(first.first, nullptr);
  first.first->Send(Response(200, "stored at 7"));
  first.first.reset();
  EXPECT_EQ(*first.answer, "200 stored at 7");
  for (int i = 0; i < 3; ++i) {
    const Arrival again = Arrive("a");
    EXPECT_EQ(again.first, nullptr);
    EXPECT_EQ(*again.answer, "200 stored at 7");
  }
  EXPECT_NE(Arrive("b").first, nullptr) << "another signature is another request";
  EXPECT_EQ(Counted("answered"), 3);
}

TEST_F(ReplayCacheTest, RepetitionWaitsForTheFirst) {
  Arrival first = Arrive("a");
  const Arrival second = Arrive("a");
  const Arrival third = Arrive("a");
  EXPECT_EQ(second.first, nullptr);
  EXPECT_EQ(*second.answer, "");
  first.first->Send(Response(200, "stored"));
  EXPECT_EQ(*first.answer, "200 stored");
  EXPECT_EQ(*second.answer, "200 stored");
  EXPECT_EQ(*third.answer, "200 stored");
}

TEST_F(ReplayCacheTest, AFailureMayBeTriedAgain) {
  Arrival first = Arrive("a");
  const Arrival second = Arrive("a");
  first.first->Send(Response(500, "no"));
  EXPECT_EQ(*second.answer, "500 no") << "who waited fails with it";
  Arrival third = Arrive("a");
  ASSERT_NE(third.first, nullptr);
  third.first->Send(Response(200, "yes"));
  EXPECT_EQ(*Arrive("a").answer, "200 yes");

  Arrival dropped = Arrive("b");
  const Arrival waits = Arrive("b");
  dropped.first.reset();
  EXPECT_EQ(*waits.answer, "dropped");
  EXPECT_NE(Arrive("b").first, nullptr);
}

TEST_F(ReplayCacheTest, WhatWasAnsweredWithoutEffectMayBeTriedAgain) {
  Arrival throttled = Arrive("a");
  net::Response none = Response(200, "every record failed");
  none.had_effect = false;
  throttled.first->Send(std::move(none));
  EXPECT_EQ(*throttled.answer, "200 every record failed");
  Arrival again = Arrive("a");
  ASSERT_NE(again.first, nullptr) << "handled anew";
  again.first->Send(Response(200, "stored"));
  EXPECT_EQ(*Arrive("a").answer, "200 stored");
}

TEST_F(ReplayCacheTest, AnErrorAfterAnEffectIsAnsweredAgain) {
  Arrival refused = Arrive("a");
  net::Response some = Response(400, "a part is stored");
  some.had_effect = true;
  refused.first->Send(std::move(some));
  const Arrival again = Arrive("a");
  EXPECT_EQ(again.first, nullptr) << "not handled anew";
  EXPECT_EQ(*again.answer, "400 a part is stored");
}

TEST_F(ReplayCacheTest, SignaturesAreForgottenWhenTheyHaveExpired) {
  Arrive("a").first->Send(Response(200, "old"));
  clock_.AdvanceMillis(ReplayCache::kKeepMillis - 1);
  EXPECT_EQ(*Arrive("a").answer, "200 old");
  clock_.AdvanceMillis(1);
  EXPECT_NE(Arrive("a").first, nullptr);
}

TEST_F(ReplayCacheTest, MemoryOfAnswersIsBounded) {
  const std::string body(kLimits.answer_bytes / 4, 'x');
  for (int i = 0; i < 5; ++i) {
    Arrive(fmt::format("{}", i)).first->Send(Response(200, body));
  }
  EXPECT_THAT(Arrive("0").refusal, testing::HasSubstr("Sign the request anew"))
      << "not stored a second time";
  EXPECT_EQ(Arrive("4").answer->size(), body.size() + 4);
  EXPECT_EQ(Counted("refused"), 1);
  Arrive("huge").first->Send(Response(200, std::string(kLimits.answer_bytes, 'x')));
  EXPECT_NE(Arrive("huge").refusal, "");
}

TEST_F(ReplayCacheTest, NumberOfSignaturesIsBounded) {
  for (size_t i = 0; i < kLimits.signatures; ++i) {
    Arrive(fmt::format("{}", i)).first->Send(Response(200, ""));
  }
  EXPECT_EQ(Arrive("0").first, nullptr);
  EXPECT_NE(Arrive("one more").first, nullptr);
  EXPECT_NE(Arrive("0").first, nullptr) << "the oldest has made room";
  EXPECT_EQ(Arrive("100").first, nullptr);
}

TEST_F(ReplayCacheTest, RequestsThatDidNothingLeaveNothing) {
  constexpr int kRequests = 50'000;
  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < kRequests; ++i) {
    Arrive(fmt::format("{}", i)).first->Send(Response(400, "no"));
  }
  EXPECT_LT(mallinfo2().uordblks, before + size_t{kRequests} * 8);
}

TEST_F(ReplayCacheTest, WhatWasTriedAgainIsAsYoungAsItsAnswer) {
  Arrive("a").first->Send(Response(400, "not yet"));
  for (size_t i = 1; i < kLimits.signatures; ++i) {
    Arrive(fmt::format("{}", i)).first->Send(Response(200, ""));
  }
  Arrive("a").first->Send(Response(200, "stored"));
  EXPECT_NE(Arrive("one more").first, nullptr);
  EXPECT_EQ(*Arrive("a").answer, "200 stored");
  EXPECT_NE(Arrive("1").first, nullptr) << "the oldest has made room";
}

TEST_F(ReplayCacheTest, OneThatIsSlowKeepsNoOthers) {
  const Arrival slow = Arrive("slow");
  for (size_t i = 0; i < 2 * kLimits.signatures; ++i) {
    Arrive(fmt::format("{}", i)).first->Send(Response(200, ""));
  }
  EXPECT_NE(Arrive("0").first, nullptr);
  EXPECT_EQ(Arrive("slow").first, nullptr) << "it waits, whatever comes";
}

TEST_F(ReplayCacheTest, NumberOfWaitingRepetitionsIsBounded) {
  Arrival first = Arrive("a");
  std::vector<Arrival> waiting;
  for (size_t i = 0; i < kLimits.waiting; ++i) {
    waiting.push_back(Arrive("a"));
    EXPECT_EQ(waiting.back().refusal, "");
  }
  EXPECT_NE(Arrive("a").refusal, "");
  first.first->Send(Response(200, "stored"));
  EXPECT_EQ(*waiting.back().answer, "200 stored");
}

TEST_F(ReplayCacheTest, ThreadsRunEachSignatureOnce) {
  constexpr int kSignatures = 200;
  std::vector<std::atomic<int>> runs(kSignatures);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kSignatures; ++i) {
        auto answer = std::make_shared<std::string>();
        std::unique_ptr<net::Responder> responder = std::make_unique<Answers>(answer);
        auto admitted = cache_.Admit(SignatureOf(fmt::format("{}", i)), responder);
        if (admitted.has_value() && *admitted != nullptr) {
          ++runs[i];
          (*admitted)->Send(Response(200, "stored"));
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::atomic<int>& count : runs) {
    EXPECT_EQ(count.load(), 1);
  }
}

TEST_F(ReplayCacheTest, AnswersMayOutliveTheCache) {
  auto answer = std::make_shared<std::string>();
  std::unique_ptr<net::Responder> first;
  {
    ReplayCache cache(clock_, nullptr, {});
    std::unique_ptr<net::Responder> responder = std::make_unique<Answers>(answer);
    first = *cache.Admit(SignatureOf("a"), responder);
  }
  first->Send(Response(200, "late"));
  EXPECT_EQ(*answer, "200 late");
}

TEST(SignatureIn, IsReadFromTheHeader) {
  net::Request request;
  EXPECT_EQ(SignatureIn(request), "");
  request.headers = {{"authorization", "AWS4-HMAC-SHA256 Signature=abc,Credential=x"}};
  EXPECT_EQ(SignatureIn(request), "abc");
  request.headers = {{"authorization", "AWS4-HMAC-SHA256 Credential=x, Signature=def"}};
  EXPECT_EQ(SignatureIn(request), "def");
}

}  // namespace
}  // namespace weir::auth
