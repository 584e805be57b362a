#include "ingest/browser/address_limiter.h"

#include <algorithm>

#include "crypto/digest.h"
#include "net/client_network.h"

namespace weir::ingest::browser {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosEach = kNanosPerSecond / AddressLimiter::kPerSecond;

}  // namespace

AddressLimiter::AddressLimiter(base::Clock& clock)
    : clock_(clock), key_(crypto::RandomBytes(32)), buckets_(kBuckets) {}

bool AddressLimiter::Take(std::string_view remote) {
  const crypto::Sha256Digest digest =
      crypto::HmacSha256(key_, net::ClientNetwork(net::AddressOf(remote)));
  const size_t place = static_cast<size_t>(digest[0]) << 8U | digest[1];
  const int64_t now = clock_.MonotonicNanos();
  const std::lock_guard lock(mutex_);
  Bucket& bucket = buckets_[place % kBuckets];
  const int64_t start = std::max(bucket.used_nanos, now);
  if (start - now >= kBurst * kNanosEach) {
    return false;
  }
  bucket.used_nanos = start + kNanosEach;
  return true;
}

}  // namespace weir::ingest::browser
