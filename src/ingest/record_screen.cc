#include "ingest/record_screen.h"

#include "base/crc32c.h"
#include "base/time_format.h"

namespace weir::ingest {
namespace {

constexpr size_t kMaxQuotedValue = 64;

base::Result<void> CheckObject(std::string_view text) {
  if (text.starts_with('{')) {
    return {};
  }
  return base::Fail(base::Code::kInvalidArgument, "a record must be a JSON object");
}

}  // namespace

RecordScreen::RecordScreen(const Options& options)
    : partition_key_field_(options.partition_key_field), arrival_field_(options.arrival_field) {
  if (!partition_key_field_.empty()) {
    partition_key_.emplace(partition_key_field_);
  }
  if (!arrival_field_.empty()) {
    arrival_.emplace(arrival_field_);
  }
}

void RecordScreen::Begin(int64_t now_millis, std::string_view fallback_key) {
  guard_.SetNow(now_millis);
  fallback_key_ = fallback_key;
  unescaped_.clear();
}

base::Result<log::Entry> RecordScreen::Admit(std::string_view text) {
  RETURN_IF_ERROR(validator_.Validate(text));
  RETURN_IF_ERROR(CheckObject(text));
  log::Entry entry{
      .partition_key = fallback_key_, .explicit_hash_key = {}, .data = text, .arrival = {}};
  const auto time = event_time_.Find(text);
  if (time && guard_.IsAhead(*time)) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "timestamp {} is more than 5 minutes in the future",
                      time->substr(0, kMaxQuotedValue));
  }
  if (partition_key_) {
    std::string scratch;
    const auto value = partition_key_->Find(text);
    const auto key = value ? ValueText(*value, scratch) : std::nullopt;
    if (key && key->size() > log::kMaxPartitionKey &&
        CountCharacters(*key) > log::kMaxPartitionKey) {
      return base::Fail(base::Code::kInvalidArgument,
                        "partition key in '{}' has {} characters, at most {} are taken",
                        partition_key_field_, CountCharacters(*key), log::kMaxPartitionKey);
    }
    if (key && !key->empty()) {
      entry.partition_key = scratch.empty() ? *key : unescaped_.emplace_back(std::move(scratch));
    }
  }
  if (arrival_) {
    const auto value = arrival_->Find(text);
    const auto millis = value ? ValueTime(*value) : std::nullopt;
    if (!millis) {
      return base::Fail(base::Code::kInvalidArgument,
                        "arrival field '{}' holds no ISO 8601 time and no milliseconds",
                        arrival_field_);
    }
    entry.arrival = model::Rowtime{*millis};
  }
  return entry;
}

std::string SpreadKey(std::string_view content) {
  constexpr size_t kLookAt = 256;
  return fmt::format("{:02x}", base::Crc32c(content.substr(0, kLookAt)) & 0xFF);
}

}  // namespace weir::ingest
