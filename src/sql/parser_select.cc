#include "sql/parser.h"

namespace weir::sql {

base::Result<SelectNode> Parser::ParseSelect() {
  SelectNode select;
  select.position = Current().position;
  RETURN_IF_ERROR(EnterNesting());
  RETURN_IF_ERROR(ExpectWord("SELECT", "here"));
  TakeWord("STREAM");
  if (IsWord("DISTINCT")) {
    return source_.Fail(Current().position,
                        "SELECT DISTINCT is not supported yet; group by the "
                        "columns, or use COUNT(DISTINCT x) in a window");
  }
  TakeWord("ALL");
  do {
    ASSIGN_OR_RETURN(SelectItem item, ParseSelectItem());
    select.items.push_back(std::move(item));
  } while (TakeSymbol(","));
  RETURN_IF_ERROR(ExpectWord("FROM", "or ',' after the SELECT list"));
  ASSIGN_OR_RETURN(select.from, ParseFrom());
  if (TakeWord("WHERE")) {
    ASSIGN_OR_RETURN(select.where, ParseExpression());
  }
  select.window_position = Current().position;
  if (TakeWord("GROUP")) {
    RETURN_IF_ERROR(ParseGroupBy(select));
  } else if (TakeWord("WINDOWED")) {
    RETURN_IF_ERROR(ParseStagger(select));
  }
  if (TakeWord("HAVING")) {
    ASSIGN_OR_RETURN(select.having, ParseExpression());
  }
  RETURN_IF_ERROR(RefuseMoreClauses());
  --depth_;
  return select;
}

base::Result<SelectItem> Parser::ParseSelectItem() {
  SelectItem item;
  item.position = Current().position;
  if (TakeSymbol("*")) {
    item.star = true;
    return item;
  }
  const bool is_name = Current().kind == TokenKind::kWord || Current().kind == TokenKind::kQuoted;
  if (is_name && IsSymbol(".", 1) && IsSymbol("*", 2)) {
    ASSIGN_OR_RETURN(const Identifier qualifier, ParseName("a stream"));
    item.star = true;
    item.qualifier = qualifier.name;
    at_ += 2;
    return item;
  }
  ASSIGN_OR_RETURN(item.expression, ParseExpression());
  ASSIGN_OR_RETURN(item.alias, ParseAlias());
  return item;
}

base::Result<FromNode> Parser::ParseFrom() {
  FromNode from;
  from.stream.position = Current().position;
  if (IsWord("TABLE") || IsWord("STREAM") || IsWord("UNNEST") || IsWord("LATERAL")) {
    return source_.Fail(Current().position,
                        "functions in FROM, such as {}(...), are not supported yet",
                        Current().text);
  }
  if (TakeSymbol("(")) {
    if (!IsWord("SELECT")) {
      return Unexpected("SELECT in the parentheses after FROM");
    }
    ASSIGN_OR_RETURN(SelectNode subquery, ParseSelect());
    from.subquery = std::make_unique<SelectNode>(std::move(subquery));
    RETURN_IF_ERROR(ExpectSymbol(")", "to end the sub-query"));
  } else {
    ASSIGN_OR_RETURN(from.stream, ParseName("a stream"));
    if (IsSymbol("(")) {
      return source_.Fail(from.stream.position,
                          "functions in FROM, such as {}(...), are not supported yet",
                          from.stream.name);
    }
  }
  if (IsWord("OVER")) {
    return source_.Fail(Current().position, "windows over FROM (OVER) are not supported yet");
  }
  ASSIGN_OR_RETURN(from.alias, ParseAlias());
  if (from.alias && TakeSymbol("(")) {
    do {
      ASSIGN_OR_RETURN(Identifier column, ParseName("a column"));
      from.column_aliases.push_back(std::move(column));
    } while (TakeSymbol(","));
    RETURN_IF_ERROR(ExpectSymbol(")", "or ',' after the column alias"));
  }
  for (const std::string_view word :
       {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER"}) {
    if (IsWord(word)) {
      return source_.Fail(Current().position, "joins are not supported yet; FROM names one stream");
    }
  }
  if (IsSymbol(",")) {
    return source_.Fail(Current().position,
                        "joins are not supported yet; FROM names one stream, not a list");
  }
  return from;
}

base::Result<void> Parser::ParseGroupBy(SelectNode& select) {
  select.window = WindowKind::kTumbling;
  RETURN_IF_ERROR(ExpectWord("BY", "after GROUP"));
  do {
    for (const std::string_view word : {"ROLLUP", "CUBE", "GROUPING"}) {
      if (IsWord(word)) {
        return source_.Fail(Current().position, "GROUP BY {} is not supported", word);
      }
    }
    ASSIGN_OR_RETURN(ExpressionNode key, ParseExpression());
    select.keys.push_back(std::move(key));
  } while (TakeSymbol(","));
  return {};
}

base::Result<void> Parser::ParseStagger(SelectNode& select) {
  select.window = WindowKind::kStagger;
  RETURN_IF_ERROR(ExpectWord("BY", "after WINDOWED"));
  if (!IsWord("STAGGER")) {
    return source_.Fail(Current().position,
                        "expected STAGGER after WINDOWED BY, not {}; a tumbling window is written "
                        "GROUP BY ..., STEP(\"S\".ROWTIME BY INTERVAL '60' SECOND)",
                        Shown());
  }
  ++at_;
  RETURN_IF_ERROR(ExpectSymbol("(", "after STAGGER"));
  RETURN_IF_ERROR(ExpectWord("PARTITION", "in the STAGGER window"));
  RETURN_IF_ERROR(ExpectWord("BY", "after PARTITION"));
  do {
    ASSIGN_OR_RETURN(ExpressionNode key, ParseExpression());
    select.keys.push_back(std::move(key));
  } while (TakeSymbol(","));
  RETURN_IF_ERROR(ExpectWord("RANGE", "or ',' after the partition key"));
  if (!IsWord("INTERVAL")) {
    return Unexpected("an interval after RANGE, such as INTERVAL '1' MINUTE");
  }
  ASSIGN_OR_RETURN(const ExpressionNode range, ParseInterval());
  if (range.number <= 0) {
    return source_.Fail(range.position, "the RANGE of a window must be longer than zero");
  }
  select.range_millis = range.number;
  return ExpectSymbol(")", "to end the STAGGER window");
}

base::Result<void> Parser::RefuseMoreClauses() const {
  const size_t position = Current().position;
  if (IsWord("ORDER")) {
    return source_.Fail(position, "ORDER BY is not supported yet; rows leave in ROWTIME order");
  }
  if (IsWord("WINDOW")) {
    return source_.Fail(position, "the WINDOW clause (sliding windows) is not supported yet");
  }
  for (const std::string_view word : {"UNION", "EXCEPT", "INTERSECT"}) {
    if (IsWord(word)) {
      return source_.Fail(
          position, "{} is not supported yet; several pumps may insert into one stream instead",
          word);
    }
  }
  if (IsWord("LIMIT") || IsWord("FETCH")) {
    return source_.Fail(position, "{} has no meaning on a stream without end", Current().text);
  }
  for (const std::string_view word : {"WHERE", "GROUP", "WINDOWED", "HAVING"}) {
    if (IsWord(word)) {
      return source_.Fail(
          position,
          "{} stands in the wrong place; the order is FROM, WHERE, then GROUP BY or "
          "WINDOWED BY, then HAVING",
          word);
    }
  }
  return {};
}

}  // namespace weir::sql
