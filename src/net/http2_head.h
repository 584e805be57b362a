#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/request_parser.h"
#include "net/response_text.h"

namespace weir::net {

// Collects the head of one HTTP/2 request field by field, as they are decompressed.
class Http2Head {
 public:
  // What is beyond `max_bytes` is not kept. False when the head is kMaxExcess times as large: small
  // frames can stand for very large heads.
  bool Add(std::string_view name, std::string_view value, size_t max_bytes);

  // The head in the terms of HTTP/1.1, with the same limits: :authority, which may be what the
  // client has signed, stands beside a host field; the parts of a cookie are one again. Views into
  // this.
  std::expected<RequestHead, Refusal> Finish(size_t max_bytes);

  // About what a request holds of it.
  size_t held_bytes() const { return bytes_ + fields_.size() * sizeof(fields_.front()); }

  std::string_view method() const { return method_; }

 private:
  static constexpr size_t kMaxExcess = 4;

  size_t bytes_ = 0;
  std::string method_;
  std::string scheme_;
  std::string path_;
  std::string authority_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// The fields of an answer; :status is the first. `whole` when `response` has the whole body.
std::vector<std::pair<std::string, std::string>> Http2Fields(const Response& response,
                                                             const ResponseContext& context,
                                                             bool whole);

}  // namespace weir::net
