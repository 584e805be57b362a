#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/mapping.h"
#include "json/scanner.h"

namespace weir::json {

/// A string, number, true, false or null of a record and the columns that take it.
struct TracedScalar {
  int node = -1;  ///< Of the path tree; -1 when no column needs it.
  bool is_string = false;
  size_t begin = 0;  ///< Without quotes.
  size_t end = 0;
};

/// Reads a record in full and collects what the columns need.
class RecordWalker {
 public:
  explicit RecordWalker(const PathTree& tree) : tree_(tree), hints_(tree.nodes.size()) {}

  /// False when the record is no JSON or has no row; reason() tells why. The tokens point into
  /// `record`.
  /// With `trace`, the trace is kept as well.
  bool Walk(std::string_view record, const StopIndex& stops, bool trace);

  const std::string& reason() const { return reason_; }

  /// Rows that the record gives.
  size_t rows() const;

  /// The value of a column in row `row` of the record.
  const Token& At(size_t column, size_t row) const {
    if (!tree_.column_is_each[column]) {
      return scalars_[column];
    }
    return row < elements_ ? each_[row * tree_.column_is_each.size() + column] : kMissingToken;
  }

  /// Every scalar of the record in order, if asked for, and whether a column took an array or
  /// object.
  const std::vector<TracedScalar>& trace() const { return trace_; }

  bool took_composite() const { return took_composite_; }

 private:
  static constexpr Token kMissingToken{};

  bool Value(Scanner& scanner, int node, size_t depth);
  bool Object(Scanner& scanner, int node, size_t depth);
  bool Array(Scanner& scanner, int node, size_t depth);
  bool Element(Scanner& scanner, int node, size_t index, size_t depth);
  bool Row(Scanner& scanner, int node);
  bool ScalarValue(Scanner& scanner, int node);
  std::span<const int> ColumnsAt(int node) const;
  Token& Slot(int node, size_t i);

  const PathTree& tree_;
  std::vector<uint32_t> hints_;  ///< Where the next member of each node is expected.
  std::vector<Token> scalars_;   ///< Of each column.
  std::vector<Token> each_;      ///< Of each column, per element of the flattened array.
  size_t elements_ = 0;
  bool row_seen_ = false;
  bool took_composite_ = false;
  bool tracing_ = false;
  const char* begin_ = nullptr;
  std::vector<TracedScalar> trace_;
  std::string decoded_key_;
  std::string reason_;
};

}  // namespace weir::json
