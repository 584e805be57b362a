#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::net {

// Why a request cannot be served: an HTTP status and the sentence for the client.
struct Refusal {
  int status = 400;
  std::string message;
};

// The head of one request, as views into the text that was parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // Origin form: begins with '/'.
  std::string_view host;  // From Host, or the authority of an absolute target; "" only in HTTP/1.0.
  bool http_1_0 = false;
  bool keep_alive = true;
  bool chunked = false;
  bool expect_continue = false;
  uint64_t content_length = 0;
  std::vector<std::pair<std::string_view, std::string_view>> fields;
};

inline constexpr size_t kMaxHeaderFields = 64;
inline constexpr size_t kMaxRequestLine = 8 << 10;

// How many bytes at the start of `input` are the head, its empty line included. Remembers what it
// has looked at, so that a head that arrives a byte at a time costs linear time.
class HeadScanner {
 public:
  // Nothing while the head is incomplete. A line that does not end in CR LF, or a head over
  // `max_bytes`, is refused.
  std::expected<std::optional<size_t>, Refusal> Scan(std::string_view input, size_t max_bytes);

  void Reset() { *this = {}; }

 private:
  size_t line_start_ = 0;
  size_t looked_at_ = 0;
};

// Parses a whole head (with its empty line) strictly: no obs-fold, no space before the colon, one
// Host, at most one Content-Length, never with Transfer-Encoding, no transfer coding but "chunked",
// no content coding.
std::expected<RequestHead, Refusal> ParseHead(std::string_view head);

// The same for a head that came in parts: `authority` is the host that the target names, or "".
// Views into the arguments.
std::expected<RequestHead, Refusal> AssembleHead(
    std::string_view method, std::string_view target, std::string_view authority,
    const std::vector<std::pair<std::string, std::string>>& fields);

// Why a body over `max_bytes` is refused.
Refusal BodyTooLarge(size_t max_bytes);

// Takes a request's body from the connection's bytes.
class BodyReader {
 public:
  // `max_bytes` bounds the body.
  void Start(const RequestHead& head, size_t max_bytes);

  // Takes bytes from the front of `input` and appends the body's to `body`; returns how many were
  // taken.
  std::expected<size_t, Refusal> Consume(std::string_view input, std::string& body);

  bool done() const { return phase_ == Phase::kDone; }

  // Body bytes that are still to come as they are (of the body or of the current chunk).
  uint64_t remaining() const { return phase_ == Phase::kData ? remaining_ : 0; }

  bool chunked() const { return chunked_; }

 private:
  enum class Phase : uint8_t { kData, kChunkSize, kChunkEnd, kTrailer, kDone };

  std::expected<void, Refusal> TakeLine(std::string_view line);

  Phase phase_ = Phase::kDone;
  bool chunked_ = false;
  uint64_t remaining_ = 0;
  size_t max_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  std::string line_;  // A chunk-size or trailer line that has not ended yet.
};

}  // namespace weir::net
