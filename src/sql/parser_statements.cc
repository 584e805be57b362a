#include <algorithm>

#include "sql/parser.h"

namespace weir::sql {

bool Parser::IsWord(std::string_view word, size_t ahead) const {
  const Token& token = Ahead(ahead);
  return token.kind == TokenKind::kWord && token.text == word;
}

bool Parser::IsSymbol(std::string_view symbol, size_t ahead) const {
  const Token& token = Ahead(ahead);
  return token.kind == TokenKind::kSymbol && token.text == symbol;
}

bool Parser::TakeWord(std::string_view word) {
  if (!IsWord(word)) {
    return false;
  }
  ++at_;
  return true;
}

bool Parser::TakeSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) {
    return false;
  }
  ++at_;
  return true;
}

std::string Parser::Shown() const {
  const Token& token = Current();
  if (token.kind == TokenKind::kEnd) {
    return "the end of the code";
  }
  constexpr size_t kMaxShown = 40;
  std::string text(
      source_.text().substr(token.position, std::min(token.end - token.position, kMaxShown)));
  if (token.end - token.position > kMaxShown) {
    text += "...";
  }
  return token.kind == TokenKind::kString || token.kind == TokenKind::kQuoted ? text
                                                                              : "'" + text + "'";
}

std::unexpected<base::Error> Parser::Unexpected(std::string_view what) const {
  return source_.Fail(Current().position, "expected {}, not {}", what, Shown());
}

base::Result<void> Parser::ExpectWord(std::string_view word, std::string_view where) {
  if (!TakeWord(word)) {
    return Unexpected(fmt::format("{} {}", word, where));
  }
  return {};
}

base::Result<void> Parser::ExpectSymbol(std::string_view symbol, std::string_view where) {
  if (!TakeSymbol(symbol)) {
    return Unexpected(fmt::format("'{}' {}", symbol, where));
  }
  return {};
}

base::Result<Identifier> Parser::ParseName(std::string_view what) {
  const Token& token = Current();
  if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuoted) {
    return Unexpected(fmt::format("the name of {}", what));
  }
  if (token.kind == TokenKind::kWord && IsReservedWord(token.text)) {
    const std::string_view written =
        source_.text().substr(token.position, token.end - token.position);
    return source_.Fail(
        token.position,
        "expected the name of {}, but {} is a reserved word; as a name it needs quotes: \"{}\"",
        what, token.text, written);
  }
  ++at_;
  return Identifier{token.text, token.position};
}

base::Result<std::optional<Identifier>> Parser::ParseAlias() {
  if (TakeWord("AS")) {
    // `expr AS ROWTIME` sets the time of the output row, so that this reserved word is an alias
    // too.
    if (IsWord("ROWTIME")) {
      Identifier alias{Current().text, Current().position};
      ++at_;
      return std::optional(std::move(alias));
    }
    ASSIGN_OR_RETURN(Identifier alias, ParseName("an alias"));
    return std::optional(std::move(alias));
  }
  const Token& token = Current();
  if (token.kind == TokenKind::kQuoted ||
      (token.kind == TokenKind::kWord && !IsReservedWord(token.text))) {
    ++at_;
    return std::optional(Identifier{token.text, token.position});
  }
  return std::optional<Identifier>();
}

base::Result<std::string> Parser::ParseText(std::string_view what) {
  if (Current().kind != TokenKind::kString) {
    return Unexpected(what);
  }
  return tokens_[at_++].text;
}

base::Result<model::Type> Parser::ParseType() {
  const size_t position = Current().position;
  if (Current().kind != TokenKind::kWord) {
    return Unexpected("a type");
  }
  std::string text = tokens_[at_++].text;
  if (text == "CHARACTER") {
    text = TakeWord("VARYING") ? "VARCHAR" : "CHAR";
  } else if (text == "DOUBLE") {
    TakeWord("PRECISION");
  } else if (text == "INTERVAL") {
    return source_.Fail(position,
                        "INTERVAL cannot be the type of a column or a CAST; "
                        "keep milliseconds as BIGINT, see TSDIFF");
  }
  if (TakeSymbol("(")) {
    text += '(';
    while (Current().kind == TokenKind::kNumber) {
      text += tokens_[at_++].text;
      if (!TakeSymbol(",")) {
        break;
      }
      text += ',';
    }
    RETURN_IF_ERROR(ExpectSymbol(")", "to end the type"));
    text += ')';
  }
  base::Result<model::Type> type = model::ParseType(text);
  if (!type) {
    return source_.Fail(position, "{}", type.error().message);
  }
  return type;
}

base::Result<std::vector<Statement>> Parser::ParseProgram() {
  std::vector<Statement> statements;
  while (true) {
    while (TakeSymbol(";")) {
    }
    if (Current().kind == TokenKind::kEnd) {
      return statements;
    }
    ASSIGN_OR_RETURN(Statement statement, ParseStatement());
    statements.push_back(std::move(statement));
    if (Current().kind != TokenKind::kEnd && !IsSymbol(";")) {
      return Unexpected("';' after the statement");
    }
  }
}

base::Result<Statement> Parser::ParseStatement() {
  const size_t position = Current().position;
  if (IsWord("SELECT")) {
    return source_.Fail(
        position,
        "a SELECT runs only inside a pump; write CREATE OR REPLACE PUMP \"NAME\" AS "
        "INSERT INTO \"STREAM\" SELECT STREAM ...");
  }
  if (!TakeWord("CREATE")) {
    return Unexpected("CREATE STREAM or CREATE PUMP");
  }
  bool replace = false;
  if (TakeWord("OR")) {
    RETURN_IF_ERROR(ExpectWord("REPLACE", "after CREATE OR"));
    replace = true;
  }
  if (TakeWord("STREAM")) {
    ASSIGN_OR_RETURN(CreateStreamNode stream, ParseCreateStream(replace));
    return Statement(std::move(stream));
  }
  if (TakeWord("PUMP")) {
    ASSIGN_OR_RETURN(CreatePumpNode pump, ParseCreatePump(replace));
    return Statement(std::move(pump));
  }
  for (const std::string_view other : {"FUNCTION", "VIEW", "TABLE", "SCHEMA", "FOREIGN"}) {
    if (IsWord(other)) {
      return source_.Fail(position,
                          "CREATE {} is not supported yet; a program consists of CREATE "
                          "STREAM and CREATE PUMP statements",
                          other);
    }
  }
  return Unexpected("STREAM or PUMP");
}

base::Result<CreateStreamNode> Parser::ParseCreateStream(bool replace) {
  CreateStreamNode stream;
  stream.replace = replace;
  ASSIGN_OR_RETURN(stream.name, ParseName("a stream"));
  RETURN_IF_ERROR(ExpectSymbol("(", "and the columns of the stream"));
  do {
    ASSIGN_OR_RETURN(ColumnDefinition column, ParseColumnDefinition());
    stream.columns.push_back(std::move(column));
  } while (TakeSymbol(","));
  RETURN_IF_ERROR(ExpectSymbol(")", "or ',' after the column"));
  if (TakeWord("DESCRIPTION")) {
    RETURN_IF_ERROR(ParseText("the description as 'text'"));
  }
  return stream;
}

base::Result<ColumnDefinition> Parser::ParseColumnDefinition() {
  ColumnDefinition column;
  if (Current().text == "ROWTIME") {
    return source_.Fail(Current().position, "ROWTIME is a column of every stream already");
  }
  ASSIGN_OR_RETURN(column.name, ParseName("a column"));
  ASSIGN_OR_RETURN(column.type, ParseType());
  if (TakeWord("NOT")) {
    RETURN_IF_ERROR(ExpectWord("NULL", "after NOT"));
    column.nullable = false;
  }
  return column;
}

base::Result<CreatePumpNode> Parser::ParseCreatePump(bool replace) {
  CreatePumpNode pump;
  pump.replace = replace;
  ASSIGN_OR_RETURN(pump.name, ParseName("a pump"));
  RETURN_IF_ERROR(ExpectWord("AS", "after the name of the pump"));
  RETURN_IF_ERROR(ExpectWord("INSERT", "after AS"));
  TakeWord("EXPEDITED");
  RETURN_IF_ERROR(ExpectWord("INTO", "after INSERT"));
  ASSIGN_OR_RETURN(pump.target, ParseName("the stream to insert into"));
  if (TakeSymbol("(")) {
    do {
      if (Current().text == "ROWTIME") {
        return source_.Fail(Current().position,
                            "ROWTIME cannot be inserted by name; give the value in "
                            "the SELECT list as: expression AS ROWTIME");
      }
      ASSIGN_OR_RETURN(Identifier column, ParseName("a column"));
      pump.columns.push_back(std::move(column));
    } while (TakeSymbol(","));
    RETURN_IF_ERROR(ExpectSymbol(")", "or ',' after the column"));
  }
  ASSIGN_OR_RETURN(pump.select, ParseSelect());
  return pump;
}

}  // namespace weir::sql
