#include "ingest/webhook/signature.h"

#include "base/private_file.h"
#include "crypto/digest.h"
#include "ingest/kinesis/base64.h"
#include "ingest/trim.h"

namespace weir::ingest::webhook {
namespace {

constexpr size_t kDigestBytes = sizeof(crypto::Sha256Digest);

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> ReadHex(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

}  // namespace

std::optional<std::string> ReadSignature(std::string_view text) {
  if (text.starts_with("sha256=")) {
    text.remove_prefix(7);
  }
  if (text.size() == 2 * kDigestBytes) {
    return ReadHex(text);
  }
  std::string bytes;
  if (text.size() != (kDigestBytes + 2) / 3 * 4 || !kinesis::DecodeBase64(text, bytes) ||
      bytes.size() != kDigestBytes) {
    return std::nullopt;
  }
  return bytes;
}

bool SignatureFits(std::string_view signature, std::string_view content,
                   std::span<const std::string> secrets) {
  bool fits = false;
  for (const std::string& secret : secrets) {
    const crypto::Sha256Digest expected = crypto::HmacSha256(secret, content);
    const bool same = crypto::EqualInConstantTime(signature, crypto::AsBytes(expected));
    fits = fits || same;
  }
  return fits;
}

base::Result<std::vector<std::string>> ReadSecrets(base::FileSystem& files, std::string_view path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadPrivateFile(files, path));
  std::vector<std::string> secrets;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t size = std::min(rest.find('\n'), rest.size());
    const std::string_view line = Trim(rest.substr(0, size));
    rest.remove_prefix(std::min(size + 1, rest.size()));
    if (line.empty()) {
      continue;
    }
    if (line.size() < kMinSecretBytes) {
      return base::Fail(base::Code::kInvalidArgument,
                        "a secret in '{}' has fewer than {} characters", path, kMinSecretBytes);
    }
    secrets.emplace_back(line);
  }
  if (secrets.empty() || secrets.size() > kMaxSecrets) {
    return base::Fail(base::Code::kInvalidArgument,
                      "'{}' must hold 1 or {} secrets, one a line, the newest first", path,
                      kMaxSecrets);
  }
  return secrets;
}

}  // namespace weir::ingest::webhook
