#pragma once

#include <string>

namespace weir::auth {

/// Why a request is refused, in the API's own words.
struct SignatureRefusal {
  /// MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException,
  /// UnrecognizedClientException, AccessDeniedException …
  std::string type;
  std::string message;
};

}  // namespace weir::auth
