#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/aws/writer.h"

namespace weir::ingest::kinesis {

// Messages of application/vnd.amazon.eventstream: lengths and their CRC-32, headers, payload,
// CRC-32 of everything before.

inline constexpr std::string_view kEventStreamType = "application/vnd.amazon.eventstream";

// `kind` is "event" or "exception"; `name` its type.
std::string EncodeMessage(std::string_view kind, std::string_view name, aws::Encoding encoding,
                          std::string_view payload);

// CRC-32 as in IEEE 802.3 (zlib's), which the format asks for.
uint32_t Crc32(std::string_view data);

}  // namespace weir::ingest::kinesis
