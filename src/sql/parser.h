#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "sql/lexer.h"
#include "sql/source.h"

namespace weir::sql {

/// Recursive descent over the tokens of one program. The statements are in parser_statements.cc,
/// SELECT in parser_select.cc, expressions in parser_expressions.cc and parser_functions.cc.
class Parser {
 public:
  Parser(const Source& source, std::vector<Token> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  /// All statements, separated by ';'.
  base::Result<std::vector<Statement>> ParseProgram();

 private:
  using Node = ExpressionNode;

  // Tokens.
  const Token& Current() const { return tokens_[at_]; }

  const Token& Ahead(size_t count) const {
    return tokens_[std::min(at_ + count, tokens_.size() - 1)];
  }

  bool IsWord(std::string_view word, size_t ahead = 0) const;
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const;
  bool TakeWord(std::string_view word);
  bool TakeSymbol(std::string_view symbol);
  base::Result<void> ExpectWord(std::string_view word, std::string_view where);
  base::Result<void> ExpectSymbol(std::string_view symbol, std::string_view where);
  /// "expected <what>, not <the current token>".
  std::unexpected<base::Error> Unexpected(std::string_view what) const;
  /// How a message names the current token.
  std::string Shown() const;

  /// A name; `what` says of what, for example "a column".
  base::Result<Identifier> ParseName(std::string_view what);
  /// A name that stands where an alias may stand; nothing when there is none.
  base::Result<std::optional<Identifier>> ParseAlias();
  base::Result<std::string> ParseText(std::string_view what);
  base::Result<model::Type> ParseType();

  /// One level deeper; fails beyond kMaxNesting. The caller takes the level back on success.
  base::Result<void> EnterNesting();

  // Statements.
  base::Result<Statement> ParseStatement();
  base::Result<CreateStreamNode> ParseCreateStream(bool replace);
  base::Result<CreatePumpNode> ParseCreatePump(bool replace);
  base::Result<ColumnDefinition> ParseColumnDefinition();

  // SELECT.
  base::Result<SelectNode> ParseSelect();
  base::Result<SelectItem> ParseSelectItem();
  base::Result<FromNode> ParseFrom();
  base::Result<void> ParseGroupBy(SelectNode& select);
  base::Result<void> ParseStagger(SelectNode& select);
  base::Result<void> RefuseMoreClauses() const;

  // Expressions, loosest binding first.
  base::Result<Node> ParseExpression();
  base::Result<Node> ParseAnd();
  base::Result<Node> ParseNot();
  base::Result<Node> ParsePredicate();
  base::Result<Node> ParseIs(Node left);
  base::Result<Node> ParseBetween(Node left);
  base::Result<Node> ParseIn(Node left);
  base::Result<Node> ParsePattern(Node left);
  base::Result<Node> ParseAdditive();
  base::Result<Node> ParseMultiplicative();
  base::Result<Node> ParseUnary();
  base::Result<Node> ParsePrimary();
  base::Result<Node> ParseParenthesized();
  /// A literal, a form or a function that the current word begins; nothing when it begins none.
  base::Result<std::optional<Node>> ParseLiteralWord();
  base::Result<Node> ParseWord();
  base::Result<Node> ParseColumn();
  base::Result<Node> ParseNumber(bool negative);
  base::Result<Node> ParseDatetime(Node::Kind kind);
  base::Result<Node> ParseInterval();
  base::Result<TimeUnit> ParseUnit();

  // Functions whose arguments are not a plain list.
  base::Result<Node> ParseFunction();
  base::Result<Node> ParseCase();
  base::Result<Node> ParseCast();
  base::Result<Node> ParseExtract();
  base::Result<Node> ParseFloor();
  base::Result<Node> ParseStep();
  base::Result<Node> ParseTrim();
  base::Result<Node> ParsePosition();
  base::Result<Node> ParseSubstring();
  base::Result<Node> ParseOverlay();
  base::Result<Node> ParseCall();

  base::Result<Node> ParseIntervalDifference(Node difference);
  bool IsTimeUnit() const;
  /// An optional "(n[,m])" behind an interval's unit; it says nothing that matters here.
  base::Result<void> SkipPrecision();
  /// `node` with its height; fails when the tree gets deeper than kMaxNesting.
  base::Result<Node> Measured(Node node) const;
  base::Result<Node> MakeCall(std::string name, size_t position, std::vector<Node> arguments) const;
  /// Joins a chain of one associative operator as a balanced tree.
  base::Result<Node> JoinBalanced(std::string_view name, std::vector<Node> operands,
                                  const std::vector<size_t>& positions) const;

  const Source& source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace weir::sql
