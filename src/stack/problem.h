#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.h"

namespace weir::stack {

/// A place in a template's file, counted from 1; 0 when there is none.
struct Position {
  int line = 0;
  int column = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

/// Something wrong with a template.
struct Problem {
  std::string path;  ///< "Resources.ClickApplication.Properties.Inputs[0].InputSchema"
  Position at;
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Collects what is wrong, so that everything is told at once; keeps the first kMaxProblems.
class Problems {
 public:
  static constexpr size_t kMaxProblems = 100;

  template <typename... Args>
  void Add(std::string_view path, Position at, fmt::format_string<Args...> format, Args&&... args) {
    AddText(path, at, fmt::format(format, std::forward<Args>(args)...));
  }

  void AddText(std::string_view path, Position at, std::string message);

  bool empty() const { return problems_.empty(); }

  size_t size() const { return problems_.size(); }

  /// In the order of the file.
  std::vector<Problem> Sorted() const;

  /// One problem a line: "<file>:12:7: Resources.A.Type: unknown …".
  std::string ToText(std::string_view file_name) const;

 private:
  std::vector<Problem> problems_;
  size_t omitted_ = 0;
};

/// "; did you mean 'x'?" with the candidate nearest to `word`, or "" when none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace weir::stack
