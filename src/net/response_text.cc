#include "net/response_text.h"

#include <array>

#include "base/format.h"
#include "base/time_format.h"
#include "net/response_fields.h"

namespace weir::net {
namespace {

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

char FieldCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F ? ' ' : c;
}

void AppendField(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ");
  for (const char c : value) {
    out.push_back(FieldCharacter(c));
  }
  out.append("\r\n");
}

void AppendStatusLine(int status, std::string& out) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status));
}

void AppendFields(const Response& response, const ResponseContext& context, bool whole,
                  std::string& out) {
  EachResponseField(response, context, whole, [&](std::string_view name, std::string_view value) {
    AppendField(name, value, out);
  });
  if (context.close) {
    out.append("connection: close\r\n");
  }
}

int StatusOf(base::Code code) {
  switch (code) {
    case base::Code::kInvalidArgument:
      return 400;
    case base::Code::kNotFound:
      return 404;
    case base::Code::kAlreadyExists:
    case base::Code::kFailedPrecondition:
      return 409;
    case base::Code::kLimitExceeded:
      return 413;
    case base::Code::kUnavailable:
    case base::Code::kDiskFull:
      return 503;
    case base::Code::kPermission:
      return 403;
    case base::Code::kDataLoss:
    case base::Code::kIo:
    case base::Code::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string FormatHttpDate(int64_t wall_millis) {
  static constexpr std::array<std::string_view, 7> kDays = {"Thu", "Fri", "Sat", "Sun",
                                                            "Mon", "Tue", "Wed"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr int64_t kDayMillis = 86'400'000;
  const base::CivilTime civil = base::ToCivil(wall_millis);
  const int64_t day = wall_millis / kDayMillis - (wall_millis % kDayMillis < 0 ? 1 : 0);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[((day % 7) + 7) % 7],
                     civil.day, kMonths[civil.month - 1], civil.year, civil.hour, civil.minute,
                     civil.second);
}

std::string FieldText(std::string_view value) {
  std::string text(value);
  for (char& c : text) {
    c = FieldCharacter(c);
  }
  return text;
}

void AppendResponse(const Response& response, const ResponseContext& context, std::string& out) {
  AppendStatusLine(response.status, out);
  AppendFields(response, context, true, out);
  out.append("\r\n");
  if (!IsBodiless(response.status) && !context.head_only) {
    out.append(response.body);
  }
}

void AppendStreamHead(const Response& response, const ResponseContext& context, bool chunked,
                      std::string& out) {
  AppendStatusLine(response.status, out);
  if (chunked) {
    out.append("transfer-encoding: chunked\r\n");
  }
  AppendFields(response, context, false, out);
  out.append("\r\n");
}

void AppendChunk(std::string_view bytes, std::string& out) {
  if (!bytes.empty()) {
    fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes.size());
    out.append(bytes).append("\r\n");
  }
}

void AppendEvent(std::string_view id, std::string_view event, std::string_view data,
                 std::string& out) {
  const auto append_line = [&](std::string_view field, std::string_view text) {
    out.append(field);
    for (const char c : text) {
      if (c != '\r' && c != '\n' && c != '\0') {
        out.push_back(c);
      }
    }
    out.push_back('\n');
  };
  if (!id.empty()) {
    append_line("id: ", id);
  }
  if (!event.empty()) {
    append_line("event: ", event);
  }
  for (;;) {
    const size_t newline = data.find('\n');
    append_line("data: ", data.substr(0, newline));
    if (newline == std::string_view::npos) {
      break;
    }
    data.remove_prefix(newline + 1);
  }
  out.push_back('\n');
}

Response JsonError(int status, std::string_view code, std::string_view message) {
  Response response;
  response.status = status;
  response.body = "{\"error\":{\"code\":";
  AppendJsonString(code, response.body);
  response.body.append(",\"message\":");
  AppendJsonString(message, response.body);
  response.body.append("}}\n");
  if (status == 429 || status == 503) {
    response.headers.emplace_back("retry-after", "1");
  }
  return response;
}

Response ErrorResponse(const base::Error& error) {
  return JsonError(StatusOf(error.code), base::CodeName(error.code), error.message);
}

std::string_view Request::Header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) {
      return value;
    }
  }
  return {};
}

}  // namespace weir::net
