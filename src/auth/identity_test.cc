#include "auth/identity.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace weir::auth {
namespace {

constexpr Role kRoles[] = {Role::kIngest, Role::kViewer, Role::kAnalyst, Role::kOperator,
                           Role::kAdmin};

TEST(Identity, EachRoleHasItsActions) {
  const std::map<Action, std::string> allowed = {
      // ingest, viewer, analyst, operator, admin
      {Action::kPutRecords, "y...y"},    {Action::kDescribeStream, "y.yyy"},
      {Action::kReadRecords, "..yyy"},   {Action::kManageStreams, "...yy"},
      {Action::kViewDashboard, ".yyyy"}, {Action::kQuery, "..yyy"},
      {Action::kOperate, "...yy"},       {Action::kManageKeys, "....y"},
  };
  for (const auto& [action, row] : allowed) {
    for (size_t i = 0; i < row.size(); ++i) {
      EXPECT_EQ(RoleAllows(kRoles[i], action), row[i] == 'y')
          << RoleName(kRoles[i]) << ", action " << static_cast<int>(action);
    }
  }
}

TEST(Identity, RolesHaveNames) {
  for (const Role role : kRoles) {
    EXPECT_EQ(RoleOf(RoleName(role)), role);
  }
  EXPECT_EQ(RoleOf("root"), std::nullopt);
  EXPECT_EQ(RoleOf("Admin"), std::nullopt);
}

TEST(Identity, ScopeBoundsActionsOnStreams) {
  const Identity identity = {
      .key_id = "WEIRA", .roles = {Role::kIngest}, .streams = {"clicks", "shop-*"}};
  EXPECT_TRUE(identity.May(Action::kPutRecords, "clicks"));
  EXPECT_TRUE(identity.May(Action::kPutRecords, "shop-orders"));
  EXPECT_TRUE(identity.May(Action::kPutRecords, "shop-"));
  EXPECT_FALSE(identity.May(Action::kPutRecords, "clicks2"));
  EXPECT_FALSE(identity.May(Action::kPutRecords, "click"));
  EXPECT_FALSE(identity.May(Action::kPutRecords, "Shop-orders"));
  EXPECT_FALSE(identity.May(Action::kPutRecords, "shop"));
  EXPECT_FALSE(identity.May(Action::kReadRecords, "clicks")) << "not ingest's action";
  EXPECT_FALSE(identity.May(Action::kDescribeStream)) << "listing needs a key for all streams";
}

TEST(Identity, ScopeBoundsWhatIsSeenOfStreamsToo) {
  Identity identity = {
      .key_id = "WEIRA", .roles = {Role::kOperator}, .streams = {"clicks", "shop-*"}};
  EXPECT_FALSE(identity.May(Action::kViewDashboard)) << "it shows the figures of all streams";
  EXPECT_TRUE(identity.May(Action::kQuery)) << "of the tables that its streams feed";
  EXPECT_TRUE(identity.Holds("clicks"));
  EXPECT_TRUE(identity.Holds("shop-orders"));
  EXPECT_FALSE(identity.Holds("orders"));
  EXPECT_FALSE(identity.Holds("")) << "a table that nobody knows the stream of";
  EXPECT_FALSE(identity.May(Action::kOperate)) << "metrics tell of all streams";
  EXPECT_TRUE(identity.May(Action::kManageStreams, "clicks"));
  identity.streams = {"*"};
  EXPECT_TRUE(identity.May(Action::kOperate));
  EXPECT_TRUE(identity.May(Action::kViewDashboard));
  identity.streams.clear();
  EXPECT_TRUE(identity.May(Action::kViewDashboard));
  EXPECT_TRUE(identity.Holds("orders"));
}

TEST(Identity, ABoundKeyMakesItselfNoUnboundOne) {
  Identity admin = {.key_id = "WEIRA", .roles = {Role::kAdmin}, .streams = {"clicks"}};
  EXPECT_FALSE(admin.May(Action::kManageKeys));
  EXPECT_TRUE(admin.May(Action::kManageStreams, "clicks"));
  admin.streams.emplace_back("*");
  EXPECT_TRUE(admin.May(Action::kManageKeys));
}

TEST(Identity, WithoutScopeAllStreams) {
  const Identity all = {.key_id = "WEIRA", .roles = {Role::kIngest}, .streams = {}};
  EXPECT_TRUE(all.May(Action::kPutRecords, "clicks"));
  EXPECT_TRUE(all.May(Action::kDescribeStream));
  const Identity star = {.key_id = "WEIRA", .roles = {Role::kIngest}, .streams = {"*"}};
  EXPECT_TRUE(star.May(Action::kPutRecords, "clicks"));
  EXPECT_TRUE(star.May(Action::kDescribeStream));
  const Identity nothing = {.key_id = "WEIRA", .roles = {}, .streams = {}};
  EXPECT_FALSE(nothing.May(Action::kDescribeStream, "clicks"));
  EXPECT_TRUE(Everyone().May(Action::kManageKeys));
}

}  // namespace
}  // namespace weir::auth
