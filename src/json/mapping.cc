#include "json/mapping.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "json/validate.h"

namespace weir::json {
namespace {

using base::Code;
using base::Fail;

/// Members of one node beyond which they are searched by key order.
constexpr size_t kMaxLinearMembers = 16;
constexpr size_t kMaxPathBytes = 1024;

enum class StepKind : uint8_t { kMember, kElement, kEach };

struct Step {
  StepKind kind = StepKind::kMember;
  std::string key;
  size_t index = 0;
};

std::unexpected<base::Error> BadPath(std::string_view path, std::string_view why) {
  return Fail(Code::kInvalidArgument,
              "JSON path '{}' {}: use a form like $.a.b, $.list[0] or $.list[0:].c", path, why);
}

/// "[0]" or "[0:]" at the front of `rest`.
std::optional<Step> TakeBrackets(std::string_view& rest) {
  const size_t close = rest.find(']');
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view inner = rest.substr(1, close - 1);
  rest.remove_prefix(close + 1);
  if (inner == "0:") {
    return Step{.kind = StepKind::kEach, .key = {}, .index = 0};
  }
  Step step{.kind = StepKind::kElement, .key = {}, .index = 0};
  const auto [end, error] = std::from_chars(inner.data(), inner.data() + inner.size(), step.index);
  if (error != std::errc() || end != inner.data() + inner.size()) {
    return std::nullopt;
  }
  return step;
}

base::Result<std::vector<Step>> ParsePath(std::string_view path) {
  if (path.size() > kMaxPathBytes) {
    return BadPath(path.substr(0, 64), fmt::format("is longer than {} bytes", kMaxPathBytes));
  }
  std::string_view rest = path;
  if (!rest.starts_with('$')) {
    return BadPath(path, "does not start with $");
  }
  rest.remove_prefix(1);
  std::vector<Step> steps;
  while (!rest.empty()) {
    if (rest.front() == '.') {
      rest.remove_prefix(1);
      const size_t size = std::min(rest.find_first_of(".["), rest.size());
      if (size == 0) {
        return BadPath(path, "has an empty name");
      }
      steps.push_back(
          {.kind = StepKind::kMember, .key = std::string(rest.substr(0, size)), .index = 0});
      rest.remove_prefix(size);
      continue;
    }
    std::optional<Step> step = rest.front() == '[' ? TakeBrackets(rest) : std::nullopt;
    if (!step.has_value()) {
      return BadPath(path, "does not parse");
    }
    steps.push_back(*std::move(step));
  }
  if (steps.size() >= kMaxDepth) {
    return BadPath(path, "has too many steps");
  }
  return steps;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(PathTree& tree) : tree_(tree) { tree_.nodes.emplace_back(); }

  /// The node that `steps` lead to from `node`; adds what is missing.
  int Follow(int node, std::span<const Step> steps) {
    for (const Step& step : steps) {
      node = step.kind == StepKind::kEach ? Each(node) : Child(node, step);
    }
    return node;
  }

 private:
  int Add() {
    tree_.nodes.emplace_back();
    return static_cast<int>(tree_.nodes.size()) - 1;
  }

  int Each(int node) {
    if (tree_.nodes[static_cast<size_t>(node)].each < 0) {
      const int added = Add();
      tree_.nodes[static_cast<size_t>(node)].each = added;
      tree_.has_each = true;
    }
    return tree_.nodes[static_cast<size_t>(node)].each;
  }

  int Child(int node, const Step& step) {
    const bool member = step.kind == StepKind::kMember;
    const auto& children = member ? tree_.nodes[static_cast<size_t>(node)].members
                                  : tree_.nodes[static_cast<size_t>(node)].elements;
    for (const PathNode::Child& child : children) {
      if (member ? child.key == step.key : child.index == step.index) {
        return child.node;
      }
    }
    const int added = Add();
    PathNode& parent = tree_.nodes[static_cast<size_t>(node)];
    (member ? parent.members : parent.elements).push_back({step.key, step.index, added});
    return added;
  }

  PathTree& tree_;
};

bool IsEach(const Step& step) {
  return step.kind == StepKind::kEach;
}

/// What the column's steps flatten; -1 when nothing.
base::Result<std::ptrdiff_t> FindEach(const ColumnMapping& column, std::vector<Step>& steps) {
  if (!steps.empty() && IsEach(steps.back())) {
    steps.pop_back();  // "$.list[0:]": the whole array as one value.
  }
  const auto each = std::ranges::find_if(steps, IsEach);
  if (each == steps.end()) {
    return -1;
  }
  if (std::any_of(each + 1, steps.end(), IsEach)) {
    return BadPath(column.path, "flattens two arrays");
  }
  return each - steps.begin();
}

void SortMembers(PathTree& tree) {
  for (PathNode& node : tree.nodes) {
    if (node.members.size() > kMaxLinearMembers) {
      node.by_key.resize(node.members.size());
      std::iota(node.by_key.begin(), node.by_key.end(), 0);
      std::ranges::sort(node.by_key, {}, [&](uint32_t i) { return node.members[i].key; });
    }
  }
}

base::Result<void> CheckNames(std::span<const ColumnMapping> columns) {
  if (columns.empty() || columns.size() > ColumnDecoder::kMaxColumns) {
    return Fail(Code::kInvalidArgument, "a mapping has 1 to {} columns, but this one has {}",
                ColumnDecoder::kMaxColumns, columns.size());
  }
  std::vector<std::string_view> names;
  for (const ColumnMapping& column : columns) {
    names.push_back(column.name);
  }
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    return Fail(Code::kInvalidArgument, "column '{}' is mapped twice", *twice);
  }
  return {};
}

}  // namespace

int PathTree::FindMember(int node, std::string_view key, uint32_t& hint) const {
  const PathNode& place = nodes[static_cast<size_t>(node)];
  const size_t count = place.members.size();
  if (hint < count && place.members[hint].key == key) {
    return place.members[hint++].node;
  }
  if (!place.by_key.empty()) {
    const auto found = std::ranges::lower_bound(
        place.by_key, key, {},
        [&](uint32_t i) -> std::string_view { return place.members[i].key; });
    if (found == place.by_key.end() || place.members[*found].key != key) {
      return -1;
    }
    hint = *found + 1;
    return place.members[*found].node;
  }
  for (size_t i = 0; i < count; ++i) {
    if (place.members[i].key == key) {
      hint = static_cast<uint32_t>(i) + 1;
      return place.members[i].node;
    }
  }
  return -1;
}

base::Result<PathTree> BuildPathTree(std::string_view row_path,
                                     std::span<const ColumnMapping> columns) {
  RETURN_IF_ERROR(CheckNames(columns));
  ASSIGN_OR_RETURN(std::vector<Step> row_steps, ParsePath(row_path));
  PathTree tree;
  TreeBuilder builder(tree);
  if (std::ranges::count_if(row_steps, IsEach) > 1) {
    return BadPath(row_path, "flattens two arrays");
  }
  if (std::ranges::any_of(row_steps, IsEach) && !IsEach(row_steps.back())) {
    return BadPath(row_path, "must end where it flattens an array");
  }
  tree.rows_are_elements = !row_steps.empty() && IsEach(row_steps.back());
  tree.row_node = builder.Follow(0, row_steps);
  std::vector<Step> flattened;
  for (size_t i = 0; i < columns.size(); ++i) {
    ASSIGN_OR_RETURN(std::vector<Step> steps, ParsePath(columns[i].path));
    ASSIGN_OR_RETURN(const std::ptrdiff_t each, FindEach(columns[i], steps));
    if (each >= 0) {
      const auto same = [](const Step& a, const Step& b) {
        return a.kind == b.kind && a.key == b.key && a.index == b.index;
      };
      std::vector<Step> prefix(steps.begin(), steps.begin() + each + 1);
      if (tree.rows_are_elements ||
          (!flattened.empty() && !std::ranges::equal(flattened, prefix, same))) {
        return BadPath(columns[i].path,
                       "flattens another array than the row path or other columns");
      }
      flattened = std::move(prefix);
    }
    tree.column_is_each.push_back(each >= 0 || tree.rows_are_elements);
    const int node = builder.Follow(tree.row_node, steps);
    tree.nodes[static_cast<size_t>(node)].columns.push_back(static_cast<int>(i));
  }
  SortMembers(tree);
  return tree;
}

}  // namespace weir::json
