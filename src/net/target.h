#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/request_parser.h"

namespace weir::net {

// A request target, taken apart and decoded.
struct Target {
  std::string path;                   // Decoded whole.
  std::vector<std::string> segments;  // Decoded one by one; "/" has one empty segment.
  std::map<std::string, std::string, std::less<>> query;
};

inline constexpr size_t kMaxQueryParameters = 64;

// Refuses broken percent-encoding, control characters and "." or ".." segments.
std::expected<Target, Refusal> ParseTarget(std::string_view target);

// Which Host values are served. A page of a foreign site can make a browser send requests to a
// loopback address under the site's own name (DNS rebinding): such names are refused.
class HostPolicy {
 public:
  HostPolicy(std::string_view listen_host, std::vector<std::string> allowed);

  // `host` as in the Host header, with or without a port.
  bool Allows(std::string_view host) const;

 private:
  std::vector<std::string> allowed_;
  bool any_address_;
};

// Whether a browser sends this on behalf of another site's page: `origin` and `fetch_site` are the
// Origin and Sec-Fetch-Site headers ("" when missing). Over TLS a page that came without it is
// another site's.
bool IsCrossOrigin(std::string_view origin, std::string_view fetch_site, std::string_view host,
                   bool secure);

}  // namespace weir::net
