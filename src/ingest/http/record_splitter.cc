#include "ingest/http/record_splitter.h"

#include <cstring>

#include "ingest/trim.h"

namespace weir::ingest::http {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

RecordSplitter::RecordSplitter(std::string& body) : body_(body) {
  const size_t first = body_.find_first_not_of(kSpace);
  if (first != std::string::npos && body_[first] == '[') {
    array_ = true;
    at_ = first + 1;
  }
}

base::Result<std::optional<RecordSplitter::Piece>> RecordSplitter::Next() {
  if (array_) {
    return NextElement();
  }
  return NextLine();
}

std::optional<RecordSplitter::Piece> RecordSplitter::NextLine() {
  while (at_ < body_.size()) {
    const char* const start = body_.data() + at_;
    const void* const newline = std::memchr(start, '\n', body_.size() - at_);
    const size_t size = newline == nullptr
                            ? body_.size() - at_
                            : static_cast<size_t>(static_cast<const char*>(newline) - start);
    at_ += size + 1;
    ++number_;
    const std::string_view text = Trim({start, size});
    if (!text.empty()) {
      return Piece{text, number_};
    }
  }
  return std::nullopt;
}

base::Result<std::optional<RecordSplitter::Piece>> RecordSplitter::NextElement() {
  if (ended_) {
    return std::nullopt;
  }
  at_ = body_.find_first_not_of(kSpace, at_);
  if (at_ == std::string::npos) {
    return base::Fail(base::Code::kInvalidArgument, "the JSON array has no end");
  }
  if (number_ == 0 && body_[at_] == ']') {
    ++at_;
  } else {
    const size_t start = at_;
    ASSIGN_OR_RETURN(const size_t end, EndOfElement(start));
    ++number_;
    ended_ = body_[end] == ']';
    at_ = end + 1;
    const std::string_view text = Trim(std::string_view(body_).substr(start, end - start));
    if (text.empty()) {
      return base::Fail(base::Code::kInvalidArgument, "element {} of the JSON array is empty",
                        number_);
    }
    if (!ended_) {
      return Piece{text, number_};
    }
    if (body_.find_first_not_of(kSpace, at_) == std::string::npos) {
      return Piece{text, number_};
    }
  }
  ended_ = true;
  if (body_.find_first_not_of(kSpace, at_) != std::string::npos) {
    return base::Fail(base::Code::kInvalidArgument, "text follows the JSON array");
  }
  return std::nullopt;
}

base::Result<size_t> RecordSplitter::EndOfElement(size_t start) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = start; i < body_.size(); ++i) {
    const char c = body_[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == ',' || c == ']') && depth == 0) {
      return i;
    } else if (c == '}' || c == ']') {
      if (depth == 0) {
        break;
      }
      --depth;
    } else if (c == '\n' || c == '\r') {
      body_[i] = ' ';
    }
  }
  return base::Fail(base::Code::kInvalidArgument, "the JSON array breaks off in element {}",
                    number_ + 1);
}

}  // namespace weir::ingest::http
