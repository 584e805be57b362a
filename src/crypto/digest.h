#pragma once

/// Digests, message authentication and comparison of secrets, over OpenSSL. All thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::crypto {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);
/// HMAC-SHA-256 (RFC 2104).
Sha256Digest HmacSha256(std::string_view key, std::string_view bytes);

/// The digest's bytes as text of that length, for use as the next key.
std::string_view AsBytes(const Sha256Digest& digest);
/// Lower-case hex.
std::string Hex(const Sha256Digest& digest);

/// Blocks of 64 bytes that this thread has hashed so far: how tests show that two ways cost the
/// same work.
uint64_t HashedBlocks();

/// Whether both are equal, in a time that depends on their lengths alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);

/// `count` bytes from the operating system's entropy: keys, nonces, tokens.
std::string RandomBytes(size_t count);

}  // namespace weir::crypto
