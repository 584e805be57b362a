#include "sql/compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/program_fixture.h"

namespace weir::sql {
namespace {

TEST(Compile, ClickApplication) {
  const base::Result<Program> program = Compile(kClickCode, ClickInputs());
  ASSERT_TRUE(program.has_value()) << program.error().message;
  EXPECT_EQ(program->ToString(), R"plan(stream "DESTINATION_SQL_STREAM"
  "PROMOTION" VARCHAR(128)
  "EVENT_MINUTE" TIMESTAMP
  "CLICKCOUNT" BIGINT
pump "STREAM_PUMP" from "SOURCE_SQL_STREAM_001" into "DESTINATION_SQL_STREAM"
  where ("EventType" = 'Promotion')
  window stagger, range 60000 ms
  $0 key "Event"
  $1 key FLOOR(COALESCE("COL_Timestamp", "APPROXIMATE_ARRIVAL_TIME") TO MINUTE)
  $2 COUNT(*)
  "PROMOTION" = $0
  "EVENT_MINUTE" = $1
  "CLICKCOUNT" = $2
)plan");
}

TEST(Compile, OrderApplication) {
  const base::Result<Program> program = Compile(kOrderCode, OrderInputs());
  ASSERT_TRUE(program.has_value()) << program.error().message;
  EXPECT_EQ(program->ToString(), R"plan(stream "DESTINATION_SQL_STREAM"
  "PROMOTION" VARCHAR(128)
  "EVENT_MINUTE" TIMESTAMP
  "ORDERCOUNT" BIGINT
  "LINECOUNT" BIGINT
  "UNITS" BIGINT
  "REVENUE" DECIMAL(18,4)
pump "STREAM_PUMP" from "SOURCE_SQL_STREAM_001" into "DESTINATION_SQL_STREAM"
  where (("Promotion" IS NOT NULL) AND ("Promotion" <> ''))
  window stagger, range 60000 ms
  $0 key "Promotion"
  $1 key FLOOR(COALESCE("COL_Timestamp", "APPROXIMATE_ARRIVAL_TIME") TO MINUTE)
  $2 COUNT(DISTINCT COALESCE(NULLIF("OrderId", ''), ("SHARD_ID" || "SEQUENCE_NUMBER")))
  $3 COUNT(*)
  $4 SUM("Quantity")
  $5 SUM(("UnitPrice" * CAST("Quantity" AS DECIMAL(10,0))))
  "PROMOTION" = $0
  "EVENT_MINUTE" = $1
  "ORDERCOUNT" = $2
  "LINECOUNT" = $3
  "UNITS" = $4
  "REVENUE" = $5
)plan");
}

/// The plan of the pumps in `statements`, which may use the streams D (A INTEGER, T VARCHAR(10),
/// SEEN TIMESTAMP), E (N BIGINT) and the input of the order application.
std::string PumpsOf(std::string_view statements) {
  const std::string code = fmt::format(
      "CREATE STREAM D (A INTEGER, T VARCHAR(10), SEEN TIMESTAMP); CREATE STREAM E (N BIGINT);\n{}",
      statements);
  const base::Result<Program> program = Compile(code, OrderInputs());
  if (!program) {
    return program.error().message;
  }
  const std::string plan = program->ToString();
  return plan.substr(plan.find("pump "));
}

TEST(Compile, FiltersAndProjectsRows) {
  EXPECT_EQ(PumpsOf(R"(
CREATE OR REPLACE PUMP P AS INSERT INTO D
SELECT STREAM "Quantity" * 2, "ItemId", S.ROWTIME
FROM "SOURCE_SQL_STREAM_001" AS S WHERE "Quantity" > 0;)"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "D"
  where ("Quantity" > 0)
  "A" = ("Quantity" * 2)
  "T" = CAST("ItemId" AS VARCHAR(10))
  "SEEN" = ROWTIME
)");
}

TEST(Compile, InsertsIntoNamedColumns) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO D (SEEN, A)
SELECT "COL_Timestamp", 7 FROM "SOURCE_SQL_STREAM_001")"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "D"
  "A" = 7
  "T" = NULL
  "SEEN" = "COL_Timestamp"
)");
}

TEST(Compile, OverridesRowtime) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO D (SEEN)
SELECT STREAM "COL_Timestamp" AS ROWTIME, FLOOR(ROWTIME TO DAY) FROM "SOURCE_SQL_STREAM_001")"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "D"
  "A" = NULL
  "T" = NULL
  "SEEN" = FLOOR("COL_Timestamp" TO DAY)
  ROWTIME = "COL_Timestamp"
)");
}

TEST(Compile, TumblingWindow) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO D
SELECT STREAM COUNT(*) AS N, "Promotion", STEP("S".ROWTIME BY INTERVAL '10' SECOND)
FROM "SOURCE_SQL_STREAM_001" AS "S"
GROUP BY "Promotion", STEP("S".ROWTIME BY INTERVAL '10' SECOND)
HAVING COUNT(*) > 5 AND MAX("Quantity") IS NOT NULL)"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "D"
  window tumbling by $1, 10000 ms
  $0 key "Promotion"
  $1 key STEP(ROWTIME BY INTERVAL 10000 ms)
  $2 COUNT(*)
  $3 MAX("Quantity")
  having (($2 > 5) AND ($3 IS NOT NULL))
  "A" = CAST($2 AS INTEGER)
  "T" = CAST($0 AS VARCHAR(10))
  "SEEN" = $1
)");
}

TEST(Compile, TumblingWindowByCalendarMonth) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO E
SELECT STREAM SUM("Quantity") + COUNT(*) FROM "SOURCE_SQL_STREAM_001" GROUP BY FLOOR(ROWTIME TO MONTH))"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "E"
  window tumbling by $0, 1 MONTH
  $0 key FLOOR(ROWTIME TO MONTH)
  $1 SUM("Quantity")
  $2 COUNT(*)
  "N" = ($1 + $2)
)");
}

TEST(Compile, TumblingWindowInTheOlderForm) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO E
SELECT STREAM COUNT(*) FROM "SOURCE_SQL_STREAM_001"
GROUP BY "Promotion", FLOOR(("SOURCE_SQL_STREAM_001".ROWTIME - TIMESTAMP '1970-01-01 00:00:00') SECOND / 10 TO SECOND))"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "E"
  window tumbling by $1, 10000 ms
  $0 key "Promotion"
  $1 key STEP(ROWTIME BY INTERVAL 10000 ms)
  $2 COUNT(*)
  "N" = $2
)");
}

TEST(Compile, RowtimeInAWindow) {
  // Bare ROWTIME is the result's; an expression equal to a key is that key; inside an aggregate it
  // is the row's.
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO D (SEEN, A)
SELECT STREAM ROWTIME, COUNT(*) FROM "SOURCE_SQL_STREAM_001"
WINDOWED BY STAGGER (PARTITION BY FLOOR(ROWTIME TO HOUR) RANGE INTERVAL '1:30' MINUTE TO SECOND)
HAVING FLOOR(ROWTIME TO HOUR) = FLOOR(MIN(ROWTIME) TO DAY))"),
            R"(pump "P" from "SOURCE_SQL_STREAM_001" into "D"
  window stagger, range 90000 ms
  $0 key FLOOR(ROWTIME TO HOUR)
  $1 COUNT(*)
  $2 MIN(ROWTIME)
  having ($0 = FLOOR($2 TO DAY))
  "A" = CAST($1 AS INTEGER)
  "T" = NULL
  "SEEN" = ROWTIME
)");
}

TEST(Compile, AggregatesHaveTheirTypes) {
  const base::Result<Program> program = Compile(R"(
CREATE STREAM D (N INTEGER);
CREATE PUMP P AS INSERT INTO D SELECT 1 FROM (
  SELECT STREAM COUNT("ItemId") AS A, COUNT(DISTINCT "ItemId") AS B, SUM("Quantity") AS C, SUM("UnitPrice") AS D,
    AVG("Quantity") AS E, AVG(DISTINCT "UnitPrice") AS F, MIN("ItemId") AS G, MAX(DISTINCT "COL_Timestamp") AS H,
    FIRST_VALUE("UserId") AS I, LAST_VALUE(ROWTIME) AS J, SUM(CAST("Quantity" AS REAL)) AS K
  FROM "SOURCE_SQL_STREAM_001" WINDOWED BY STAGGER (PARTITION BY "Promotion" RANGE INTERVAL '1' HOUR)))",
                                                OrderInputs());
  ASSERT_TRUE(program.has_value()) << program.error().message;
  std::string text;
  const SelectPlan& select = program->pumps[0].select;
  for (const Aggregate& aggregate : select.aggregates) {
    text += aggregate.ToString() + " " + aggregate.type.ToString() + "\n";
  }
  EXPECT_EQ(text, R"(COUNT("ItemId") BIGINT
COUNT(DISTINCT "ItemId") BIGINT
SUM("Quantity") BIGINT
SUM("UnitPrice") DECIMAL(18,4)
AVG("Quantity") INTEGER
AVG(DISTINCT "UnitPrice") DECIMAL(18,4)
MIN("ItemId") VARCHAR(64)
MAX("COL_Timestamp") TIMESTAMP
FIRST_VALUE("UserId") VARCHAR(64)
LAST_VALUE(ROWTIME) TIMESTAMP
SUM(CAST("Quantity" AS REAL)) DOUBLE
)");
}

TEST(Compile, SubqueriesBecomeStreamsAndPumps) {
  const base::Result<Program> program = Compile(R"(
CREATE STREAM OUT1 (PROMOTION VARCHAR(128), BUYERS BIGINT);
CREATE PUMP P AS INSERT INTO OUT1
SELECT STREAM X."Promotion", SUM(C) FROM (
  SELECT "Promotion", COUNT(*) AS C, ROWTIME AS SEEN FROM (SELECT STREAM * FROM "SOURCE_SQL_STREAM_001")
  WINDOWED BY STAGGER (PARTITION BY "Promotion", "UserId" RANGE INTERVAL '1' MINUTE)) AS X
WHERE C > 1 GROUP BY X."Promotion", FLOOR(X.ROWTIME TO HOUR);)",
                                                OrderInputs());
  ASSERT_TRUE(program.has_value()) << program.error().message;
  EXPECT_EQ(program->ToString(), R"(stream "OUT1"
  "PROMOTION" VARCHAR(128)
  "BUYERS" BIGINT
stream "$1"
  "OrderId" VARCHAR(64)
  "UserId" VARCHAR(64)
  "COL_Timestamp" TIMESTAMP
  "ItemId" VARCHAR(64)
  "Promotion" VARCHAR(128)
  "UnitPrice" DECIMAL(18,4)
  "Quantity" INTEGER
stream "$2"
  "Promotion" VARCHAR(128)
  "C" BIGINT
  "SEEN" TIMESTAMP
pump "$1" from "SOURCE_SQL_STREAM_001" into "$1"
  "OrderId" = "OrderId"
  "UserId" = "UserId"
  "COL_Timestamp" = "COL_Timestamp"
  "ItemId" = "ItemId"
  "Promotion" = "Promotion"
  "UnitPrice" = "UnitPrice"
  "Quantity" = "Quantity"
pump "$2" from "$1" into "$2"
  window stagger, range 60000 ms
  $0 key "Promotion"
  $1 key "UserId"
  $2 COUNT(*)
  "Promotion" = $0
  "C" = $2
  "SEEN" = ROWTIME
pump "P" from "$2" into "OUT1"
  where ("C" > 1)
  window tumbling by $1, 3600000 ms
  $0 key "Promotion"
  $1 key FLOOR(ROWTIME TO HOUR)
  $2 SUM("C")
  "PROMOTION" = $0
  "BUYERS" = $2
)");
}

TEST(Compile, RenamesColumnsOfFrom) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO E SELECT X.V FROM E2 AS X(V);
CREATE STREAM E2 (N BIGINT))"),
            "pump \"P\" from \"E2\" into \"E\"\n  \"N\" = \"V\"\n");
}

TEST(Compile, OrdersPumpsAfterThoseThatFeedThem) {
  const base::Result<Program> program = Compile(R"(
CREATE STREAM A (N BIGINT); CREATE STREAM B (N BIGINT); CREATE STREAM C (N BIGINT);
CREATE PUMP LAST AS INSERT INTO C SELECT N FROM B;
CREATE PUMP MIDDLE AS INSERT INTO B SELECT N FROM A;
CREATE PUMP ONE AS INSERT INTO A SELECT "Quantity" FROM "SOURCE_SQL_STREAM_001";
CREATE PUMP TWO AS INSERT INTO A SELECT 1 FROM "SOURCE_SQL_STREAM_001";)",
                                                OrderInputs());
  ASSERT_TRUE(program.has_value()) << program.error().message;
  std::vector<std::string> names;
  for (const PumpPlan& pump : program->pumps) {
    names.push_back(pump.name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("ONE", "TWO", "MIDDLE", "LAST"));
}

TEST(Compile, LaterStatementReplacesEarlier) {
  EXPECT_EQ(PumpsOf(R"(CREATE PUMP P AS INSERT INTO E SELECT 1 FROM "SOURCE_SQL_STREAM_001";
CREATE OR REPLACE STREAM E (TOTAL INTEGER NOT NULL) DESCRIPTION 'second';
CREATE OR REPLACE PUMP P AS INSERT INTO E SELECT ALL 2 FROM "SOURCE_SQL_STREAM_001";)"),
            "pump \"P\" from \"SOURCE_SQL_STREAM_001\" into \"E\"\n  \"TOTAL\" = 2\n");
}

TEST(Compile, AcceptsAnEmptyProgram) {
  const base::Result<Program> program = Compile(" ; -- nothing\n;", {});
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->ToString(), "");
}

TEST(Compile, LimitsTheCode) {
  const std::string code(kMaxCodeBytes + 1, ' ');
  const base::Result<Program> program = Compile(code, {});
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().message, "the application code has 102401 bytes; the limit is 102400");
  EXPECT_TRUE(Compile(std::string_view(code).substr(1), {}).has_value());
}

TEST(WithImplicitColumns, AddsThemBehind) {
  const model::Schema schema = WithImplicitColumns({model::Field{"X", {}, true}});
  ASSERT_EQ(schema.size(), 5U);
  EXPECT_EQ(schema[1].name, "APPROXIMATE_ARRIVAL_TIME");
  EXPECT_EQ(schema[1].type.ToString(), "TIMESTAMP");
  EXPECT_EQ(schema[2].type.ToString(), "VARCHAR(256)");
  EXPECT_EQ(schema[3].type.ToString(), "VARCHAR(128)");
  EXPECT_EQ(schema[4].type.ToString(), "VARCHAR(64)");
}

}  // namespace
}  // namespace weir::sql
