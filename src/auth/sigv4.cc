#include "auth/sigv4.h"

#include <algorithm>
#include <utility>

#include "auth/signing_keys.h"
#include "auth/sigv4_authorization.h"
#include "auth/sigv4_canonical.h"
#include "base/format.h"
#include "base/time_format.h"
#include "crypto/digest.h"

namespace weir::auth {
namespace {

constexpr int64_t kMaxSkewMillis = 900'000;
constexpr int64_t kMinuteMillis = 60'000;
constexpr std::string_view kFirehoseTarget = "Firehose_";

template <typename... Args>
std::unexpected<SignatureRefusal> Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(SignatureRefusal{"InvalidSignatureException",
                                          fmt::format(format, std::forward<Args>(args)...)});
}

/// "20150830T123600Z"
std::string BasicDate(int64_t millis) {
  const base::CivilTime time = base::ToCivil(millis);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", time.year, time.month, time.day, time.hour,
                     time.minute, time.second);
}

crypto::Sha256Digest RandomDigest() {
  return crypto::Sha256(crypto::RandomBytes(32));
}

class KeyringVerifier : public SigV4Verifier {
 public:
  KeyringVerifier(SigV4Options options, Keyring& keyring, base::Clock& clock)
      : options_(std::move(options)), keyring_(keyring), clock_(clock) {
    options_.max_skew_millis = std::clamp<int64_t>(options_.max_skew_millis, 0, kMaxSkewMillis);
  }

  std::expected<void, SignatureRefusal> CheckHead(const net::Request& head) const override {
    const auto authorization = ReadHead(head);
    if (!authorization.has_value()) {
      return std::unexpected(authorization.error());
    }
    return {};
  }

  std::expected<Identity, SignatureRefusal> Verify(const net::Request& request) override {
    const auto authorization = ReadHead(request);
    if (!authorization.has_value()) {
      return std::unexpected(authorization.error());
    }
    const std::string payload_hash = crypto::Hex(crypto::Sha256(request.body));
    if (!authorization->payload_hash.empty() && authorization->payload_hash != payload_hash) {
      return Invalid(
          "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    const std::string_view target = request.target;
    const size_t question = target.find('?');
    const std::string canonical = CanonicalRequest({
        .method = request.method,
        .path = NormalizedPath(target.substr(0, question)),
        .query = question == std::string_view::npos ? "" : target.substr(question + 1),
        .headers = request.headers,
        .signed_headers = authorization->signed_headers,
        .payload_hash = payload_hash,
    });
    return Judge(*authorization,
                 StringToSign(authorization->date, authorization->scope, canonical));
  }

 private:
  std::expected<Authorization, SignatureRefusal> ReadHead(const net::Request& head) const {
    auto authorization = ReadAuthorization(head);
    if (!authorization.has_value()) {
      return authorization;
    }
    // The doors are at "/" alone, so router and signature cannot read a path in two ways.
    if (head.path != "/") {
      return Invalid("signed requests go to '/'.");
    }
    if (!head.Header("x-amz-security-token").empty()) {
      return std::unexpected(SignatureRefusal{
          "UnrecognizedClientException", "The security token included in the request is invalid."});
    }
    auto checked = CheckScope(*authorization, head.Header("x-amz-target"));
    if (checked.has_value()) {
      checked = CheckDate(*authorization);
    }
    if (!checked.has_value()) {
      return std::unexpected(std::move(checked).error());
    }
    return authorization;
  }

  std::expected<void, SignatureRefusal> CheckScope(const Authorization& claimed,
                                                   std::string_view target) const {
    if (claimed.region != options_.region) {
      return Invalid("Credential should be scoped to a valid region, not '{}'.", claimed.region);
    }
    const std::string_view service = target.starts_with(kFirehoseTarget) ? "firehose" : "kinesis";
    if (claimed.service != service) {
      return Invalid("Credential should be scoped to correct service: '{}'.", service);
    }
    if (claimed.day != claimed.date.substr(0, 8)) {
      return Invalid(
          "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
          "HTTP: '{}' != '{}', from '{}'.",
          claimed.day, claimed.date.substr(0, 8), claimed.date);
    }
    return {};
  }

  std::expected<void, SignatureRefusal> CheckDate(const Authorization& claimed) const {
    const int64_t now = clock_.WallMillis();
    const int64_t minutes = options_.max_skew_millis / kMinuteMillis;
    if (claimed.date_millis < now - options_.max_skew_millis) {
      return Invalid("Signature expired: {} is now earlier than {} ({} - {} min.)", claimed.date,
                     BasicDate(now - options_.max_skew_millis), BasicDate(now), minutes);
    }
    if (claimed.date_millis > now + options_.max_skew_millis) {
      return Invalid("Signature not yet current: {} is still later than {} ({} + {} min.)",
                     claimed.date, BasicDate(now + options_.max_skew_millis), BasicDate(now),
                     minutes);
    }
    return {};
  }

  /// Every refusal costs the same work, whether the key is unknown, revoked, known, or was used
  /// before: a key stands in where none is kept, and the kept one is never the last word.
  std::expected<Identity, SignatureRefusal> Judge(const Authorization& claimed,
                                                  const std::string& string_to_sign) {
    Keyring::Lookup lookup = keyring_.Find(claimed.key_id);
    const std::string name = fmt::format("{}/{}", claimed.key_id, claimed.scope);
    const crypto::Sha256Digest kept = signing_keys_.Find(name).value_or(nobodys_key_);
    if (Matches(kept, claimed, string_to_sign) && lookup.identity.has_value()) {
      return *std::move(lookup.identity);
    }
    const crypto::Sha256Digest key =
        SigningKey(lookup.secret, claimed.day, claimed.region, claimed.service);
    if (!Matches(key, claimed, string_to_sign) || !lookup.identity.has_value()) {
      return Invalid(
          "The request signature we calculated does not match the signature you provided. Check "
          "your AWS Secret Access Key and signing method. Consult the service documentation for "
          "details.");
    }
    signing_keys_.Keep(name, key);
    return *std::move(lookup.identity);
  }

  static bool Matches(const crypto::Sha256Digest& key, const Authorization& claimed,
                      const std::string& string_to_sign) {
    return crypto::EqualInConstantTime(Signature(key, string_to_sign), claimed.signature);
  }

  SigV4Options options_;
  Keyring& keyring_;
  base::Clock& clock_;
  SigningKeys signing_keys_;
  const crypto::Sha256Digest nobodys_key_ = RandomDigest();
};

}  // namespace

std::unique_ptr<SigV4Verifier> SigV4Verifier::Create(SigV4Options options, Keyring& keyring,
                                                     base::Clock& clock) {
  return std::make_unique<KeyringVerifier>(std::move(options), keyring, clock);
}

}  // namespace weir::auth
