#include "sql/source.h"

#include <algorithm>

namespace weir::sql {
namespace {

/// A longer source line is shown as the part around the caret.
constexpr size_t kMaxShownBytes = 120;
constexpr size_t kShownBeforeCaret = 60;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// The text with each control character as one blank, so that the caret stands right.
std::string Printable(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return shown;
}

}  // namespace

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

base::Error Source::ErrorAt(size_t offset, std::string_view message) const {
  offset = std::min(offset, text_.size());
  const std::string_view before = text_.substr(0, offset);
  const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t newline = before.rfind('\n');
  size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  size_t end = std::min(text_.find('\n', offset), text_.size());
  if (end > begin && text_[end - 1] == '\r') {
    --end;
  }
  end = std::max(end, offset);
  const size_t column = 1 + CountCharacters(text_.substr(begin, offset - begin));
  if (end - begin > kMaxShownBytes) {
    begin = std::max(begin, offset - std::min(offset, kShownBeforeCaret));
    end = std::min(end, begin + kMaxShownBytes);
    while (begin < offset && IsContinuation(text_[begin])) {
      ++begin;
    }
    while (end > offset && end < text_.size() && IsContinuation(text_[end])) {
      --end;
    }
  }
  const size_t indent = CountCharacters(text_.substr(begin, offset - begin));
  return base::Error{
      base::Code::kInvalidArgument,
      fmt::format("line {}, column {}: {}\n  {}\n  {}^", line, column, message,
                  Printable(text_.substr(begin, end - begin)), std::string(indent, ' '))};
}

}  // namespace weir::sql
