#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::crypto {

/// Wraps secrets that must be read again (an HMAC needs the key itself) with AES-256-GCM.
/// Thread-safe.
class SecretBox {
 public:
  static constexpr size_t kKeyBytes = 32;

  /// kInvalidArgument unless `key` has kKeyBytes.
  static base::Result<SecretBox> Create(std::string_view key);

  /// nonce (12 bytes, random) | ciphertext | tag (16 bytes). `context` is authenticated, not
  /// stored: opening needs the same (the name of what the secret belongs to, so that boxes cannot
  /// be swapped).
  std::string Seal(std::string_view secret, std::string_view context) const;
  /// kDataLoss when the box was changed, or sealed with another key or context.
  base::Result<std::string> Open(std::string_view box, std::string_view context) const;

 private:
  explicit SecretBox(std::string_view key);

  std::array<uint8_t, kKeyBytes> key_{};
};

}  // namespace weir::crypto
