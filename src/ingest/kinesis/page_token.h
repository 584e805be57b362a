#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/aws/error.h"
#include "model/record.h"

namespace weir::ingest::kinesis {

// Opaque texts that clients carry from one call to the next: where a listing or a reader goes on.
// Each has a checksum, so that a damaged or invented one is refused instead of understood
// otherwise.

inline constexpr int64_t kTokenMillis = 300'000;

struct Token {
  model::Rowtime made;
  std::string payload;
};

// The token as Base64. `kind` tells what it is for.
std::string SealToken(char kind, model::Rowtime now, std::string_view payload);
// Nothing for what is no token of that kind.
std::optional<Token> OpenToken(char kind, std::string_view text);

// The payload of a listing's NextToken. InvalidArgumentException for what is none;
// ExpiredNextTokenException for one that is older than kTokenMillis.
std::expected<std::string, aws::ApiError> ReadNextToken(char kind, model::Rowtime now,
                                                        std::string_view text);

// "Thu Jan 22 01:22:02 UTC 2015"
std::string FormatUtc(model::Rowtime time);

}  // namespace weir::ingest::kinesis
