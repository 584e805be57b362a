#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace weir::ingest::kinesis {

// Bytes that `out` needs behind the result while it is written: without them it grows.
inline constexpr size_t kBase64Slack = 8;

// Appends the bytes of a Base64 text (RFC 4648, padded) to `out`, or says what is wrong in the
// words of the Kinesis API; then `out` holds what it held before.
std::expected<void, std::string> DecodeBase64(std::string_view text, std::string& out);

}  // namespace weir::ingest::kinesis
