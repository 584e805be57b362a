#include "query/named_view.h"

#include <gtest/gtest.h>

namespace weir::query {
namespace {

NamedQuery Query(std::string text) {
  return {.database = "shop", .name = "Saved", .text = std::move(text)};
}

TEST(NamedView, ReadsCreateViewAndBareSelects) {
  const auto view =
      ReadNamedView(Query("-- the rate\nCREATE OR REPLACE VIEW View_Rate AS\nSELECT 1"));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->name, "view_rate");
  EXPECT_EQ(view->database, "shop");
  EXPECT_EQ(view->select, "SELECT 1");

  const auto other = ReadNamedView(Query("create view \"ad-to-order\".`v` as select 2"));
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->database, "ad-to-order");
  EXPECT_EQ(other->name, "v");

  const auto bare = ReadNamedView(Query("SELECT 3"));
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->name, "saved");
  EXPECT_EQ(bare->select, "SELECT 3");
}

TEST(NamedView, RefusesOtherStatementsAndNames) {
  for (const char* text : {"CREATE TABLE a AS SELECT 1", "CREATE OR VIEW a AS SELECT 1",
                           "CREATE VIEW a(b) AS SELECT 1", "CREATE VIEW \"a;b\" AS SELECT 1",
                           "CREATE VIEW", "CREATE VIEW \"a AS SELECT 1"}) {
    EXPECT_FALSE(ReadNamedView(Query(text)).has_value()) << text;
  }
}

}  // namespace
}  // namespace weir::query
