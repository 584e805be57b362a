#include "sql/lexer.h"

#include <algorithm>
#include <cctype>

namespace weir::sql {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsWordPart(char c) {
  return IsWordStart(c) || IsDigit(c) || c == '$';
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}

  base::Result<std::vector<Token>> Run() {
    while (true) {
      RETURN_IF_ERROR(SkipBlanksAndComments());
      if (at_ == text_.size()) {
        tokens_.push_back(Token{TokenKind::kEnd, "", at_, at_});
        return std::move(tokens_);
      }
      RETURN_IF_ERROR(Next());
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void Add(TokenKind kind, std::string text, size_t begin) {
    tokens_.push_back(Token{kind, std::move(text), begin, at_});
  }

  base::Result<void> SkipBlanksAndComments() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (IsBlank(rest[0])) {
        ++at_;
      } else if (rest.starts_with("--") || rest.starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const size_t close = text_.find("*/", at_ + 2);
        if (close == std::string_view::npos) {
          return source_.Fail(at_, "this comment is not closed; end it with */");
        }
        at_ = close + 2;
      } else {
        break;
      }
    }
    return {};
  }

  base::Result<void> Next() {
    const char c = Peek();
    if (IsWordStart(c)) {
      return Word();
    }
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
      return Number();
    }
    if (c == '"' || c == '\'') {
      return Quoted(c);
    }
    return Symbol();
  }

  base::Result<void> CheckLength(size_t begin, std::string_view name) {
    const size_t characters = CountCharacters(name);
    if (characters > kMaxIdentifierCharacters) {
      return source_.Fail(begin, "this name has {} characters; the limit is {}", characters,
                          kMaxIdentifierCharacters);
    }
    return {};
  }

  base::Result<void> Word() {
    const size_t begin = at_;
    while (IsWordPart(Peek())) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    RETURN_IF_ERROR(CheckLength(begin, word));
    Add(TokenKind::kWord, UpperCase(word), begin);
    return {};
  }

  base::Result<void> Number() {
    const size_t begin = at_;
    while (IsDigit(Peek())) {
      ++at_;
    }
    if (Peek() == '.') {
      ++at_;
      while (IsDigit(Peek())) {
        ++at_;
      }
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') {
        ++at_;
      }
      if (!IsDigit(Peek())) {
        return source_.Fail(begin, "this number has no digits in its exponent");
      }
      while (IsDigit(Peek())) {
        ++at_;
      }
    }
    if (IsWordPart(Peek())) {
      return source_.Fail(
          begin, "a number runs into a name here; names start with a letter, or stand in quotes");
    }
    Add(TokenKind::kNumber, std::string(text_.substr(begin, at_ - begin)), begin);
    return {};
  }

  base::Result<void> Quoted(char quote) {
    const size_t begin = at_++;
    const bool is_name = quote == '"';
    std::string value;
    while (true) {
      const size_t close = text_.find(quote, at_);
      if (close == std::string_view::npos) {
        return source_.Fail(begin, "this {} is not closed; end it with {}",
                            is_name ? "quoted name" : "text", quote);
      }
      value.append(text_.substr(at_, close - at_));
      at_ = close + 1;
      if (Peek() != quote) {
        break;
      }
      value.push_back(quote);
      ++at_;
    }
    if (is_name) {
      if (value.empty()) {
        return source_.Fail(begin, "a quoted name must not be empty");
      }
      RETURN_IF_ERROR(CheckLength(begin, value));
    }
    Add(is_name ? TokenKind::kQuoted : TokenKind::kString, std::move(value), begin);
    return {};
  }

  base::Result<void> Symbol() {
    static constexpr std::string_view kSymbols[] = {
        "<>", "<=", ">=", "!=", "||", "(", ")", ",", ";", ".", "*", "+", "-", "/", "=", "<", ">"};
    const size_t begin = at_;
    for (const std::string_view symbol : kSymbols) {
      if (text_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        Add(TokenKind::kSymbol, std::string(symbol == "!=" ? "<>" : symbol), begin);
        return {};
      }
    }
    const auto byte = static_cast<unsigned char>(Peek());
    if (byte >= 0x80) {
      return source_.Fail(begin, "a name with letters beyond A-Z needs double quotes");
    }
    if (byte < 0x20 || byte == 0x7F) {
      return source_.Fail(begin, "unexpected control character 0x{:02x}", byte);
    }
    return source_.Fail(begin, "unexpected character '{}'", Peek());
  }

  const Source& source_;
  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

/// Words of the dialect that need quotes as a name; sorted.
constexpr std::string_view kReservedWords[] = {"ABS",
                                               "ALL",
                                               "ALTER",
                                               "AND",
                                               "ANY",
                                               "ARE",
                                               "ARRAY",
                                               "AS",
                                               "AT",
                                               "AVG",
                                               "BEGIN",
                                               "BETWEEN",
                                               "BIGINT",
                                               "BINARY",
                                               "BLOB",
                                               "BOOLEAN",
                                               "BOTH",
                                               "BY",
                                               "CALL",
                                               "CASE",
                                               "CAST",
                                               "CEIL",
                                               "CEILING",
                                               "CHAR",
                                               "CHARACTER",
                                               "CHARACTER_LENGTH",
                                               "CHAR_LENGTH",
                                               "CHECK",
                                               "CLOB",
                                               "CLOSE",
                                               "COALESCE",
                                               "COLUMN",
                                               "COMMIT",
                                               "CONNECT",
                                               "CONSTRAINT",
                                               "CONVERT",
                                               "COUNT",
                                               "CREATE",
                                               "CROSS",
                                               "CUBE",
                                               "CURRENT",
                                               "CURRENT_DATE",
                                               "CURRENT_ROW_TIMESTAMP",
                                               "CURRENT_TIME",
                                               "CURRENT_TIMESTAMP",
                                               "CURSOR",
                                               "DATE",
                                               "DAY",
                                               "DEC",
                                               "DECIMAL",
                                               "DECLARE",
                                               "DEFAULT",
                                               "DELETE",
                                               "DESCRIBE",
                                               "DISTINCT",
                                               "DOUBLE",
                                               "DROP",
                                               "EACH",
                                               "ELEMENT",
                                               "ELSE",
                                               "END",
                                               "ESCAPE",
                                               "EVERY",
                                               "EXCEPT",
                                               "EXEC",
                                               "EXECUTE",
                                               "EXISTS",
                                               "EXP",
                                               "EXPEDITED",
                                               "EXTERNAL",
                                               "EXTRACT",
                                               "FALSE",
                                               "FETCH",
                                               "FIRST_VALUE",
                                               "FLOAT",
                                               "FLOOR",
                                               "FOR",
                                               "FOREIGN",
                                               "FROM",
                                               "FULL",
                                               "FUNCTION",
                                               "FUSION",
                                               "GET",
                                               "GLOBAL",
                                               "GRANT",
                                               "GROUP",
                                               "GROUPING",
                                               "HAVING",
                                               "HOLD",
                                               "HOUR",
                                               "IN",
                                               "INDICATOR",
                                               "INITCAP",
                                               "INNER",
                                               "INOUT",
                                               "INSERT",
                                               "INT",
                                               "INTEGER",
                                               "INTERSECT",
                                               "INTERVAL",
                                               "INTO",
                                               "IS",
                                               "JOIN",
                                               "LANGUAGE",
                                               "LARGE",
                                               "LAST_VALUE",
                                               "LATERAL",
                                               "LEADING",
                                               "LEFT",
                                               "LIKE",
                                               "LIMIT",
                                               "LN",
                                               "LOCAL",
                                               "LOCALTIME",
                                               "LOCALTIMESTAMP",
                                               "LOWER",
                                               "MATCH",
                                               "MAX",
                                               "MERGE",
                                               "METHOD",
                                               "MIN",
                                               "MINUTE",
                                               "MOD",
                                               "MODULE",
                                               "MONTH",
                                               "MULTISET",
                                               "NATURAL",
                                               "NEW",
                                               "NO",
                                               "NONE",
                                               "NOT",
                                               "NULL",
                                               "NULLIF",
                                               "NUMERIC",
                                               "OF",
                                               "OLD",
                                               "ON",
                                               "ONLY",
                                               "OPEN",
                                               "OR",
                                               "ORDER",
                                               "OUT",
                                               "OUTER",
                                               "OVER",
                                               "OVERLAPS",
                                               "OVERLAY",
                                               "PARAMETER",
                                               "PARTITION",
                                               "POSITION",
                                               "POWER",
                                               "PRECISION",
                                               "PREPARE",
                                               "PRIMARY",
                                               "PROCEDURE",
                                               "PUMP",
                                               "RANGE",
                                               "RANK",
                                               "REAL",
                                               "RECURSIVE",
                                               "REF",
                                               "REFERENCES",
                                               "RELEASE",
                                               "RESULT",
                                               "RETURN",
                                               "RETURNS",
                                               "REVOKE",
                                               "RIGHT",
                                               "ROLLBACK",
                                               "ROLLUP",
                                               "ROW",
                                               "ROWS",
                                               "ROWTIME",
                                               "SECOND",
                                               "SELECT",
                                               "SESSION_USER",
                                               "SET",
                                               "SIMILAR",
                                               "SMALLINT",
                                               "SOME",
                                               "SPECIFIC",
                                               "SQL",
                                               "SQRT",
                                               "START",
                                               "STATIC",
                                               "STOP",
                                               "STREAM",
                                               "SUBSTRING",
                                               "SUM",
                                               "SYMMETRIC",
                                               "SYSTEM",
                                               "SYSTEM_USER",
                                               "TABLE",
                                               "THEN",
                                               "TIME",
                                               "TIMESTAMP",
                                               "TINYINT",
                                               "TO",
                                               "TRAILING",
                                               "TRANSLATE",
                                               "TREAT",
                                               "TRIGGER",
                                               "TRIM",
                                               "TRUE",
                                               "TRUNCATE",
                                               "UNION",
                                               "UNIQUE",
                                               "UNKNOWN",
                                               "UNNEST",
                                               "UPDATE",
                                               "UPPER",
                                               "USER",
                                               "USING",
                                               "VALUE",
                                               "VALUES",
                                               "VARBINARY",
                                               "VARCHAR",
                                               "VARYING",
                                               "WHEN",
                                               "WHENEVER",
                                               "WHERE",
                                               "WINDOW",
                                               "WINDOWED",
                                               "WITH",
                                               "WITHIN",
                                               "WITHOUT",
                                               "YEAR"};

static_assert(std::is_sorted(std::begin(kReservedWords), std::end(kReservedWords)));

}  // namespace

base::Result<std::vector<Token>> Tokenize(const Source& source) {
  return Lexer(source).Run();
}

bool IsReservedWord(std::string_view upper_case_word) {
  return std::binary_search(std::begin(kReservedWords), std::end(kReservedWords), upper_case_word);
}

}  // namespace weir::sql
