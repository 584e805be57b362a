#include "ingest/record_field.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/time_format.h"
#include "json/document.h"

namespace weir::ingest {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t SkipSpace(std::string_view text, size_t at) {
  while (at < text.size() && IsSpace(text[at])) {
    ++at;
  }
  return at;
}

// `at` is a quote; returns the place behind the closing one.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

// `at` is '{' or '['; returns the place behind its counterpart.
size_t SkipNested(std::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
      continue;
    }
    depth += c == '{' || c == '[' ? 1 : 0;
    depth -= c == '}' || c == ']' ? 1 : 0;
    ++at;
    if (depth == 0) {
      break;
    }
  }
  return at;
}

// Whether the quote at `at` opens a string that is directly in the object.
bool IsAtTopLevel(std::string_view object, size_t at) {
  size_t backslashes = 0;
  while (object[at - 1 - backslashes] == '\\') {
    ++backslashes;
  }
  if (backslashes % 2 == 1) {
    return false;
  }
  const std::string_view before = object.substr(1, at - 1);
  if (std::memchr(before.data(), '{', before.size()) == nullptr &&
      std::memchr(before.data(), '[', before.size()) == nullptr) {
    return true;
  }
  size_t scan = 1;
  while (scan < at) {
    const char c = object[scan];
    scan = c == '"'               ? SkipString(object, scan)
           : c == '{' || c == '[' ? SkipNested(object, scan)
                                  : scan + 1;
  }
  return scan == at;
}

std::string_view ValueAt(std::string_view object, size_t at) {
  const size_t start = SkipSpace(object, at);
  if (start >= object.size()) {
    return {};
  }
  const char first = object[start];
  size_t end = start;
  if (first == '"') {
    end = SkipString(object, start);
  } else if (first == '{' || first == '[') {
    end = SkipNested(object, start);
  } else {
    while (end < object.size() && object[end] != ',' && object[end] != '}' &&
           !IsSpace(object[end])) {
      ++end;
    }
  }
  return object.substr(start, end - start);
}

}  // namespace

std::optional<std::string_view> FieldFinder::Find(std::string_view object) const {
  size_t from = 1;
  while (from < object.size()) {
    const void* found =
        ::memmem(object.data() + from, object.size() - from, quoted_.data(), quoted_.size());
    if (found == nullptr) {
      return std::nullopt;
    }
    const auto at = static_cast<size_t>(static_cast<const char*>(found) - object.data());
    const size_t colon = SkipSpace(object, at + quoted_.size());
    if (colon < object.size() && object[colon] == ':' && IsAtTopLevel(object, at)) {
      return ValueAt(object, colon + 1);
    }
    from = at + 1;
  }
  return std::nullopt;
}

std::optional<std::string_view> ValueText(std::string_view value, std::string& scratch) {
  if (value.empty() || value == "null") {
    return std::nullopt;
  }
  if (value.front() != '"') {
    return value;
  }
  const std::string_view inner = value.substr(1, value.size() - 2);
  if (inner.find('\\') == std::string_view::npos) {
    return inner;
  }
  const auto parsed = json::Parse(value);
  const auto text = parsed ? parsed->AsString() : std::nullopt;
  if (!text) {
    return std::nullopt;
  }
  scratch = *text;
  return scratch;
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::optional<int64_t> ValueTime(std::string_view value) {
  if (value.starts_with('"') && value.size() >= 2) {
    return base::ParseTimestamp(value.substr(1, value.size() - 2));
  }
  const char* const end = value.data() + value.size();
  int64_t millis = 0;
  auto [stop, error] = std::from_chars(value.data(), end, millis);
  if (error == std::errc() && stop == end) {
    return millis;
  }
  double number = 0;
  const auto parsed = std::from_chars(value.data(), end, number);
  constexpr double kMaxMillis = 9e18;
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return std::nullopt;
  }
  return static_cast<int64_t>(std::fmin(std::fmax(number, -kMaxMillis), kMaxMillis));
}

bool FutureGuard::IsAhead(std::string_view value) {
  constexpr size_t kMinuteLength = 17;  // With the opening quote: "2026-11-22T07:35
  constexpr int64_t kMinuteMillis = 60'000;
  const std::string_view minute = value.substr(0, kMinuteLength);
  const bool has_offset = value.size() > kMinuteLength &&
                          value.find_first_of("+-", kMinuteLength) != std::string_view::npos;
  if (minute == minute_ && !has_offset && minute_end_ <= latest_) {
    return false;
  }
  const std::optional<int64_t> time = ValueTime(value);
  if (!time) {
    return false;
  }
  if (value.starts_with('"') && minute.size() == kMinuteLength && !has_offset) {
    minute_ = minute;
    minute_end_ = *time - *time % kMinuteMillis + kMinuteMillis;
  }
  return *time > latest_;
}

}  // namespace weir::ingest
