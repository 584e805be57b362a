#pragma once

#include <string_view>

#include "net/http_server.h"

namespace weir::dashboard {

/// What the browser may load and do on the page: its own files and this server's data.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The answer to a request for the page ("/") or one of its files.
net::Response AnswerWebFile(const net::Request& request);

}  // namespace weir::dashboard
