#include "load_request.h"

#include <array>
#include <utility>

#include "auth/sigv4_canonical.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/time_format.h"
#include "crypto/digest.h"
#include "ingest/aws/cbor.h"

namespace weir::benchmarks {
namespace {

using ingest::aws::cbor::AppendHead;
using ingest::aws::cbor::Major;

constexpr int kDistinctRequests = 64;
constexpr int kUsers = 100'000;
constexpr size_t kLogOverhead = 4;  // Of a record: arrival, and the lengths of key and data.
constexpr size_t kSpreadKey = 2;    // The partition key of lines that name none.
constexpr size_t kSequenceDigits = 56;
constexpr size_t kShardDigits = 12;
constexpr std::string_view kSignedHeaders =
    "amz-sdk-invocation-id;content-type;host;x-amz-date;x-amz-target";

struct Click {
  std::string key;
  std::string data;
};

constexpr std::string_view kEventId = R"({"EventId":")";
constexpr size_t kEventIdDigits = 16;

std::vector<Click> MakeClicks(int64_t millis, int first, int count) {
  std::vector<Click> clicks;
  for (int number = first; number < first + count; ++number) {
    const std::string user = fmt::format("user{}", number * 7919LL % kUsers);
    clicks.push_back(
        {user,
         fmt::format(
             R"({{"UserId":"{}","Device":"{}","Event":"P{}","EventType":"Promotion","Timestamp":"{}"}})",
             user, number % 3 == 0 ? "desktop" : "mobile", 601 + number % 108,
             base::FormatTimestamp(millis + number))});
  }
  return clicks;
}

void AppendText(std::string_view text, std::string& out) {
  AppendHead(Major::kText, text.size(), out);
  out.append(text);
}

std::string CborBody(const std::vector<Click>& clicks, std::string_view stream) {
  std::string body;
  AppendHead(Major::kMap, 2, body);
  AppendText("Records", body);
  AppendHead(Major::kList, clicks.size(), body);
  for (const Click& click : clicks) {
    AppendHead(Major::kMap, 2, body);
    AppendText("Data", body);
    AppendHead(Major::kBytes, click.data.size(), body);
    body.append(click.data);
    AppendText("PartitionKey", body);
    AppendText(click.key, body);
  }
  AppendText("StreamName", body);
  AppendText(stream, body);
  return body;
}

// As botocore writes it.
std::string JsonEntry(const Click& click) {
  return fmt::format(R"("Data": "{}", "PartitionKey": "{}")", base::ToBase64(click.data),
                     click.key);
}

std::string Body(Door door, const std::vector<Click>& clicks, std::string_view stream) {
  std::string body;
  switch (door) {
    case Door::kLines:
      for (const Click& click : clicks) {
        body.append(click.data).append("\n");
      }
      return body;
    case Door::kPutRecord:
      return fmt::format(R"({{"StreamName": "{}", {}}})", stream, JsonEntry(clicks.front()));
    case Door::kPutRecords:
      for (const Click& click : clicks) {
        body.append(body.empty() ? "{" : ", {").append(JsonEntry(click)).append("}");
      }
      return fmt::format(R"({{"Records": [{}], "StreamName": "{}"}})", body, stream);
    case Door::kPutRecordsCbor:
      return CborBody(clicks, stream);
  }
  return body;
}

std::string_view ContentType(Door door) {
  switch (door) {
    case Door::kLines:
      return "application/x-ndjson";
    case Door::kPutRecordsCbor:
      return "application/x-amz-cbor-1.1";
    default:
      return "application/x-amz-json-1.1";
  }
}

std::string_view Target(Door door) {
  return door == Door::kPutRecord ? "Kinesis_20131202.PutRecord" : "Kinesis_20131202.PutRecords";
}

}  // namespace

// Signs the heads of requests with one key.
class LoadRequests::Signer {
 public:
  Signer(const LoadOptions& options, LoadKey key) : key_(std::move(key)), region_(options.region) {
    headers_ = {{"amz-sdk-invocation-id", ""},
                {"content-type", std::string(ContentType(options.door))},
                {"host", fmt::format("127.0.0.1:{}", options.port)},
                {"x-amz-date", ""},
                {"x-amz-target", std::string(Target(options.door))}};
  }

  // Appends x-amz-date, the invocation id and the signature.
  void AppendHeaders(std::string_view body_hash, std::string& head) {
    const int64_t second = base::SystemClock().WallMillis() / 1'000;
    if (second != second_) {
      SetDate(second);
    }
    headers_[0].second = fmt::format("{:016x}{:016x}", run_, number_++);
    const std::string canonical = auth::CanonicalRequest({.method = "POST",
                                                          .path = "/",
                                                          .query = "",
                                                          .headers = headers_,
                                                          .signed_headers = kNames,
                                                          .payload_hash = body_hash});
    const std::string& date = headers_[3].second;
    fmt::format_to(std::back_inserter(head),
                   "amz-sdk-invocation-id: {}\r\nx-amz-date: {}\r\nauthorization: AWS4-HMAC-SHA256 "
                   "Credential={}/{}, SignedHeaders={}, Signature={}\r\n",
                   headers_[0].second, date, key_.id, scope_, kSignedHeaders,
                   auth::Signature(signing_key_, auth::StringToSign(date, scope_, canonical)));
  }

 private:
  static constexpr std::array<std::string_view, 5> kNames = {
      "amz-sdk-invocation-id", "content-type", "host", "x-amz-date", "x-amz-target"};

  void SetDate(int64_t second) {
    second_ = second;
    const base::CivilTime time = base::ToCivil(second * 1'000);
    const std::string day = fmt::format("{:04}{:02}{:02}", time.year, time.month, time.day);
    headers_[3].second =
        fmt::format("{}T{:02}{:02}{:02}Z", day, time.hour, time.minute, time.second);
    scope_ = fmt::format("{}/{}/kinesis/aws4_request", day, region_);
    signing_key_ = auth::SigningKey(key_.secret, day, region_, "kinesis");
  }

  const LoadKey key_;
  const std::string region_;
  const uint64_t run_ = static_cast<uint64_t>(base::SystemClock().WallMillis());
  uint64_t number_ = 0;
  int64_t second_ = -1;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string scope_;
  crypto::Sha256Digest signing_key_{};
};

LoadRequests::LoadRequests(LoadOptions options)
    : options_(std::move(options)),
      form_(FormOf(options_)),
      next_event_(static_cast<uint64_t>(base::SystemClock().WallMillis()) << 20) {
  const bool kinesis = options_.door != Door::kLines;
  if (options_.key && kinesis) {
    signer_ = std::make_unique<Signer>(options_, *options_.key);
  }
  const int64_t now = base::SystemClock().WallMillis();
  size_t data = 0;
  size_t logged = 0;
  size_t wire = 0;
  for (int i = 0; i < kDistinctRequests; ++i) {
    auto clicks = MakeClicks(now, i * options_.records, options_.records);
    if (options_.event_ids) {
      for (Click& click : clicks) {
        click.data.replace(0, 1, fmt::format("{}{:016x}\",", kEventId, 0));
      }
    }
    for (const Click& click : clicks) {
      data += click.data.size();
      logged += click.data.size() + (kinesis ? click.key.size() : kSpreadKey) + kLogOverhead;
    }
    Prepared& prepared = prepared_.emplace_back();
    prepared.body = Body(options_.door, clicks, options_.stream);
    for (size_t at = prepared.body.find(kEventId); at != std::string::npos;
         at = prepared.body.find(kEventId, at + 1)) {
      prepared.event_ids.push_back(at + kEventId.size());
    }
    prepared.body_hash = signer_ ? crypto::Hex(crypto::Sha256(prepared.body)) : "";
    wire += prepared.body.size();
  }
  head_start_ = kinesis
                    ? fmt::format("POST / HTTP/1.1\r\nx-amz-target: {}\r\n", Target(options_.door))
                    : fmt::format("POST /v1/streams/{}/records HTTP/1.1\r\n", options_.stream);
  fmt::format_to(std::back_inserter(head_start_),
                 "host: 127.0.0.1:{}\r\nuser-agent: http_load\r\ncontent-type: {}\r\n",
                 options_.port, ContentType(options_.door));
  if (options_.key && !kinesis) {
    fmt::format_to(std::back_inserter(head_start_), "authorization: Bearer {}.{}\r\n",
                   options_.key->id, options_.key->secret);
  }
  const double records = static_cast<double>(kDistinctRequests) * options_.records;
  const bool json = options_.door == Door::kPutRecord || options_.door == Door::kPutRecords;
  const double body = static_cast<double>(wire) / records;
  record_bytes_ = {.wire = body + static_cast<double>(Next().head.size()) / options_.records,
                   .hashed = signer_ ? body : 0,
                   .encoded = json ? static_cast<double>(data) / records * 4 / 3 : 0,
                   .logged = static_cast<double>(logged) / records};
}

LoadRequests::~LoadRequests() = default;

void LoadRequests::SetEventIds(Prepared& prepared) {
  for (const size_t at : prepared.event_ids) {
    fmt::format_to_n(prepared.body.begin() + static_cast<ptrdiff_t>(at), kEventIdDigits, "{:016x}",
                     next_event_++);
  }
}

LoadRequests::Request LoadRequests::Next() {
  Prepared& prepared = prepared_[next_++ % prepared_.size()];
  SetEventIds(prepared);
  head_ = head_start_;
  fmt::format_to(std::back_inserter(head_), "content-length: {}\r\n", prepared.body.size());
  if (signer_) {
    signer_->AppendHeaders(prepared.body_hash, head_);
  }
  head_.append("\r\n");
  return {head_, prepared.body};
}

LoadRequests::AnswerForm LoadRequests::FormOf(const LoadOptions& options) {
  constexpr std::string_view kBefore = R"({"SequenceNumber":")";
  constexpr std::string_view kBetween = R"(","ShardId":"shardId-)";
  switch (options.door) {
    case Door::kLines:
      return {.head = fmt::format(R"({{"accepted":{},"rejected":[]}})", options.records)};
    case Door::kPutRecord:
      return {.head = R"({"EncryptionType":"NONE",)",
              .before = kBefore.substr(1),
              .between = kBetween,
              .after = "\"}"};
    case Door::kPutRecords:
      return {.head = R"({"EncryptionType":"NONE","FailedRecordCount":0,"Records":[)",
              .before = kBefore,
              .between = kBetween,
              .after = "\"}",
              .separator = 1};
    case Door::kPutRecordsCbor:
      break;
  }
  AnswerForm form = {.before = "\xA2\x6ESequenceNumber\x78\x38",
                     .between = "\x67ShardId\x74shardId-"};
  AppendHead(Major::kMap, 3, form.head);
  for (const std::string_view text : {"EncryptionType", "NONE", "FailedRecordCount"}) {
    AppendText(text, form.head);
  }
  AppendHead(Major::kUnsigned, 0, form.head);
  AppendText("Records", form.head);
  AppendHead(Major::kList, static_cast<uint64_t>(options.records), form.head);
  return form;
}

bool LoadRequests::IsRight(std::string_view body) const {
  if (!body.starts_with(form_.head)) {
    return false;
  }
  body.remove_prefix(form_.head.size());
  const auto take = [&body](std::string_view text, size_t more) {
    const bool right = body.starts_with(text) && body.size() >= text.size() + more;
    body.remove_prefix(right ? text.size() + more : 0);
    return right;
  };
  for (int i = 0; i < options_.records && !form_.before.empty(); ++i) {
    if (!take(form_.before, kSequenceDigits) || !take(form_.between, kShardDigits) ||
        !take(form_.after, form_.separator)) {
      return false;
    }
  }
  return true;
}

}  // namespace weir::benchmarks
