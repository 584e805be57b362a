#include "sql/expression_binder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sql/compiler.h"
#include "sql/program_fixture.h"

namespace weir::sql {
namespace {

std::vector<InputStream> Inputs() {
  return InputsOf({{"TINY", "TINYINT"},
                   {"I", "INTEGER"},
                   {"B", "BIGINT"},
                   {"D", "DECIMAL(10,2)"},
                   {"W", "DECIMAL(18,4)"},
                   {"R", "REAL"},
                   {"F", "DOUBLE"},
                   {"T", "VARCHAR(10)"},
                   {"C", "CHAR(4)"},
                   {"OK", "BOOLEAN"},
                   {"TS", "TIMESTAMP"},
                   {"TS2", "TIMESTAMP"},
                   {"DT", "DATE"},
                   {"TM", "TIME"}});
}

/// "<bound expression> : <type>" of a SELECT list expression, or the first line of the error. The
/// expression stands in a sub-query, whose stream takes its natural type.
std::string Bound(std::string_view expression) {
  const std::string code = fmt::format(
      "CREATE STREAM D (N INTEGER); CREATE PUMP P AS INSERT INTO D SELECT 1 FROM\n"
      "(SELECT {} AS V\nFROM \"SOURCE_SQL_STREAM_001\" AS S)",
      expression);
  const base::Result<Program> program = Compile(code, Inputs());
  if (!program) {
    return program.error().message.substr(0, program.error().message.find('\n'));
  }
  const Expression& output = program->pumps[0].select.outputs[0];
  return output.ToString() + " : " + output.type.ToString();
}

TEST(Binder, Literals) {
  EXPECT_EQ(Bound("12"), "12 : INTEGER");
  EXPECT_EQ(Bound("-2147483648"), "-2147483648 : INTEGER");
  EXPECT_EQ(Bound("2147483648"), "2147483648 : BIGINT");
  EXPECT_EQ(Bound("-9223372036854775808"), "-9223372036854775808 : BIGINT");
  EXPECT_EQ(Bound("12.5"), "12.5 : DECIMAL(3,1)");
  EXPECT_EQ(Bound("0.050"), "0.050 : DECIMAL(3,3)");
  EXPECT_EQ(Bound("-.5"), "-0.5 : DECIMAL(1,1)");
  EXPECT_EQ(Bound("100.00"), "100.00 : DECIMAL(5,2)");
  EXPECT_EQ(Bound("1e3"), "1000 : DOUBLE");
  EXPECT_EQ(Bound("'it''s'"), "'it''s' : VARCHAR(4)");
  EXPECT_EQ(Bound("TRUE"), "true : BOOLEAN");
  EXPECT_EQ(Bound("TIMESTAMP '2020-12-04 17:05:09'"),
            "TIMESTAMP '2020-12-04 17:05:09.000' : TIMESTAMP");
  EXPECT_EQ(Bound("9223372036854775808"),
            "line 2, column 9: 9223372036854775808 is beyond the range of BIGINT");
}

TEST(Binder, Comparisons) {
  EXPECT_EQ(Bound("I = B"), "(CAST(\"I\" AS BIGINT) = \"B\") : BOOLEAN");
  EXPECT_EQ(Bound("D >= 5"), "(CAST(\"D\" AS DECIMAL(12,2)) >= 5.00) : BOOLEAN");
  EXPECT_EQ(Bound("T <> C"), "(\"T\" <> \"C\") : BOOLEAN");
  EXPECT_EQ(Bound("TS < DT"), "(\"TS\" < CAST(\"DT\" AS TIMESTAMP)) : BOOLEAN");
  EXPECT_EQ(Bound("F = 1"), "(\"F\" = 1) : BOOLEAN");
  EXPECT_EQ(Bound("I = NULL"), "(\"I\" = NULL) : BOOLEAN");
  EXPECT_EQ(Bound("I IS NOT DISTINCT FROM NULL"), "(\"I\" IS NOT DISTINCT FROM NULL) : BOOLEAN");
  EXPECT_EQ(
      Bound("I = '5'"),
      "line 2, column 11: cannot compare INTEGER with VARCHAR(1); write the number without quotes");
  EXPECT_EQ(Bound("TS > '2020-01-01 00:00:00'"),
            "line 2, column 12: cannot compare TIMESTAMP with VARCHAR(19); write the literal as "
            "TIMESTAMP '...'");
  EXPECT_EQ(
      Bound("T = I"),
      "line 2, column 11: cannot compare VARCHAR(10) with INTEGER; text is never converted by "
      "itself; write CAST(... AS INTEGER)");
}

TEST(Binder, Logic) {
  EXPECT_EQ(Bound("OK AND I = 1 OR NOT OK"), "((\"OK\" AND (\"I\" = 1)) OR NOT(\"OK\")) : BOOLEAN");
  EXPECT_EQ(Bound("OK OR OK OR OK"), "((\"OK\" OR \"OK\") OR \"OK\") : BOOLEAN");
  EXPECT_EQ(Bound("T IS NULL"), "(\"T\" IS NULL) : BOOLEAN");
  EXPECT_EQ(Bound("OK IS NOT TRUE"), "(\"OK\" IS NOT TRUE) : BOOLEAN");
  EXPECT_EQ(Bound("OK IS UNKNOWN"), "(\"OK\" IS NULL) : BOOLEAN");
  EXPECT_EQ(Bound("I AND OK"), "line 2, column 9: AND needs a condition (BOOLEAN), not INTEGER");
  EXPECT_EQ(Bound("I IS TRUE"),
            "line 2, column 9: IS TRUE needs a condition (BOOLEAN), not INTEGER");
}

TEST(Binder, BetweenInAndPatterns) {
  EXPECT_EQ(Bound("I BETWEEN 1 AND 3"), "((\"I\" >= 1) AND (\"I\" <= 3)) : BOOLEAN");
  EXPECT_EQ(Bound("I NOT BETWEEN 1 AND 3"), "NOT(((\"I\" >= 1) AND (\"I\" <= 3))) : BOOLEAN");
  EXPECT_EQ(Bound("T IN ('a', 'b', 'c')"),
            "(((\"T\" = 'a') OR (\"T\" = 'b')) OR (\"T\" = 'c')) : BOOLEAN");
  EXPECT_EQ(Bound("T NOT IN ('a')"), "NOT((\"T\" = 'a')) : BOOLEAN");
  EXPECT_EQ(Bound("T LIKE 'P%'"), "LIKE(\"T\", 'P%') : BOOLEAN");
  EXPECT_EQ(Bound("T NOT LIKE 'P!%' ESCAPE '!'"), "NOT(LIKE(\"T\", 'P!%', '!')) : BOOLEAN");
  EXPECT_EQ(Bound("T SIMILAR TO '%(A|B)%'"), "SIMILAR_TO(\"T\", '%(A|B)%') : BOOLEAN");
  EXPECT_EQ(Bound("T LIKE 'a' ESCAPE 'xy'"), "line 2, column 27: ESCAPE needs one character");
  EXPECT_EQ(Bound("T SIMILAR TO C"),
            "line 2, column 22: the pattern of SIMILAR TO must be a text literal");
  EXPECT_EQ(
      Bound("I LIKE 'a'"),
      "line 2, column 9: LIKE needs text, not INTEGER; convert with CAST(... AS VARCHAR(32))");
}

TEST(Binder, Conditionals) {
  EXPECT_EQ(Bound("CASE WHEN OK THEN 1 WHEN I = 2 THEN 2.5 END"),
            "CASE WHEN \"OK\" THEN 1.0 WHEN (\"I\" = 2) THEN 2.5 ELSE NULL END : "
            "DECIMAL(11,1)");
  EXPECT_EQ(Bound("CASE T WHEN 'a' THEN I ELSE 0 END"),
            "CASE WHEN (\"T\" = 'a') THEN \"I\" ELSE 0 END : INTEGER");
  EXPECT_EQ(Bound("COALESCE(T, C, 'none at all')"),
            "COALESCE(\"T\", \"C\", 'none at all') : VARCHAR(11)");
  EXPECT_EQ(Bound("COALESCE(NULL, I)"), "COALESCE(NULL, \"I\") : INTEGER");
  EXPECT_EQ(Bound("NULLIF(T, '')"), "NULLIF(\"T\", '') : VARCHAR(10)");
  EXPECT_EQ(Bound("NULLIF(I, B)"),
            "CASE WHEN (CAST(\"I\" AS BIGINT) = \"B\") THEN NULL ELSE \"I\" END : INTEGER");
  EXPECT_EQ(Bound("CASE WHEN OK THEN 1 ELSE 'a' END"),
            "line 2, column 9: the values of this CASE are INTEGER and VARCHAR(1); convert one "
            "with CAST");
  EXPECT_EQ(
      Bound("COALESCE(I, T)"),
      "line 2, column 21: COALESCE of INTEGER and VARCHAR(10) has no type; convert one with CAST");
}

TEST(Binder, Arithmetic) {
  EXPECT_EQ(Bound("TINY + TINY"),
            "(CAST(\"TINY\" AS INTEGER) + CAST(\"TINY\" AS INTEGER)) : INTEGER");
  EXPECT_EQ(Bound("I * B - 1"), "((CAST(\"I\" AS BIGINT) * \"B\") - 1) : BIGINT");
  EXPECT_EQ(Bound("D * I"), "(\"D\" * CAST(\"I\" AS DECIMAL(10,0))) : DECIMAL(18,2)");
  EXPECT_EQ(Bound("D * 1.5"), "(\"D\" * 1.5) : DECIMAL(12,3)");
  EXPECT_EQ(Bound("D + 0.005"), "(CAST(\"D\" AS DECIMAL(12,3)) + 0.005) : DECIMAL(12,3)");
  EXPECT_EQ(Bound("W - D"), "(\"W\" - CAST(\"D\" AS DECIMAL(18,4))) : DECIMAL(18,4)");
  EXPECT_EQ(Bound("D / 3"), "(CAST(\"D\" AS DECIMAL(18,6)) / 3.000000) : DECIMAL(18,6)");
  EXPECT_EQ(Bound("I / 2"), "(\"I\" / 2) : INTEGER");
  EXPECT_EQ(Bound("R + R"), "(\"R\" + \"R\") : REAL");
  EXPECT_EQ(Bound("R + I"), "(CAST(\"R\" AS DOUBLE) + CAST(\"I\" AS DOUBLE)) : DOUBLE");
  EXPECT_EQ(Bound("-I"), "NEGATE(\"I\") : INTEGER");
  EXPECT_EQ(Bound("2 - -3"), "(2 - -3) : INTEGER");
  EXPECT_EQ(Bound("T + 1"),
            "line 2, column 9: + needs numbers, not VARCHAR(10); convert with CAST, or join text "
            "with ||");
  EXPECT_EQ(
      Bound("0.0000000001 * 0.0000000001"),
      "line 2, column 22: DECIMAL(10,10) * DECIMAL(10,10) needs 20 digits behind the point, and "
      "DECIMAL has 18; CAST one side to fewer digits or to DOUBLE");
}

TEST(Binder, Numeric) {
  EXPECT_EQ(Bound("ABS(D)"), "ABS(\"D\") : DECIMAL(10,2)");
  EXPECT_EQ(Bound("FLOOR(D)"), "FLOOR(\"D\") : DECIMAL(10,2)");
  EXPECT_EQ(Bound("CEILING(I)"), "\"I\" : INTEGER");
  EXPECT_EQ(Bound("MOD(B, 10)"), "MOD(\"B\", 10) : BIGINT");
  EXPECT_EQ(Bound("SQRT(I)"), "SQRT(CAST(\"I\" AS DOUBLE)) : DOUBLE");
  EXPECT_EQ(Bound("POWER(F, 2)"), "POWER(\"F\", 2) : DOUBLE");
  EXPECT_EQ(Bound("STEP(I BY 10)"), "STEP(\"I\" BY 10) : INTEGER");
  EXPECT_EQ(
      Bound("FLOOR(TS)"),
      "line 2, column 15: FLOOR needs a number, not TIMESTAMP; for times write FLOOR(x TO MINUTE)");
  EXPECT_EQ(Bound("MOD(I)"), "line 2, column 9: MOD takes 2 arguments, not 1");
}

TEST(Binder, Time) {
  EXPECT_EQ(Bound("TS + INTERVAL '1' MINUTE"), "(\"TS\" + INTERVAL 60000 ms) : TIMESTAMP");
  EXPECT_EQ(Bound("INTERVAL '1' DAY + DT"),
            "(CAST(\"DT\" AS TIMESTAMP) + INTERVAL 86400000 ms) : TIMESTAMP");
  EXPECT_EQ(Bound("TS - INTERVAL -'59:59.999' MINUTE TO SECOND(3)"),
            "(\"TS\" - INTERVAL -3599999 ms) : TIMESTAMP");
  EXPECT_EQ(Bound("(TS - TS2) SECOND > INTERVAL '10' SECOND"),
            "((\"TS\" - \"TS2\") > INTERVAL 10000 ms) : BOOLEAN");
  EXPECT_EQ(Bound("CAST((TS - TS2) SECOND AS INTEGER)"),
            "CAST((TSDIFF(\"TS\", \"TS2\") / 1000) AS INTEGER) : INTEGER");
  EXPECT_EQ(Bound("FLOOR(TS TO HOUR)"), "FLOOR(\"TS\" TO HOUR) : TIMESTAMP");
  EXPECT_EQ(Bound("CEIL(DT TO MONTH)"),
            "CAST(CEIL(CAST(\"DT\" AS TIMESTAMP) TO MONTH) AS DATE) : DATE");
  EXPECT_EQ(Bound("STEP(TS BY INTERVAL '10' SECOND)"),
            "STEP(\"TS\" BY INTERVAL 10000 ms) : TIMESTAMP");
  EXPECT_EQ(Bound("EXTRACT(HOUR FROM TS)"), "EXTRACT(HOUR FROM \"TS\") : BIGINT");
  EXPECT_EQ(Bound("TSDIFF(TS, TS2)"), "TSDIFF(\"TS\", \"TS2\") : BIGINT");
  EXPECT_EQ(Bound("UNIX_TIMESTAMP(TS)"), "UNIX_TIMESTAMP(\"TS\") : BIGINT");
  EXPECT_EQ(Bound("TO_TIMESTAMP(I)"), "TO_TIMESTAMP(CAST(\"I\" AS BIGINT)) : TIMESTAMP");
  EXPECT_EQ(Bound("TIMESTAMP_TO_CHAR('yyyy', TS)"),
            "TIMESTAMP_TO_CHAR('yyyy', \"TS\") : VARCHAR(256)");
  EXPECT_EQ(Bound("CHAR_TO_TIMESTAMP('yyyy', T)"), "CHAR_TO_TIMESTAMP('yyyy', \"T\") : TIMESTAMP");
  EXPECT_EQ(Bound("CHAR_TO_DATE('yyyy', T)"),
            "CAST(CHAR_TO_TIMESTAMP('yyyy', \"T\") AS DATE) : DATE");
  EXPECT_EQ(Bound("FLOOR(S.ROWTIME TO DAY)"), "FLOOR(ROWTIME TO DAY) : TIMESTAMP");
}

TEST(Binder, TimeRefusals) {
  EXPECT_EQ(
      Bound("STEP(TS BY INTERVAL '1' MONTH)"),
      "line 2, column 33: intervals of months and years are not supported, as they have no fixed "
      "length; use DAY or less, or FLOOR(x TO MONTH)");
  EXPECT_EQ(Bound("STEP(TS BY INTERVAL '0' SECOND)"),
            "line 2, column 20: the length of STEP must be a literal greater than zero, such as "
            "INTERVAL '10' SECOND");
  EXPECT_EQ(
      Bound("STEP(TS BY 10)"),
      "line 2, column 20: STEP of a TIMESTAMP goes by an interval, such as INTERVAL '10' SECOND, "
      "not INTEGER");
  EXPECT_EQ(
      Bound("FLOOR(T TO HOUR)"),
      "line 2, column 15: FLOOR TO needs a TIMESTAMP, not VARCHAR(10); convert with CAST(... AS "
      "TIMESTAMP)");
  EXPECT_EQ(
      Bound("TS + TS2"),
      "line 2, column 12: TIMESTAMP + TIMESTAMP has no meaning; to a time add an interval, as in + "
      "INTERVAL '1' MINUTE");
  EXPECT_EQ(
      Bound("INTERVAL '1:00' MINUTE"),
      "line 2, column 18: '1:00' is not an interval of MINUTE; examples: INTERVAL '90' SECOND, "
      "INTERVAL '59:59.999' MINUTE TO SECOND");
  EXPECT_EQ(Bound("TIMESTAMP '2020-12-04'"),
            "line 2, column 19: not a TIMESTAMP; the form is TIMESTAMP '2026-11-22 07:35:31.123'");
  EXPECT_EQ(Bound("CURRENT_TIMESTAMP"),
            "line 2, column 9: CURRENT_TIMESTAMP is not supported: results must be the same when "
            "the stream "
            "is replayed; use ROWTIME");
}

TEST(Binder, Text) {
  EXPECT_EQ(Bound("T || '-' || C"), "((\"T\" || '-') || \"C\") : VARCHAR(15)");
  EXPECT_EQ(Bound("UPPER(C)"), "UPPER(\"C\") : VARCHAR(4)");
  EXPECT_EQ(Bound("CHARACTER_LENGTH(T)"), "CHAR_LENGTH(\"T\") : INTEGER");
  EXPECT_EQ(Bound("SUBSTRING(T FROM 2 FOR 3)"), "SUBSTRING(\"T\", 2, 3) : VARCHAR(10)");
  EXPECT_EQ(Bound("SUBSTRING(T, B)"), "SUBSTRING(\"T\", CAST(\"B\" AS INTEGER)) : VARCHAR(10)");
  EXPECT_EQ(Bound("POSITION('a' IN T)"), "POSITION('a', \"T\") : INTEGER");
  EXPECT_EQ(Bound("POSITION('a', T)"), "POSITION('a', \"T\") : INTEGER");
  EXPECT_EQ(Bound("TRIM(T)"), "TRIM_BOTH(' ', \"T\") : VARCHAR(10)");
  EXPECT_EQ(Bound("TRIM(LEADING '0' FROM T)"), "TRIM_LEADING('0', \"T\") : VARCHAR(10)");
  EXPECT_EQ(Bound("TRIM(TRAILING FROM T)"), "TRIM_TRAILING(' ', \"T\") : VARCHAR(10)");
  EXPECT_EQ(Bound("OVERLAY(T PLACING 'x' FROM 2 FOR 1)"),
            "OVERLAY(\"T\", 'x', 2, 1) : VARCHAR(11)");
  EXPECT_EQ(Bound("REGEX_REPLACE(T, 'a+', 'b', 1, 0)"),
            "REGEX_REPLACE(\"T\", 'a+', 'b', 1, 0) : VARCHAR(65535)");
  EXPECT_EQ(Bound("T || I"),
            "line 2, column 14: || needs text, not INTEGER; convert with CAST(... AS VARCHAR(32))");
}

TEST(Binder, Casts) {
  EXPECT_EQ(Bound("CAST(T AS INTEGER)"), "CAST(\"T\" AS INTEGER) : INTEGER");
  EXPECT_EQ(Bound("CAST(I AS INTEGER)"), "\"I\" : INTEGER");
  EXPECT_EQ(Bound("CAST(5 AS BIGINT)"), "5 : BIGINT");
  EXPECT_EQ(Bound("CAST(300 AS TINYINT)"), "CAST(300 AS TINYINT) : TINYINT");
  EXPECT_EQ(Bound("CAST(1.25 AS DECIMAL(10,1))"), "CAST(1.25 AS DECIMAL(10,1)) : DECIMAL(10,1)");
  EXPECT_EQ(Bound("CAST(NULL AS DATE)"), "NULL : DATE");
  EXPECT_EQ(Bound("CAST(TS AS DATE)"), "CAST(\"TS\" AS DATE) : DATE");
  EXPECT_EQ(Bound("CAST(T AS CHARACTER VARYING(3))"), "CAST(\"T\" AS VARCHAR(3)) : VARCHAR(3)");
  EXPECT_EQ(Bound("CAST(I AS DOUBLE PRECISION)"), "CAST(\"I\" AS DOUBLE) : DOUBLE");
  EXPECT_EQ(Bound("CAST(TS AS INTEGER)"),
            "line 2, column 9: CAST cannot turn TIMESTAMP into INTEGER");
}

TEST(Binder, Names) {
  EXPECT_EQ(Bound("S.I"), "\"I\" : INTEGER");
  EXPECT_EQ(Bound("\"S\".PARTITION_KEY"), "\"PARTITION_KEY\" : VARCHAR(256)");
  EXPECT_EQ(Bound("X.I"), "line 2, column 9: no stream named \"X\" here; the rows come from \"S\"");
  EXPECT_EQ(
      Bound("\"i\""),
      "line 2, column 9: no column named \"i\" in stream \"SOURCE_SQL_STREAM_001\"; did you mean "
      "\"I\"? (a name without quotes is upper-cased)");
  EXPECT_EQ(Bound("LOWR(T)"), "line 2, column 9: no function named LOWR; did you mean LOWER?");
  EXPECT_EQ(Bound("STDDEV_POP(I)"),
            "line 2, column 9: the function STDDEV_POP is not supported yet");
}

TEST(Binder, CopiesAreBounded) {
  // Each level doubles its operand; 2^40 copies must be refused, not made.
  std::string expression = "OK";
  for (int i = 0; i < 40; ++i) {
    expression = "(" + expression + ") IN (TRUE, FALSE)";
  }
  EXPECT_EQ(Bound(expression).substr(0, 6), "line 2");
  EXPECT_NE(Bound(expression).find("too large: more than 200000 nodes"), std::string::npos);
}

}  // namespace
}  // namespace weir::sql
