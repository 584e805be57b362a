#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/types.h"
#include "sql/plan.h"

namespace weir::sql {

/// A name as written: unquoted names are upper-cased already.
struct Identifier {
  std::string name;
  size_t position = 0;
};

/// An expression before its names and types are known. Positions are byte offsets in the source.
struct ExpressionNode {
  enum class Kind : uint8_t {
    kColumn,  ///< [qualifier.]name
    kNumber,  ///< text, possibly with a leading '-'
    kString,  ///< text
    kNull,
    kBoolean,    ///< number is 0 or 1
    kDate,       ///< number: days
    kTime,       ///< number: milliseconds since midnight
    kTimestamp,  ///< number: milliseconds since 1970
    kInterval,   ///< number: milliseconds
    kCall,       ///< name: a function in upper case, an operator ("+", "AND") or a form ("IS NULL")
    kCast,       ///< arguments[0] to type
  };

  Kind kind = Kind::kNull;
  size_t position = 0;
  std::string name;
  std::string qualifier;
  std::string text;
  int64_t number = 0;
  bool distinct = false;         ///< COUNT(DISTINCT x)
  bool star = false;             ///< COUNT(*)
  std::optional<TimeUnit> unit;  ///< FLOOR(x TO unit), EXTRACT(unit FROM x), (a - b) unit
  model::Type type;
  std::vector<ExpressionNode> arguments;
  int height = 1;  ///< Levels of the tree; at most kMaxNesting.

  /// The same text up to blanks, comments and column qualifiers.
  bool SameAs(const ExpressionNode& other) const;
};

struct SelectNode;

struct SelectItem {
  size_t position = 0;
  bool star = false;      ///< * or qualifier.*
  std::string qualifier;  ///< Of the star.
  ExpressionNode expression;
  std::optional<Identifier> alias;
};

struct FromNode {
  Identifier stream;                     ///< Empty name when there is a sub-query.
  std::unique_ptr<SelectNode> subquery;  ///< Or null.
  std::optional<Identifier> alias;
  std::vector<Identifier> column_aliases;
};

struct SelectNode {
  size_t position = 0;
  std::vector<SelectItem> items;
  FromNode from;
  std::optional<ExpressionNode> where;
  WindowKind window = WindowKind::kNone;
  size_t window_position = 0;
  std::vector<ExpressionNode> keys;
  int64_t range_millis = 0;
  std::optional<ExpressionNode> having;
};

struct ColumnDefinition {
  Identifier name;
  model::Type type;
  bool nullable = true;
};

struct CreateStreamNode {
  Identifier name;
  bool replace = false;
  std::vector<ColumnDefinition> columns;
};

struct CreatePumpNode {
  Identifier name;
  bool replace = false;
  Identifier target;
  std::vector<Identifier> columns;  ///< Empty when the statement names none.
  SelectNode select;
};

using Statement = std::variant<CreateStreamNode, CreatePumpNode>;

}  // namespace weir::sql
