#pragma once

#include <string_view>

namespace weir::base {

/// MD5 (RFC 1321) as a big-endian 128-bit number: how Kinesis places partition keys. Not for
/// secrets.
unsigned __int128 Md5(std::string_view data);

}  // namespace weir::base
