#pragma once

/// The steps of Signature Version 4: request -> canonical request -> string to sign -> signature.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/digest.h"

namespace weir::auth {

/// What a signature covers, as received.
struct SignedParts {
  std::string_view method;
  std::string_view path;   ///< Undecoded, without the query.
  std::string_view query;  ///< Undecoded.
  const std::vector<std::pair<std::string, std::string>>& headers;  ///< Names in lower case.
  std::span<const std::string_view> signed_headers;                 ///< Ascending.
  std::string_view payload_hash;                                    ///< Lower-case hex.
};

/// Without empty, "." and ".." segments.
std::string NormalizedPath(std::string_view path);

/// Values of one name are joined by commas in their order; white space is trimmed and collapsed.
std::string CanonicalRequest(const SignedParts& parts);

/// `date` as in X-Amz-Date; `scope` is "<day>/<region>/<service>/aws4_request".
std::string StringToSign(std::string_view date, std::string_view scope,
                         std::string_view canonical_request);

/// The key of one day, region and service.
crypto::Sha256Digest SigningKey(std::string_view secret, std::string_view day,
                                std::string_view region, std::string_view service);

/// Lower-case hex.
std::string Signature(const crypto::Sha256Digest& signing_key, std::string_view string_to_sign);

}  // namespace weir::auth
