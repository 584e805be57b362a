#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace weir::auth {

/// Slows down guessing: counts failed attempts by address (of IPv6: by its /64) and key. Who shows
/// the right secret is never held up by what others at the address try. Thread-safe.
class Attempts {
 public:
  static constexpr double kKeyBurst = 10;       ///< Failures of one key at one address,
  static constexpr double kKeyPerSecond = 0.2;  ///< and how fast they are forgotten.
  static constexpr double kAddressBurst = 100;  ///< Failures of all keys at one address.
  static constexpr double kAddressPerSecond = 2;
  /// Remembered pairs; beyond, the eighth of them that was quiet for the longest is forgotten.
  static constexpr size_t kMaxEntries = 10'000;

  explicit Attempts(base::Clock& clock) : clock_(clock) {}

  /// An attempt has failed: 0 and it counts, or the seconds to wait when there were too many.
  int64_t Failed(std::string_view address, std::string_view key_id);

 private:
  using Key = std::pair<std::string, std::string>;  // client, key id ("" for all)

  struct Entry {
    double failures = 0;
    int64_t nanos = 0;  // of `failures`
  };

  static constexpr size_t kForgottenShare = 8;

  Entry& Find(const std::string& client, std::string_view key_id);
  void ForgetQuiet();
  static void Forget(Entry& entry, double per_second, int64_t now);
  static int64_t Wait(const Entry& entry, double burst, double per_second);

  base::Clock& clock_;
  std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace weir::auth
