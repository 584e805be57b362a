#include "auth/attempts.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "net/client_network.h"

namespace weir::auth {

int64_t Attempts::Failed(std::string_view address, std::string_view key_id) {
  const std::string client = net::ClientNetwork(address);
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.MonotonicNanos();
  int64_t wait = 0;
  if (const auto one = entries_.find(Key(client, key_id)); one != entries_.end()) {
    Forget(one->second, kKeyPerSecond, now);
    wait = Wait(one->second, kKeyBurst, kKeyPerSecond);
  }
  if (const auto all = entries_.find(Key(client, "")); all != entries_.end()) {
    Forget(all->second, kAddressPerSecond, now);
    wait = std::max(wait, Wait(all->second, kAddressBurst, kAddressPerSecond));
  }
  if (wait == 0) {
    Find(client, key_id).failures += 1;
    Find(client, "").failures += 1;
  }
  return wait;
}

Attempts::Entry& Attempts::Find(const std::string& client, std::string_view key_id) {
  Key key(client, key_id);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    return found->second;
  }
  if (entries_.size() >= kMaxEntries) {
    ForgetQuiet();
  }
  return entries_[std::move(key)] = {.nanos = clock_.MonotonicNanos()};
}

void Attempts::ForgetQuiet() {
  std::vector<int64_t> times;
  times.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    times.push_back(entry.nanos);
  }
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(times.size() / kForgottenShare);
  std::ranges::nth_element(times, last);
  std::erase_if(entries_,
                [until = *last](const auto& entry) { return entry.second.nanos <= until; });
}

void Attempts::Forget(Entry& entry, double per_second, int64_t now) {
  const double seconds = static_cast<double>(now - entry.nanos) / 1e9;
  entry.failures = std::max(0.0, entry.failures - seconds * per_second);
  entry.nanos = now;
}

int64_t Attempts::Wait(const Entry& entry, double burst, double per_second) {
  if (entry.failures < burst) {
    return 0;
  }
  return std::max<int64_t>(
      1, static_cast<int64_t>(std::ceil((entry.failures - burst + 1) / per_second)));
}

}  // namespace weir::auth
