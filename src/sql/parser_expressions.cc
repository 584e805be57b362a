#include "sql/compiler.h"
#include "sql/literals.h"
#include "sql/parser.h"

namespace weir::sql {
namespace {

/// Reserved words that begin a function call.
bool IsReservedFunction(std::string_view word) {
  static constexpr std::string_view kNames[] = {
      "ABS",     "ANY",         "AVG",   "CAST",       "CEIL",    "CEILING", "CHARACTER_LENGTH",
      "CONVERT", "CHAR_LENGTH", "COUNT", "COALESCE",   "EVERY",   "EXP",     "EXTRACT",
      "FLOOR",   "FIRST_VALUE", "MAX",   "LAST_VALUE", "INITCAP", "LN",      "LOWER",
      "NULLIF",  "MIN",         "MOD",   "OVERLAY",    "POWER",   "SQRT",    "SUBSTRING",
      "SUM",     "POSITION",    "RANK",  "TRANSLATE",  "TRIM",    "UPPER"};
  return std::find(std::begin(kNames), std::end(kNames), word) != std::end(kNames);
}

}  // namespace

base::Result<ExpressionNode> Parser::Measured(Node node) const {
  node.height = 1;
  for (const Node& argument : node.arguments) {
    node.height = std::max(node.height, argument.height + 1);
  }
  if (node.height > kMaxNesting) {
    return source_.Fail(node.position,
                        "this expression nests deeper than {} levels; compute a part of "
                        "it in a sub-query or another pump",
                        kMaxNesting);
  }
  return node;
}

base::Result<ExpressionNode> Parser::MakeCall(std::string name, size_t position,
                                              std::vector<Node> arguments) const {
  Node node;
  node.kind = Node::Kind::kCall;
  node.position = position;
  node.name = std::move(name);
  node.arguments = std::move(arguments);
  return Measured(std::move(node));
}

base::Result<ExpressionNode> Parser::JoinBalanced(std::string_view name, std::vector<Node> operands,
                                                  const std::vector<size_t>& positions) const {
  // positions[i] is where the operator between operands i and i + 1 stands. Joining neighbours
  // round by round keeps the order and a height of log2(n).
  std::vector<size_t> operators = positions;
  while (operands.size() > 1) {
    std::vector<Node> joined;
    std::vector<size_t> between;
    for (size_t i = 0; i < operands.size(); i += 2) {
      if (i + 1 == operands.size()) {
        joined.push_back(std::move(operands[i]));
        break;
      }
      std::vector<Node> pair;
      pair.push_back(std::move(operands[i]));
      pair.push_back(std::move(operands[i + 1]));
      ASSIGN_OR_RETURN(Node node, MakeCall(std::string(name), operators[i], std::move(pair)));
      joined.push_back(std::move(node));
      if (i + 2 < operands.size()) {
        between.push_back(operators[i + 1]);
      }
    }
    operands = std::move(joined);
    operators = std::move(between);
  }
  return std::move(operands[0]);
}

base::Result<void> Parser::EnterNesting() {
  if (depth_ >= kMaxNesting) {
    return source_.Fail(Current().position,
                        "sub-queries and parentheses nest deeper than {} levels", kMaxNesting);
  }
  ++depth_;
  return {};
}

base::Result<ExpressionNode> Parser::ParseExpression() {
  RETURN_IF_ERROR(EnterNesting());
  std::vector<Node> operands;
  std::vector<size_t> positions;
  while (true) {
    ASSIGN_OR_RETURN(Node operand, ParseAnd());
    operands.push_back(std::move(operand));
    positions.push_back(Current().position);
    if (!TakeWord("OR")) {
      break;
    }
  }
  --depth_;
  return JoinBalanced("OR", std::move(operands), positions);
}

base::Result<ExpressionNode> Parser::ParseAnd() {
  std::vector<Node> operands;
  std::vector<size_t> positions;
  while (true) {
    ASSIGN_OR_RETURN(Node operand, ParseNot());
    operands.push_back(std::move(operand));
    positions.push_back(Current().position);
    if (!TakeWord("AND")) {
      break;
    }
  }
  return JoinBalanced("AND", std::move(operands), positions);
}

base::Result<ExpressionNode> Parser::ParseNot() {
  std::vector<size_t> positions;
  while (IsWord("NOT")) {
    positions.push_back(Current().position);
    ++at_;
  }
  ASSIGN_OR_RETURN(Node node, ParsePredicate());
  while (!positions.empty()) {
    std::vector<Node> arguments;
    arguments.push_back(std::move(node));
    ASSIGN_OR_RETURN(node, MakeCall("NOT", positions.back(), std::move(arguments)));
    positions.pop_back();
  }
  return node;
}

base::Result<ExpressionNode> Parser::ParsePredicate() {
  ASSIGN_OR_RETURN(Node left, ParseAdditive());
  while (true) {
    const size_t position = Current().position;
    const size_t ahead = IsWord("NOT") ? 1 : 0;
    if (IsWord("IS")) {
      ASSIGN_OR_RETURN(left, ParseIs(std::move(left)));
      continue;
    }
    if (IsWord("BETWEEN", ahead) || IsWord("IN", ahead) || IsWord("LIKE", ahead) ||
        IsWord("SIMILAR", ahead)) {
      at_ += ahead;
      if (IsWord("BETWEEN")) {
        ASSIGN_OR_RETURN(left, ParseBetween(std::move(left)));
      } else if (IsWord("IN")) {
        ASSIGN_OR_RETURN(left, ParseIn(std::move(left)));
      } else {
        ASSIGN_OR_RETURN(left, ParsePattern(std::move(left)));
      }
      if (ahead == 1) {
        std::vector<Node> arguments;
        arguments.push_back(std::move(left));
        ASSIGN_OR_RETURN(left, MakeCall("NOT", position, std::move(arguments)));
      }
      continue;
    }
    bool compared = false;
    for (const std::string_view symbol : {"=", "<>", "<=", ">=", "<", ">"}) {
      if (TakeSymbol(symbol)) {
        std::vector<Node> arguments;
        arguments.push_back(std::move(left));
        ASSIGN_OR_RETURN(Node right, ParseAdditive());
        arguments.push_back(std::move(right));
        ASSIGN_OR_RETURN(left, MakeCall(std::string(symbol), position, std::move(arguments)));
        compared = true;
        break;
      }
    }
    if (!compared) {
      return left;
    }
  }
}

base::Result<ExpressionNode> Parser::ParseIs(Node left) {
  const size_t position = tokens_[at_++].position;
  std::string name = TakeWord("NOT") ? "IS NOT " : "IS ";
  std::vector<Node> arguments;
  arguments.push_back(std::move(left));
  if (TakeWord("DISTINCT")) {
    RETURN_IF_ERROR(ExpectWord("FROM", "after IS DISTINCT"));
    ASSIGN_OR_RETURN(Node right, ParseAdditive());
    arguments.push_back(std::move(right));
    return MakeCall(name + "DISTINCT FROM", position, std::move(arguments));
  }
  for (const std::string_view word : {"NULL", "TRUE", "FALSE"}) {
    if (TakeWord(word)) {
      return MakeCall(name.append(word), position, std::move(arguments));
    }
  }
  if (TakeWord("UNKNOWN")) {
    return MakeCall(name + "NULL", position, std::move(arguments));
  }
  return Unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
}

base::Result<ExpressionNode> Parser::ParseBetween(Node left) {
  const size_t position = tokens_[at_++].position;
  TakeWord("ASYMMETRIC");
  if (IsWord("SYMMETRIC")) {
    return source_.Fail(Current().position, "BETWEEN SYMMETRIC is not supported");
  }
  std::vector<Node> arguments;
  arguments.push_back(std::move(left));
  ASSIGN_OR_RETURN(Node low, ParseAdditive());
  arguments.push_back(std::move(low));
  RETURN_IF_ERROR(ExpectWord("AND", "between the bounds of BETWEEN"));
  ASSIGN_OR_RETURN(Node high, ParseAdditive());
  arguments.push_back(std::move(high));
  return MakeCall("BETWEEN", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseIn(Node left) {
  const size_t position = tokens_[at_++].position;
  RETURN_IF_ERROR(ExpectSymbol("(", "after IN"));
  if (IsWord("SELECT")) {
    return source_.Fail(Current().position, "sub-queries in IN are not supported yet");
  }
  std::vector<Node> arguments;
  arguments.push_back(std::move(left));
  do {
    ASSIGN_OR_RETURN(Node value, ParseExpression());
    arguments.push_back(std::move(value));
  } while (TakeSymbol(","));
  RETURN_IF_ERROR(ExpectSymbol(")", "to end the list of IN"));
  return MakeCall("IN", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParsePattern(Node left) {
  const size_t position = Current().position;
  std::string name = Current().text;
  ++at_;
  if (name == "SIMILAR") {
    RETURN_IF_ERROR(ExpectWord("TO", "after SIMILAR"));
    name = "SIMILAR TO";
  }
  std::vector<Node> arguments;
  arguments.push_back(std::move(left));
  ASSIGN_OR_RETURN(Node pattern, ParseAdditive());
  arguments.push_back(std::move(pattern));
  if (TakeWord("ESCAPE")) {
    ASSIGN_OR_RETURN(Node escape, ParseAdditive());
    arguments.push_back(std::move(escape));
  }
  return MakeCall(std::move(name), position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseAdditive() {
  ASSIGN_OR_RETURN(Node left, ParseMultiplicative());
  while (IsSymbol("+") || IsSymbol("-") || IsSymbol("||")) {
    const Token& symbol = tokens_[at_++];
    std::vector<Node> arguments;
    arguments.push_back(std::move(left));
    ASSIGN_OR_RETURN(Node right, ParseMultiplicative());
    arguments.push_back(std::move(right));
    ASSIGN_OR_RETURN(left, MakeCall(symbol.text, symbol.position, std::move(arguments)));
  }
  return left;
}

base::Result<ExpressionNode> Parser::ParseMultiplicative() {
  ASSIGN_OR_RETURN(Node left, ParseUnary());
  while (IsSymbol("*") || IsSymbol("/")) {
    const Token& symbol = tokens_[at_++];
    std::vector<Node> arguments;
    arguments.push_back(std::move(left));
    ASSIGN_OR_RETURN(Node right, ParseUnary());
    arguments.push_back(std::move(right));
    ASSIGN_OR_RETURN(left, MakeCall(symbol.text, symbol.position, std::move(arguments)));
  }
  return left;
}

base::Result<ExpressionNode> Parser::ParseUnary() {
  std::vector<size_t> minuses;
  while (IsSymbol("-") || IsSymbol("+")) {
    if (IsSymbol("-")) {
      minuses.push_back(Current().position);
    }
    ++at_;
  }
  Node node;
  if (!minuses.empty() && Current().kind == TokenKind::kNumber) {
    ASSIGN_OR_RETURN(node, ParseNumber(true));
    node.position = minuses.back();
    minuses.pop_back();
  } else {
    ASSIGN_OR_RETURN(node, ParsePrimary());
  }
  while (!minuses.empty()) {
    std::vector<Node> arguments;
    arguments.push_back(std::move(node));
    ASSIGN_OR_RETURN(node, MakeCall("UNARY -", minuses.back(), std::move(arguments)));
    minuses.pop_back();
  }
  return node;
}

base::Result<ExpressionNode> Parser::ParseNumber(bool negative) {
  Node node;
  node.kind = Node::Kind::kNumber;
  node.position = Current().position;
  node.text = (negative ? "-" : "") + Current().text;
  ++at_;
  return node;
}

base::Result<ExpressionNode> Parser::ParsePrimary() {
  switch (Current().kind) {
    case TokenKind::kNumber:
      return ParseNumber(false);
    case TokenKind::kString: {
      Node node;
      node.kind = Node::Kind::kString;
      node.position = Current().position;
      node.text = Current().text;
      ++at_;
      return node;
    }
    case TokenKind::kQuoted:
      return ParseColumn();
    case TokenKind::kWord:
      return ParseWord();
    case TokenKind::kSymbol:
      if (IsSymbol("(")) {
        return ParseParenthesized();
      }
      break;
    case TokenKind::kEnd:
      break;
  }
  return Unexpected("an expression");
}

base::Result<ExpressionNode> Parser::ParseParenthesized() {
  ++at_;
  if (IsWord("SELECT")) {
    return source_.Fail(Current().position, "sub-queries in expressions are not supported yet");
  }
  ASSIGN_OR_RETURN(Node node, ParseExpression());
  if (IsSymbol(",")) {
    return source_.Fail(Current().position, "row values (a, b) are not supported");
  }
  RETURN_IF_ERROR(ExpectSymbol(")", "to close the parenthesis"));
  if (IsTimeUnit()) {
    return ParseIntervalDifference(std::move(node));
  }
  return node;
}

base::Result<ExpressionNode> Parser::ParseIntervalDifference(Node difference) {
  const size_t position = Current().position;
  if (difference.kind != Node::Kind::kCall || difference.name != "-" ||
      difference.arguments.size() != 2) {
    return source_.Fail(position,
                        "a unit may follow only the difference of two times, as in "
                        "(\"B\" - \"A\") SECOND");
  }
  ASSIGN_OR_RETURN(TimeUnit unit, ParseUnit());
  RETURN_IF_ERROR(SkipPrecision());
  if (TakeWord("TO")) {
    ASSIGN_OR_RETURN(unit, ParseUnit());
    RETURN_IF_ERROR(SkipPrecision());
  }
  if (UnitMillis(unit) == 0) {
    return source_.Fail(position,
                        "intervals of months and years are not supported; use DAY or less");
  }
  difference.name = "INTERVAL DIFFERENCE";
  difference.unit = unit;
  return difference;
}

base::Result<std::optional<ExpressionNode>> Parser::ParseLiteralWord() {
  Node node;
  node.position = Current().position;
  if (TakeWord("NULL") || TakeWord("UNKNOWN")) {
    return std::optional(std::move(node));
  }
  if (IsWord("TRUE") || IsWord("FALSE")) {
    node.kind = Node::Kind::kBoolean;
    node.number = IsWord("TRUE") ? 1 : 0;
    ++at_;
    return std::optional(std::move(node));
  }
  if (IsWord("INTERVAL")) {
    ASSIGN_OR_RETURN(node, ParseInterval());
    return std::optional(std::move(node));
  }
  static constexpr std::pair<std::string_view, Node::Kind> kDatetimes[] = {
      {"TIMESTAMP", Node::Kind::kTimestamp},
      {"DATE", Node::Kind::kDate},
      {"TIME", Node::Kind::kTime}};
  for (const auto& [word, kind] : kDatetimes) {
    if (IsWord(word) && Ahead(1).kind == TokenKind::kString) {
      ASSIGN_OR_RETURN(node, ParseDatetime(kind));
      return std::optional(std::move(node));
    }
  }
  return std::optional<Node>();
}

base::Result<ExpressionNode> Parser::ParseWord() {
  ASSIGN_OR_RETURN(std::optional<Node> literal, ParseLiteralWord());
  if (literal) {
    return std::move(*literal);
  }
  if (IsWord("CASE")) {
    return ParseCase();
  }
  if (IsWord("EXISTS") || IsWord("CURSOR") || IsWord("ROW") || IsWord("ARRAY") ||
      IsWord("MULTISET")) {
    return source_.Fail(Current().position, "{} is not supported yet", Current().text);
  }
  if (IsSymbol("(", 1) && (!IsReservedWord(Current().text) || IsReservedFunction(Current().text))) {
    return ParseFunction();
  }
  for (const std::string_view name : {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME",
                                      "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_ROW_TIMESTAMP"}) {
    if (IsWord(name)) {
      return source_.Fail(
          Current().position,
          "{} is not supported: results must be the same when the stream is replayed; "
          "use ROWTIME",
          name);
    }
  }
  return ParseColumn();
}

base::Result<ExpressionNode> Parser::ParseColumn() {
  Node node;
  node.kind = Node::Kind::kColumn;
  node.position = Current().position;
  if (TakeWord("ROWTIME")) {
    node.name = "ROWTIME";
    return node;
  }
  if (Current().kind == TokenKind::kWord && IsReservedWord(Current().text)) {
    const std::string_view written =
        source_.text().substr(Current().position, Current().end - Current().position);
    return source_.Fail(
        Current().position,
        "expected an expression, but {} is a reserved word; as the name of a column "
        "it needs quotes: \"{}\"",
        Current().text, written);
  }
  ASSIGN_OR_RETURN(Identifier name, ParseName("a column"));
  if (TakeSymbol(".")) {
    node.qualifier = std::move(name.name);
    if (IsWord("ROWTIME")) {
      name = Identifier{"ROWTIME", Current().position};
      ++at_;
    } else {
      ASSIGN_OR_RETURN(name, ParseName("a column"));
    }
    if (IsSymbol(".")) {
      return source_.Fail(Current().position,
                          "names have at most two parts, stream.column; quote a name with a point");
    }
  }
  node.name = std::move(name.name);
  return node;
}

base::Result<ExpressionNode> Parser::ParseDatetime(Node::Kind kind) {
  const Token& text = Ahead(1);
  Node node;
  node.kind = kind;
  node.position = Current().position;
  std::optional<int64_t> value;
  std::string_view form;
  if (kind == Node::Kind::kTimestamp) {
    value = ParseTimestampLiteral(text.text);
    form = "TIMESTAMP '2026-11-22 07:35:31.123'";
  } else if (kind == Node::Kind::kDate) {
    value = ParseDateLiteral(text.text);
    form = "DATE '2026-11-22'";
  } else {
    value = ParseTimeLiteral(text.text);
    form = "TIME '07:35:31.123'";
  }
  if (!value) {
    return source_.Fail(text.position, "not a {}; the form is {}", Current().text, form);
  }
  node.number = *value;
  at_ += 2;
  return node;
}

bool Parser::IsTimeUnit() const {
  return Current().kind == TokenKind::kWord && UnitNamed(Current().text).has_value();
}

base::Result<TimeUnit> Parser::ParseUnit() {
  if (!IsTimeUnit()) {
    return Unexpected("a unit: YEAR, MONTH, DAY, HOUR, MINUTE or SECOND");
  }
  return *UnitNamed(tokens_[at_++].text);
}

base::Result<void> Parser::SkipPrecision() {
  if (!TakeSymbol("(")) {
    return {};
  }
  do {
    if (Current().kind != TokenKind::kNumber) {
      return Unexpected("a number of digits");
    }
    ++at_;
  } while (TakeSymbol(","));
  return ExpectSymbol(")", "after the number of digits");
}

base::Result<ExpressionNode> Parser::ParseInterval() {
  Node node;
  node.kind = Node::Kind::kInterval;
  node.position = Current().position;
  ++at_;
  const bool negative = TakeSymbol("-");
  const size_t text_position = Current().position;
  ASSIGN_OR_RETURN(const std::string text,
                   ParseText("the interval as text, as in INTERVAL '1' MINUTE"));
  const size_t unit_position = Current().position;
  ASSIGN_OR_RETURN(const TimeUnit first, ParseUnit());
  RETURN_IF_ERROR(SkipPrecision());
  TimeUnit last = first;
  if (TakeWord("TO")) {
    ASSIGN_OR_RETURN(last, ParseUnit());
    RETURN_IF_ERROR(SkipPrecision());
  }
  if (UnitMillis(first) == 0 || UnitMillis(last) == 0) {
    return source_.Fail(unit_position,
                        "intervals of months and years are not supported, as they have no fixed "
                        "length; use DAY or less, or FLOOR(x TO MONTH)");
  }
  if (last > first) {
    return source_.Fail(unit_position, "an interval goes from the larger to the smaller unit");
  }
  const std::optional<int64_t> millis = ParseIntervalText(text, first, last);
  if (!millis) {
    return source_.Fail(
        text_position,
        "'{}' is not an interval of {}{}{}; examples: INTERVAL '90' SECOND, INTERVAL "
        "'59:59.999' MINUTE TO SECOND",
        text, UnitName(first), last == first ? "" : " TO ", last == first ? "" : UnitName(last));
  }
  node.number = negative ? -*millis : *millis;
  return node;
}

}  // namespace weir::sql
