#include "ingest/record_screen.h"

#include <algorithm>

#include "base/crc32c.h"

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

RecordScreen::Members::Members(const Options& options) {
  const auto position = [this](std::string_view name) {
    const auto same = std::ranges::find(names, name);
    if (same != names.end()) {
      return static_cast<size_t>(same - names.begin());
    }
    names.emplace_back(name);
    return names.size() - 1;
  };
  event_time = position(kEventTimeField);
  if (!options.partition_key_field.empty()) {
    partition_key = position(options.partition_key_field);
  }
  if (!options.arrival_field.empty()) {
    arrival = position(options.arrival_field);
  }
}

RecordScreen::RecordScreen(const Options& options)
    : members_(options),
      validator_({}, members_.names),
      partition_key_field_(options.partition_key_field),
      arrival_field_(options.arrival_field) {}

void RecordScreen::Begin(int64_t now_millis, std::string_view fallback_key) {
  latest_time_ = now_millis + kMaxAheadMillis;
  fallback_key_ = fallback_key;
  unescaped_.clear();
}

base::Result<log::Entry> RecordScreen::Admit(std::string_view text) {
  RETURN_IF_ERROR(validator_.Validate(text));
  RETURN_IF_ERROR(CheckObject(text));
  base::Result<log::Entry> entry = log::Entry{
      .partition_key = fallback_key_, .explicit_hash_key = {}, .data = text, .arrival = {}};
  const auto time_text = validator_.Member(members_.event_time);
  const auto time = time_text ? times_.Read(*time_text) : std::nullopt;
  if (time && *time > latest_time_) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "timestamp {} is more than 5 minutes in the future",
                      time_text->substr(0, kMaxQuotedValue));
  }
  if (members_.partition_key) {
    if (const auto value = validator_.Member(*members_.partition_key)) {
      RETURN_IF_ERROR(TakeKey(*value, *entry));
    }
  }
  if (members_.arrival) {
    const auto value = validator_.Member(*members_.arrival);
    const auto arrival = members_.arrival == members_.event_time ? time
                         : value                                 ? times_.Read(*value)
                                                                 : std::nullopt;
    if (!arrival) {
      return base::Fail(base::Code::kInvalidArgument,
                        "arrival field '{}' holds no ISO 8601 time and no milliseconds",
                        arrival_field_);
    }
    entry->arrival = model::Rowtime{*arrival};
  }
  return entry;
}

base::Result<void> RecordScreen::TakeKey(std::string_view value, log::Entry& entry) {
  std::string scratch;
  const auto key = ValueText(value, scratch);
  if (key && key->size() > log::kMaxPartitionKey && CountCharacters(*key) > log::kMaxPartitionKey) {
    return base::Fail(base::Code::kInvalidArgument,
                      "partition key in '{}' has {} characters, at most {} are taken",
                      partition_key_field_, CountCharacters(*key), log::kMaxPartitionKey);
  }
  if (key && !key->empty()) {
    entry.partition_key = scratch.empty() ? *key : unescaped_.emplace_back(std::move(scratch));
  }
  return {};
}

std::string SpreadKey(std::string_view content) {
  constexpr size_t kLookAt = 256;
  return fmt::format("{:02x}", base::Crc32c(content.substr(0, kLookAt)) & 0xFF);
}

}  // namespace weir::ingest
