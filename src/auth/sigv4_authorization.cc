#include "auth/sigv4_authorization.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/format.h"
#include "base/time_format.h"

namespace weir::auth {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr size_t kMaxSignedHeaders = 64;
constexpr size_t kMaxQuoted = 256;
constexpr size_t kHashDigits = 64;

template <typename... Args>
std::unexpected<SignatureRefusal> Incomplete(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(SignatureRefusal{"IncompleteSignatureException",
                                          fmt::format(format, std::forward<Args>(args)...)});
}

template <typename... Args>
std::unexpected<SignatureRefusal> Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(SignatureRefusal{"InvalidSignatureException",
                                          fmt::format(format, std::forward<Args>(args)...)});
}

std::unexpected<SignatureRefusal> Missing() {
  return std::unexpected(
      SignatureRefusal{"MissingAuthenticationTokenException", "Missing Authentication Token"});
}

/// Fit to stand in a message.
std::string Quoted(std::string_view text) {
  std::string quoted(text.substr(0, kMaxQuoted));
  std::ranges::replace_if(quoted, [](char byte) { return byte < 0x20 || byte > 0x7E; }, '?');
  return quoted;
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool IsHash(std::string_view text) {
  return text.size() == kHashDigits && std::ranges::all_of(text, [](char byte) {
           return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
         });
}

/// The parts between `separator`s.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

/// The one Authorization header, after checks of how else a request may be signed.
std::expected<std::string_view, SignatureRefusal> AuthorizationHeader(const net::Request& head) {
  std::optional<std::string_view> header;
  for (const auto& [name, value] : head.headers) {
    if (name == "authorization") {
      if (header.has_value()) {
        return Incomplete("the request has more than one Authorization header");
      }
      header = value;
    }
  }
  if (!header.has_value() || !header->starts_with("AWS4-")) {
    return Missing();
  }
  for (const auto& [name, value] : head.query) {
    if (name.starts_with("X-Amz-") || name.starts_with("x-amz-")) {
      return Invalid("Found both '{}' as a query-string param and 'Authorization' as HTTP header.",
                     Quoted(name));
    }
  }
  return *header;
}

struct Parameters {
  std::optional<std::string_view> credential;
  std::optional<std::string_view> signed_headers;
  std::optional<std::string_view> signature;
};

std::expected<Parameters, SignatureRefusal> ReadParameters(std::string_view header) {
  const size_t space = header.find(' ');
  if (header.substr(0, space) != kAlgorithm) {
    return Incomplete("Unsupported AWS 'algorithm': '{}'.", Quoted(header.substr(0, space)));
  }
  const std::string_view list = space == std::string_view::npos ? "" : header.substr(space);
  Parameters parameters;
  const std::array<std::pair<std::string_view, std::optional<std::string_view>*>, 3> known = {
      {{"Credential", &parameters.credential},
       {"SignedHeaders", &parameters.signed_headers},
       {"Signature", &parameters.signature}}};
  if (!Trimmed(list).empty()) {
    for (const std::string_view untrimmed : Split(list, ',')) {
      const std::string_view part = Trimmed(untrimmed);
      const size_t equals = part.find('=');
      if (equals == std::string_view::npos) {
        return Incomplete(
            "'{}' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'.",
            Quoted(part), Quoted(header));
      }
      const std::string_view name = part.substr(0, equals);
      const auto found =
          std::ranges::find(known, name, [](const auto& item) { return item.first; });
      if (found == known.end() || found->second->has_value()) {
        return Incomplete("Authorization header has '{}' twice, or without a meaning: '{}'.",
                          Quoted(name), Quoted(header));
      }
      *found->second = part.substr(equals + 1);
    }
  }
  std::string missing;
  for (const auto& [name, value] : known) {
    if (!value->has_value() || (*value)->empty()) {
      missing += fmt::format("Authorization header requires '{}' parameter. ", name);
    }
  }
  if (!missing.empty()) {
    return Incomplete("{}Authorization={}", missing, Quoted(header));
  }
  return parameters;
}

std::expected<void, SignatureRefusal> ReadCredential(std::string_view credential,
                                                     Authorization& out) {
  const std::vector<std::string_view> parts = Split(credential, '/');
  const bool printable =
      std::ranges::all_of(credential, [](char byte) { return byte > 0x20 && byte < 0x7F; });
  if (parts.size() != 5 || parts[0].empty() || !printable || credential.size() > kMaxQuoted) {
    return Incomplete(
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got '{}'.",
        Quoted(credential));
  }
  if (parts[4] != "aws4_request") {
    return Invalid("Credential should be scoped with a valid terminator: 'aws4_request', not '{}'.",
                   Quoted(parts[4]));
  }
  out.key_id = parts[0];
  out.scope = credential.substr(parts[0].size() + 1);
  out.day = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  return {};
}

std::expected<void, SignatureRefusal> ReadDate(const net::Request& head, std::string_view header,
                                               Authorization& out) {
  out.date = head.Header("x-amz-date");
  if (out.date.empty()) {
    return Incomplete(
        "Authorization header requires existence of a 'X-Amz-Date' header. "
        "Authorization={}",
        Quoted(header));
  }
  const auto number = [&out](size_t at, size_t digits) {
    int value = 0;
    for (const char byte : out.date.substr(at, digits)) {
      value = byte >= '0' && byte <= '9' && value >= 0 ? value * 10 + (byte - '0') : -1;
    }
    return value;
  };
  if (out.date.size() == 16 && out.date[8] == 'T' && out.date[15] == 'Z') {
    const base::CivilTime civil = {.year = number(0, 4),
                                   .month = number(4, 2),
                                   .day = number(6, 2),
                                   .hour = number(9, 2),
                                   .minute = number(11, 2),
                                   .second = number(13, 2)};
    const bool plausible = civil.year >= 1970 && civil.month >= 1 && civil.month <= 12 &&
                           civil.day >= 1 && civil.day <= 31 && civil.hour >= 0 &&
                           civil.hour < 24 && civil.minute >= 0 && civil.minute < 60 &&
                           civil.second >= 0 && civil.second < 60;
    if (plausible) {
      out.date_millis = base::FromCivil(civil);
      return {};
    }
  }
  return Incomplete(
      "Date must be in ISO-8601 'basic format'. Got '{}'. See "
      "http://en.wikipedia.org/wiki/ISO_8601",
      Quoted(out.date));
}

/// Whether a header must be signed when it is there.
bool MustBeSigned(std::string_view name) {
  return name == "host" || name == "content-type" || name.starts_with("x-amz-");
}

std::expected<void, SignatureRefusal> ReadSignedHeaders(const net::Request& head,
                                                        std::string_view list, Authorization& out) {
  out.signed_headers = Split(list, ';');
  const auto not_ascending = std::ranges::adjacent_find(out.signed_headers, std::greater_equal());
  if (out.signed_headers.size() > kMaxSignedHeaders || not_ascending != out.signed_headers.end()) {
    return Incomplete(
        "'SignedHeaders' must be at most {} names in lower case and ascending order, "
        "each once: '{}'.",
        kMaxSignedHeaders, Quoted(list));
  }
  // A request of HTTP/2 names its host in ":authority", and here in "host" as well, with the same
  // value: some clients sign the one, some the other.
  const bool authority = std::ranges::binary_search(out.signed_headers, ":authority");
  const std::string_view host = authority ? ":authority" : "host";
  for (const std::string_view name :
       {std::string_view("content-type"), host, std::string_view("x-amz-date"),
        std::string_view("x-amz-target")}) {
    if (!std::ranges::binary_search(out.signed_headers, name)) {
      return Invalid("'{}' must be a 'SignedHeader' in the AWS Authorization.", name);
    }
  }
  std::vector<bool> found(out.signed_headers.size());
  for (const auto& [name, value] : head.headers) {
    const auto at = std::ranges::lower_bound(out.signed_headers, std::string_view(name));
    if (at != out.signed_headers.end() && *at == name) {
      const auto index = static_cast<size_t>(at - out.signed_headers.begin());
      if (found[index]) {
        return Invalid("the request has the signed header '{}' more than once.", Quoted(name));
      }
      found[index] = true;
    } else if (MustBeSigned(name) && !(authority && name == "host")) {
      return Invalid("'{}' must be a 'SignedHeader' in the AWS Authorization.", Quoted(name));
    }
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) {
      return Invalid("the signed header '{}' is not in the request.",
                     Quoted(out.signed_headers[i]));
    }
  }
  return {};
}

std::expected<void, SignatureRefusal> ReadPayloadHash(const net::Request& head,
                                                      Authorization& out) {
  out.payload_hash = head.Header("x-amz-content-sha256");
  if (!out.payload_hash.empty() && !IsHash(out.payload_hash)) {
    return Invalid(
        "The value of 'x-amz-content-sha256' is invalid: '{}'. The body must be signed "
        "as a whole.",
        Quoted(out.payload_hash));
  }
  return {};
}

}  // namespace

std::expected<Authorization, SignatureRefusal> ReadAuthorization(const net::Request& head) {
  const auto header = AuthorizationHeader(head);
  if (!header.has_value()) {
    return std::unexpected(header.error());
  }
  const auto parameters = ReadParameters(*header);
  if (!parameters.has_value()) {
    return std::unexpected(parameters.error());
  }
  Authorization authorization;
  authorization.signature = *parameters->signature;
  if (!IsHash(authorization.signature)) {
    return Incomplete("'Signature' must be {} lower-case hex digits, not '{}'.", kHashDigits,
                      Quoted(authorization.signature));
  }
  auto read = ReadCredential(*parameters->credential, authorization);
  if (read.has_value()) {
    read = ReadDate(head, *header, authorization);
  }
  if (read.has_value()) {
    read = ReadSignedHeaders(head, *parameters->signed_headers, authorization);
  }
  if (read.has_value()) {
    read = ReadPayloadHash(head, authorization);
  }
  if (!read.has_value()) {
    return std::unexpected(std::move(read).error());
  }
  return authorization;
}

bool ClaimsSignature(const net::Request& head) {
  return head.Header("authorization").starts_with(kAlgorithm) ||
         head.query.contains("X-Amz-Signature");
}

}  // namespace weir::auth
