#pragma once

#include <cstddef>
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

  bool Has(const std::string& key) const;
  void Remember(const std::string& key);

 private:
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
  std::deque<std::string> order_;  // Oldest first.
};

}  // namespace weir::ingest::webhook
