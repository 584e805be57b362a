#include "catalog/partition_text.h"

#include "base/bytes.h"
#include "base/format.h"

namespace weir::catalog {
namespace {

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '%' || c == '/' || c == '=' || static_cast<uint8_t>(c) < 0x20) {
      out += fmt::format("%{:02x}", static_cast<uint8_t>(c));
    } else {
      out.push_back(c);
    }
  }
}

std::string Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte =
        text[0] == '%' && text.size() >= 3 ? base::FromHex(text.substr(1, 2)) : std::nullopt;
    if (byte.has_value()) {
      out += *byte;
      text.remove_prefix(3);
    } else {
      out.push_back(text[0]);
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::string FormatPartition(const std::map<std::string, std::string>& partition) {
  std::string text;
  for (const auto& [key, value] : partition) {
    if (!text.empty()) {
      text.push_back('/');
    }
    AppendEscaped(key, text);
    text.push_back('=');
    AppendEscaped(value, text);
  }
  return text;
}

std::map<std::string, std::string> ParsePartition(std::string_view text) {
  std::map<std::string, std::string> partition;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('/'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      partition[Unescape(part.substr(0, equals))] = Unescape(part.substr(equals + 1));
    }
  }
  return partition;
}

}  // namespace weir::catalog
