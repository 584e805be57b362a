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
  if (tree.has_each || walker.took_composite()) {
    return std::nullopt;
  }
  std::vector<TracedScalar> trace = walker.trace();
  for (TracedScalar& scalar : trace) {
    if (scalar.node < 0) {
      continue;
    }
    const std::vector<int>& columns = tree.nodes[static_cast<size_t>(scalar.node)].columns;
    if (columns.size() > 1) {
      return std::nullopt;  // One value for two columns.
    }
    scalar.node = columns.empty() ? -1 : columns[0];
  }
  return Of(record, trace, tree.column_is_each.size());
}

std::optional<Shape> Shape::Of(std::string_view record, std::span<const TracedScalar> trace,
                               size_t columns) {
  if (trace.size() > kMaxParts || record.size() > kMaxFixedBytes) {
    return std::nullopt;
  }
  Shape shape;
  std::vector<bool> found(columns);
  size_t at = 0;
  for (const TracedScalar& scalar : trace) {
    Part& part = shape.parts_.emplace_back();
    part.text = record.substr(at, scalar.begin - at);
    const size_t size = std::min<size_t>(part.text.size(), sizeof part.block);
    std::memcpy(part.block, part.text.data(), size);
    part.mask = size == 32 ? ~uint32_t{0} : (uint32_t{1} << size) - 1;
    part.is_string = scalar.is_string;
    part.column = scalar.node;
    at = scalar.end;
    if (scalar.node < 0) {
      continue;
    }
    if (found[static_cast<size_t>(scalar.node)]) {
      return std::nullopt;
    }
    found[static_cast<size_t>(scalar.node)] = true;
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
