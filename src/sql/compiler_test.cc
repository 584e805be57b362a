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

}  // namespace
}  // namespace weir::sql
