#include "ingest/record_field.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "json/document.h"

namespace weir::ingest {
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

std::optional<int64_t> TimeReader::Read(std::string_view value) {
  if (value.starts_with('"') && value.size() >= 2) {
    int64_t millis = 0;
    const bool read = timestamps_.Read(value.substr(1, value.size() - 2), millis);
    return read ? std::optional(millis) : std::nullopt;
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

}  // namespace weir::ingest
