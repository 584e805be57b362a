#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace weir::ingest::webhook {

// How many secrets sign at a time: the new one and the one before.
inline constexpr size_t kMaxSecrets = 2;
inline constexpr size_t kMinSecretBytes = 16;

// The 32 bytes of an HMAC-SHA256 as senders write it: Base64 or hex, with or without "sha256="
// before it. Nothing when it is no such text.
std::optional<std::string> ReadSignature(std::string_view text);

// Whether `signature` (32 bytes) is that of `content` by one of the secrets. The time does not
// depend on which, nor on the bytes.
bool SignatureFits(std::string_view signature, std::string_view content,
                   std::span<const std::string> secrets);

// The secrets in a file that only its owner may read, one a line, the newest first.
base::Result<std::vector<std::string>> ReadSecrets(base::FileSystem& files, std::string_view path);

}  // namespace weir::ingest::webhook
