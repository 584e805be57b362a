#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::benchmarks {

/// What a client that loads a server sends.
enum class Door : uint8_t {
  kLines,           ///< POST /v1/streams/{name}/records, newline-delimited JSON
  kPutRecord,       ///< Kinesis, JSON
  kPutRecords,      ///< Kinesis, JSON
  kPutRecordsCbor,  ///< Kinesis, CBOR
};

struct LoadKey {
  std::string id;
  std::string secret;
};

struct LoadOptions {
  Door door = Door::kLines;
  std::string stream = "ClickStream";
  int records = 500;  ///< of one request
  uint16_t port = 8080;
  std::string region = "us-east-1";
  /// Signs (SigV4) what goes to the Kinesis API, is the bearer key of the rest.
  std::optional<LoadKey> key;
  /// Each record has an EventId of its own, ever. Of lines alone.
  bool event_ids = false;
};

/// Bytes of one record on its way.
struct RecordBytes {
  double wire = 0;     ///< head and body of the request
  double hashed = 0;   ///< of the body, for its signature
  double encoded = 0;  ///< its data in Base64
  double logged = 0;   ///< data, partition key and the log's own
};

/// Requests whose bodies and digests exist already, so that sending one costs little: a head, and
/// for a signed one the hash of the head. No two signed requests are the same, as each has an
/// invocation id of its own. Not thread-safe.
class LoadRequests {
 public:
  explicit LoadRequests(LoadOptions options);
  ~LoadRequests();

  /// The next request is `head` and `body`, which are valid until the next call.
  struct Request {
    std::string_view head;
    std::string_view body;
  };

  Request Next();

  /// Whether `body` answers a request in full: every record is stored, and has its sequence number
  /// where the API tells it.
  bool IsRight(std::string_view body) const;

  const RecordBytes& record_bytes() const { return record_bytes_; }

 private:
  class Signer;

  struct Prepared {
    std::string body;
    std::string body_hash;
    std::vector<size_t> event_ids;  // Where they stand.
  };

  void SetEventIds(Prepared& prepared);

  // What right answers look like: `head`, then for each record `before`, its sequence number,
  // `between`, its shard's number, `after`, and what separates it from the next.
  struct AnswerForm {
    std::string head;
    std::string_view before;
    std::string_view between;
    std::string_view after;
    size_t separator = 0;
  };

  static AnswerForm FormOf(const LoadOptions& options);

  const LoadOptions options_;
  const AnswerForm form_;
  std::unique_ptr<Signer> signer_;
  std::vector<Prepared> prepared_;
  std::string head_start_;
  std::string head_;
  uint64_t next_ = 0;
  uint64_t next_event_ = 0;
  RecordBytes record_bytes_;
};

}  // namespace weir::benchmarks
