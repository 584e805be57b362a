#include "net/blocking_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weir::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using Verdict = Quota::Verdict;

// One thread, which waits until it is let go on.
class BlockingPoolTest : public testing::Test {
 protected:
  static constexpr size_t kMaxJobs = 6;

  void SetUp() override {
    BlockingPool::Job first = [this] {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return go_on_; });
      order_ += 'o';
    };
    ASSERT_TRUE(pool_.Run(std::make_shared<Client>(), first));
    ++taken_;
  }

  ~BlockingPoolTest() override { GoOn(); }

  Verdict Add(const std::shared_ptr<Client>& client, char name) {
    BlockingPool::Job job = [this, name] {
      const std::lock_guard lock(mutex_);
      order_ += name;
      changed_.notify_all();
    };
    auto place = pool_.Run(client, job);
    if (!place) {
      return place.error();
    }
    ++taken_;
    last_ = std::move(*place);
    return Verdict::kTaken;
  }

  void GoOn() {
    const std::lock_guard lock(mutex_);
    go_on_ = true;
    changed_.notify_all();
  }

  // What has run, once all that was taken has.
  std::string Finish() {
    GoOn();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return order_.size() == taken_; });
    return order_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool go_on_ = false;
  std::string order_;
  size_t taken_ = 0;
  const std::shared_ptr<Client> greedy_ = std::make_shared<Client>();
  BlockingPool pool_{1, kMaxJobs, "things"};
  std::shared_ptr<BlockingPool::Place> last_;  // Of the last job that was added.
};

TEST_F(BlockingPoolTest, ClientsTakeTurns) {
  EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  EXPECT_EQ(Add(std::make_shared<Client>(), 'm'), Verdict::kTaken);
  EXPECT_EQ(Finish(), "ogmg");
}

TEST_F(BlockingPoolTest, LeavesAsManyPlacesAsAClientHolds) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  }
  EXPECT_EQ(pool_.Look(greedy_.get()), Verdict::kClientFull);
  EXPECT_EQ(Add(greedy_, 'x'), Verdict::kClientFull);
  EXPECT_EQ(Add(nullptr, 'p'), Verdict::kTaken);  // Nobody's have no limit but that of all.
  EXPECT_THAT(Finish(), Not(HasSubstr("x")));
}

TEST_F(BlockingPoolTest, TakesNoMoreThanItsPlaces) {
  for (size_t i = 1; i < kMaxJobs; ++i) {
    EXPECT_EQ(Add(std::make_shared<Client>(), 'm'), Verdict::kTaken);
  }
  EXPECT_EQ(Add(std::make_shared<Client>(), 'x'), Verdict::kAllFull);
  EXPECT_EQ(Add(nullptr, 'x'), Verdict::kAllFull);
}

// Its answer may be read before the thread gets to the job's end.
TEST_F(BlockingPoolTest, APlaceIsGivenBackOnce) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  }
  last_->Give();
  last_->Give();
  EXPECT_EQ(Add(greedy_, 'g'), Verdict::kTaken);
  EXPECT_EQ(Add(greedy_, 'x'), Verdict::kClientFull);
  // A connection that lets go of the place does not give back what still waits.
  last_ = nullptr;
  EXPECT_EQ(Add(greedy_, 'x'), Verdict::kClientFull);
  EXPECT_EQ(Finish(), "ogggg");
}

// An answer may have to wait for others of its connection.
TEST_F(BlockingPoolTest, APlaceEndsWithItsJob) {
  std::vector<std::shared_ptr<BlockingPool::Place>> kept;
  for (size_t i = 0; i < kMaxJobs; ++i) {
    ASSERT_EQ(Add(greedy_, 'g'), Verdict::kTaken) << i;
    kept.push_back(last_);
    Finish();
  }
}

TEST_F(BlockingPoolTest, TakesNothingOnceStopped) {
  GoOn();
  pool_.Stop();
  EXPECT_EQ(pool_.Look(nullptr), Verdict::kAllFull);
  bool kept = false;
  BlockingPool::Job job = [&] { kept = true; };
  EXPECT_FALSE(pool_.Run(greedy_, job));
  job();
  EXPECT_TRUE(kept);
}

}  // namespace
}  // namespace weir::net
