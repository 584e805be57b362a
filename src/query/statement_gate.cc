#include "query/statement_gate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "json/document.h"

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

constexpr std::array<std::string_view, 3> kTableFunctions = {"range", "generate_series", "unnest"};

/// Kinds of sources in FROM that hold nothing to check themselves.
constexpr std::array<std::string_view, 5> kHarmlessSources = {"SUBQUERY", "JOIN", "EXPRESSION_LIST",
                                                              "EMPTY", "EMPTY_FROM"};
/// Kinds of sources in FROM that no query may use.
constexpr std::array<std::string_view, 6> kRefusedSources = {
    "SHOW_REF", "PIVOT", "COLUMN_DATA", "DELIM_GET", "BOUND_TABLE_REF", "INVALID"};

/// Scalar functions that read the system's views or plan SQL of their own.
constexpr std::array<std::string_view, 5> kRefusedFunctions = {
    "format_type", "get_block_size", "json_serialize_plan", "pg_get_constraintdef",
    "pg_get_viewdef"};
/// What names of DuckDB's own views begin with.
constexpr std::array<std::string_view, 4> kSystemPrefixes = {"duckdb_", "pg_", "pragma_",
                                                             "sqlite_"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view TextAt(const json::Value& object, std::string_view key) {
  const json::Value* found = object.Find(key);
  return found == nullptr ? std::string_view() : found->AsString().value_or("");
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == ' ' || c == '-' || c >= 0x80;
  });
}

base::Result<void> CheckWithName(const std::string& name) {
  // Outside its scope, a name like a path would be looked for as a file, and one of DuckDB's own
  // would be read.
  const bool system = std::ranges::any_of(
      kSystemPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
  if (system || !IsPlainName(name)) {
    return Fail(Code::kInvalidArgument,
                "the WITH name '{}' is not allowed; use letters, digits and '_', and do not begin "
                "with duckdb_, pg_, pragma_ or sqlite_",
                name);
  }
  return {};
}

/// Walks a serialised syntax tree as DuckDB's binder does: a query node's WITH names are visible in
/// that node and below it. An entry of a WITH sees those before it, and of itself only the right
/// side of its UNION when it is recursive.
class TreeWalk {
 public:
  base::Result<void> Visit(const json::Value& value, size_t depth) {
    if (value.IsArray()) {
      for (const json::Value& item : value.Items()) {
        RETURN_IF_ERROR(Visit(item, depth));
      }
      return {};
    }
    if (!value.IsObject()) {
      return {};
    }
    // Nodes of the tree have a type; the objects between them are only its packaging.
    const std::string_view type = TextAt(value, "type");
    if (!type.empty()) {
      ++depth;
    }
    if (depth > kMaxStatementDepth) {
      return Fail(Code::kLimitExceeded, "the SQL nests deeper than {} levels; simplify it",
                  kMaxStatementDepth);
    }
    RETURN_IF_ERROR(CheckFunction(value));
    RETURN_IF_ERROR(CheckSource(value, type));
    const size_t outside = visible_.size();
    RETURN_IF_ERROR(EnterWith(value, depth));
    for (const json::Member& member : value.Members()) {
      if (member.name == "cte_map") {
        continue;
      }
      const bool recursion = type == "RECURSIVE_CTE_NODE" && member.name == "right";
      if (recursion) {
        visible_.push_back(Lower(TextAt(value, "cte_name")));
      }
      RETURN_IF_ERROR(Visit(member.value, depth));
      if (recursion) {
        visible_.pop_back();
      }
    }
    visible_.resize(outside);
    return {};
  }

  std::vector<RelationName> Relations() const { return {read_.begin(), read_.end()}; }

  std::vector<std::string> WithNames() const { return {with_names_.begin(), with_names_.end()}; }

 private:
  static base::Result<void> CheckFunction(const json::Value& node) {
    const std::string name = Lower(TextAt(node, "function_name"));
    if (std::ranges::find(kRefusedFunctions, name) != kRefusedFunctions.end()) {
      return Fail(Code::kInvalidArgument, "the function '{}' is not allowed in a query", name);
    }
    return {};
  }

  base::Result<void> CheckSource(const json::Value& node, std::string_view type) {
    if (type == "BASE_TABLE") {
      if (!TextAt(node, "catalog_name").empty()) {
        return Fail(
            Code::kInvalidArgument, "'{}.{}.{}' has a catalog in its name; write database.table",
            TextAt(node, "catalog_name"), TextAt(node, "schema_name"), TextAt(node, "table_name"));
      }
      RelationName relation{Lower(TextAt(node, "schema_name")), Lower(TextAt(node, "table_name"))};
      if (relation.database.empty() &&
          std::ranges::find(visible_, relation.name) != visible_.end()) {
        with_names_.insert(std::move(relation.name));
      } else {
        read_.insert(std::move(relation));
      }
      return {};
    }
    if (type == "TABLE_FUNCTION") {
      const json::Value* function = node.Find("function");
      const std::string name = function == nullptr ? "" : Lower(TextAt(*function, "function_name"));
      if (std::ranges::find(kTableFunctions, name) == kTableFunctions.end()) {
        return Fail(Code::kInvalidArgument,
                    "the table function '{}' is not allowed; FROM takes tables, views, range, "
                    "generate_series and unnest",
                    name);
      }
      return {};
    }
    if (std::ranges::find(kRefusedSources, type) != kRefusedSources.end()) {
      if (type == "SHOW_REF") {
        return Fail(Code::kInvalidArgument,
                    "there are SHOW TABLES and DESCRIBE of a table or a SELECT, each by itself; "
                    "other SHOW, DESCRIBE or SUMMARIZE is not allowed");
      }
      return Fail(Code::kInvalidArgument, "{} is not allowed in a query; write a SELECT", type);
    }
    // Whatever stands in FROM is of a kind named here, so a kind that a later DuckDB adds is
    // refused.
    RETURN_IF_ERROR(CheckSourceKind(node.Find("from_table")));
    if (type == "JOIN") {
      RETURN_IF_ERROR(CheckSourceKind(node.Find("left")));
      RETURN_IF_ERROR(CheckSourceKind(node.Find("right")));
    }
    return {};
  }

  static base::Result<void> CheckSourceKind(const json::Value* source) {
    if (source == nullptr || !source->IsObject()) {
      return {};
    }
    const std::string_view kind = TextAt(*source, "type");
    if (kind != "BASE_TABLE" && kind != "TABLE_FUNCTION" &&
        std::ranges::find(kHarmlessSources, kind) == kHarmlessSources.end() &&
        std::ranges::find(kRefusedSources, kind) == kRefusedSources.end()) {
      return Fail(Code::kInvalidArgument, "a source of kind '{}' is not allowed in FROM", kind);
    }
    return {};
  }

  /// Walks the entries of a query node's WITH and makes their names visible.
  base::Result<void> EnterWith(const json::Value& node, size_t depth) {
    const json::Value* with = node.Find("cte_map");
    const json::Value* entries = with == nullptr ? nullptr : with->Find("map");
    if (entries == nullptr) {
      return {};
    }
    for (const json::Value& entry : entries->Items()) {
      std::string name = Lower(TextAt(entry, "key"));
      RETURN_IF_ERROR(CheckWithName(name));
      RETURN_IF_ERROR(Visit(entry, depth));
      visible_.push_back(std::move(name));
    }
    return {};
  }

  std::set<RelationName> read_;
  std::set<std::string> with_names_;  // That were used.
  std::vector<std::string> visible_;  // WITH names, those of outer nodes first.
};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Cuts a leading word (in lower case) off.
bool CutWord(std::string_view word, std::string_view& sql) {
  if (sql.size() <= word.size() || Lower(sql.substr(0, word.size())) != word ||
      std::isspace(static_cast<unsigned char>(sql[word.size()])) == 0) {
    return false;
  }
  sql = Trim(sql.substr(word.size()));
  return true;
}

/// Cuts a leading EXPLAIN or DESCRIBE off. What follows must be a SELECT by itself, so neither
/// ANALYZE nor options pass.
GatedStatement::Kind CutKind(std::string_view& sql) {
  std::string_view rest = sql;
  if (CutWord("show", rest) && Lower(rest) == "tables") {
    return GatedStatement::Kind::kShowTables;
  }
  if (CutWord("explain", sql)) {
    return GatedStatement::Kind::kExplain;
  }
  return CutWord("describe", sql) || CutWord("desc", sql) ? GatedStatement::Kind::kDescribe
                                                          : GatedStatement::Kind::kSelect;
}

/// Whether the text is a table's name, also "database"."name".
bool IsTableName(std::string_view sql) {
  return std::ranges::all_of(sql, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '"';
  });
}

/// Greatest nesting of brackets outside quotes. DuckDB's parser takes seconds for hundreds of
/// nested calls, so this is looked at before it is asked.
size_t BracketDepth(std::string_view sql) {
  size_t depth = 0;
  size_t greatest = 0;
  char quote = 0;
  for (const char c : sql) {
    if (quote != 0) {
      quote = c == quote ? 0 : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      greatest = std::max(greatest, ++depth);
    } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return greatest;
}

base::Result<std::string> SerializeTree(duckdb::Connection& connection, std::string_view select) {
  const model::Value parameters[] = {std::string(select)};
  ASSIGN_OR_RETURN(
      auto result,
      connection.Execute("SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)",
                         parameters));
  ASSIGN_OR_RETURN(const auto chunk, result.Next());
  if (!chunk.has_value() || chunk->rows() != 1) {
    return Fail(Code::kInternal, "the SQL's syntax tree is missing");
  }
  return std::string(chunk->Text(0, 0));
}

}  // namespace

std::string DatabaseOf(std::string_view name) {
  std::string lower = Lower(name);
  return lower == "main" ? std::string() : lower;
}

base::Result<GatedStatement> GateStatement(duckdb::Connection& connection, std::string_view sql) {
  if (sql.size() > kMaxSqlBytes) {
    return Fail(Code::kLimitExceeded, "the SQL has {} bytes, at most {} are allowed", sql.size(),
                kMaxSqlBytes);
  }
  std::string_view text = Trim(sql);
  while (text.ends_with(';')) {
    text = Trim(text.substr(0, text.size() - 1));
  }
  const GatedStatement::Kind kind = CutKind(text);
  if (kind == GatedStatement::Kind::kShowTables) {
    return GatedStatement{.kind = kind, .sql = {}, .relations = {}, .with_names = {}};
  }
  std::string select(text);
  if (kind == GatedStatement::Kind::kDescribe && !text.empty() && IsTableName(text)) {
    select.insert(0, "FROM ");
  }
  if (select.empty()) {
    return Fail(Code::kInvalidArgument, "the query is empty; write a SELECT");
  }
  if (BracketDepth(select) > kMaxStatementDepth) {
    return Fail(Code::kLimitExceeded, "the SQL nests deeper than {} levels; simplify it",
                kMaxStatementDepth);
  }
  ASSIGN_OR_RETURN(const std::string serialized, SerializeTree(connection, select));
  auto tree = json::Parse(serialized,
                          {.max_bytes = 64 << 20, .max_depth = json::kMaxDepth, .max_keys = 4096});
  if (!tree.has_value()) {
    return Fail(Code::kLimitExceeded, "the SQL is too deeply nested or too long; simplify it ({})",
                tree.error().message);
  }
  if (const json::Value* failed = tree->Find("error");
      failed == nullptr || failed->AsBool().value_or(true)) {
    const std::string_view reason = TextAt(*tree, "error_message");
    if (reason.starts_with("Only SELECT")) {
      return Fail(Code::kInvalidArgument,
                  "only one SELECT statement (or EXPLAIN or DESCRIBE of one, or SHOW TABLES) is "
                  "allowed in a query");
    }
    return Fail(Code::kInvalidArgument, "{}", reason);
  }
  const json::Value* statements = tree->Find("statements");
  if (statements == nullptr || statements->Items().size() != 1) {
    return Fail(Code::kInvalidArgument, "a query is one statement, this is {}",
                statements == nullptr ? 0 : statements->Items().size());
  }
  TreeWalk walk;
  RETURN_IF_ERROR(walk.Visit(*statements, 0));
  return GatedStatement{.kind = kind,
                        .sql = std::move(select),
                        .relations = walk.Relations(),
                        .with_names = walk.WithNames()};
}

}  // namespace weir::query
