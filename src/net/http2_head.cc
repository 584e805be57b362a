#include "net/http2_head.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "net/response_fields.h"
#include "net/text.h"

namespace weir::net {
namespace {

// What a line of HTTP/1.1 has besides name and value.
constexpr size_t kFieldOverhead = 4;

// Fields of an answer that mean something for a connection of HTTP/1.1 only.
bool IsOfConnection(std::string_view lower_case_name) {
  constexpr std::array<std::string_view, 5> kNames = {
      "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};
  return std::find(kNames.begin(), kNames.end(), lower_case_name) != kNames.end();
}

}  // namespace

bool Http2Head::Add(std::string_view name, std::string_view value, size_t max_bytes) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > max_bytes) {
    return bytes_ <= max_bytes * kMaxExcess;
  }
  if (name.starts_with(':')) {
    std::string* const into = name == ":method"      ? &method_
                              : name == ":scheme"    ? &scheme_
                              : name == ":path"      ? &path_
                              : name == ":authority" ? &authority_
                                                     : nullptr;
    if (into != nullptr) {
      *into = value;
    }
    return true;
  }
  if (name == "cookie") {
    const auto cookie = std::find_if(fields_.begin(), fields_.end(),
                                     [](const auto& field) { return field.first == "cookie"; });
    if (cookie != fields_.end()) {
      cookie->second.append("; ").append(value);
      return true;
    }
  }
  if (fields_.size() <= kMaxHeaderFields) {  // One too many says enough.
    fields_.emplace_back(name, value);
  }
  return true;
}

std::expected<RequestHead, Refusal> Http2Head::Finish(size_t max_bytes) {
  if (bytes_ > max_bytes) {
    return std::unexpected(
        Refusal{431, fmt::format("the request head is larger than {} bytes", max_bytes)});
  }
  if (scheme_ != "http" && scheme_ != "https") {
    return std::unexpected(Refusal{400, "the scheme must be http or https"});
  }
  const bool has_host = std::any_of(fields_.begin(), fields_.end(),
                                    [](const auto& field) { return field.first == "host"; });
  if (!has_host && !authority_.empty()) {
    fields_.emplace_back("host", authority_);
  }
  auto head = AssembleHead(method_, path_, authority_, fields_);
  if (head && !authority_.empty()) {
    head->fields.emplace_back(":authority", authority_);
  }
  return head;
}

std::vector<std::pair<std::string, std::string>> Http2Fields(const Response& response,
                                                             const ResponseContext& context,
                                                             bool whole) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.reserve(response.headers.size() + 6);
  fields.emplace_back(":status", fmt::format("{}", response.status));
  EachResponseField(response, context, whole, [&](std::string_view name, std::string_view value) {
    std::string lower = LowerCase(name);
    if (!IsOfConnection(lower)) {
      fields.emplace_back(std::move(lower), FieldText(value));
    }
  });
  return fields;
}

}  // namespace weir::net
