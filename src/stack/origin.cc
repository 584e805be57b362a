#include "stack/origin.h"

#include <algorithm>
#include <charconv>

namespace weir::stack {

namespace {

using base::Code;
using base::Fail;

constexpr std::string_view kExample = "write it as https://shop.example or http://127.0.0.1:8000";

bool IsHost(std::string_view host) {
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  return !host.empty() && std::ranges::all_of(host, [bracketed](char c) {
    const bool digit = c >= '0' && c <= '9';
    return bracketed ? digit || (c >= 'a' && c <= 'f') || c == ':' || c == '.'
                     : digit || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

base::Result<void> CheckOrigin(std::string_view text) {
  const bool secure = text.starts_with("https://");
  if (!secure && !text.starts_with("http://")) {
    return Fail(Code::kInvalidArgument, "'{}' is not an origin: {}", text, kExample);
  }
  std::string_view host = text.substr(secure ? 8 : 7);
  if (host.find_first_of("/?#") != std::string_view::npos) {
    return Fail(Code::kInvalidArgument, "'{}' must be an origin without a path: {}", text,
                kExample);
  }
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && !host.ends_with(']')) {
    const std::string_view digits = host.substr(colon + 1);
    host = host.substr(0, colon);
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0 ||
        digits.front() == '0') {
      return Fail(Code::kInvalidArgument, "'{}' has no port from 1 to 65535 behind ':'", text);
    }
    if (port == (secure ? 443 : 80)) {
      return Fail(Code::kInvalidArgument, "browsers do not name the usual port: leave out :{}",
                  port);
    }
  }
  if (!IsHost(host)) {
    return Fail(Code::kInvalidArgument,
                "'{}' is not an origin: the host has lower-case letters, digits, '.' and '-' "
                "(international names in their xn-- form); {}",
                text, kExample);
  }
  return {};
}

base::Result<void> CheckSecretFile(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '/';
  });
  if (!plain || text.empty() || text.starts_with('/') || text.ends_with('/') ||
      text.find("..") != std::string_view::npos) {
    return Fail(Code::kInvalidArgument,
                "'{}' must be a file inside the folder secrets/ of the data folder, like shop.key",
                text);
  }
  return {};
}

}  // namespace weir::stack
