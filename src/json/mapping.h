#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/column_decoder.h"

namespace weir::json {

/// A place in a record that columns need, or that leads to one.
struct PathNode {
  struct Child {
    std::string key;
    size_t index = 0;  ///< Of an array element, for children of `elements`.
    int node = -1;
  };

  std::vector<Child> members;
  std::vector<Child> elements;
  int each = -1;             ///< The node of every element, when the array is flattened.
  std::vector<int> columns;  ///< That take the value here.
  /// Positions in `members`, by key; only when there are many.
  std::vector<uint32_t> by_key;
};

/// All paths of a mapping as one tree.
struct PathTree {
  std::vector<PathNode> nodes;  ///< The first is the record.
  int row_node = 0;  ///< Where a row stands; each of the row path's array when rows_are_elements.
  bool rows_are_elements = false;
  bool has_each = false;
  /// Whether column i takes one value per element of the flattened array.
  std::vector<bool> column_is_each;

  /// The member of `node` with this key, or -1. `hint` is where the search starts and is moved on.
  int FindMember(int node, std::string_view key, uint32_t& hint) const;
};

/// Errors as ColumnDecoder::Create.
base::Result<PathTree> BuildPathTree(std::string_view row_path,
                                     std::span<const ColumnMapping> columns);

}  // namespace weir::json
