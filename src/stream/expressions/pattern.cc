#include "stream/expressions/pattern.h"

#include <regex>
#include <utility>

namespace weir::stream {

namespace {

// Length of the UTF-8 character at the front; 1 for bytes that begin none.
size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead < 0x80    ? 1
                        : lead >= 0xF0 ? 4
                        : lead >= 0xE0 ? 3
                        : lead >= 0xC0 ? 2
                                       : 1;
  return std::min(length, text.size());
}

}  // namespace

base::Result<bool> MatchesLike(std::string_view text, std::string_view pattern,
                               std::optional<char> escape) {
  // The classic walk: remember the last % and how much text it has eaten; on a mismatch let it eat
  // one more.
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  if (escape && pattern.ends_with(*escape)) {
    size_t run = 0;
    while (run < pattern.size() && pattern[pattern.size() - 1 - run] == *escape) {
      ++run;
    }
    if (run % 2 == 1) {
      return base::Fail(base::Code::kInvalidArgument,
                        "the LIKE pattern '{}' ends with its escape character", pattern);
    }
  }
  while (t < text.size()) {
    const bool escaped = p < pattern.size() && escape && pattern[p] == *escape;
    const size_t at = escaped ? p + 1 : p;
    if (!escaped && p < pattern.size() && pattern[p] == '%') {
      star = p++;
      star_text = t;
    } else if (!escaped && p < pattern.size() && pattern[p] == '_') {
      t += CharacterLength(text.substr(t));
      ++p;
    } else if (at < pattern.size() && pattern[at] == text[t]) {
      p = at + 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%' && !(escape && *escape == '%')) {
    ++p;
  }
  return p == pattern.size();
}

struct RegularExpression::State {
  std::regex regex;
};

RegularExpression::RegularExpression(std::unique_ptr<State> state) : state_(std::move(state)) {}

RegularExpression::RegularExpression(RegularExpression&&) noexcept = default;
RegularExpression& RegularExpression::operator=(RegularExpression&&) noexcept = default;
RegularExpression::~RegularExpression() = default;

base::Result<RegularExpression> RegularExpression::Create(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return base::Fail(base::Code::kInvalidArgument, "a pattern of {} bytes is longer than {}",
                      pattern.size(), kMaxPatternBytes);
  }
  try {
    // The breadth-first matcher needs neither stack nor exponential time for hostile texts.
    const auto flags = std::regex_constants::ECMAScript | std::regex_constants::__polynomial;
    return RegularExpression(
        std::make_unique<State>(State{std::regex(pattern.begin(), pattern.end(), flags)}));
  } catch (const std::regex_error& error) {
    return base::Fail(base::Code::kInvalidArgument, "the pattern '{}' cannot be read: {}", pattern,
                      error.what());
  }
}

base::Result<RegularExpression> RegularExpression::CreateSimilar(std::string_view pattern,
                                                                 std::optional<char> escape) {
  std::string translated = "(?:";
  bool in_set = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (escape && c == *escape) {
      if (++i == pattern.size()) {
        return base::Fail(base::Code::kInvalidArgument,
                          "the SIMILAR TO pattern '{}' ends with its escape character", pattern);
      }
      translated += '\\';
      translated += pattern[i];
    } else if (in_set) {
      in_set = c != ']';
      translated += c;
    } else if (c == '%') {
      translated += "[\\s\\S]*";
    } else if (c == '_') {
      translated += "[\\s\\S]";
    } else {
      in_set = c == '[';
      if (std::string_view(".^$\\").contains(c)) {
        translated += '\\';
      }
      translated += c;
    }
  }
  translated += ")";
  return Create(translated);
}

bool RegularExpression::Matches(std::string_view text) const {
  return std::regex_match(text.begin(), text.end(), state_->regex);
}

std::string RegularExpression::Replace(std::string_view text, std::string_view replacement,
                                       size_t start, size_t occurrence) const {
  std::string out(text.substr(0, start));
  std::string_view rest = text.substr(start);
  auto flags = std::regex_constants::match_default;
  std::match_results<std::string_view::const_iterator> match;
  size_t count = 0;
  while (std::regex_search(rest.begin(), rest.end(), match, state_->regex, flags)) {
    const auto before = static_cast<size_t>(match.position(0));
    const auto length = static_cast<size_t>(match.length(0));
    out += rest.substr(0, before);
    ++count;
    const bool chosen = occurrence == 0 || count == occurrence;
    out += chosen ? replacement : rest.substr(before, length);
    rest.remove_prefix(before + length);
    if (count == occurrence || rest.empty()) {
      break;
    }
    if (length == 0) {
      out += rest.front();
      rest.remove_prefix(1);
    }
    flags = std::regex_constants::match_prev_avail;
  }
  return out += rest;
}

}  // namespace weir::stream
