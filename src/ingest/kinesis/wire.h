#pragma once

#include <string>
#include <string_view>

#include "base/format.h"
#include "net/http_server.h"

namespace weir::ingest::kinesis {

// The account and region that names and messages speak of.
inline constexpr std::string_view kAccount = "000000000000";
inline constexpr std::string_view kRegion = "us-east-1";

// An error in the form of the API: {"__type":…,"message":…}.
struct ApiError {
  std::string type;
  std::string message;
  int status = 400;
};

template <typename... Args>
ApiError MakeError(std::string_view type, fmt::format_string<Args...> format, Args&&... args) {
  return {std::string(type), fmt::format(format, std::forward<Args>(args)...)};
}

// "arn:aws:kinesis:us-east-1:000000000000:stream/<name>"
std::string StreamArn(std::string_view name);

// Gives the response the headers of the API; `request_id` is the server's.
net::Response ApiResponse(int status, std::string body, std::string_view request_id);
net::Response ApiResponse(const ApiError& error, std::string_view request_id);

// Stream X under account N not found.
ApiError StreamNotFound(std::string_view name);

// "N validation errors detected: …; …" of constraint failures.
ApiError ValidationError(std::string_view failures, size_t count);

// A constraint failure's sentence; `value` is printed as the API prints it.
std::string ConstraintFailure(std::string_view value, std::string_view member,
                              std::string_view constraint);

}  // namespace weir::ingest::kinesis
