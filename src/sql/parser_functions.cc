#include "sql/parser.h"

namespace weir::sql {

base::Result<ExpressionNode> Parser::ParseFunction() {
  const std::string& name = Current().text;
  if (name == "CAST") {
    return ParseCast();
  }
  if (name == "EXTRACT") {
    return ParseExtract();
  }
  if (name == "FLOOR" || name == "CEIL" || name == "CEILING") {
    return ParseFloor();
  }
  if (name == "STEP") {
    return ParseStep();
  }
  if (name == "TRIM") {
    return ParseTrim();
  }
  if (name == "POSITION") {
    return ParsePosition();
  }
  if (name == "SUBSTRING") {
    return ParseSubstring();
  }
  if (name == "OVERLAY") {
    return ParseOverlay();
  }
  return ParseCall();
}

base::Result<ExpressionNode> Parser::ParseCase() {
  const size_t position = tokens_[at_++].position;
  std::vector<Node> arguments;
  const bool simple = !IsWord("WHEN");
  if (simple) {
    ASSIGN_OR_RETURN(Node operand, ParseExpression());
    arguments.push_back(std::move(operand));
  }
  if (!IsWord("WHEN")) {
    return Unexpected("WHEN");
  }
  while (TakeWord("WHEN")) {
    ASSIGN_OR_RETURN(Node condition, ParseExpression());
    arguments.push_back(std::move(condition));
    RETURN_IF_ERROR(ExpectWord("THEN", "after the condition"));
    ASSIGN_OR_RETURN(Node value, ParseExpression());
    arguments.push_back(std::move(value));
  }
  Node otherwise;
  otherwise.position = Current().position;
  if (TakeWord("ELSE")) {
    ASSIGN_OR_RETURN(otherwise, ParseExpression());
  }
  arguments.push_back(std::move(otherwise));
  RETURN_IF_ERROR(ExpectWord("END", "to end the CASE"));
  return MakeCall(simple ? "CASE OF" : "CASE", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseCast() {
  Node node;
  node.kind = Node::Kind::kCast;
  node.position = Current().position;
  at_ += 2;
  ASSIGN_OR_RETURN(Node argument, ParseExpression());
  node.arguments.push_back(std::move(argument));
  RETURN_IF_ERROR(ExpectWord("AS", "and a type in CAST"));
  ASSIGN_OR_RETURN(node.type, ParseType());
  RETURN_IF_ERROR(ExpectSymbol(")", "to end the CAST"));
  return Measured(std::move(node));
}

base::Result<ExpressionNode> Parser::ParseExtract() {
  const size_t position = Current().position;
  at_ += 2;
  ASSIGN_OR_RETURN(const TimeUnit unit, ParseUnit());
  RETURN_IF_ERROR(ExpectWord("FROM", "after the unit in EXTRACT"));
  std::vector<Node> arguments(1);
  ASSIGN_OR_RETURN(arguments[0], ParseExpression());
  RETURN_IF_ERROR(ExpectSymbol(")", "to end EXTRACT"));
  ASSIGN_OR_RETURN(Node node, MakeCall("EXTRACT", position, std::move(arguments)));
  node.unit = unit;
  return node;
}

base::Result<ExpressionNode> Parser::ParseFloor() {
  const size_t position = Current().position;
  std::string name = Current().text == "FLOOR" ? "FLOOR" : "CEIL";
  at_ += 2;
  std::vector<Node> arguments(1);
  ASSIGN_OR_RETURN(arguments[0], ParseExpression());
  std::optional<TimeUnit> unit;
  if (TakeWord("TO")) {
    name += " TO";
    ASSIGN_OR_RETURN(unit, ParseUnit());
  }
  RETURN_IF_ERROR(ExpectSymbol(")", fmt::format("to end {}", name)));
  ASSIGN_OR_RETURN(Node node, MakeCall(std::move(name), position, std::move(arguments)));
  node.unit = unit;
  return node;
}

base::Result<ExpressionNode> Parser::ParseStep() {
  const size_t position = Current().position;
  at_ += 2;
  std::vector<Node> arguments(2);
  ASSIGN_OR_RETURN(arguments[0], ParseExpression());
  RETURN_IF_ERROR(ExpectWord("BY", "and the length of the step"));
  ASSIGN_OR_RETURN(arguments[1], ParseExpression());
  RETURN_IF_ERROR(ExpectSymbol(")", "to end STEP"));
  return MakeCall("STEP", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseTrim() {
  const size_t position = Current().position;
  at_ += 2;
  std::string name = "TRIM BOTH";
  bool sided = false;
  for (const std::string_view side : {"BOTH", "LEADING", "TRAILING"}) {
    if (TakeWord(side)) {
      name = fmt::format("TRIM {}", side);
      sided = true;
      break;
    }
  }
  std::vector<Node> arguments(2);
  arguments[0].kind = Node::Kind::kString;
  arguments[0].position = position;
  arguments[0].text = " ";
  if (sided && TakeWord("FROM")) {
    ASSIGN_OR_RETURN(arguments[1], ParseExpression());
  } else {
    ASSIGN_OR_RETURN(arguments[1], ParseExpression());
    if (TakeWord("FROM")) {
      arguments[0] = std::move(arguments[1]);
      ASSIGN_OR_RETURN(arguments[1], ParseExpression());
    } else if (sided) {
      return Unexpected("FROM and the text to trim");
    }
  }
  RETURN_IF_ERROR(ExpectSymbol(")", "to end TRIM"));
  return MakeCall(std::move(name), position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParsePosition() {
  const size_t position = Current().position;
  at_ += 2;
  std::vector<Node> arguments(2);
  // Not a whole expression, in which IN would be the predicate.
  RETURN_IF_ERROR(EnterNesting());
  ASSIGN_OR_RETURN(arguments[0], ParseAdditive());
  --depth_;
  if (!TakeSymbol(",")) {
    RETURN_IF_ERROR(ExpectWord("IN", "and the text to search, as in POSITION('a' IN \"Text\")"));
  }
  ASSIGN_OR_RETURN(arguments[1], ParseExpression());
  RETURN_IF_ERROR(ExpectSymbol(")", "to end POSITION"));
  return MakeCall("POSITION", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseSubstring() {
  const size_t position = Current().position;
  at_ += 2;
  std::vector<Node> arguments(2);
  ASSIGN_OR_RETURN(arguments[0], ParseExpression());
  const bool commas = TakeSymbol(",");
  if (!commas) {
    RETURN_IF_ERROR(ExpectWord("FROM", "or ',' and the first position in SUBSTRING"));
  }
  ASSIGN_OR_RETURN(arguments[1], ParseExpression());
  if (commas ? TakeSymbol(",") : TakeWord("FOR")) {
    ASSIGN_OR_RETURN(Node length, ParseExpression());
    arguments.push_back(std::move(length));
  }
  RETURN_IF_ERROR(ExpectSymbol(")", "to end SUBSTRING"));
  return MakeCall("SUBSTRING", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseOverlay() {
  const size_t position = Current().position;
  at_ += 2;
  std::vector<Node> arguments(3);
  ASSIGN_OR_RETURN(arguments[0], ParseExpression());
  const bool commas = TakeSymbol(",");
  if (!commas) {
    RETURN_IF_ERROR(ExpectWord("PLACING", "or ',' and the replacement in OVERLAY"));
  }
  ASSIGN_OR_RETURN(arguments[1], ParseExpression());
  if (commas) {
    RETURN_IF_ERROR(ExpectSymbol(",", "and the first position in OVERLAY"));
  } else {
    RETURN_IF_ERROR(ExpectWord("FROM", "and the first position in OVERLAY"));
  }
  ASSIGN_OR_RETURN(arguments[2], ParseExpression());
  if (commas ? TakeSymbol(",") : TakeWord("FOR")) {
    ASSIGN_OR_RETURN(Node length, ParseExpression());
    arguments.push_back(std::move(length));
  }
  RETURN_IF_ERROR(ExpectSymbol(")", "to end OVERLAY"));
  return MakeCall("OVERLAY", position, std::move(arguments));
}

base::Result<ExpressionNode> Parser::ParseCall() {
  const size_t position = Current().position;
  std::string name = Current().text;
  at_ += 2;
  const bool distinct = TakeWord("DISTINCT");
  if (!distinct) {
    TakeWord("ALL");
  }
  std::vector<Node> arguments;
  const bool star = !distinct && TakeSymbol("*");
  if (!star && !IsSymbol(")")) {
    do {
      ASSIGN_OR_RETURN(Node argument, ParseExpression());
      arguments.push_back(std::move(argument));
    } while (TakeSymbol(","));
  }
  RETURN_IF_ERROR(ExpectSymbol(")", fmt::format("or ',' in the arguments of {}", name)));
  if (IsWord("OVER")) {
    return source_.Fail(Current().position,
                        "sliding windows (OVER) are not supported yet; use WINDOWED BY STAGGER or "
                        "GROUP BY with STEP");
  }
  ASSIGN_OR_RETURN(Node node, MakeCall(std::move(name), position, std::move(arguments)));
  node.distinct = distinct;
  node.star = star;
  return node;
}

}  // namespace weir::sql
