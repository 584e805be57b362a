#include "dashboard/web_routes.h"

#include <string>

#include "dashboard/web_files.h"

namespace weir::dashboard {
namespace {

const WebFile* FindFile(std::string_view path) {
  for (const WebFile& file : WebFiles()) {
    if (file.path == path) {
      return &file;
    }
  }
  return nullptr;
}

/// Browsers ignore the rule for addresses; for localhost it would reach every program there.
bool MayBindToTls(const net::Request& request) {
  return request.secure && !request.Header("host").starts_with("localhost");
}

}  // namespace

net::Response AnswerWebFile(const net::Request& request) {
  const WebFile* file = FindFile(request.path == "/" ? "/index.html" : request.path);
  if (file == nullptr) {
    return net::ErrorResponse({base::Code::kNotFound, fmt::format("no file '{}'", request.path)});
  }
  net::Response response;
  // The page itself keeps its name from version to version; its other files carry their content's
  // hash in the name.
  const bool hashed = file->path.starts_with("/assets/");
  response.headers = {
      {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"ETag", std::string(file->etag)},
      {"Vary", "Accept-Encoding"},
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"}};
  if (MayBindToTls(request)) {
    response.headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
  }
  response.content_type = file->content_type;
  if (request.Header("if-none-match") == file->etag) {
    response.status = 304;
    return response;
  }
  if (request.Header("accept-encoding").find("gzip") != std::string_view::npos) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file->gzip;
  } else {
    response.body = file->body;
  }
  return response;
}

}  // namespace weir::dashboard
