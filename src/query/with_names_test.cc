#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/test_world.h"

namespace weir::query {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Keys that are bound to stream ClickCount.
QueryOptions BoundToClicks() {
  return {.may_read = [](std::string_view stream) { return stream == "ClickCount"; }};
}

/// Tables shop.clicks and shop.orders with a row each.
class WithNames : public testing::Test {
 protected:
  void SetUp() override {
    world_.Append(world_.AddClicks(), {World::Row("C", 3)});
    world_.Append(world_.AddTable("shop", "orders", "Orders"), {World::Row("REAL", 7)});
  }

  World world_;
};

struct Scoped {
  std::string sql;
  std::string rows;
};

TEST_F(WithNames, HideATableOnlyWhereTheyAreVisible) {
  const std::vector<Scoped> reading = {
      {"SELECT promotion FROM orders, (WITH orders AS (SELECT 1 AS a) SELECT * FROM orders) t",
       R"([["REAL"]])"},
      {"WITH orders AS (SELECT * FROM orders) SELECT promotion FROM orders", R"([["REAL"]])"},
      {"WITH orders AS MATERIALIZED (SELECT * FROM Orders) SELECT promotion FROM ORDERS",
       R"([["REAL"]])"},
      {"WITH RECURSIVE a AS (SELECT promotion FROM orders), orders AS (SELECT 1 AS x) "
       "SELECT * FROM a",
       R"([["REAL"]])"},
      {"WITH RECURSIVE orders AS (SELECT promotion FROM orders) SELECT * FROM orders",
       R"([["REAL"]])"},
      {"WITH RECURSIVE orders AS (SELECT promotion, 1 AS n FROM orders UNION ALL "
       "SELECT promotion, n + 1 FROM orders WHERE n < 2) SELECT * FROM orders ORDER BY n",
       R"([["REAL",1],["REAL",2]])"},
      {"(WITH orders AS (SELECT 'c' AS a) SELECT a FROM orders) UNION ALL "
       "SELECT promotion FROM orders",
       R"([["c"],["REAL"]])"},
      {"SELECT promotion FROM orders UNION ALL "
       "(WITH orders AS (SELECT 'c' AS a) SELECT a FROM orders)",
       R"([["REAL"],["c"]])"},
      {"WITH b AS (WITH orders AS (SELECT 'c' AS a) SELECT * FROM orders) "
       "SELECT a, promotion FROM b, orders",
       R"([["c","REAL"]])"},
      {"SELECT (WITH orders AS (SELECT 'c' AS a) SELECT a FROM orders), promotion FROM orders",
       R"([["c","REAL"]])"},
      {"SELECT 1 WHERE EXISTS (WITH orders AS (SELECT 1 AS a) SELECT * FROM orders) "
       "AND EXISTS (SELECT 1 FROM orders)",
       "[[1]]"},
      {"SELECT t.promotion FROM range(1) r(i), LATERAL (SELECT promotion, r.i FROM orders) t, "
       "LATERAL (WITH orders AS (SELECT r.i AS a) SELECT a FROM orders) u",
       R"([["REAL"]])"},
      {"WITH orders AS (SELECT 'c' AS a) SELECT promotion FROM main.orders", R"([["REAL"]])"},
  };
  for (const Scoped& scoped : reading) {
    World fresh;  // Nobody has loaded the table into a worker before.
    fresh.Append(fresh.AddTable("shop", "orders", "Orders"), {World::Row("REAL", 7)});
    EXPECT_EQ(fresh.Query(scoped.sql), scoped.rows) << scoped.sql;
  }
  ASSERT_EQ(world_.Query("SELECT count(*) FROM orders"), "[[1]]");
  for (const Scoped& scoped : reading) {
    EXPECT_THAT(world_.Query(scoped.sql, BoundToClicks()),
                StartsWith("permission: the query reads table 'shop.orders'"))
        << scoped.sql;
  }
}

TEST_F(WithNames, AreReadWhereTheyAreVisible) {
  const std::vector<Scoped> allowed = {
      {"WITH a AS (SELECT promotion FROM clicks), b AS (SELECT * FROM A) SELECT * FROM a, b",
       R"([["C","C"]])"},
      {"WITH clicks AS (SELECT clicks + 1 AS n FROM clicks) SELECT n FROM clicks", "[[4]]"},
      {"WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a WHERE n < 2) "
       "SELECT n FROM a ORDER BY n",
       "[[1],[2]]"},
      {"WITH RECURSIVE a AS (WITH b AS (SELECT 1 AS n) SELECT n FROM b UNION ALL "
       "SELECT a.n + b.n FROM a, b WHERE a.n < 2) SELECT n FROM a ORDER BY n",
       "[[1],[2]]"},
      {"WITH a AS (SELECT 1 AS n) SELECT (SELECT n FROM a) UNION ALL SELECT n FROM a", "[[1],[1]]"},
      {"WITH a AS (SELECT 1 AS n), b AS (WITH a AS (SELECT n + 1 AS n FROM a) SELECT n FROM a) "
       "SELECT b.n FROM a, b WHERE EXISTS (SELECT 1 FROM a)",
       "[[2]]"},
      {"WITH a AS (SELECT 1 AS n) SELECT 5 FROM range(3) LIMIT (SELECT n FROM a)", "[[5]]"},
  };
  for (const Scoped& scoped : allowed) {
    EXPECT_EQ(world_.Query(scoped.sql, BoundToClicks()), scoped.rows) << scoped.sql;
  }
}

TEST_F(WithNames, CountAsReadingTheTableThatTheyHide) {
  EXPECT_EQ(world_.Query("WITH orders AS (SELECT 1 AS a) SELECT a FROM orders"), "[[1]]");
  EXPECT_THAT(world_.Query("WITH orders AS (SELECT 1 AS a) SELECT a FROM orders", BoundToClicks()),
              StartsWith("permission: the query reads table 'shop.orders'"));
}

TEST_F(WithNames, OpenNoWayToWhatIsNotPublished) {
  for (const std::string view : {"duckdb_tables", "sqlite_master", "duckdb_views", "DuckDB_Columns",
                                 "pg_views", "nowhere"}) {
    for (const std::string& sql : {
             "SELECT x.* FROM " + view + " x, (WITH " + view +
                 " AS (SELECT 1 AS a) SELECT * FROM " + view + ") t",
             "WITH " + view + " AS (SELECT * FROM " + view + ") SELECT * FROM " + view,
             "WITH RECURSIVE a AS (SELECT * FROM " + view + "), " + view +
                 " AS (SELECT 1 AS x) SELECT * FROM a",
             "SELECT 1 WHERE EXISTS (WITH " + view + " AS (SELECT 1) SELECT 1) AND EXISTS (FROM " +
                 view + ")",
         }) {
      EXPECT_THAT(world_.Query(sql), StartsWith("invalid_argument: ")) << sql;
    }
  }
  EXPECT_THAT(world_.Query("WITH duckdb_views AS (SELECT 1 AS a) SELECT * FROM duckdb_views"),
              HasSubstr("the WITH name 'duckdb_views' is not allowed"));
}

TEST_F(WithNames, OfViewsHideATableOnlyWhereTheyAreVisible) {
  world_.AddNamedQuery("idiom",
                       "WITH orders AS (SELECT * FROM orders) SELECT promotion FROM orders");
  world_.AddNamedQuery("system",
                       "WITH duckdb_views AS (SELECT * FROM duckdb_views) SELECT * FROM "
                       "duckdb_views");
  EXPECT_EQ(world_.Query("SELECT * FROM idiom"), R"([["REAL"]])");
  EXPECT_THAT(world_.Query("SELECT * FROM shop.idiom", BoundToClicks()),
              StartsWith("permission: the query reads table 'shop.orders'"));
  EXPECT_THAT(world_.Query("SELECT * FROM system"), HasSubstr("could not be made"));
}

TEST_F(WithNames, OfNoMatterInAViewOfAnotherDatabase) {
  world_.Append(world_.AddTable("zoo", "orders", "ZooOrders"), {World::Row("ZOO", 9)});
  world_.AddNamedQuery("mine", "CREATE VIEW zoo.mine AS SELECT promotion FROM orders");
  for (const std::string sql : {"SELECT * FROM zoo.mine", "SELECT * FROM mine"}) {
    EXPECT_EQ(world_.Query(sql), R"([["ZOO"]])") << sql;
    EXPECT_THAT(world_.Query(sql, {.may_read = [](auto stream) { return stream == "Orders"; }}),
                StartsWith("permission: the query reads table 'zoo.orders'"))
        << sql;
  }
}

TEST_F(WithNames, OfNoMatterInAViewThatALaterViewChanges) {
  world_.AddNamedQuery("a_first", "CREATE VIEW zoo.a_first AS SELECT promotion FROM orders");
  world_.AddNamedQuery("b_later", "CREATE VIEW zoo.orders AS SELECT * FROM clicks");
  EXPECT_EQ(world_.Query("SELECT * FROM zoo.a_first"), R"([["C"]])");
  EXPECT_THAT(world_.Query("SELECT * FROM zoo.a_first",
                           {.may_read = [](auto stream) { return stream == "Orders"; }}),
              StartsWith("permission: the query reads table 'shop.clicks'"));
  EXPECT_EQ(world_.Query("SELECT * FROM zoo.a_first", BoundToClicks()), R"([["C"]])")
      << "it reads shop.orders no longer";
}

TEST_F(WithNames, AFunctionThatReadsTheSystemIsRefused) {
  for (const std::string sql :
       {"SELECT json_serialize_plan('SELECT * FROM duckdb_views()')", "SELECT pg_get_viewdef(1)",
        "SELECT (1).pg_get_viewdef()", "SELECT main.PG_GET_CONSTRAINTDEF(1)"}) {
    EXPECT_THAT(world_.Query(sql), HasSubstr("is not allowed in a query")) << sql;
  }
  // Those that DuckDB itself defines as macros over its own views.
  auto database = duckdb::Database::Open();
  ASSERT_TRUE(database.has_value());
  auto connection = database->Connect();
  ASSERT_TRUE(connection.has_value());
  auto macros = connection->Execute(
      "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'macro' AND "
      "regexp_matches(macro_definition, '(duckdb|pragma)_') ORDER BY 1");
  ASSERT_TRUE(macros.has_value()) << macros.error().message;
  const auto names = macros->Next();
  ASSERT_TRUE(names.has_value() && names->has_value());
  ASSERT_GE((*names)->rows(), 4u);
  for (size_t row = 0; row < (*names)->rows(); ++row) {
    const std::string name((*names)->Text(0, row));
    EXPECT_THAT(world_.Query("SELECT " + name + "(1)"), HasSubstr("is not allowed in a query"))
        << name;
  }
}

TEST_F(WithNames, ARefusedQueryLeavesItsWorker) {
  const auto next_random = [&] { return world_.Query("SELECT random()"); };
  world_.Query("SELECT setseed(0.5)");
  const std::string first = next_random();
  world_.Query("SELECT setseed(0.5)");
  EXPECT_THAT(world_.Query("SELECT * FROM orders", BoundToClicks()), StartsWith("permission"));
  EXPECT_EQ(next_random(), first);
}

}  // namespace
}  // namespace weir::query
