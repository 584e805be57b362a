#include "ingest/intake.h"

#include <gtest/gtest.h>

namespace weir::ingest {
namespace {

TEST(IntakeOutcome, NothingIsStoredWhenAllIsRefusedAndNoneInDoubt) {
  IntakeOutcome outcome{.placements = std::vector<log::Placement>(2), .refused = {}};
  EXPECT_FALSE(outcome.NothingStored());
  outcome.refused.emplace_back(0, base::Error{base::Code::kUnavailable, "too much waits"});
  EXPECT_FALSE(outcome.NothingStored());
  outcome.refused.emplace_back(1, base::Error{base::Code::kDiskFull, "no space"});
  EXPECT_TRUE(outcome.NothingStored());
  outcome.refused.back().second.code = base::Code::kLimitExceeded;
  EXPECT_TRUE(outcome.NothingStored());
  outcome.refused.back().second.code = base::Code::kIo;  // The write may be found later.
  EXPECT_FALSE(outcome.NothingStored());
}

}  // namespace
}  // namespace weir::ingest
