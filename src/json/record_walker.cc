#include "json/record_walker.h"

#include <simdjson.h>

#include <algorithm>

#include "base/format.h"
#include "json/validate.h"

namespace weir::json {

bool RecordWalker::Walk(std::string_view record, const StopIndex& stops, bool trace) {
  tracing_ = trace;
  begin_ = record.data();
  scalars_.assign(tree_.column_is_each.size(), {});
  each_.clear();
  trace_.clear();
  elements_ = 0;
  row_seen_ = false;
  took_composite_ = false;
  if (!stops.ascii() && !simdjson::validate_utf8(record.data(), record.size())) {
    reason_ = "not valid JSON: not UTF-8";
    return false;
  }
  Scanner scanner(record, stops);
  bool good = Value(scanner, 0, 0);
  scanner.SkipSpace();
  if (good && !scanner.AtEnd()) {
    good = scanner.Fail("something follows the value");
  }
  if (!good) {
    reason_ = fmt::format("not valid JSON: {} at byte {}", scanner.reason(), scanner.offset());
    return false;
  }
  if (!row_seen_) {
    reason_ = tree_.rows_are_elements ? "the record has no array at the row path"
                                      : "the record has no object at the row path";
    return false;
  }
  return true;
}

size_t RecordWalker::rows() const {
  if (!tree_.has_each) {
    return 1;
  }
  return tree_.rows_are_elements ? elements_ : std::max<size_t>(elements_, 1);
}

bool RecordWalker::Value(Scanner& scanner, int node, size_t depth) {
  scanner.SkipSpace();
  if (depth > kMaxDepth) {
    return scanner.Fail("nested too deep");
  }
  if (node == tree_.row_node && !Row(scanner, node)) {
    return false;
  }
  const char* const first = scanner.at();
  const char c = scanner.Peek();
  if (c == '{' || c == '[') {
    if (!(c == '{' ? Object(scanner, node, depth) : Array(scanner, node, depth))) {
      return false;
    }
    const Token token{
        TokenKind::kComposite, false, {first, static_cast<size_t>(scanner.at() - first)}};
    for (size_t i = 0; i < ColumnsAt(node).size(); ++i) {
      Slot(node, i) = token;
      took_composite_ = true;
    }
    return true;
  }
  return ScalarValue(scanner, node);
}

std::span<const int> RecordWalker::ColumnsAt(int node) const {
  return node < 0 ? std::span<const int>() : tree_.nodes[static_cast<size_t>(node)].columns;
}

/// Where the value of the node's i-th column goes.
Token& RecordWalker::Slot(int node, size_t i) {
  const auto column = static_cast<size_t>(ColumnsAt(node)[i]);
  return tree_.column_is_each[column] ? each_[each_.size() - scalars_.size() + column]
                                      : scalars_[column];
}

/// Reads straight into the place of the first column, as copying a token costs as much as reading
/// it.
bool RecordWalker::ScalarValue(Scanner& scanner, int node) {
  Token unused;
  const size_t columns = ColumnsAt(node).size();
  Token& token = columns == 0 ? unused : Slot(node, 0);
  if (!(scanner.Peek() == '"' ? scanner.String(token) : scanner.Scalar(token))) {
    return false;
  }
  for (size_t i = 1; i < columns; ++i) {
    Slot(node, i) = token;
  }
  if (tracing_) {
    const auto begin = static_cast<size_t>(token.text.data() - begin_);
    trace_.push_back({node, token.kind == TokenKind::kString, begin, begin + token.text.size()});
  }
  return true;
}

/// Notes that the row is there; false when it is not what the columns can be taken from.
bool RecordWalker::Row(Scanner& scanner, int node) {
  const PathNode& place = tree_.nodes[static_cast<size_t>(node)];
  if (!place.members.empty() && scanner.Peek() != '{') {
    return scanner.Fail("a row must be an object");
  }
  row_seen_ = true;
  return true;
}

bool RecordWalker::Object(Scanner& scanner, int node, size_t depth) {
  scanner.Advance();
  scanner.SkipSpace();
  if (scanner.Peek() == '}') {
    scanner.Advance();
    return true;
  }
  while (true) {
    Token key;
    scanner.SkipSpace();
    if (scanner.Peek() != '"') {
      return scanner.Fail("a key in quotes must follow");
    }
    if (!scanner.String(key)) {
      return false;
    }
    scanner.SkipSpace();
    if (scanner.Peek() != ':') {
      return scanner.Fail("a colon must follow the key");
    }
    scanner.Advance();
    int child = -1;
    if (node >= 0) {
      std::string_view name = key.text;
      if (key.escaped) {
        decoded_key_.clear();
        DecodeString(name, decoded_key_);
        name = decoded_key_;
      }
      child = tree_.FindMember(node, name, hints_[static_cast<size_t>(node)]);
    }
    if (!Value(scanner, child, depth + 1)) {
      return false;
    }
    scanner.SkipSpace();
    const char c = scanner.Peek();
    if (c != ',' && c != '}') {
      return scanner.Fail("a comma or '}' must follow");
    }
    scanner.Advance();
    if (c == '}') {
      break;
    }
  }
  if (node >= 0) {
    hints_[static_cast<size_t>(node)] = 0;
  }
  return true;
}

bool RecordWalker::Array(Scanner& scanner, int node, size_t depth) {
  const bool flattened = node >= 0 && tree_.nodes[static_cast<size_t>(node)].each >= 0;
  if (flattened) {
    each_.clear();
    elements_ = 0;
    row_seen_ |= tree_.rows_are_elements;
  }
  scanner.Advance();
  scanner.SkipSpace();
  if (scanner.Peek() == ']') {
    scanner.Advance();
    return true;
  }
  for (size_t index = 0;; ++index) {
    if (!Element(scanner, node, index, depth)) {
      return false;
    }
    scanner.SkipSpace();
    const char c = scanner.Peek();
    if (c != ',' && c != ']') {
      return scanner.Fail("a comma or ']' must follow");
    }
    scanner.Advance();
    if (c == ']') {
      return true;
    }
  }
}

bool RecordWalker::Element(Scanner& scanner, int node, size_t index, size_t depth) {
  if (node < 0) {
    return Value(scanner, -1, depth + 1);
  }
  const PathNode& place = tree_.nodes[static_cast<size_t>(node)];
  if (place.each >= 0) {
    if (elements_ >= ColumnDecoder::kMaxRowsPerRecord ||
        each_.size() + scalars_.size() > ColumnDecoder::kMaxCellsPerRecord) {
      return scanner.Fail("the array gives too many rows");
    }
    ++elements_;
    each_.resize(each_.size() + scalars_.size());
    return Value(scanner, place.each, depth + 1);
  }
  const auto child = std::ranges::find(place.elements, index, &PathNode::Child::index);
  return Value(scanner, child == place.elements.end() ? -1 : child->node, depth + 1);
}

}  // namespace weir::json
