#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace weir::auth {

/// Who is logged in at the console, in memory: a restart ends all sessions. Thread-safe.
class Sessions {
 public:
  static constexpr int64_t kIdleMillis = 30 * 60'000;
  static constexpr int64_t kLongestMillis = 12 * 3'600'000;
  static constexpr size_t kMaxSessions = 10'000;
  static constexpr size_t kMaxPerKey = 50;  ///< Beyond, the key's least recently used one ends.
  static constexpr size_t kTokenBytes = 16;

  explicit Sessions(base::Clock& clock) : clock_(clock) {}

  /// The token of a new session of the key: 32 hexadecimal digits. kLimitExceeded beyond
  /// kMaxSessions.
  base::Result<std::string> Begin(std::string_view key_id);
  /// The key whose session it is, which counts as use of it; nothing when it has ended.
  std::optional<std::string> Find(std::string_view token);
  void End(std::string_view token);

 private:
  struct Session {
    std::string key_id;
    int64_t begun_nanos = 0;
    int64_t used_nanos = 0;
  };

  void DropEnded(int64_t now);
  static bool Ended(const Session& session, int64_t now);

  base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // By the digest of the token.
};

}  // namespace weir::auth
