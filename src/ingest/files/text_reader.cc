#include "ingest/files/text_reader.h"

#include <algorithm>
#include <cstring>

namespace weir::ingest {
namespace {

// Follows quotes through the lines of one CSV row. A quote opens only at the start of a field.
class QuoteState {
 public:
  // Whether a quoted field is open at the end of the row's next line.
  bool EndsInside(std::string_view line) {
    if (!inside_ && line.find('"') == std::string_view::npos) {
      return false;
    }
    bool field_start = !inside_;
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (!inside_) {
        inside_ = field_start && c == '"';
        field_start = c == ',';
      } else if (c == '"') {
        // A doubled quote opens again what the first one closes.
        const bool doubled = i + 1 < line.size() && line[i + 1] == '"';
        i += doubled ? 1 : 0;
        inside_ = doubled;
        field_start = false;
      }
    }
    return inside_;
  }

 private:
  bool inside_ = false;
};

}  // namespace

base::Result<std::unique_ptr<TextReader>> TextReader::Open(base::FileSystem& files,
                                                           const std::string& path, bool csv) {
  ASSIGN_OR_RETURN(auto file, files.Open(path, base::OpenMode::kRead));
  ASSIGN_OR_RETURN(const uint64_t total, file->Size());
  return std::unique_ptr<TextReader>(new TextReader(std::move(file), total, csv));
}

std::optional<size_t> TextReader::FindEnd() const {
  const char* const data = buffer_.data();
  QuoteState quotes;
  size_t from = at_;
  while (from < end_) {
    const void* const found = std::memchr(data + from, '\n', end_ - from);
    const size_t newline =
        found == nullptr ? end_ : static_cast<size_t>(static_cast<const char*>(found) - data);
    const bool row = csv_ && !skipping_;
    if (found != nullptr && !(row && quotes.EndsInside({data + from, newline - from}))) {
      return newline;
    }
    from = newline + 1;
  }
  // What has no line break at the end of the file is a line all the same; an open quote there is
  // the row's reader to report.
  return at_end_ && end_ > at_ ? std::optional(end_) : std::nullopt;
}

TextReader::Unit TextReader::Take(size_t end) {
  Unit unit{.text = std::string_view(buffer_).substr(at_, end - at_), .line = line_};
  line_ +=
      1 + static_cast<uint64_t>(csv_ ? std::count(unit.text.begin(), unit.text.end(), '\n') : 0);
  at_ = std::min(end + 1, end_);
  if (unit.text.ends_with('\r')) {
    unit.text.remove_suffix(1);
  }
  return unit;
}

std::optional<TextReader::Unit> TextReader::Next() {
  for (;;) {
    const std::optional<size_t> end = FindEnd();
    const size_t size = end.value_or(end_) - at_;
    if (skipping_) {
      if (!end) {
        at_ = end_;
        return std::nullopt;
      }
      at_ = std::min(*end + 1, end_);
      line_ += 1;
      skipping_ = false;
      continue;
    }
    if (size > kMaxUnitBytes) {
      // A row with an open quote may swallow the file: go on behind the first line of it.
      skipping_ = true;
      return Unit{
          .text = std::string_view(buffer_).substr(at_, 64), .line = line_, .too_long = true};
    }
    if (!end) {
      return std::nullopt;
    }
    return Take(*end);
  }
}

base::Result<bool> TextReader::Fill() {
  if (at_end_) {
    return false;
  }
  buffer_.resize(kMaxUnitBytes + 2 * kReadBytes);
  std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
  end_ -= at_;
  at_ = 0;
  const size_t wanted = std::min(kReadBytes, buffer_.size() - end_);
  ASSIGN_OR_RETURN(const size_t size,
                   file_->ReadAt(offset_, std::span<char>(buffer_.data() + end_, wanted)));
  if (offset_ == 0 && std::string_view(buffer_).starts_with("\xEF\xBB\xBF")) {
    at_ = 3;  // A byte order mark, as spreadsheets write it.
  }
  offset_ += size;
  end_ += size;
  at_end_ = size < wanted;
  return true;
}

}  // namespace weir::ingest
