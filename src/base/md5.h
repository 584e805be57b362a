#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir::base {

/// MD5 (RFC 1321) as a big-endian 128-bit number: how Kinesis places partition keys. Not for
/// secrets.
unsigned __int128 Md5(std::string_view data);

/// Longest text for Md5Each.
inline constexpr size_t kMaxMd5EachBytes = 55;
inline constexpr size_t kMd5Lanes = 8;

/// The digests of up to kMd5Lanes texts of at most kMaxMd5EachBytes at once, in little more than
/// the time of one: `digests` has one for each of `texts`.
void Md5Each(std::span<const std::string_view> texts, unsigned __int128* digests);

}  // namespace weir::base
