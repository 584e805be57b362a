#include "auth/sessions.h"

#include "base/bytes.h"
#include "crypto/digest.h"

namespace weir::auth {

namespace {

/// Looking up the digest takes no time that tells how much of a guessed token is right.
std::string Digest(std::string_view token) {
  return crypto::Hex(crypto::Sha256(token));
}

}  // namespace

bool Sessions::Ended(const Session& session, int64_t now) {
  return now - session.used_nanos > kIdleMillis * 1'000'000 ||
         now - session.begun_nanos > kLongestMillis * 1'000'000;
}

void Sessions::DropEnded(int64_t now) {
  std::erase_if(sessions_, [now](const auto& entry) { return Ended(entry.second, now); });
}

base::Result<std::string> Sessions::Begin(std::string_view key_id) {
  std::string token = base::ToHex(crypto::RandomBytes(kTokenBytes));
  const int64_t now = clock_.MonotonicNanos();
  const std::lock_guard lock(mutex_);
  DropEnded(now);
  size_t of_key = 0;
  auto oldest = sessions_.end();
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    if (at->second.key_id != key_id) {
      continue;
    }
    ++of_key;
    if (oldest == sessions_.end() || at->second.used_nanos < oldest->second.used_nanos) {
      oldest = at;
    }
  }
  if (of_key >= kMaxPerKey) {
    sessions_.erase(oldest);
  }
  if (sessions_.size() >= kMaxSessions) {
    return base::Fail(base::Code::kLimitExceeded,
                      "{} sessions are open, which is the most; log out of some or wait",
                      kMaxSessions);
  }
  sessions_[Digest(token)] = {.key_id = std::string(key_id), .begun_nanos = now, .used_nanos = now};
  return token;
}

std::optional<std::string> Sessions::Find(std::string_view token) {
  const int64_t now = clock_.MonotonicNanos();
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(Digest(token));
  if (found == sessions_.end()) {
    return std::nullopt;
  }
  if (Ended(found->second, now)) {
    sessions_.erase(found);
    return std::nullopt;
  }
  found->second.used_nanos = now;
  return found->second.key_id;
}

void Sessions::End(std::string_view token) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(Digest(token));
}

}  // namespace weir::auth
