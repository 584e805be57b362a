#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/test_seed.h"
#include "sql/compiler.h"
#include "sql/program_fixture.h"

namespace weir::sql {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view code) {
  const base::Result<Program> program = Compile(code, ClickInputs());
  return program ? "no error" : program.error().message;
}

/// The first line of the error of the statement, which line 2 begins and which may use the stream
/// D.
std::string LineOf(std::string_view statement) {
  const std::string error =
      ErrorOf(fmt::format("CREATE STREAM D (N BIGINT, T VARCHAR(8) NOT NULL);\n{}", statement));
  return error.substr(0, error.find('\n'));
}

TEST(CompileError, ShowsThePlace) {
  EXPECT_EQ(ErrorOf("CREATE STREAM D (N VARCHAR(8));\n"
                    "CREATE PUMP P AS INSERT INTO D\n"
                    "SELECT \"Evnt\"\n"
                    "FROM \"SOURCE_SQL_STREAM_001\""),
            "line 3, column 8: no column named \"Evnt\" in stream \"SOURCE_SQL_STREAM_001\"; did "
            "you mean "
            "\"Event\"?\n"
            "  SELECT \"Evnt\"\n"
            "         ^");
}

TEST(CompileError, MeetsNamesThatLostTheirQuotes) {
  EXPECT_THAT(
      LineOf("CREATE PUMP P AS INSERT INTO D\nSELECT 1, Event FROM \"SOURCE_SQL_STREAM_001\""),
      HasSubstr("line 3, column 11: no column named \"EVENT\" in stream "
                "\"SOURCE_SQL_STREAM_001\"; did you mean \"Event\"? (a name without quotes is "
                "upper-cased)"));
}

struct ErrorCase {
  std::string_view statement;
  std::string_view error;
};

void Check(std::span<const ErrorCase> cases) {
  for (const ErrorCase& entry : cases) {
    EXPECT_EQ(LineOf(entry.statement), entry.error) << entry.statement;
  }
}

TEST(CompileError, Statements) {
  const ErrorCase kCases[] = {
      {"SELECT 1 FROM D",
       "line 2, column 1: a SELECT runs only inside a pump; write CREATE OR REPLACE PUMP \"NAME\" "
       "AS "
       "INSERT INTO \"STREAM\" SELECT STREAM ..."},
      {"DROP STREAM D", "line 2, column 1: expected CREATE STREAM or CREATE PUMP, not 'DROP'"},
      {"CREATE FUNCTION F",
       "line 2, column 1: CREATE FUNCTION is not supported yet; a program consists of CREATE "
       "STREAM and "
       "CREATE PUMP statements"},
      {"CREATE STREAM D (N BIGINT)",
       "line 2, column 15: there is a stream named \"D\" already; write CREATE OR REPLACE to "
       "replace it"},
      {"CREATE STREAM \"Error_Stream\" (N BIGINT)",
       "line 2, column 15: \"Error_Stream\" is the system's own stream of errors; choose another "
       "name"},
      {"CREATE STREAM \"SOURCE_SQL_STREAM_001\" (N BIGINT)",
       "line 2, column 15: \"SOURCE_SQL_STREAM_001\" is the application's input and cannot be "
       "declared"},
      {"CREATE STREAM \"$1\" (N BIGINT)",
       "line 2, column 15: names that begin with $ belong to sub-queries"},
      {"CREATE STREAM X (N BIGINT, N INTEGER)",
       "line 2, column 28: stream \"X\" has a column named \"N\" already"},
      {"CREATE STREAM X (user VARCHAR(8))",
       "line 2, column 18: expected the name of a column, but USER is a reserved word; as a name "
       "it "
       "needs quotes: \"user\""},
      {"CREATE STREAM X (N INTERVAL)",
       "line 2, column 20: INTERVAL cannot be the type of a column or a CAST; keep milliseconds as "
       "BIGINT, "
       "see TSDIFF"},
      {"CREATE STREAM X (ROWTIME TIMESTAMP)",
       "line 2, column 18: ROWTIME is a column of every stream already"},
      {"CREATE STREAM X ()", "line 2, column 18: expected the name of a column, not ')'"},
      {"CREATE STREAM X (N BIGINT) x",
       "line 2, column 28: expected ';' after the statement, not 'x'"},
      {"CREATE STREAM X (N BIGINT",
       "line 2, column 26: expected ')' or ',' after the column, not the end of the code"},
  };
  Check(kCases);
}

TEST(CompileError, Targets) {
  const ErrorCase kCases[] = {
      {"CREATE PUMP P AS INSERT INTO DD SELECT 1, 'a' FROM D",
       "line 2, column 30: no stream named \"DD\"; did you mean \"D\"?; declare it with CREATE "
       "STREAM"},
      {"CREATE PUMP P AS INSERT INTO error_stream SELECT 1, 'a' FROM D",
       "line 2, column 30: the error stream is written by the system alone"},
      {"CREATE PUMP P AS INSERT INTO \"SOURCE_SQL_STREAM_001\" SELECT 1, 'a' FROM D",
       "line 2, column 30: \"SOURCE_SQL_STREAM_001\" is the application's input, which a pump "
       "cannot "
       "write"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1 FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 32: the SELECT list has 1 column, but 2 of \"D\" take a value"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a', 2 FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 47: the SELECT list has 3 columns, but 2 of \"D\" take a value"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 'x', 'a' FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 39: column \"N\" is BIGINT, and this expression is VARCHAR(1); write "
       "CAST(... AS "
       "BIGINT)"},
      {"CREATE PUMP P AS INSERT INTO D SELECT ROWTIME, 'a' FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 39: column \"N\" is BIGINT, and this expression is TIMESTAMP"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, NULL FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 42: column \"T\" is NOT NULL, and this is always NULL"},
      {"CREATE PUMP P AS INSERT INTO D (N) SELECT 1 FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 30: column \"T\" of \"D\" is NOT NULL and gets no value"},
      {"CREATE PUMP P AS INSERT INTO D (N, TT) SELECT 1, 'a' FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 36: no column named \"TT\" in stream \"D\"; did you mean \"T\"?"},
      {"CREATE PUMP P AS INSERT INTO D (T, T) SELECT 1, 'a' FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 36: column \"T\" is named twice"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D",
       "line 2, column 13: pumps form a circle: what pump \"P\" writes into \"D\" comes back to it "
       "through \"D\""},
  };
  Check(kCases);
}

TEST(CompileError, Sources) {
  const ErrorCase kCases[] = {
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a' FROM \"SOURCE_SQL_STREAM_002\"",
       "line 2, column 51: no stream named \"SOURCE_SQL_STREAM_002\"; did you mean "
       "\"SOURCE_SQL_STREAM_001\"?"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a' FROM error_stream",
       "line 2, column 51: the error stream cannot be read by a pump"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a' FROM \"$1\"",
       "line 2, column 51: no stream named \"$1\""},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a' FROM (SELECT 1, NULL FROM D)",
       "line 2, column 62: column \"EXPR$1\" of the sub-query is NULL, which is no column type; "
       "convert "
       "it, for example CAST(NULL AS INTEGER)"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a' FROM (SELECT N, N FROM D)",
       "line 2, column 62: the sub-query has two columns named \"N\"; give one an alias"},
      {"CREATE PUMP P AS INSERT INTO D SELECT 1, 'a' FROM D AS X(A)",
       "line 2, column 58: 1 column aliases for 2 columns"},
      {"CREATE PUMP P AS INSERT INTO D SELECT X.* FROM D",
       "line 2, column 39: no stream named \"X\" here"},
  };
  Check(kCases);
}

TEST(CompileError, NotSupportedYet) {
  const ErrorCase kCases[] = {
      {"CREATE PUMP P AS INSERT INTO D SELECT DISTINCT N, T FROM D",
       "line 2, column 39: SELECT DISTINCT is not supported yet; group by the columns, or use "
       "COUNT(DISTINCT x) in a window"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM A JOIN B ON 1 = 1",
       "line 2, column 51: joins are not supported yet; FROM names one stream"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM A AS X LEFT OUTER JOIN B ON TRUE",
       "line 2, column 56: joins are not supported yet; FROM names one stream"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM A, B",
       "line 2, column 50: joins are not supported yet; FROM names one stream, not a list"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM A OVER (RANGE INTERVAL '1' MINUTE "
       "PRECEDING)",
       "line 2, column 51: windows over FROM (OVER) are not supported yet"},
      {"CREATE PUMP P AS INSERT INTO D SELECT COUNT(*) OVER W1, T FROM D",
       "line 2, column 48: sliding windows (OVER) are not supported yet; use WINDOWED BY STAGGER "
       "or GROUP "
       "BY with STEP"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WINDOW W1 AS (ROWS 2 PRECEDING)",
       "line 2, column 51: the WINDOW clause (sliding windows) is not supported yet"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D UNION ALL SELECT N, T FROM D",
       "line 2, column 51: UNION is not supported yet; several pumps may insert into one stream "
       "instead"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D ORDER BY ROWTIME",
       "line 2, column 51: ORDER BY is not supported yet; rows leave in ROWTIME order"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM TABLE(HOTSPOTS(1))",
       "line 2, column 49: functions in FROM, such as TABLE(...), are not supported yet"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WHERE EXISTS (SELECT 1 FROM D)",
       "line 2, column 57: EXISTS is not supported yet"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WHERE N IN (SELECT 1 FROM D)",
       "line 2, column 63: sub-queries in IN are not supported yet"},
      {"CREATE PUMP P AS INSERT INTO D SELECT (SELECT 1 FROM D), T FROM D",
       "line 2, column 40: sub-queries in expressions are not supported yet"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WINDOWED BY SESSION (N)",
       "line 2, column 63: expected STAGGER after WINDOWED BY, not 'SESSION'; a tumbling window is "
       "written "
       "GROUP BY ..., STEP(\"S\".ROWTIME BY INTERVAL '60' SECOND)"},
  };
  Check(kCases);
}

TEST(CompileError, Windows) {
  const ErrorCase kCases[] = {
      {"CREATE PUMP P AS INSERT INTO D (T) SELECT COUNT(*) FROM \"SOURCE_SQL_STREAM_001\"",
       "line 2, column 43: COUNT needs a window; add WINDOWED BY STAGGER (PARTITION BY ... RANGE "
       "INTERVAL "
       "'1' MINUTE) or GROUP BY with STEP"},
      {"CREATE PUMP P AS INSERT INTO D (T) SELECT \"Event\" FROM \"SOURCE_SQL_STREAM_001\" GROUP "
       "BY "
       "\"Event\"",
       "line 2, column 80: GROUP BY on a stream needs one key of ROWTIME, such as "
       "FLOOR(\"S\".ROWTIME TO "
       "MINUTE) or STEP(\"S\".ROWTIME BY INTERVAL '10' SECOND); without it no group would ever be "
       "complete"},
      {"CREATE PUMP P AS INSERT INTO D (T) SELECT 'a' FROM \"SOURCE_SQL_STREAM_001\" GROUP BY "
       "ROWTIME",
       "line 2, column 85: this key uses ROWTIME in a way that does not tell when its group is "
       "complete; "
       "write FLOOR(ROWTIME TO MINUTE) or STEP(ROWTIME BY INTERVAL '10' SECOND)"},
      {"CREATE PUMP P AS INSERT INTO D (T) SELECT 'a' FROM \"SOURCE_SQL_STREAM_001\" GROUP BY 1",
       "line 2, column 85: a constant cannot be a key of GROUP BY (numbers do not stand for "
       "columns of the "
       "SELECT list); repeat the expression"},
      {"CREATE PUMP P AS INSERT INTO D (T) SELECT 'a' FROM \"SOURCE_SQL_STREAM_001\" GROUP BY "
       "FLOOR(ROWTIME TO "
       "DAY), FLOOR(ROWTIME TO HOUR)",
       "line 2, column 108: GROUP BY has two keys of ROWTIME; one must do"},
      {"CREATE PUMP P AS INSERT INTO D (T) SELECT UPPER(\"Event\") AS E FROM "
       "\"SOURCE_SQL_STREAM_001\"\nGROUP BY "
       "E, FLOOR(ROWTIME TO DAY)",
       "line 3, column 10: \"E\" is an alias of the SELECT list, which a key cannot use; repeat "
       "the "
       "expression here"},
      {"CREATE PUMP P AS INSERT INTO D (T)\nSELECT \"Event\" FROM \"SOURCE_SQL_STREAM_001\" "
       "WINDOWED BY STAGGER "
       "(PARTITION BY \"UserId\" RANGE INTERVAL '1' MINUTE)",
       "line 3, column 8: column \"Event\" is neither a key of the window nor inside an aggregate; "
       "add it to "
       "PARTITION BY or GROUP BY, or use an aggregate such as MAX(\"Event\")"},
      {"CREATE PUMP P AS INSERT INTO D (T)\nSELECT MAX(MIN(\"Event\")) FROM "
       "\"SOURCE_SQL_STREAM_001\" WINDOWED BY "
       "STAGGER (PARTITION BY \"UserId\" RANGE INTERVAL '1' MINUTE)",
       "line 3, column 12: aggregates cannot nest; compute the inner one in a sub-query"},
      {"CREATE PUMP P AS INSERT INTO D (T)\nSELECT * FROM \"SOURCE_SQL_STREAM_001\" WINDOWED BY "
       "STAGGER (PARTITION "
       "BY \"UserId\" RANGE INTERVAL '1' MINUTE)",
       "line 3, column 8: * cannot be selected from a window; name its keys and aggregates"},
      {"CREATE PUMP P AS INSERT INTO D (T)\nSELECT 'a' FROM \"SOURCE_SQL_STREAM_001\" WINDOWED BY "
       "STAGGER "
       "(PARTITION BY \"UserId\" RANGE INTERVAL '0' MINUTE)",
       "line 3, column 90: the RANGE of a window must be longer than zero"},
      {"CREATE PUMP P AS INSERT INTO D (T)\nSELECT 'a' FROM \"SOURCE_SQL_STREAM_001\" S WINDOWED "
       "BY STAGGER "
       "(PARTITION BY \"UserId\" RANGE INTERVAL '1' MINUTE) HAVING S.ROWTIME IS NULL",
       "line 3, column 120: \"S\".ROWTIME is the time of an input row, and a window holds many; "
       "use ROWTIME "
       "for the result's time, MIN or MAX of it, or a key"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WHERE COUNT(*) > 1",
       "line 2, column 57: COUNT cannot stand in WHERE, which sees single rows; use HAVING"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D HAVING N > 1",
       "line 2, column 60: HAVING needs a window; without one use WHERE, which sees every row"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D HAVING N > 1 WHERE N > 1",
       "line 2, column 64: WHERE stands in the wrong place; the order is FROM, WHERE, then GROUP "
       "BY or "
       "WINDOWED BY, then HAVING"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WHERE N",
       "line 2, column 57: WHERE needs a condition (BOOLEAN), not BIGINT"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T, N AS ROWTIME FROM D",
       "line 2, column 45: ROWTIME is a TIMESTAMP, not BIGINT"},
  };
  Check(kCases);
}

TEST(CompileError, Expressions) {
  const ErrorCase kCases[] = {
      {"CREATE PUMP P AS INSERT INTO D SELECT timestamp, T FROM D",
       "line 2, column 39: expected an expression, but TIMESTAMP is a reserved word; as the name "
       "of a "
       "column it needs quotes: \"timestamp\""},
      {"CREATE PUMP P AS INSERT INTO D SELECT N +, T FROM D",
       "line 2, column 42: expected an expression, not ','"},
      {"CREATE PUMP P AS INSERT INTO D SELECT AND(N), T FROM D",
       "line 2, column 39: expected an expression, but AND is a reserved word; as the name of a "
       "column it "
       "needs quotes: \"AND\""},
      {"CREATE PUMP P AS INSERT INTO D SELECT A.B.C, T FROM D",
       "line 2, column 42: names have at most two parts, stream.column; quote a name with a point"},
      {"CREATE PUMP P AS INSERT INTO D SELECT SUM(*), T FROM D WINDOWED BY STAGGER (PARTITION BY T "
       "RANGE "
       "INTERVAL '1' DAY)",
       "line 2, column 39: SUM(*) has no meaning; only COUNT(*) has"},
      {"CREATE PUMP P AS INSERT INTO D SELECT LOWER(DISTINCT T), T FROM D",
       "line 2, column 39: DISTINCT stands only in aggregates, not in LOWER"},
      {"CREATE PUMP P AS INSERT INTO D SELECT (N, N), T FROM D",
       "line 2, column 41: row values (a, b) are not supported"},
      {"CREATE PUMP P AS INSERT INTO D SELECT N, T FROM D WHERE T SIMILAR '%'",
       "line 2, column 67: expected TO after SIMILAR, not '%'"},
  };
  Check(kCases);
}

std::string Nested(std::string_view open, std::string_view inner, std::string_view close,
                   int levels) {
  std::string text(inner);
  for (int i = 0; i < levels; ++i) {
    text = std::string(open) + text + std::string(close);
  }
  return LineOf(
      "CREATE PUMP P AS INSERT INTO D (T)\nSELECT 'a' FROM \"SOURCE_SQL_STREAM_001\" WHERE " +
      text + " = 1");
}

TEST(CompileError, NestingIsBounded) {
  EXPECT_EQ(Nested("(", "1", ")", 60), "no error");
  EXPECT_THAT(Nested("(", "1", ")", 64), HasSubstr("parentheses nest deeper than 64 levels"));
  EXPECT_THAT(Nested("(", "1", ")", 20'000), HasSubstr("parentheses nest deeper than 64 levels"));
  EXPECT_THAT(Nested("POSITION(", "'a'", " IN 'b')", 5'000),
              HasSubstr("nest deeper than 64 levels"));
  EXPECT_THAT(Nested("ABS(", "1", ")", 5'000), HasSubstr("nest deeper than 64 levels"));
  EXPECT_THAT(Nested("CASE WHEN ", "1", " THEN 1 END", 3'000),
              HasSubstr("nest deeper than 64 levels"));
  EXPECT_THAT(Nested("- ", "1", "", 20'000),
              HasSubstr("this expression nests deeper than 64 levels"));
  EXPECT_THAT(Nested("1 + ", "1", "", 20'000),
              HasSubstr("this expression nests deeper than 64 levels"));
  EXPECT_THAT(Nested("NOT ", "1", "", 20'000),
              HasSubstr("this expression nests deeper than 64 levels"));
  EXPECT_EQ(Nested("1 = 1 AND ", "1", "", 5'000), "no error");
}

TEST(CompileError, StarsAreBounded) {
  std::string from = "\"SOURCE_SQL_STREAM_001\"";
  for (int i = 0; i < 60; ++i) {
    from = "(SELECT *, * FROM " + from + ")";
  }
  EXPECT_THAT(LineOf("CREATE PUMP P AS INSERT INTO D SELECT * FROM " + from),
              HasSubstr("the sub-query has two columns named"));
  std::string stars = "*";
  for (int i = 0; i < 300; ++i) {
    stars += ", *";
  }
  EXPECT_THAT(
      LineOf("CREATE PUMP P AS INSERT INTO D SELECT " + stars + " FROM \"SOURCE_SQL_STREAM_001\""),
      HasSubstr("the SELECT list has more than 1000 columns"));
}

/// Pieces of programs, whole and broken.
constexpr std::string_view kWords[] = {"CREATE",
                                       "OR",
                                       "REPLACE",
                                       "STREAM",
                                       "PUMP",
                                       "AS",
                                       "INSERT",
                                       "INTO",
                                       "SELECT",
                                       "FROM",
                                       "WHERE",
                                       "GROUP",
                                       "BY",
                                       "WINDOWED",
                                       "STAGGER",
                                       "PARTITION",
                                       "RANGE",
                                       "INTERVAL",
                                       "'1'",
                                       "MINUTE",
                                       "HAVING",
                                       "COUNT",
                                       "(",
                                       ")",
                                       "*",
                                       ",",
                                       ";",
                                       ".",
                                       "+",
                                       "-",
                                       "/",
                                       "=",
                                       "<>",
                                       "||",
                                       "<",
                                       "\"Event\"",
                                       "\"COL_Timestamp\"",
                                       "ROWTIME",
                                       "D",
                                       "P",
                                       "1",
                                       "2.5",
                                       "'a'",
                                       "NULL",
                                       "TRUE",
                                       "CASE",
                                       "WHEN",
                                       "THEN",
                                       "ELSE",
                                       "END",
                                       "CAST",
                                       "VARCHAR",
                                       "INTEGER",
                                       "FLOOR",
                                       "TO",
                                       "STEP",
                                       "EXTRACT",
                                       "TRIM",
                                       "BOTH",
                                       "POSITION",
                                       "IN",
                                       "BETWEEN",
                                       "AND",
                                       "NOT",
                                       "LIKE",
                                       "SIMILAR",
                                       "IS",
                                       "DISTINCT",
                                       "COALESCE",
                                       "NULLIF",
                                       "SUBSTRING",
                                       "FOR",
                                       "OVERLAY",
                                       "PLACING",
                                       "TIMESTAMP",
                                       "'2020-01-01 00:00:00'",
                                       "SUM",
                                       "MAX",
                                       "SECOND",
                                       "\"SOURCE_SQL_STREAM_001\"",
                                       "--",
                                       "/*",
                                       "*/",
                                       "\"",
                                       "'",
                                       "ESCAPE",
                                       "DATE",
                                       "MONTH",
                                       "OVER",
                                       "JOIN",
                                       "UNION",
                                       "e",
                                       "$",
                                       "\xC3\xA9",
                                       "\n"};

std::string_view RandomWord(base::Random& random) {
  return kWords[random.Below(std::size(kWords))];
}

/// Compiles, and holds every error to its form.
void Survive(const std::string& code) {
  SCOPED_TRACE(code);
  const base::Result<Program> program = Compile(code, ClickInputs());
  if (program) {
    program->ToString();
  } else {
    EXPECT_EQ(program.error().code, base::Code::kInvalidArgument);
    EXPECT_THAT(program.error().message, ::testing::StartsWith("line "));
    EXPECT_THAT(program.error().message, ::testing::EndsWith("^"));
  }
}

TEST(CompileError, SurvivesTokenSoup) {
  const uint64_t seed = base::TestSeed(20'261'122);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int round = 0; round < 5'000; ++round) {
    std::string code =
        round % 2 == 0 ? "CREATE STREAM D (N BIGINT); CREATE PUMP P AS INSERT INTO D SELECT " : "";
    const uint64_t length = random.Below(40);
    for (uint64_t i = 0; i < length; ++i) {
      code.append(RandomWord(random)).append(" ");
    }
    Survive(code);
  }
}

TEST(CompileError, SurvivesDamagedPrograms) {
  const uint64_t seed = base::TestSeed(20'261'122);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (int round = 0; round < 5'000; ++round) {
    std::string code(round % 2 == 0 ? kClickCode : kOrderCode);
    for (uint64_t damage = 1 + random.Below(3); damage > 0 && !code.empty(); --damage) {
      const size_t at = random.Below(code.size());
      switch (random.Below(4)) {
        case 0:
          code.erase(at, random.Below(20));
          break;
        case 1:
          code.insert(at, fmt::format(" {} ", RandomWord(random)));
          break;
        case 2:
          code[at] = static_cast<char>(random.Below(256));
          break;
        default:
          code.resize(at + 1);
          break;
      }
    }
    Survive(code);
  }
}

}  // namespace
}  // namespace weir::sql
