#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "ingest/aws/call.h"
#include "ingest/aws/cbor_reader.h"
#include "ingest/kinesis/base64.h"
#include "ingest/kinesis/put_request.h"

namespace weir::ingest::kinesis {
namespace {

using aws::ApiError;

constexpr size_t kMaxQuotedBytes = 128;

ApiError SerializationError(std::string message) {
  return {"SerializationException", std::move(message)};
}

// Whether each byte is printable ASCII and no backslash.
bool IsPlainWord(uint64_t word) {
  constexpr uint64_t kEachByte = 0x0101010101010101;
  // The highest bit of a byte tells: too small, 0x7F, not ASCII; a backslash.
  const uint64_t odd = (word - 0x20 * kEachByte) | (word + kEachByte) | word;
  const uint64_t backslash = word ^ '\\' * kEachByte;
  return ((odd | (backslash - kEachByte)) & 0x80 * kEachByte) == 0;
}

bool IsPlain(std::string_view text) {
  uint64_t word = '0' * 0x0101010101010101;
  for (; text.size() > sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    if (!IsPlainWord(word)) {
      return false;
    }
  }
  text.copy(reinterpret_cast<char*>(&word), sizeof word);
  return IsPlainWord(word);
}

// Whether `text` is `name`: without a call, as its length is known.
template <size_t kSize>
bool Is(std::string_view text, const char (&name)[kSize]) {
  return text.size() == kSize - 1 && std::equal(name, name + kSize - 1, text.begin());
}

// Reads the requests that SDKs send: known members, strings without escapes, ASCII. Whatever else
// comes, it gives up and the general reader decides; it never decides otherwise than that one
// would.
class PlainJsonReader {
 public:
  explicit PlainJsonReader(std::string_view text)
      : at_(text.data()), end_(text.data() + text.size()) {}

  bool ReadPutRecords(PutRequest& request) {
    return ReadMembers([&](std::string_view name) {
             if (Is(name, "Records") && !request.has_records) {
               request.has_records = true;
               return ReadRecords(request.entries);
             }
             return ReadStream(name, request);
           }) &&
           AtEnd();
  }

  bool ReadPutRecord(PutRequest& request) {
    request.has_records = true;
    PutEntry& entry = request.entries.emplace_back();
    return ReadMembers([&](std::string_view name) {
             return name.starts_with("Stream") ? ReadStream(name, request) : ReadEntry(name, entry);
           }) &&
           AtEnd();
  }

 private:
  // An object, whose values `read_member` reads by their names.
  template <typename ReadMember>
  bool ReadMembers(ReadMember read_member) {
    if (!Take('{')) {
      return false;
    }
    do {
      std::string_view name;
      if (!ReadName(name) || !read_member(name)) {
        return false;
      }
    } while (Take(','));
    return Take('}');
  }

  bool ReadRecords(std::vector<PutEntry>& entries) {
    if (!Take('[')) {
      return false;
    }
    do {
      if (entries.size() > kMaxRecordsPerRequest) {
        return false;
      }
      PutEntry& entry = entries.emplace_back();
      if (!ReadMembers([&](std::string_view name) { return ReadEntry(name, entry); })) {
        return false;
      }
    } while (Take(','));
    return Take(']');
  }

  bool ReadStream(std::string_view name, PutRequest& request) {
    return Is(name, "StreamName") ? ReadOnce(request.stream_name)
                                  : Is(name, "StreamARN") && ReadOnce(request.stream_arn);
  }

  bool ReadEntry(std::string_view name, PutEntry& entry) {
    if (Is(name, "Data")) {
      // Characters that no string may hold are no Base64 either: decoding finds them.
      std::string_view text;
      if (entry.data.has_value() || !ReadQuoted(text)) {
        return false;
      }
      entry.data = text;
      return true;
    }
    return Is(name, "PartitionKey")
               ? ReadOnce(entry.partition_key)
               : Is(name, "ExplicitHashKey") && ReadOnce(entry.explicit_hash_key);
  }

  bool ReadOnce(std::optional<std::string_view>& into) {
    std::string_view text;
    if (into.has_value() || !ReadString(text)) {
      return false;
    }
    into = text;
    return true;
  }

  // A member's name and the colon. It may hold anything: those that are known hold nothing odd.
  bool ReadName(std::string_view& name) { return ReadQuoted(name) && Take(':'); }

  bool ReadString(std::string_view& text) { return ReadQuoted(text) && IsPlain(text); }

  bool ReadQuoted(std::string_view& text) {
    if (!Take('"')) {
      return false;
    }
    const char* const stop = FindQuote();
    if (stop == nullptr) {
      return false;
    }
    text = {at_, static_cast<size_t>(stop - at_)};
    at_ = stop + 1;
    return true;
  }

  // The next quote, or null. It is mostly near, except behind data.
  const char* FindQuote() const {
    if (end_ - at_ >= static_cast<ptrdiff_t>(sizeof(__m256i))) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at_));
      const auto quotes = static_cast<uint32_t>(
          _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'))));
      if (quotes != 0) {
        return at_ + std::countr_zero(quotes);
      }
    }
    return static_cast<const char*>(std::memchr(at_, '"', static_cast<size_t>(end_ - at_)));
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

// The same for requests in CBOR: no strings in pieces, data as bytes.
class PlainCborReader {
 public:
  explicit PlainCborReader(std::string_view bytes) : reader_(bytes) {}

  bool ReadPutRecords(PutRequest& request) {
    return ReadMap([&](std::string_view name) {
             if (Is(name, "Records") && !request.has_records) {
               request.has_records = true;
               return ReadList([&] {
                 if (request.entries.size() > kMaxRecordsPerRequest) {
                   return false;
                 }
                 PutEntry& entry = request.entries.emplace_back();
                 return ReadMap([&](std::string_view member) { return ReadEntry(member, entry); });
               });
             }
             return ReadStream(name, request);
           }) &&
           reader_.AtEnd();
  }

  bool ReadPutRecord(PutRequest& request) {
    request.has_records = true;
    PutEntry& entry = request.entries.emplace_back();
    return ReadMap([&](std::string_view name) {
             return name.starts_with("Stream") ? ReadStream(name, request) : ReadEntry(name, entry);
           }) &&
           reader_.AtEnd();
  }

 private:
  bool ReadStream(std::string_view name, PutRequest& request) {
    return Is(name, "StreamName") ? ReadText(request.stream_name)
                                  : Is(name, "StreamARN") && ReadText(request.stream_arn);
  }

  bool ReadEntry(std::string_view name, PutEntry& entry) {
    return Is(name, "Data") ? ReadString(aws::cbor::Major::kBytes, entry.data)
           : Is(name, "PartitionKey")
               ? ReadText(entry.partition_key)
               : Is(name, "ExplicitHashKey") && ReadText(entry.explicit_hash_key);
  }

  template <typename ReadMember>
  bool ReadMap(ReadMember read_member) {
    return ReadItems(aws::cbor::Major::kMap, [&] {
      std::optional<std::string_view> name;
      return ReadString(aws::cbor::Major::kText, name) && read_member(*name);
    });
  }

  template <typename ReadItem>
  bool ReadList(ReadItem read_item) {
    return ReadItems(aws::cbor::Major::kList, read_item);
  }

  template <typename ReadItem>
  bool ReadItems(aws::cbor::Major major, ReadItem read_item) {
    aws::cbor::Head head;
    if (!reader_.ReadHead(head) || head.major != major) {
      return false;
    }
    for (uint64_t i = 0; head.indefinite ? !reader_.TakeBreak() : i < head.number; ++i) {
      if (!read_item()) {
        return false;
      }
    }
    return true;
  }

  bool ReadText(std::optional<std::string_view>& into) {
    return ReadString(aws::cbor::Major::kText, into) && IsPlain(*into);
  }

  bool ReadString(aws::cbor::Major major, std::optional<std::string_view>& into) {
    aws::cbor::Head head;
    std::string_view text;
    if (into.has_value() || !reader_.ReadHead(head) || head.major != major || head.indefinite ||
        !reader_.ReadBytes(head.number, text)) {
      return false;
    }
    into = text;
    return true;
  }

  aws::cbor::Reader reader_;
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

std::expected<void, ApiError> ReadStream(const json::Value& document, PutRequest& request) {
  auto name = ReadText(document, "StreamName", "String");
  auto arn = ReadText(document, "StreamARN", "String");
  if (!name || !arn) {
    return std::unexpected(!name ? name.error() : arn.error());
  }
  request.stream_name = *name;
  request.stream_arn = *arn;
  return {};
}

std::expected<void, ApiError> ReadRecords(const json::Value& document, PutRequest& request) {
  const json::Value* const records = document.Find("Records");
  if (records == nullptr || records->IsNull()) {
    return {};
  }
  if (!records->IsArray()) {
    return std::unexpected(SerializationError("Expected list or null"));
  }
  request.has_records = true;
  for (const json::Value& record : records->Items()) {
    if (request.entries.size() > kMaxRecordsPerRequest) {
      return {};  // More are too many, whatever they are.
    }
    if (!record.IsObject()) {
      return std::unexpected(SerializationError("Expected null"));
    }
    if (auto read = ReadEntry(record, request.entries.emplace_back()); !read) {
      return read;
    }
  }
  return {};
}

void Append(const PutEntry& entry, std::string_view data, PutRequest& request) {
  request.bytes += data.size();
  request.appended.push_back({.partition_key = entry.partition_key.value_or(""),
                              .explicit_hash_key = {},
                              .data = data,
                              .arrival = {}});
}

std::expected<void, ApiError> ReadGeneral(const json::Value& document, PutRequest& request) {
  if (auto read = ReadStream(document, request); !read) {
    return read;
  }
  if (request.batch) {
    return ReadRecords(document, request);
  }
  request.has_records = true;
  return ReadEntry(document, request.entries.emplace_back());
}

// Decodes all data into one piece of memory, then points entries into it.
std::expected<void, ApiError> Decode(PutRequest& request) {
  size_t most = 0;
  for (const PutEntry& entry : request.entries) {
    most += entry.data.value_or("").size() / 4 * 3;
  }
  request.decoded.reserve(most + kBase64Slack);
  for (const PutEntry& entry : request.entries) {
    const size_t before = request.decoded.size();
    const std::string_view text = entry.data.value_or("");
    if (auto decoded = DecodeBase64(text, request.decoded); !decoded) {
      return std::unexpected(
          SerializationError(fmt::format("'{}' can not be converted to a Blob: {}",
                                         text.substr(0, kMaxQuotedBytes), decoded.error())));
    }
    Append(entry, {request.decoded.data() + before, request.decoded.size() - before}, request);
  }
  return {};
}

// Reads the plain form; false when the request is not of it, or not right.
bool ReadPlain(aws::Encoding encoding, std::string_view body, PutRequest& request) {
  if (encoding == aws::Encoding::kCbor) {
    PlainCborReader reader(body);
    if (request.batch ? !reader.ReadPutRecords(request) : !reader.ReadPutRecord(request)) {
      return false;
    }
    for (const PutEntry& entry : request.entries) {
      Append(entry, entry.data.value_or(""), request);
    }
    return true;
  }
  PlainJsonReader reader(body);
  return (request.batch ? reader.ReadPutRecords(request) : reader.ReadPutRecord(request)) &&
         Decode(request);
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
  firsts.clear();
  aggregates = 0;
  damaged_aggregates = 0;
  bytes = 0;
}

std::expected<void, ApiError> ReadPut(aws::Encoding encoding, std::string_view body,
                                      PutRequest& request) {
  request.Clear();
  if (ReadPlain(encoding, body, request)) {
    return {};
  }
  request.Clear();
  auto document = aws::ReadDocument(encoding, body);
  if (!document) {
    return std::unexpected(document.error());
  }
  request.document = *std::move(document);
  if (auto read = ReadGeneral(request.document, request); !read) {
    return read;
  }
  return Decode(request);
}

}  // namespace weir::ingest::kinesis
