#pragma once

#include <cstdint>
#include <string_view>

namespace weir::base {

/// CRC-32C (Castagnoli), as in RFC 3720. `seed` continues an earlier checksum: Crc32c(a + b) ==
/// Crc32c(b, Crc32c(a)).
uint32_t Crc32c(std::string_view data, uint32_t seed = 0);

}  // namespace weir::base
