#pragma once

#include <string>
#include <string_view>

#include "base/format.h"
#include "net/response_text.h"

namespace weir::net {

// An answer with this status never has a body.
inline bool IsBodiless(int status) {
  return status == 204 || status == 304;
}

// Calls add(name, value) for each head field of an answer, but for what only one version of HTTP
// has. `whole` when the body is there and its length is known.
template <typename Add>
void EachResponseField(const Response& response, const ResponseContext& context, bool whole,
                       Add add) {
  if (!whole || !IsBodiless(response.status)) {
    if (!response.content_type.empty()) {
      add("content-type", response.content_type);
    }
    if (whole) {
      const fmt::format_int length(response.body.size());
      add("content-length", std::string_view(length.data(), length.size()));
    }
  }
  add("date", context.date);
  add("x-request-id", context.request_id);
  add("x-content-type-options", "nosniff");
  for (const auto& [name, value] : response.headers) {
    add(name, value);
  }
}

}  // namespace weir::net
