#include "ingest/browser/address_limiter.h"

#include <algorithm>

#include "crypto/digest.h"

namespace weir::ingest::browser {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosEach = kNanosPerSecond / AddressLimiter::kPerSecond;

// The part of "address:port" that one client cannot change at will.
std::string_view NetworkOf(std::string_view remote) {
  std::string_view address = remote.substr(0, remote.rfind(':'));
  const bool v6 = address.find(':') != std::string_view::npos;
  if (!v6) {
    return address;
  }
  size_t end = 0;
  for (int groups = 0; groups < 4 && end != std::string_view::npos; ++groups) {
    end = address.find(':', end + 1);
    if (end != std::string_view::npos && address.substr(end).starts_with("::")) {
      break;
    }
  }
  return address.substr(0, end);
}

}  // namespace

AddressLimiter::AddressLimiter(base::Clock& clock)
    : clock_(clock), key_(crypto::RandomBytes(32)), buckets_(kBuckets) {}

bool AddressLimiter::Take(std::string_view remote) {
  const crypto::Sha256Digest digest = crypto::HmacSha256(key_, NetworkOf(remote));
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
