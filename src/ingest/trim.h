#pragma once

#include <string_view>

namespace weir::ingest {

// `line` without the blanks and carriage returns around it.
inline std::string_view Trim(std::string_view line) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && blank(line.front())) {
    line.remove_prefix(1);
  }
  while (!line.empty() && blank(line.back())) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace weir::ingest
