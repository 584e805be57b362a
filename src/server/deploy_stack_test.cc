#include "server/deploy_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::server {
namespace {

TEST(DeployStack, SaysHowToChooseATemplate) {
  const auto plan = LoadPlan({.file = "ad-to-order"});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().code, base::Code::kNotFound);
  EXPECT_THAT(plan.error().message, testing::HasSubstr("'ad-to-order'"));
  EXPECT_THAT(plan.error().message, testing::HasSubstr("or none for the shipped"));
  EXPECT_TRUE(LoadPlan({}).has_value());
}

}  // namespace
}  // namespace weir::server
