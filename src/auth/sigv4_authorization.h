#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "auth/signature_refusal.h"
#include "net/http_server.h"

namespace weir::auth {

/// What the head of a signed request claims. Views point into the request.
struct Authorization {
  std::string_view key_id;
  std::string_view scope;  ///< "<day>/<region>/<service>/aws4_request"
  std::string_view day;
  std::string_view region;
  std::string_view service;
  std::vector<std::string_view> signed_headers;  ///< Ascending; each is once in the request.
  std::string_view signature;                    ///< 64 lower-case hex digits.
  std::string_view date;                         ///< X-Amz-Date
  int64_t date_millis = 0;
  std::string_view payload_hash;  ///< x-amz-content-sha256, 64 lower-case hex digits, or "".
};

/// Reads the head of a signed request. Refuses what is no complete SigV4 header signature, does not
/// sign all that matters (host, content-type, every x-amz-… header), has one of these twice, or
/// leaves the body unsigned. Whether scope, date and signature are right is not looked at.
std::expected<Authorization, SignatureRefusal> ReadAuthorization(const net::Request& head);

/// Whether a request is meant for an AWS API: it claims a signature, right or wrong, in its
/// Authorization header or in its query.
bool ClaimsSignature(const net::Request& head);

}  // namespace weir::auth
