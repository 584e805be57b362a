#include "stack/problem.h"

#include <algorithm>
#include <cctype>

namespace weir::stack {

namespace {

constexpr size_t kMaxWord = 128;

/// Edits (insert, remove, replace, swap neighbours) between two words, letters' case ignored.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

void Problems::AddText(std::string_view path, Position at, std::string message) {
  Problem problem{std::string(path), at, std::move(message)};
  if (std::find(problems_.begin(), problems_.end(), problem) != problems_.end()) {
    return;
  }
  if (problems_.size() == kMaxProblems) {
    ++omitted_;
    return;
  }
  problems_.push_back(std::move(problem));
}

std::vector<Problem> Problems::Sorted() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
  return sorted;
}

std::string Problems::ToText(std::string_view file_name) const {
  std::string text;
  for (const Problem& problem : Sorted()) {
    if (!text.empty()) {
      text += '\n';
    }
    text += problem.at.line > 0
                ? fmt::format("{}:{}:{}: ", file_name, problem.at.line, problem.at.column)
                : fmt::format("{}: ", file_name);
    if (!problem.path.empty()) {
      text += problem.path + ": ";
    }
    text += problem.message;
  }
  if (omitted_ > 0) {
    text += fmt::format("\n{}: {} more problems were left out", file_name, omitted_);
  }
  return text;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kMaxWord) {
    return "";
  }
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kMaxWord) {
      continue;
    }
    if (const size_t distance = Distance(word, candidate); distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

}  // namespace weir::stack
