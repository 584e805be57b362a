#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registry/registry.h"

namespace weir::ingest::kinesis {

// Amazon Resource Names of streams and of their consumers. Account and region of a name that comes
// in do not matter here.

// arn:aws.*:kinesis:.*:\d{12}:stream/\S+
bool IsStreamArn(std::string_view text);
// arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+
bool IsResourceArn(std::string_view text);
// arn:aws.*:kinesis:.*:\d{12}:.*stream/<name>/consumer/<name>:\d+
bool IsConsumerArn(std::string_view text);

// What stands after "stream/" in an ARN of a stream.
std::string_view StreamOfArn(std::string_view arn);

struct ConsumerName {
  std::string_view stream;
  std::string_view consumer;
  int64_t created_seconds = 0;
};

// The parts of a consumer's ARN; nothing when it is none.
std::optional<ConsumerName> ParseConsumerArn(std::string_view arn);

// "arn:aws:kinesis:<region>:…:stream/<stream>/consumer/<consumer>:<seconds>"
std::string ConsumerArn(std::string_view region, const registry::Consumer& consumer);

}  // namespace weir::ingest::kinesis
