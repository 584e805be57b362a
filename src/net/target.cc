#include "net/target.h"

#include <algorithm>
#include <optional>

#include "net/text.h"

namespace weir::net {
namespace {

template <typename... Args>
std::unexpected<Refusal> Refuse(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Refusal{400, fmt::format(format, std::forward<Args>(args)...)});
}

// Nothing for broken encoding or a control character.
std::optional<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) {
        return std::nullopt;
      }
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool line_or_tab = plus_is_space && (byte == '\n' || byte == '\r' || byte == '\t');
    if ((byte < 0x20 && !line_or_tab) || byte == 0x7F) {
      return std::nullopt;
    }
    out.push_back(c);
  }
  return out;
}

std::expected<void, Refusal> ParseQuery(std::string_view text, Target& target) {
  size_t count = 0;
  while (!text.empty()) {
    const size_t ampersand = text.find('&');
    const std::string_view part = text.substr(0, ampersand);
    text.remove_prefix(ampersand == std::string_view::npos ? text.size() : ampersand + 1);
    if (part.empty()) {
      continue;
    }
    if (++count > kMaxQueryParameters) {
      return Refuse("more than {} query parameters", kMaxQueryParameters);
    }
    const size_t equals = part.find('=');
    auto name = Decode(part.substr(0, equals), true);
    auto value = Decode(
        equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!name || !value) {
      return Refuse("the query is not percent-encoded text");
    }
    target.query.try_emplace(std::move(*name), std::move(*value));
  }
  return {};
}

// The host without its port and without the brackets of an IPv6 address.
std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    return host.substr(1, host.find(']') - 1);
  }
  return host.substr(0, host.find(':'));
}

bool IsIpv4(std::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || c == '.'; });
}

bool IsIpv6(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return HexDigit(c) >= 0 || c == ':' || c == '.'; });
}

}  // namespace

std::expected<Target, Refusal> ParseTarget(std::string_view text) {
  Target target;
  const size_t question = text.find('?');
  std::string_view path = text.substr(0, question);
  target.path.reserve(path.size());
  path.remove_prefix(1);
  for (;;) {
    const size_t slash = path.find('/');
    auto segment = Decode(path.substr(0, slash), false);
    if (!segment) {
      return Refuse("the path is not percent-encoded text");
    }
    if (*segment == "." || *segment == "..") {
      return Refuse("the path holds a '.' or '..' part");
    }
    target.path.append("/").append(*segment);
    target.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) {
      break;
    }
    path.remove_prefix(slash + 1);
  }
  if (question != std::string_view::npos) {
    if (auto parsed = ParseQuery(text.substr(question + 1), target); !parsed) {
      return std::unexpected(std::move(parsed).error());
    }
  }
  return target;
}

HostPolicy::HostPolicy(std::string_view listen_host, std::vector<std::string> allowed)
    : any_address_(listen_host == "0.0.0.0" || listen_host == "::") {
  allowed_.push_back(LowerCase(listen_host));
  for (const std::string& host : allowed) {
    allowed_.push_back(LowerCase(host));
  }
}

bool HostPolicy::Allows(std::string_view host) const {
  const std::string_view name = WithoutPort(host);
  if (EqualsIgnoreCase(name, "localhost") || name == "::1" ||
      (IsIpv4(name) && name.starts_with("127."))) {
    return true;
  }
  // An address cannot be rebound; only names can.
  if (any_address_ && (IsIpv4(name) || IsIpv6(name))) {
    return true;
  }
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const std::string& allowed) {
    return EqualsIgnoreCase(allowed, name) || EqualsIgnoreCase(allowed, host);
  });
}

bool IsCrossOrigin(std::string_view origin, std::string_view fetch_site, std::string_view host,
                   bool secure) {
  if (!fetch_site.empty() && fetch_site != "same-origin" && fetch_site != "none") {
    return true;
  }
  if (origin.empty()) {
    return false;
  }
  const size_t scheme = origin.find("://");
  return scheme == std::string_view::npos || (secure && origin.substr(0, scheme) != "https") ||
         !EqualsIgnoreCase(origin.substr(scheme + 3), host);
}

}  // namespace weir::net
