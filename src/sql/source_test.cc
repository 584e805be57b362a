#include "sql/source.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::sql {
namespace {

TEST(Source, NamesLineColumnAndMarksThePlace) {
  const Source source("first\n  second line\nthird");
  const base::Error error = source.ErrorAt(8, "wrong");
  EXPECT_EQ(error.code, base::Code::kInvalidArgument);
  EXPECT_EQ(error.message, "line 2, column 3: wrong\n    second line\n    ^");
}

TEST(Source, CountsColumnsInCharacters) {
  const Source source("'é€' x");
  EXPECT_EQ(source.ErrorAt(8, "m").message, "line 1, column 6: m\n  'é€' x\n       ^");
}

TEST(Source, ShowsTabsAndReturnsAsBlanks) {
  const Source source("\ta\tb\r\nc");
  EXPECT_EQ(source.ErrorAt(3, "m").message, "line 1, column 4: m\n   a b\n     ^");
}

TEST(Source, MarksTheEnd) {
  EXPECT_EQ(Source("ab").ErrorAt(2, "m").message, "line 1, column 3: m\n  ab\n    ^");
  EXPECT_EQ(Source("ab\n").ErrorAt(3, "m").message, "line 2, column 1: m\n  \n  ^");
  EXPECT_EQ(Source("").ErrorAt(99, "m").message, "line 1, column 1: m\n  \n  ^");
}

TEST(Source, ShowsAPartOfALongLine) {
  const std::string text(1'000, 'x');
  const std::string expected =
      "line 1, column 501: m\n  " + std::string(120, 'x') + "\n  " + std::string(60, ' ') + "^";
  EXPECT_EQ(Source(text).ErrorAt(500, "m").message, expected);
}

}  // namespace
}  // namespace weir::sql
