#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "json/document.h"
#include "net/http_client.h"
#include "server/commands.h"

namespace weir::server {

/// How a command reaches a running server: where, whom to trust, and as whom.
struct Remote {
  std::string url;
  std::string authorities;    ///< PEM, or "" for the system's.
  std::string authorization;  ///< "Bearer …", or "".
};

/// Reads --ca and the key, which comes from --key-file or else from WEIR_KEY (`key_variable`).
/// kInvalidArgument for a key that would cross the network in the clear.
base::Result<Remote> ReadRemote(base::FileSystem& files, const Target& target,
                                std::string_view key_variable);
/// The same with this process's files and environment.
base::Result<Remote> ReadRemote(const Target& target);

/// Sends requests to one server. Not thread-safe.
class RemoteServer {
 public:
  static base::Result<std::unique_ptr<RemoteServer>> Open(const Target& target,
                                                          int64_t timeout_millis);

  /// The body of a successful answer, "" as null. Else the server's own words: kPermission for 401
  /// and 403, kNotFound, kUnavailable for 429 and 503 and when it cannot be reached.
  base::Result<json::Value> Send(std::string_view method, std::string_view path,
                                 std::string_view body);

 private:
  RemoteServer(Remote remote, std::unique_ptr<net::HttpClient> client)
      : remote_(std::move(remote)), client_(std::move(client)) {}

  Remote remote_;
  std::unique_ptr<net::HttpClient> client_;
};

/// `text` as one part of a path.
std::string PercentEncode(std::string_view text);

}  // namespace weir::server
