#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "json/document.h"

namespace weir::ingest::aws::cbor {

inline constexpr size_t kMaxDepth = 32;
inline constexpr size_t kMaxKeys = 256;      // Of one map.
inline constexpr size_t kMaxItems = 65'536;  // Of the whole document.

// Reads one CBOR document (RFC 8949, definite and indefinite lengths) that fills `bytes`. Byte
// strings become Base64 text, times (tag 1) seconds: whole numbers below the tag are milliseconds,
// as the AWS SDKs write them, fractions are seconds, as the RFC has them; other tags, undefined and
// keys that are no text are refused, as are duplicate keys, text that is not UTF-8 and trailing
// bytes. kInvalidArgument, or kLimitExceeded beyond the limits above, with the offset.
base::Result<json::Value> ReadDocument(std::string_view bytes);

}  // namespace weir::ingest::aws::cbor
