#include "json/shape.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace weir::json {
namespace {

/// Beyond this a shape is not worth its memory.
constexpr size_t kMaxParts = 4096;
constexpr size_t kMaxFixedBytes = size_t{64} << 10;

}  // namespace

std::optional<Shape> Shape::Learn(std::string_view record, const RecordWalker& walker,
                                  const PathTree& tree) {
  const std::vector<TracedScalar>& trace = walker.trace();
  if (tree.has_each || walker.took_composite() || trace.size() > kMaxParts ||
      record.size() > kMaxFixedBytes) {
    return std::nullopt;
  }
  Shape shape;
  std::vector<bool> found(tree.column_is_each.size());
  size_t at = 0;
  for (const TracedScalar& scalar : trace) {
    Part& part = shape.parts_.emplace_back();
    part.text = record.substr(at, scalar.begin - at);
    const size_t size = std::min<size_t>(part.text.size(), sizeof part.block);
    std::memcpy(part.block, part.text.data(), size);
    part.mask = size == 32 ? ~uint32_t{0} : (uint32_t{1} << size) - 1;
    part.is_string = scalar.is_string;
    at = scalar.end;
    if (scalar.node < 0) {
      continue;
    }
    const std::vector<int>& columns = tree.nodes[static_cast<size_t>(scalar.node)].columns;
    if (columns.size() > 1 || (columns.size() == 1 && found[static_cast<size_t>(columns[0])])) {
      return std::nullopt;  // One value for two columns, or two values for one.
    }
    if (columns.size() == 1) {
      part.column = columns[0];
      found[static_cast<size_t>(columns[0])] = true;
    }
  }
  shape.tail_ = record.substr(at);
  for (size_t column = 0; column < found.size(); ++column) {
    if (!found[column]) {
      shape.missing_.push_back(column);
    }
  }
  return shape;
}

bool Shape::IsUtf8(std::string_view record) {
  return simdjson::validate_utf8(record.data(), record.size());
}

}  // namespace weir::json
