#include <gtest/gtest.h>

#include "query/query.h"

namespace weir::query {
namespace {

QueryResult Sample() {
  return {.columns = {{.name = "name", .type = "VARCHAR"}, {.name = "n", .type = "BIGINT"}},
          .rows_json = R"([["a,\"b\"",1],["=1+1",-2],[null,null],["é\t",10]])",
          .row_count = 4};
}

TEST(FormatResult, AlignsTables) {
  EXPECT_EQ(FormatResult(Sample(), OutputFormat::kTable),
            " name  | n \n"
            "-------+----\n"
            " a,\"b\" |  1\n"
            " =1+1  | -2\n"
            "       |   \n"
            " é\\x09 | 10\n"
            "(4 rows)\n");
}

TEST(FormatResult, WritesCsvThatNoSpreadsheetRuns) {
  EXPECT_EQ(FormatResult(Sample(), OutputFormat::kCsv),
            "name,n\r\n\"a,\"\"b\"\"\",1\r\n'=1+1,-2\r\n,\r\né\t,10\r\n");
}

TEST(FormatResult, KeepsJsonAsItIs) {
  EXPECT_EQ(
      FormatResult(
          {.columns = {{.name = "a\"", .type = "INTEGER"}}, .rows_json = "[[1]]", .row_count = 1},
          OutputFormat::kJson),
      "{\"columns\":[{\"name\":\"a\\\"\",\"type\":\"INTEGER\"}],\"rows\":[[1]]}\n");
}

}  // namespace
}  // namespace weir::query
