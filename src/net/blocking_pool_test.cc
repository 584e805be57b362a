#include "net/blocking_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <string>

namespace weir::net {
namespace {

using Verdict = Quota::Verdict;

// One thread, which waits until `go_on` is counted down.
class BlockingPoolTest : public testing::Test {
 protected:
  static constexpr size_t kMaxJobs = 6;

  void SetUp() override {
    ASSERT_EQ(Add(other_, 'o', [this] { go_on_.wait(); }), Verdict::kTaken);
  }

  ~BlockingPoolTest() override {
    if (!go_on_.try_wait()) {
      go_on_.count_down();
    }
  }

  Verdict Add(const std::shared_ptr<Client>& client, char name, BlockingPool::Job before = [] {}) {
    BlockingPool::Job job = [this, name, before = std::move(before)]() mutable {
      before();
      order_ += name;
    };
    return pool_.Run(client, job);
  }

  // What has run, once what waited has.
  std::string Finish() {
    std::latch finished(1);
    BlockingPool::Job last = [&] { finished.count_down(); };
    EXPECT_EQ(pool_.Run(last_, last), Verdict::kTaken);
    go_on_.count_down();
    finished.wait();
    pool_.Stop();
    return order_;
  }

  std::string order_;
  std::latch go_on_{1};
  const std::shared_ptr<Client> other_ = std::make_shared<Client>();
  const std::shared_ptr<Client> greedy_ = std::make_shared<Client>();
  const std::shared_ptr<Client> last_ = std::make_shared<Client>();
  BlockingPool pool_{1, kMaxJobs, "things"};
};

TEST_F(BlockingPoolTest, ClientsTakeTurns) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  }
  EXPECT_EQ(Add(std::make_shared<Client>(), 'm'), Verdict::kTaken);
  EXPECT_EQ(Finish().substr(0, 4), "ogmg");
}

TEST_F(BlockingPoolTest, LeavesAsManyPlacesAsAClientHolds) {
  EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  EXPECT_EQ(pool_.Look(greedy_.get()), Verdict::kClientFull);
  EXPECT_EQ(Add(greedy_, 'x'), Verdict::kClientFull);
  EXPECT_EQ(Add(nullptr, 'p'), Verdict::kTaken);  // The pool's own have no limit but that of all.
  EXPECT_THAT(Finish(), testing::Not(testing::HasSubstr("x")));
}

TEST_F(BlockingPoolTest, TakesNoMoreThanItsPlaces) {
  for (size_t i = 1; i < kMaxJobs; ++i) {
    EXPECT_EQ(Add(std::make_shared<Client>(), 'm'), Verdict::kTaken);
  }
  EXPECT_EQ(Add(std::make_shared<Client>(), 'x'), Verdict::kAllFull);
  EXPECT_EQ(Add(nullptr, 'x'), Verdict::kAllFull);
}

TEST_F(BlockingPoolTest, TakesNothingOnceStopped) {
  go_on_.count_down();
  pool_.Stop();
  EXPECT_EQ(pool_.Look(nullptr), Verdict::kAllFull);
  bool kept = false;
  BlockingPool::Job job = [&] { kept = true; };
  EXPECT_EQ(pool_.Run(other_, job), Verdict::kAllFull);
  job();
  EXPECT_TRUE(kept);
}

}  // namespace
}  // namespace weir::net
