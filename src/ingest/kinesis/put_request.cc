#include "ingest/kinesis/put_request.h"

#include <algorithm>
#include <cstring>

#include "ingest/kinesis/base64.h"
#include "ingest/record_field.h"

namespace weir::ingest::kinesis {
namespace {

constexpr size_t kMaxListedFailures = 10;
constexpr size_t kMaxQuotedBytes = 128;
constexpr size_t kMaxHashKeyDigits = 39;
constexpr size_t kMaxStreamName = 128;

ApiError SerializationError(std::string message) {
  return {"SerializationException", std::move(message)};
}

// Reads the requests that SDKs send: known members, strings without escapes, ASCII. Whatever else
// comes, it gives up and the general reader decides; it never decides otherwise than that one
// would.
class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool ReadPutRecords(PutRequest& request) {
    if (!Take('{')) {
      return false;
    }
    do {
      std::string_view name;
      if (!ReadString(name) || !Take(':')) {
        return false;
      }
      if (name == "Records" && !request.has_records) {
        request.has_records = true;
        if (!ReadRecords(request.entries)) {
          return false;
        }
      } else if (name == "StreamName" ? !ReadOnce(request.stream_name)
                                      : name != "StreamARN" || !ReadOnce(request.stream_arn)) {
        return false;
      }
    } while (Take(','));
    return Take('}') && AtEnd();
  }

 private:
  bool ReadRecords(std::vector<PutEntry>& entries) {
    if (!Take('[')) {
      return false;
    }
    do {
      if (!ReadEntry(entries.emplace_back())) {
        return false;
      }
    } while (Take(','));
    return Take(']');
  }

  bool ReadEntry(PutEntry& entry) {
    if (!Take('{')) {
      return false;
    }
    do {
      std::string_view name;
      if (!ReadString(name) || !Take(':')) {
        return false;
      }
      if (name == "Data") {
        // Characters that no string may hold are no Base64 either: decoding finds them.
        std::string_view text;
        if (entry.data.has_value() || !ReadQuoted(text)) {
          return false;
        }
        entry.data = text;
      } else if (name == "PartitionKey"
                     ? !ReadOnce(entry.partition_key)
                     : name != "ExplicitHashKey" || !ReadOnce(entry.explicit_hash_key)) {
        return false;
      }
    } while (Take(','));
    return Take('}');
  }

  bool ReadOnce(std::optional<std::string_view>& into) {
    std::string_view text;
    if (into.has_value() || !ReadString(text)) {
      return false;
    }
    into = text;
    return true;
  }

  bool ReadString(std::string_view& text) {
    return ReadQuoted(text) && std::all_of(text.begin(), text.end(), [](char c) {
             return c >= 0x20 && c < 0x7F && c != '\\';
           });
  }

  bool ReadQuoted(std::string_view& text) {
    if (!Take('"')) {
      return false;
    }
    const void* const quote = std::memchr(at_, '"', static_cast<size_t>(end_ - at_));
    if (quote == nullptr) {
      return false;
    }
    const char* const stop = static_cast<const char*>(quote);
    text = {at_, static_cast<size_t>(stop - at_)};
    at_ = stop + 1;
    return true;
  }

  void SkipSpace() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) {
      ++at_;
    }
  }

  bool Take(char c) {
    SkipSpace();
    if (at_ == end_ || *at_ != c) {
      return false;
    }
    ++at_;
    return true;
  }

  bool AtEnd() {
    SkipSpace();
    return at_ == end_;
  }

  const char* at_;
  const char* end_;
};

std::string_view JavaClass(const json::Value& value) {
  if (value.IsBool()) {
    return "java.lang.Boolean";
  }
  if (value.IsNumber()) {
    return value.AsInt() ? "java.lang.Integer" : "java.lang.Double";
  }
  return "java.lang.String";
}

// A string member, absent when missing or null.
std::expected<std::optional<std::string_view>, ApiError> ReadText(const json::Value& object,
                                                                  std::string_view name,
                                                                  std::string_view type) {
  const json::Value* const value = object.Find(name);
  if (value == nullptr || value->IsNull()) {
    return std::nullopt;
  }
  if (value->IsObject()) {
    return std::unexpected(
        SerializationError("Start of structure or map found where not expected."));
  }
  if (value->IsArray()) {
    return std::unexpected(SerializationError("Start of list found where not expected"));
  }
  if (!value->IsString()) {
    return std::unexpected(SerializationError(
        fmt::format("class {} can not be converted to a {}", JavaClass(*value), type)));
  }
  return value->AsString();
}

std::expected<void, ApiError> ReadEntry(const json::Value& object, PutEntry& entry) {
  auto data = ReadText(object, "Data", "Blob");
  auto key = ReadText(object, "PartitionKey", "String");
  auto hash = ReadText(object, "ExplicitHashKey", "String");
  for (const auto* member : {&data, &key, &hash}) {
    if (!*member) {
      return std::unexpected(member->error());
    }
  }
  entry = {*data, *key, *hash};
  return {};
}

std::expected<void, ApiError> ReadStream(PutRequest& request) {
  auto name = ReadText(request.document, "StreamName", "String");
  auto arn = ReadText(request.document, "StreamARN", "String");
  if (!name || !arn) {
    return std::unexpected(!name ? name.error() : arn.error());
  }
  request.stream_name = *name;
  request.stream_arn = *arn;
  return {};
}

std::expected<void, ApiError> Parse(std::string_view body, PutRequest& request) {
  constexpr json::Limits kLimits{.max_bytes = 16 << 20, .max_depth = 32, .max_keys = 256};
  auto document = json::Parse(body, kLimits);
  if (!document || !document->IsObject()) {
    return std::unexpected(SerializationError(document ? "Start of structure or map expected"
                                                       : document.error().message));
  }
  request.document = *std::move(document);
  return ReadStream(request);
}

std::expected<void, ApiError> ReadGeneral(std::string_view body, PutRequest& request) {
  if (auto parsed = Parse(body, request); !parsed) {
    return parsed;
  }
  const json::Value* const records = request.document.Find("Records");
  if (records == nullptr || records->IsNull()) {
    return {};
  }
  if (!records->IsArray()) {
    return std::unexpected(SerializationError("Expected list or null"));
  }
  request.has_records = true;
  for (const json::Value& record : records->Items()) {
    if (!record.IsObject()) {
      return std::unexpected(SerializationError("Expected null"));
    }
    if (auto read = ReadEntry(record, request.entries.emplace_back()); !read) {
      return read;
    }
  }
  return {};
}

// Decodes all data into one piece of memory, then points entries into it.
std::expected<void, ApiError> Decode(size_t body_bytes, PutRequest& request) {
  request.decoded.reserve(body_bytes / 4 * 3);
  for (const PutEntry& entry : request.entries) {
    const size_t before = request.decoded.size();
    const std::string_view text = entry.data.value_or("");
    if (auto decoded = DecodeBase64(text, request.decoded); !decoded) {
      return std::unexpected(
          SerializationError(fmt::format("'{}' can not be converted to a Blob: {}",
                                         text.substr(0, kMaxQuotedBytes), decoded.error())));
    }
    request.appended.push_back(
        {.partition_key = entry.partition_key.value_or(""),
         .explicit_hash_key = {},
         .data = {request.decoded.data() + before, request.decoded.size() - before},
         .arrival = {}});
  }
  return {};
}

// Collects constraint failures; beyond the tenth they are only counted out.
class Failures {
 public:
  void Add(std::string_view value, std::string_view member, std::string_view constraint) {
    if (count_ == kMaxListedFailures) {
      return;
    }
    ++count_;
    text_.append(text_.empty() ? "" : "; ").append(ConstraintFailure(value, member, constraint));
  }

  size_t count() const { return count_; }

  ApiError Error() const { return ValidationError(text_, count_); }

 private:
  std::string text_;
  size_t count_ = 0;
};

std::string Quote(std::string_view text) {
  return fmt::format("'{}'", text.substr(0, kMaxQuotedBytes * 2));
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
                Failures& failures) {
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

}  // namespace

void PutRequest::Clear() {
  stream_name.reset();
  stream_arn.reset();
  has_records = false;
  entries.clear();
  document = {};
  decoded.clear();
  appended.clear();
}

std::expected<void, ApiError> ReadPutRecords(std::string_view body, PutRequest& request) {
  request.Clear();
  if (PlainReader(body).ReadPutRecords(request) && Decode(body.size(), request)) {
    return {};
  }
  request.Clear();
  if (auto read = ReadGeneral(body, request); !read) {
    return read;
  }
  return Decode(body.size(), request);
}

std::expected<void, ApiError> ReadPutRecord(std::string_view body, PutRequest& request) {
  request.Clear();
  if (auto parsed = Parse(body, request); !parsed) {
    return parsed;
  }
  request.has_records = true;
  if (auto read = ReadEntry(request.document, request.entries.emplace_back()); !read) {
    return read;
  }
  return Decode(body.size(), request);
}

std::expected<std::string_view, ApiError> CheckConstraints(const PutRequest& request, bool batch) {
  Failures failures;
  std::string_view name = request.stream_name.value_or("");
  if (request.stream_arn) {
    constexpr std::string_view kBefore = ":stream/";
    const size_t at = request.stream_arn->find(kBefore);
    if (!request.stream_arn->starts_with("arn:aws") || at == std::string_view::npos) {
      failures.Add(Quote(*request.stream_arn), "streamARN",
                   "satisfy regular expression pattern: "
                   "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+");
    } else if (!request.stream_name) {
      name = request.stream_arn->substr(at + kBefore.size());
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
  for (size_t i = 0; i < request.entries.size() && failures.count() < kMaxListedFailures; ++i) {
    const PutEntry& entry = request.entries[i];
    const bool plain = entry.partition_key && !entry.partition_key->empty() &&
                       entry.partition_key->size() <= log::kMaxPartitionKey && entry.data &&
                       !entry.explicit_hash_key &&
                       request.appended[i].data.size() <= log::kMaxRecordBytes;
    if (!plain) {
      CheckEntry(entry, request.appended[i].data,
                 batch ? fmt::format("records.{}.member.", i + 1) : std::string(), failures);
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
        return std::unexpected(MakeError("InvalidArgumentException",
                                         "Invalid ExplicitHashKey. ExplicitHashKey must be in the "
                                         "range: [0, 2^128-1]. Specified value was {}",
                                         *text));
      }
      entry.explicit_hash_key = *key;
    }
    const size_t size = entry.data.size() + entry.partition_key.size();
    if (size > log::kMaxRecordBytes) {
      return std::unexpected(MakeError("InvalidArgumentException",
                                       "Record {} has {} bytes of data and partition key, over the "
                                       "limit of {}",
                                       i + 1, size, log::kMaxRecordBytes));
    }
    bytes += size;
  }
  if (bytes > kMaxRequestBytes) {
    return std::unexpected(
        MakeError("InvalidArgumentException", "Records size exceeds 5 MB limit"));
  }
  return {};
}

}  // namespace weir::ingest::kinesis
