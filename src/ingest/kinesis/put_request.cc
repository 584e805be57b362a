#include "ingest/kinesis/put_request.h"

#include <algorithm>
#include <span>

#include "ingest/kinesis/aggregate.h"
#include "ingest/kinesis/arn.h"
#include "ingest/record_field.h"

namespace weir::ingest::kinesis {
namespace {

using aws::ApiError;

constexpr size_t kMaxQuotedText = 256;
constexpr size_t kMaxHashKeyDigits = 39;
constexpr size_t kMaxStreamName = 128;
constexpr size_t kMaxStreamArn = 2'048;

std::string Quote(std::string_view text) {
  return fmt::format("'{}'", text.substr(0, kMaxQuotedText));
}

bool IsStreamName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

bool IsHashKeyText(std::string_view text) {
  if (text == "0") {
    return true;
  }
  return !text.empty() && text.size() <= kMaxHashKeyDigits && text.front() != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void CheckEntry(const PutEntry& entry, std::string_view data, std::string_view prefix,
                aws::Failures& failures) {
  const auto member = [&](std::string_view name) { return fmt::format("{}{}", prefix, name); };
  if (!entry.partition_key) {
    failures.Add("null", member("partitionKey"), "not be null");
  } else if (entry.partition_key->empty()) {
    failures.Add("''", member("partitionKey"), "have length greater than or equal to 1");
  } else if (entry.partition_key->size() > log::kMaxPartitionKey &&
             CountCharacters(*entry.partition_key) > log::kMaxPartitionKey) {
    failures.Add(Quote(*entry.partition_key), member("partitionKey"),
                 "have length less than or equal to 256");
  }
  if (entry.explicit_hash_key && !IsHashKeyText(*entry.explicit_hash_key)) {
    failures.Add(Quote(*entry.explicit_hash_key), member("explicitHashKey"),
                 "satisfy regular expression pattern: 0|([1-9]\\d{0,38})");
  }
  if (!entry.data) {
    failures.Add("null", member("data"), "not be null");
  } else if (data.size() > log::kMaxRecordBytes) {
    failures.Add(fmt::format("'java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]'", data.size()),
                 member("data"), "have length less than or equal to 1048576");
  }
}

// Puts the user records of aggregated records in their place. Those of one go to its own shard, as
// one group, so that all are stored or none.
std::expected<void, ApiError> TakeApart(PutRequest& request) {
  if (std::ranges::none_of(request.appended, BeginsAsAggregate, &log::Entry::data)) {
    return {};
  }
  std::vector<log::Entry> apart;
  for (const log::Entry& entry : request.appended) {
    request.firsts.push_back(static_cast<uint32_t>(apart.size()));
    if (!BeginsAsAggregate(entry.data)) {
      apart.push_back(entry);
      continue;
    }
    const size_t first = apart.size();
    const size_t room = kMaxUserRecords - std::min(kMaxUserRecords, first);
    const Aggregate taken = ReadAggregate(entry.data, room, apart);
    if (taken == Aggregate::kTooMany) {
      return std::unexpected(
          aws::MakeError("InvalidArgumentException",
                         "The aggregated records of one request may hold at most {} user records",
                         kMaxUserRecords));
    }
    if (taken == Aggregate::kDamaged) {
      ++request.damaged_aggregates;
      apart.push_back(entry);
      continue;
    }
    const auto group = static_cast<uint32_t>(++request.aggregates);
    const model::HashKey place =
        entry.explicit_hash_key ? *entry.explicit_hash_key : model::HashOf(entry.partition_key);
    for (log::Entry& user_record : std::span(apart).subspan(first)) {
      user_record.explicit_hash_key = place;
      user_record.group = group;
    }
  }
  request.firsts.push_back(static_cast<uint32_t>(apart.size()));
  size_t bytes = 0;
  for (const log::Entry& entry : apart) {
    bytes += entry.data.size() + entry.partition_key.size();
  }
  if (bytes > kMaxUserBytes) {
    return std::unexpected(aws::MakeError(
        "InvalidArgumentException",
        "The user records of one request may have at most {} bytes of data and partition keys",
        kMaxUserBytes));
  }
  request.appended = std::move(apart);
  return {};
}

}  // namespace

std::expected<std::string_view, ApiError> CheckConstraints(const PutRequest& request) {
  aws::Failures failures;
  std::string_view name = request.stream_name.value_or("");
  if (request.stream_arn) {
    if (!IsStreamArn(*request.stream_arn)) {
      failures.Add(Quote(*request.stream_arn), "streamARN",
                   "satisfy regular expression pattern: "
                   "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+");
    } else if (!request.stream_name) {
      name = StreamOfArn(*request.stream_arn);
    }
    if (request.stream_arn->empty()) {
      failures.Add("''", "streamARN", "have length greater than or equal to 1");
    }
    if (request.stream_arn->size() > kMaxStreamArn) {
      failures.Add(Quote(*request.stream_arn), "streamARN",
                   "have length less than or equal to 2048");
    }
  } else if (!request.stream_name) {
    failures.Add("null", "streamName", "not be null");
  } else if (name.empty()) {
    failures.Add("''", "streamName", "have length greater than or equal to 1");
  } else if (name.size() > kMaxStreamName) {
    failures.Add(Quote(name), "streamName", "have length less than or equal to 128");
  } else if (!IsStreamName(name)) {
    failures.Add(Quote(name), "streamName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
  }
  if (!request.has_records) {
    failures.Add("null", "records", "not be null");
  } else if (request.entries.empty()) {
    failures.Add("'[]'", "records", "have length greater than or equal to 1");
  } else if (request.entries.size() > kMaxRecordsPerRequest) {
    failures.Add("'[com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@c965e310, ...]'",
                 "records", "have length less than or equal to 500");
  }
  for (size_t i = 0; i < request.entries.size() && !failures.full(); ++i) {
    const PutEntry& entry = request.entries[i];
    const bool plain = entry.partition_key && !entry.partition_key->empty() &&
                       entry.partition_key->size() <= log::kMaxPartitionKey && entry.data &&
                       !entry.explicit_hash_key &&
                       request.appended[i].data.size() <= log::kMaxRecordBytes;
    if (!plain) {
      CheckEntry(entry, request.appended[i].data,
                 request.batch ? fmt::format("records.{}.member.", i + 1) : std::string(),
                 failures);
    }
  }
  if (failures.count() > 0) {
    return std::unexpected(failures.Error());
  }
  return name;
}

std::expected<void, ApiError> CheckLimits(PutRequest& request) {
  size_t bytes = 0;
  for (size_t i = 0; i < request.appended.size(); ++i) {
    log::Entry& entry = request.appended[i];
    if (const auto& text = request.entries[i].explicit_hash_key) {
      const auto key = model::ParseHashKey(*text);
      if (!key) {
        return std::unexpected(
            aws::MakeError("InvalidArgumentException",
                           "Invalid ExplicitHashKey. ExplicitHashKey must be in the "
                           "range: [0, 2^128-1]. Specified value was {}",
                           *text));
      }
      entry.explicit_hash_key = *key;
    }
    const size_t size = entry.data.size() + entry.partition_key.size();
    if (size > log::kMaxRecordBytes) {
      return std::unexpected(
          aws::MakeError("InvalidArgumentException",
                         "Record {} has {} bytes of data and partition key, over the "
                         "limit of {}",
                         i + 1, size, log::kMaxRecordBytes));
    }
    bytes += size;
  }
  if (bytes > kMaxRequestBytes) {
    return std::unexpected(
        aws::MakeError("InvalidArgumentException", "Records size exceeds 5 MB limit"));
  }
  return TakeApart(request);
}

}  // namespace weir::ingest::kinesis
