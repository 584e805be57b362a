#pragma once

/// The door of the net room for clients: a blocking HTTP/1.1 client over kept-alive connections,
/// plain or over TLS.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::net {

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
  std::string body;
};

/// How the certificate of an https:// server is judged.
struct ClientTls {
  std::string authorities;  ///< PEM text that replaces the system's trusted certificates; "" keeps
                            ///< those.
};

/// One connection to one server. Not thread-safe.
class HttpClient {
 public:
  /// `url` is "http://host:port" or "https://host:port" (a path is refused). Connects at the first
  /// request. Over TLS the server's certificate must be trusted and name the host.
  static base::Result<std::unique_ptr<HttpClient>> Create(std::string_view url,
                                                          int64_t timeout_millis = 30'000,
                                                          const ClientTls& tls = {});
  virtual ~HttpClient() = default;

  /// kUnavailable when the server cannot be reached or hangs up; any HTTP status is a response, not
  /// an error.
  virtual base::Result<ClientResponse> Send(
      std::string_view method, std::string_view target,
      const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body) = 0;
};

}  // namespace weir::net
