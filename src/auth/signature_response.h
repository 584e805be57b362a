#pragma once

#include "auth/sigv4.h"
#include "net/http_server.h"

namespace weir::auth {

/// The refusal as the APIs' clients read it: the type in a header and, with the message, in a body
/// of the encoding that the request has (JSON or CBOR).
net::Response ResponseTo(const SignatureRefusal& refusal, const net::Request& request);

}  // namespace weir::auth
