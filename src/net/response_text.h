#pragma once

#include <string>
#include <string_view>

#include "net/http_server.h"

namespace weir::net {

std::string_view ReasonPhrase(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(int64_t wall_millis);

// Head fields that the server adds by itself.
struct ResponseContext {
  std::string_view date;
  std::string_view request_id;
  bool head_only = false;  // For HEAD: the head that GET would get, and no body.
  bool close = false;
};

// `value` with control characters as spaces.
std::string FieldText(std::string_view value);

// Appends the whole response. Control characters in header values become spaces.
void AppendResponse(const Response& response, const ResponseContext& context, std::string& out);

// Appends the head of a response whose body follows: in chunks, or until the connection is closed.
void AppendStreamHead(const Response& response, const ResponseContext& context, bool chunked,
                      std::string& out);

// Appends a chunk of a chunked body; nothing for "", which would end it.
void AppendChunk(std::string_view bytes, std::string& out);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Appends one event; line breaks in `data` begin further data lines, those in `id` and `event` are
// left out.
void AppendEvent(std::string_view id, std::string_view event, std::string_view data,
                 std::string& out);

// A JSON error with any status: {"error":{"code":…,"message":…}}.
Response JsonError(int status, std::string_view code, std::string_view message);

}  // namespace weir::net
