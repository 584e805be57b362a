#include "query/named_view.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "query/statement_gate.h"

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

constexpr size_t kMaxName = 128;

/// The few words at the start of the text; strings and operators end it.
class Words {
 public:
  explicit Words(std::string_view text) : left_(text) { SkipSpace(); }

  std::string_view left() const { return left_; }

  /// Takes the word if it comes next, in any case.
  bool Take(std::string_view word) {
    if (left_.size() < word.size() ||
        !std::ranges::equal(left_.substr(0, word.size()), word, [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) == b;
        })) {
      return false;
    }
    if (std::isalpha(static_cast<unsigned char>(word.back())) != 0 && left_.size() > word.size() &&
        IsNameLetter(left_[word.size()])) {
      return false;
    }
    left_.remove_prefix(word.size());
    SkipSpace();
    return true;
  }

  /// The next name, bare or in double quotes or backticks; "" when none comes next.
  std::string TakeName() {
    std::string name;
    if (!left_.empty() && (left_.front() == '"' || left_.front() == '`')) {
      const size_t end = left_.find(left_.front(), 1);
      if (end == std::string_view::npos) {
        return {};
      }
      name = left_.substr(1, end - 1);
      left_.remove_prefix(end + 1);
    } else {
      const auto end = std::ranges::find_if_not(left_, IsNameLetter);
      name.assign(left_.begin(), end);
      left_.remove_prefix(name.size());
    }
    SkipSpace();
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
  }

 private:
  static bool IsNameLetter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }

  void SkipSpace() {
    while (!left_.empty()) {
      if (std::isspace(static_cast<unsigned char>(left_.front())) != 0) {
        left_.remove_prefix(1);
      } else if (left_.starts_with("--")) {
        left_.remove_prefix(std::min(left_.size(), left_.find('\n')));
      } else if (left_.starts_with("/*")) {
        const size_t end = left_.find("*/", 2);
        left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 2);
      } else {
        return;
      }
    }
  }

  std::string_view left_;
};

base::Result<void> CheckName(std::string_view name) {
  const bool plain =
      !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-';
      });
  if (!plain) {
    return Fail(Code::kInvalidArgument,
                "the view name '{}' is not allowed; use 1 to {} letters, digits, '_' or '-'",
                name.substr(0, kMaxName), kMaxName);
  }
  return {};
}

}  // namespace

base::Result<NamedView> ReadNamedView(const NamedQuery& query) {
  Words words(query.text);
  NamedView view{.database = query.database, .name = query.name, .select = {}};
  std::ranges::transform(view.name, view.name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (words.Take("create")) {
    if (words.Take("or") && !words.Take("replace")) {
      return Fail(Code::kInvalidArgument, "REPLACE must follow CREATE OR");
    }
    if (!words.Take("view")) {
      return Fail(Code::kInvalidArgument, "a named query is a SELECT or CREATE OR REPLACE VIEW");
    }
    view.name = words.TakeName();
    if (words.Take(".")) {
      view.database = std::exchange(view.name, words.TakeName());
    }
    if (!words.Take("as")) {
      return Fail(Code::kInvalidArgument,
                  "AS must follow the name of the view '{}' (a list of columns is not supported; "
                  "name them in the SELECT)",
                  view.name);
    }
  }
  RETURN_IF_ERROR(CheckName(view.name));
  view.database = DatabaseOf(view.database);
  view.select = words.left();
  return view;
}

}  // namespace weir::query
