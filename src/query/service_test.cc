#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "query/test_world.h"

namespace weir::query {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kDelivered =
    "SELECT 'P1' AS promotion, 10::BIGINT AS clicks, 1.0001::DECIMAL(18,4) AS revenue, "
    "TIMESTAMP '2026-11-22 07:00:00' AS window_start";

TEST(Query, AnswersWithoutAnyTable) {
  World world;
  const auto result = world.service->Run("SELECT 1 AS one, 'a' AS two;", {});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->rows_json, R"([[1,"a"]])");
  EXPECT_EQ(result->row_count, 1u);
  ASSERT_EQ(result->columns.size(), 2u);
  EXPECT_EQ(result->columns[0].name, "one");
  EXPECT_EQ(result->columns[1].type, "VARCHAR");
}

TEST(Query, JoinsLakeTailAndOpenWindows) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, {World::Row("P1", 10, "1.0001"), World::Row("P2", 5, "99999999999999.9999"),
                        World::Row("P1", 7)});
  world.Deliver("year=2026/month=11/a.parquet", kDelivered, 1);
  world.log->live().Publish(
      "ClickCount",
      {.continues_from = {3}, .rows = {World::Row("P3", 2, "null")}, .as_of = {1'900'000'000'000}});
  EXPECT_EQ(
      world.Query("SELECT promotion, sum(clicks), sum(revenue) FROM clicks GROUP BY 1 ORDER BY 1"),
      R"([["P1",17,2.5001],["P2",5,99999999999999.9999],["P3",2,null]])");
  EXPECT_EQ(world.Query("SELECT count(*) FROM shop.clicks", {.fresh = false}), "[[1]]");
  EXPECT_EQ(world.Query("SELECT year, month, window_start FROM Clicks WHERE clicks = 10"),
            R"([["2026","11","2026-11-22 07:00:00.000"]])");
  const auto result = world.service->Run("SELECT count(*) FROM clicks", {});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->as_of.millis, 1'900'000'000'000);
}

TEST(Query, ReadsOnlyTablesOfStreamsThatMayBeRead) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, {World::Row("P1", 10)});
  QueryOptions options{.reuse = true};
  ASSERT_TRUE(world.service->Run("SELECT count(*) FROM clicks", options).has_value());
  options.may_read = [](std::string_view name) { return name == "Orders"; };
  for (const char* const sql : {"SELECT count(*) FROM clicks", "EXPLAIN SELECT * FROM shop.clicks",
                                "WITH a AS (SELECT * FROM clicks) SELECT 1 FROM a"}) {
    const auto refused = world.service->Run(sql, options);
    ASSERT_FALSE(refused.has_value()) << sql;
    EXPECT_EQ(refused.error().code, base::Code::kPermission);
    EXPECT_THAT(refused.error().message,
                HasSubstr("table 'shop.clicks', which stream 'ClickCount' feeds"));
  }
  EXPECT_TRUE(world.service->Run("SELECT 1", options).has_value());
  options.may_read = [](std::string_view name) { return name == "ClickCount"; };
  EXPECT_TRUE(world.service->Run("SELECT count(*) FROM clicks", options).has_value());
}

TEST(Query, LoadsObjectsAsTheyAreCommitted) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, {World::Row("P1", 10), World::Row("P1", 10), World::Row("P1", 10)});
  EXPECT_EQ(world.Query("SELECT sum(clicks), count(*) FROM clicks"), "[[30,3]]");
  world.Deliver("a.parquet", kDelivered, 1);
  EXPECT_EQ(world.Query("SELECT sum(clicks), count(*) FROM clicks"), "[[30,3]]");
  world.Deliver("b.parquet", kDelivered, 2);
  world.Deliver("c.parquet", kDelivered, 3);
  EXPECT_EQ(world.Query("SELECT sum(clicks), count(*) FROM clicks"), "[[30,3]]");
}

TEST(Query, ScansWhatIsTooLargeToKeep) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.AddNamedQuery("total", "SELECT sum(clicks) AS clicks, min(month) AS month FROM clicks");
  world.Append(stream, {World::Row("P1", 10), World::Row("P1", 10), World::Row("P1", 5)});
  world.Deliver("a.parquet", kDelivered, 1);
  EXPECT_EQ(world.Query("SELECT * FROM total"), R"([[25,"11"]])");
  world.Deliver("b.parquet", kDelivered, 2, 1ull << 30);
  EXPECT_EQ(world.Query("SELECT * FROM total"), R"([[25,"11"]])");
  EXPECT_EQ(world.Query("SELECT clicks FROM shop.total"), "[[25]]");
}

TEST(Query, ReadsObjectsWithMissingAndFurtherColumns) {
  World world;
  world.AddClicks();
  world.Deliver("a.parquet", "SELECT 'P1' AS \"Promotion\", 10::BIGINT AS CLICKS", 1);
  world.Deliver("b.parquet", "SELECT 3::INTEGER AS clicks, 'x' AS other, 'P2' AS promotion", 2);
  EXPECT_EQ(world.Query("SELECT promotion, clicks, revenue FROM clicks ORDER BY 1"),
            R"([["P1",10,null],["P2",3,null]])");
}

TEST(Query, ReadsJsonObjectsExactly) {
  World world;
  catalog::Table table = World::ClicksTable();
  table.format = "json";
  ASSERT_TRUE(world.catalog->RegisterTable(table).has_value());
  const std::string path = world.store->LocalPath("clicks", "a.json");
  std::ofstream(path) << World::Row("P1", 10, "12345678901234.5678") << "\n"
                      << World::Row("P2", 1) << "\n";
  ASSERT_TRUE(world.catalog
                  ->CommitDelivery({.delivery = "clicks-delivery",
                                    .objects = {{.bucket = "clicks",
                                                 .key = "a.json",
                                                 .bytes = 200,
                                                 .rows = 2,
                                                 .last = {1},
                                                 .partition = {{"year", "2026"}}}},
                                    .positions = {{0, {2}}},
                                    .table = table})
                  .has_value());
  EXPECT_EQ(world.Query("SELECT promotion, clicks, revenue, year FROM clicks ORDER BY clicks DESC"),
            R"([["P1",10,12345678901234.5678,"2026"],["P2",1,1.5000,"2026"]])");
}

TEST(Query, MakesViewsOfNamedQueriesInAnyOrder) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, {World::Row("P1", 4), World::Row("P2", 0)});
  world.AddNamedQuery("a_last", "SELECT promotion, rate FROM shop.view_middle");
  world.AddNamedQuery("middle",
                      "CREATE OR REPLACE VIEW View_Middle AS SELECT promotion, "
                      "100.0 / nullif(clicks, 0) AS rate FROM clicks;");
  world.AddNamedQuery("broken", "SELECT nothing FROM clicks");
  world.AddNamedQuery("evil", "CREATE VIEW evil AS SELECT * FROM read_text('/etc/passwd')");
  EXPECT_EQ(world.Query("SELECT * FROM A_LAST ORDER BY 1"), R"([["P1",25],["P2",null]])");
  EXPECT_THAT(world.Query("SELECT * FROM broken"), HasSubstr("could not be made"));
  EXPECT_THAT(world.Query("SELECT * FROM evil"), HasSubstr("read_text"));
  EXPECT_THAT(
      world.Query("SELECT * FROM nowhere"),
      HasSubstr("there is no table or view 'nowhere'; there are: a_last, clicks, view_middle"));
}

TEST(Query, NamesOnlyTablesThatMayBeRead) {
  World world;
  world.AddClicks();
  world.AddTable("shop", "secret", "Secret");
  world.AddNamedQuery("of_both", "SELECT 1 AS a FROM clicks, secret");
  world.AddNamedQuery("of_clicks", "SELECT promotion FROM clicks");
  world.AddNamedQuery("of_secret", "SELECT promotion FROM secret");
  world.AddNamedQuery("wrong", "SELECT nothing FROM secret");
  const QueryOptions bound{.may_read = [](auto stream) { return stream == "ClickCount"; }};
  EXPECT_EQ(world.Query("SELECT * FROM nowhere", bound),
            "invalid_argument: there is no table or view 'nowhere'; there are: clicks, of_clicks");
  EXPECT_THAT(world.Query("SELECT * FROM wrong", bound), testing::Not(HasSubstr("nothing")));
  EXPECT_THAT(world.Query("SELECT * FROM wrong"), HasSubstr("nothing"));
}

TEST(Query, TakesADatabaseOfTheNameMain) {
  World world;
  world.AddTable("aaa", "sales", "Other");
  log::Stream& stream = world.AddTable("main", "sales", "Sales");
  world.Append(stream, {World::Row("P1", 4)});
  for (const std::string table : {"sales", "main.sales"}) {
    EXPECT_EQ(world.Query("SELECT clicks FROM " + table), "[[4]]") << table;
  }
  EXPECT_EQ(world.Query("SELECT clicks FROM aaa.sales"), "[]");
}

TEST(Query, ShowsTablesAndDescribesThem) {
  World world;
  world.AddClicks();
  world.AddTable("shop", "secret", "Secret");
  world.AddNamedQuery("total", "SELECT sum(clicks) AS clicks FROM clicks");
  const QueryOptions bound{.may_read = [](auto stream) { return stream == "ClickCount"; }};
  EXPECT_EQ(world.Query("SHOW TABLES"),
            R"([["clicks"],["secret"],["total"],["shop.clicks"],["shop.secret"],["shop.total"]])");
  EXPECT_EQ(world.Query(" show\ttables ; ", bound),
            R"([["clicks"],["total"],["shop.clicks"],["shop.total"]])");
  for (const std::string sql : {"DESCRIBE total", "desc shop.total;", "DESCRIBE \"shop\".total",
                                "DESCRIBE SELECT clicks FROM total; -- its columns"}) {
    EXPECT_THAT(world.Query(sql, bound), StartsWith(R"([["clicks","HUGEINT",)")) << sql;
  }
  EXPECT_THAT(world.Query("DESCRIBE secret", bound), StartsWith("permission: "));
  world.AddNamedQuery("with-dash", "SELECT 1 AS a FROM clicks");
  EXPECT_THAT(world.Query("SHOW TABLES", bound), HasSubstr(R"(["shop.\"with-dash\""])"));
  for (const std::string sql :
       {"SHOW ALL TABLES", "FROM (SHOW TABLES)", "SUMMARIZE clicks", "FROM (DESCRIBE clicks)",
        "SHOW TABLES FROM shop", "SHOW secret", "DESCRIBE DESCRIBE clicks"}) {
    EXPECT_THAT(world.Query(sql), StartsWith("invalid_argument: ")) << sql;
  }
  EXPECT_THAT(world.Query("SUMMARIZE clicks"), HasSubstr("there are SHOW TABLES and DESCRIBE"));
  EXPECT_THAT(world.Query("DESCRIBE nowhere"), HasSubstr("there is no table or view 'nowhere'"));
  EXPECT_THAT(world.Query("DESCRIBE \"%lake_0\""), StartsWith("invalid_argument: "));
}

TEST(Query, KeepsWholeNumbersAndTypes) {
  World world;
  EXPECT_EQ(
      world.Query("SELECT 170141183460469231731687303715884105727::HUGEINT, -0.05::DECIMAL(3,2), "
                  "9223372036854775807, 1.5::DOUBLE, 'nan'::DOUBLE, NULL, true, "
                  "DATE '2026-11-22', TIMESTAMP '2026-11-22 07:35:31.123', TIME '01:02:03', "
                  "'ab'::BLOB, [1, 2], {'a': 1}, INTERVAL 1 DAY, 'quote\"\n'"),
      R"([[170141183460469231731687303715884105727,-0.05,9223372036854775807,1.5,null,null,true,)"
      R"("2026-11-22","2026-11-22 07:35:31.123","01:02:03.000","6162","[1, 2]","{'a': 1}",)"
      R"("1 day","quote\"\n"]])");
  for (const std::string end : {"-- end", "; -- end", ";", " ; /* ; */ ; ", "; -- it's\n;"}) {
    EXPECT_EQ(world.Query("SELECT [1] AS a, 2 AS a " + end), R"([["[1]",2]])") << end;
  }
  EXPECT_EQ(world.Query("SELECT [';'] AS \"a;\" ; --"), R"([["[;]"]])");
  EXPECT_EQ(world.Query("EXPLAIN SELECT [1] AS a; -- end").substr(0, 2), "[[");
}

TEST(Query, ExplainsButDoesNotAnalyze) {
  World world;
  EXPECT_THAT(world.Query("EXPLAIN SELECT 1"), StartsWith("[["));
  EXPECT_THAT(world.Query("EXPLAIN ANALYZE SELECT 1"), StartsWith("invalid_argument"));
}

TEST(Query, ReusesAResultOnlyWhileNothingChanged) {
  World world;
  log::Stream& stream = world.AddClicks();
  const QueryOptions reuse{.reuse = true};
  const std::string_view sql = "SELECT count(*), random() FROM clicks";
  const std::string first = world.Query(sql, reuse);
  EXPECT_EQ(world.Query(sql, reuse), first);
  EXPECT_NE(world.Query(sql), first);
  world.Append(stream, {World::Row("P1", 4)});
  const std::string second = world.Query(sql, reuse);
  EXPECT_THAT(second, StartsWith("[[1,"));
  world.log->live().Publish("ClickCount", {.continues_from = {1}, .rows = {World::Row("P1", 4)}});
  const std::string third = world.Query(sql, reuse);
  EXPECT_THAT(third, StartsWith("[[2,"));
  world.log->live().Publish("ClickCount",
                            {.continues_from = {1}, .rows = {World::Row("P1", 4)}, .as_of = {77}});
  EXPECT_EQ(world.Query(sql, reuse), third);
  world.Deliver("a.parquet", kDelivered, 1);
  EXPECT_THAT(world.Query(sql, reuse), StartsWith("[[2,"));
}

TEST(HostileSql, IsRefusedAndTheNextQueryAnswers) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, {World::Row("P1", 4)});
  world.Deliver("a.parquet", kDelivered, 1);
  const std::string object = world.store->LocalPath("clicks", "a.parquet");
  const auto size = std::filesystem::file_size(object);
  const std::vector<std::string> hostile = {
      "COPY (SELECT 1) TO '" + object + "'",
      "ATTACH '" + world.folder() + "/lake/new.db'",
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT * FROM '/etc/passwd'",
      "SELECT * FROM '" + object + "'",
      "SELECT * FROM read_parquet('" + object + "')",
      "SELECT * FROM glob('/*')",
      "SELECT * FROM enable_logging(storage='file', storage_path='/nope')",
      "SELECT * FROM enable_profiling(save_location='/tmp/x')",
      "SELECT (SELECT content FROM read_text('/etc/passwd'))",
      "WITH a AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM a",
      "WITH \"/etc/passwd\" AS (SELECT 1) SELECT * FROM \"/etc/passwd\"",
      "SELECT 1 WHERE EXISTS (FROM read_blob('/etc/passwd'))",
      "SELECT * FROM \"%lake_0\"",
      "SELECT * FROM duckdb_secrets()",
      "SELECT * FROM information_schema.tables",
      "SELECT * FROM memory.main.clicks",
      "SELECT * FROM query('SELECT 1')",
      "SELECT * FROM query_table('clicks')",
      "PRAGMA database_list",
      "PRAGMA enable_profiling",
      "INSTALL httpfs",
      "LOAD httpfs",
      "SET memory_limit = '100GB'",
      "SET VARIABLE a = 1",
      "RESET lock_configuration",
      "CALL pragma_version()",
      "SELECT 1; SELECT 2",
      "SELECT 1; DROP VIEW clicks",
      "DROP VIEW clicks",
      "INSERT INTO clicks VALUES (1)",
      "CREATE TABLE a AS SELECT 1",
      "CREATE MACRO m(x) AS x",
      "EXPORT DATABASE '/tmp/out'",
      "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/out'",
      "EXPLAIN COPY (SELECT 1) TO '/tmp/out'",
      "PREPARE p AS COPY (SELECT 1) TO '/tmp/out'",
      "EXECUTE p",
      "USE memory",
      "CHECKPOINT",
      "VACUUM",
      "SHOW DATABASES",
      "DESCRIBE duckdb_settings()",
      "DESCRIBE read_text('/etc/passwd')",
      "PIVOT clicks ON promotion USING sum(clicks)",
      "",
      ";",
      "-- nothing",
      "SELECT",
      "SELECT nothing FROM clicks",
      std::string("SELECT 1\0; DROP", 14),
  };
  for (const std::string& sql : hostile) {
    EXPECT_THAT(world.Query(sql), StartsWith("invalid_argument: ")) << sql;
  }
  EXPECT_EQ(std::filesystem::file_size(object), size);
  EXPECT_EQ(world.Query("SELECT sum(clicks) FROM clicks"), "[[10]]");
}

TEST(HostileSql, IsBoundedInTextAndDepth) {
  World world;
  EXPECT_THAT(world.Query("SELECT '" + std::string(65 << 10, 'a') + "'"),
              StartsWith("limit_exceeded: the SQL has"));
  std::string nested = "1";
  for (int i = 0; i < 900; ++i) {
    nested = "abs(" + nested + ")";
  }
  EXPECT_THAT(world.Query("SELECT " + nested), StartsWith("limit_exceeded: the SQL nests deeper"));
  std::string subtraction = "1";
  for (int i = 0; i < 200; ++i) {
    subtraction += " - 1";
  }
  EXPECT_THAT(world.Query("SELECT " + subtraction), StartsWith("limit_exceeded"));
  EXPECT_EQ(world.Query("SELECT 1"), "[[1]]");
}

TEST(HostileSql, IsBoundedInRowsBytesAndTime) {
  World world;
  EXPECT_THAT(world.Query("SELECT * FROM range(1000001)"),
              StartsWith("limit_exceeded: the result has more than 100000 rows"));
  EXPECT_THAT(world.Query("SELECT repeat('a', 1000) FROM range(1000)",
                          {.limits = {.max_result_bytes = 10'000}}),
              StartsWith("limit_exceeded: the result has more than 10000 bytes"));
  EXPECT_THAT(
      world.Query(
          "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7",
          {.limits = {.timeout_millis = 1'500}}),
      HasSubstr("took longer than 1500 ms"));
  EXPECT_EQ(world.Query("SELECT 1"), "[[1]]");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(HostileSql, IsBoundedInMemory) {
  World world;
  EXPECT_THAT(
      world.Query("SELECT max(length(repeat('a', 100000000) || i::VARCHAR)) FROM range(1000) t(i)",
                  {.limits = {.memory_bytes = 768ull << 20}}),
      StartsWith("limit_exceeded"));
  EXPECT_EQ(world.Query("SELECT 1"), "[[1]]");
  EXPECT_THAT(world.Query("SELECT json_structure(repeat('[', 100000) || repeat(']', 100000))"),
              testing::AnyOf(StartsWith("limit_exceeded"), StartsWith("invalid_argument")));
  EXPECT_EQ(world.Query("SELECT 1"), "[[1]]");
}
#endif

TEST(Query, RunsManyAtOnceAndRefusesWhenShutDown) {
  World world;
  log::Stream& stream = world.AddClicks();
  world.Append(stream, {World::Row("P1", 4)});
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        right += world.Query("SELECT sum(clicks) FROM clicks") == "[[4]]" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(right, 30);
  world.service->Shutdown();
  EXPECT_THAT(world.Query("SELECT 1"), StartsWith("unavailable"));
}

TEST(Query, EndsARunningQueryAtTheShutdown) {
  World world;
  std::string answer;
  std::thread asking([&] {
    answer = world.Query(
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7",
        {.limits = {.timeout_millis = 600'000}});
  });
  // The shutdown may come before the query has its worker, too: then it is refused.
  (void)world.Query("SELECT 1");
  world.service->Shutdown();
  asking.join();
  EXPECT_THAT(answer, StartsWith("unavailable: the query service is shutting down"));
}

}  // namespace
}  // namespace weir::query
