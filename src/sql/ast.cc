#include "sql/ast.h"

#include <algorithm>

namespace weir::sql {

bool ExpressionNode::SameAs(const ExpressionNode& other) const {
  return kind == other.kind && name == other.name && text == other.text && number == other.number &&
         distinct == other.distinct && star == other.star && unit == other.unit &&
         type == other.type &&
         std::equal(arguments.begin(), arguments.end(), other.arguments.begin(),
                    other.arguments.end(),
                    [](const ExpressionNode& a, const ExpressionNode& b) { return a.SameAs(b); });
}

}  // namespace weir::sql
