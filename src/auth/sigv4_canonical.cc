#include "auth/sigv4_canonical.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"

namespace weir::auth {
namespace {

bool IsUnreserved(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void AppendEncoded(std::string_view text, bool keep_slash, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char byte : text) {
    if (IsUnreserved(byte) || (keep_slash && byte == '/')) {
      out += byte;
    } else {
      const auto value = static_cast<uint8_t>(byte);
      out += '%';
      out += kDigits[value >> 4];
      out += kDigits[value & 15];
    }
  }
}

/// Encoded anew; what is no percent-encoding stands for itself.
std::string Reencoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (const auto byte = base::FromHex(text.substr(i + 1, 2));
          byte.has_value() && byte->size() == 1) {
        decoded += *byte;
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  std::string encoded;
  AppendEncoded(decoded, false, encoded);
  return encoded;
}

void AppendCanonicalQuery(std::string_view query, std::string& out) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (!part.empty()) {
      const size_t equals = part.find('=');
      parameters.emplace_back(
          Reencoded(part.substr(0, equals)),
          equals == std::string_view::npos ? "" : Reencoded(part.substr(equals + 1)));
    }
  }
  std::ranges::sort(parameters);
  for (const auto& [name, value] : parameters) {
    if (&name != &parameters.front().first) {
      out += '&';
    }
    out.append(name).append("=").append(value);
  }
}

void AppendTrimmed(std::string_view value, std::string& out) {
  bool space = false;
  bool begun = false;
  for (const char byte : value) {
    if (byte == ' ' || byte == '\t') {
      space = begun;
      continue;
    }
    if (space) {
      out += ' ';
      space = false;
    }
    begun = true;
    out += byte;
  }
}

void AppendCanonicalHeader(const SignedParts& parts, std::string_view name, std::string& out) {
  out.append(name);
  char separator = ':';
  for (const auto& [header, value] : parts.headers) {
    if (header == name) {
      out += separator;
      AppendTrimmed(value, out);
      separator = ',';
    }
  }
  out += '\n';
}

}  // namespace

std::string NormalizedPath(std::string_view path) {
  std::vector<std::string_view> segments;
  bool folder = true;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    folder = slash != std::string_view::npos || segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) {
      segments.pop_back();
    } else if (!segment.empty() && segment != "." && segment != "..") {
      segments.push_back(segment);
    }
  }
  std::string normalized = "/";
  for (const std::string_view segment : segments) {
    normalized.append(segment).append("/");
  }
  if (!folder && normalized.size() > 1) {
    normalized.pop_back();
  }
  return normalized;
}

std::string CanonicalRequest(const SignedParts& parts) {
  std::string text(parts.method);
  text += '\n';
  AppendEncoded(parts.path, true, text);
  text += '\n';
  AppendCanonicalQuery(parts.query, text);
  text += '\n';
  for (const std::string_view name : parts.signed_headers) {
    AppendCanonicalHeader(parts, name, text);
  }
  text += '\n';
  for (const std::string_view& name : parts.signed_headers) {
    if (&name != &parts.signed_headers.front()) {
      text += ';';
    }
    text += name;
  }
  text.append("\n").append(parts.payload_hash);
  return text;
}

std::string StringToSign(std::string_view date, std::string_view scope,
                         std::string_view canonical_request) {
  std::string text = "AWS4-HMAC-SHA256\n";
  text.append(date).append("\n").append(scope).append("\n");
  return text + crypto::Hex(crypto::Sha256(canonical_request));
}

crypto::Sha256Digest SigningKey(std::string_view secret, std::string_view day,
                                std::string_view region, std::string_view service) {
  crypto::Sha256Digest key = crypto::HmacSha256("AWS4" + std::string(secret), day);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) {
    key = crypto::HmacSha256(crypto::AsBytes(key), part);
  }
  return key;
}

std::string Signature(const crypto::Sha256Digest& signing_key, std::string_view string_to_sign) {
  return crypto::Hex(crypto::HmacSha256(crypto::AsBytes(signing_key), string_to_sign));
}

}  // namespace weir::auth
