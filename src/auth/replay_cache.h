#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>

#include "auth/signature_refusal.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "net/http_server.h"

namespace weir::auth {

/// The signature of a request that SigV4Verifier has accepted; "" without one.
std::string_view SignatureIn(const net::Request& request);

/// Answers a signed request once, however often it arrives: a repetition (by a client that lost the
/// answer, by someone who recorded the request, or by a client that says the same twice in one
/// second, which gives the same signature) gets the answer of the first, and nothing happens again.
/// Thread-safe.
class ReplayCache {
 public:
  struct Limits {
    /// Answers kept; beyond it the oldest are forgotten, and repetitions of their requests refused.
    size_t answer_bytes = size_t{64} << 20;
    /// Signatures remembered; beyond it the oldest are forgotten and would be taken for new.
    size_t signatures = size_t{1} << 19;
    /// Repetitions that wait for one answer; further ones are refused.
    size_t waiting = 64;
  };

  /// A signature is good from 15 minutes before its date to 15 minutes after, at most.
  static constexpr int64_t kKeepMillis = 1'800'000;

  /// `metrics` may be null.
  ReplayCache(base::Clock& clock, base::Metrics* metrics, const Limits& limits);
  ~ReplayCache();

  /// For the first request with `signature` (one that was verified): the responder to answer it
  /// with. Its answer is kept when something was done, or may have been (also when that is only a
  /// part of it, which must not be done twice): see net::Response::had_effect. Another one lets the
  /// client try again. For a repetition: nullptr, and it is answered (now, or with the first).
  /// Refused, with `responder` left as it was, when the first answer is known no longer or too many
  /// wait for it.
  std::expected<std::unique_ptr<net::Responder>, SignatureRefusal> Admit(
      std::string_view signature, std::unique_ptr<net::Responder>& responder);

 private:
  class Memory;
  class Recorder;

  /// Shared with the responders, which may outlive the cache.
  std::shared_ptr<Memory> memory_;
};

}  // namespace weir::auth
