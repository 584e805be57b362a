#include "sql/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Tokens as "w:WORD", "q:quoted", "n:1.5", "s:text" or the symbol.
std::vector<std::string> Texts(std::string_view text) {
  const Source source(text);
  const base::Result<std::vector<Token>> tokens = Tokenize(source);
  std::vector<std::string> texts;
  if (!tokens) {
    return {tokens.error().message};
  }
  for (const Token& token : *tokens) {
    switch (token.kind) {
      case TokenKind::kWord:
        texts.push_back("w:" + token.text);
        break;
      case TokenKind::kQuoted:
        texts.push_back("q:" + token.text);
        break;
      case TokenKind::kNumber:
        texts.push_back("n:" + token.text);
        break;
      case TokenKind::kString:
        texts.push_back("s:" + token.text);
        break;
      case TokenKind::kSymbol:
        texts.push_back(token.text);
        break;
      case TokenKind::kEnd:
        break;
    }
  }
  return texts;
}

std::string ErrorOf(std::string_view text) {
  const Source source(text);
  const base::Result<std::vector<Token>> tokens = Tokenize(source);
  return tokens ? "no error" : tokens.error().message.substr(0, tokens.error().message.find('\n'));
}

TEST(Tokenize, UpperCasesWordsAndKeepsQuotedNames) {
  EXPECT_THAT(Texts("promotion \"Event\" \"a\"\"b\" EXPR$0 _x1"),
              ElementsAre("w:PROMOTION", "q:Event", "q:a\"b", "w:EXPR$0", "w:_X1"));
}

TEST(Tokenize, Numbers) {
  EXPECT_THAT(Texts("0 12.50 .5 1. 1e3 1.5E-3"),
              ElementsAre("n:0", "n:12.50", "n:.5", "n:1.", "n:1e3", "n:1.5E-3"));
}

TEST(Tokenize, TextsMayHoldQuotesCommentsAndNewlines) {
  EXPECT_THAT(Texts("'it''s' '-- no' 'a\nb' ''"), ElementsAre("s:it's", "s:-- no", "s:a\nb", "s:"));
}

TEST(Tokenize, SkipsComments) {
  EXPECT_THAT(Texts("a -- b\nc // d\ne /* f * / \n */ g --"),
              ElementsAre("w:A", "w:C", "w:E", "w:G"));
}

TEST(Tokenize, Symbols) {
  EXPECT_THAT(Texts("a<>b!=c||d<=e>=f(*)"),
              ElementsAre("w:A", "<>", "w:B", "<>", "w:C", "||", "w:D", "<=", "w:E", ">=", "w:F",
                          "(", "*", ")"));
}

TEST(Tokenize, PositionsAreBytes) {
  const Source source("'é' a");
  const base::Result<std::vector<Token>> tokens = Tokenize(source);
  ASSERT_TRUE(tokens.has_value());
  ASSERT_EQ(tokens->size(), 3U);
  EXPECT_EQ((*tokens)[1].position, 5U);
  EXPECT_EQ((*tokens)[1].end, 6U);
  EXPECT_EQ((*tokens)[2].kind, TokenKind::kEnd);
}

TEST(Tokenize, Refuses) {
  EXPECT_EQ(ErrorOf("a 'b"), "line 1, column 3: this text is not closed; end it with '");
  EXPECT_EQ(ErrorOf("\"b"), "line 1, column 1: this quoted name is not closed; end it with \"");
  EXPECT_EQ(ErrorOf("x /* y"), "line 1, column 3: this comment is not closed; end it with */");
  EXPECT_EQ(ErrorOf("a \"\""), "line 1, column 3: a quoted name must not be empty");
  EXPECT_EQ(
      ErrorOf("1a"),
      "line 1, column 1: a number runs into a name here; names start with a letter, or stand in "
      "quotes");
  EXPECT_EQ(ErrorOf("1e+"), "line 1, column 1: this number has no digits in its exponent");
  EXPECT_EQ(ErrorOf("a ? b"), "line 1, column 3: unexpected character '?'");
  EXPECT_EQ(ErrorOf("a\x01"), "line 1, column 2: unexpected control character 0x01");
  EXPECT_EQ(ErrorOf("größe"),
            "line 1, column 3: a name with letters beyond A-Z needs double quotes");
}

TEST(Tokenize, LimitsNamesByCharacters) {
  std::string name;
  for (size_t i = 0; i < kMaxIdentifierCharacters; ++i) {
    name += "é";
  }
  EXPECT_THAT(Texts("\"" + name + "\""), ElementsAre("q:" + name));
  EXPECT_EQ(ErrorOf("\"" + name + "x\""),
            "line 1, column 1: this name has 129 characters; the limit is 128");
  EXPECT_THAT(ErrorOf(std::string(129, 'x')), HasSubstr("129 characters"));
}

TEST(IsReservedWord, KnowsTheDialect) {
  EXPECT_TRUE(IsReservedWord("TIMESTAMP"));
  EXPECT_TRUE(IsReservedWord("USER"));
  EXPECT_TRUE(IsReservedWord("VALUE"));
  EXPECT_FALSE(IsReservedWord("PROMOTION"));
  EXPECT_FALSE(IsReservedWord("timestamp"));
}

}  // namespace
}  // namespace weir::sql
