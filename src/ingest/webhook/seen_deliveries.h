#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace weir::ingest::webhook {

// The deliveries that were stored lately, by the digest of their source and body, so that one that
// is sent again, by a sender that lost the answer or by somebody who overheard it, is not stored
// again. Forgets the oldest beyond kMaxRemembered, and everything when the program stops.
// Thread-safe.
class SeenDeliveries {
 public:
  static constexpr size_t kMaxRemembered = 65'536;

  static std::string KeyOf(std::string_view source, std::string_view body);

  enum class Standing : uint8_t {
    kNew,      // The caller stores it, then calls Remember or Release.
    kWaiting,  // Another request is storing it.
    kStored,
  };

  Standing Claim(const std::string& key);
  // It is stored.
  void Remember(const std::string& key);
  // It could not be stored.
  void Release(const std::string& key);

 private:
  std::mutex mutex_;
  std::set<std::string> waiting_;  // No more than there are requests.
  std::set<std::string> keys_;
  std::deque<std::string> order_;  // Oldest first.
};

}  // namespace weir::ingest::webhook
