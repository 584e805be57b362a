#pragma once

/// AWS Signature Version 4 as a server checks it.

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "auth/keyring.h"
#include "auth/signature_refusal.h"
#include "base/clock.h"
#include "net/http_server.h"

namespace weir::auth {

struct SigV4Options {
  std::string region = "us-east-1";
  int64_t max_skew_millis = 300'000;  ///< at most 900,000
};

/// Checks signatures. Thread-safe.
class SigV4Verifier {
 public:
  static std::unique_ptr<SigV4Verifier> Create(SigV4Options options, Keyring& keyring,
                                               base::Clock& clock);
  virtual ~SigV4Verifier() = default;

  /// What can be told from the head alone (form, scope, skew), before a body is read. The scope's
  /// service is the one that x-amz-target names: kinesis or firehose.
  virtual std::expected<void, SignatureRefusal> CheckHead(const net::Request& head) const = 0;
  /// The whole check. An unknown or revoked key and a wrong signature are told apart neither by the
  /// refusal nor by the work that it costs.
  virtual std::expected<Identity, SignatureRefusal> Verify(const net::Request& request) = 0;
};

}  // namespace weir::auth
