#pragma once

/// The two applications that the shipped stack runs, and their inputs, for tests.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/compiler.h"

namespace weir::sql {

inline constexpr std::string_view kClickCode = R"(-- Clicks per promotion and minute.
CREATE OR REPLACE STREAM "DESTINATION_SQL_STREAM" (
  promotion VARCHAR(128), event_minute TIMESTAMP, clickcount BIGINT);
CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM"
SELECT STREAM "Event", FLOOR(COALESCE("COL_Timestamp", APPROXIMATE_ARRIVAL_TIME) TO MINUTE), COUNT(*)
FROM "SOURCE_SQL_STREAM_001"
WHERE "EventType" = 'Promotion'
WINDOWED BY STAGGER (
  PARTITION BY "Event", FLOOR(COALESCE("COL_Timestamp", APPROXIMATE_ARRIVAL_TIME) TO MINUTE)
  RANGE INTERVAL '1' MINUTE);
)";

inline constexpr std::string_view kOrderCode =
    R"(-- Orders, lines, units and revenue per promotion and minute.
CREATE OR REPLACE STREAM "DESTINATION_SQL_STREAM" (
  promotion VARCHAR(128), event_minute TIMESTAMP,
  ordercount BIGINT, linecount BIGINT, units BIGINT, revenue DECIMAL(18,4));
CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM"
SELECT STREAM "Promotion",
  FLOOR(COALESCE("COL_Timestamp", APPROXIMATE_ARRIVAL_TIME) TO MINUTE),
  COUNT(DISTINCT COALESCE(NULLIF("OrderId", ''), SHARD_ID || SEQUENCE_NUMBER)),
  COUNT(*),
  SUM("Quantity"),
  SUM("UnitPrice" * "Quantity")
FROM "SOURCE_SQL_STREAM_001"
WHERE "Promotion" IS NOT NULL AND "Promotion" <> ''
WINDOWED BY STAGGER(
  PARTITION BY "Promotion", FLOOR(COALESCE("COL_Timestamp", APPROXIMATE_ARRIVAL_TIME) TO MINUTE)
  RANGE INTERVAL '1' MINUTE);
)";

inline std::vector<InputStream> InputsOf(
    std::initializer_list<std::pair<std::string_view, std::string_view>> columns) {
  InputStream input;
  input.name = "SOURCE_SQL_STREAM_001";
  for (const auto& [name, type] : columns) {
    input.schema.push_back(model::Field{std::string(name), *model::ParseType(type), true});
  }
  return {input};
}

inline std::vector<InputStream> ClickInputs() {
  return InputsOf({{"UserId", "VARCHAR(64)"},
                   {"Device", "VARCHAR(32)"},
                   {"Event", "VARCHAR(128)"},
                   {"EventType", "VARCHAR(32)"},
                   {"COL_Timestamp", "TIMESTAMP"}});
}

inline std::vector<InputStream> OrderInputs() {
  return InputsOf({{"OrderId", "VARCHAR(64)"},
                   {"UserId", "VARCHAR(64)"},
                   {"COL_Timestamp", "TIMESTAMP"},
                   {"ItemId", "VARCHAR(64)"},
                   {"Promotion", "VARCHAR(128)"},
                   {"UnitPrice", "DECIMAL(18,4)"},
                   {"Quantity", "INTEGER"}});
}

}  // namespace weir::sql
