#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace weir::ingest::browser {

// Bounds the rate of requests of one network address: a bucket of kBurst that fills with
// kPerSecond. Keeps kBuckets numbers and no address; addresses that share a bucket share its rate.
// An IPv6 address stands for its /64. Thread-safe.
class AddressLimiter {
 public:
  static constexpr size_t kBuckets = 16'384;
  static constexpr int64_t kPerSecond = 100;
  static constexpr int64_t kBurst = 500;

  explicit AddressLimiter(base::Clock& clock);

  // Takes one request of "address:port"; false when it is one too many.
  bool Take(std::string_view remote);

 private:
  struct Bucket {
    int64_t used_nanos = 0;  // Until when the requests so far occupy the rate.
  };

  base::Clock& clock_;
  const std::string key_;  // So that nobody can choose whom to share a bucket with.
  std::mutex mutex_;
  std::vector<Bucket> buckets_;
};

}  // namespace weir::ingest::browser
