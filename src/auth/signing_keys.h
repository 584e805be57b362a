#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/digest.h"

namespace weir::auth {

/// Signing keys that have checked a right signature, so that the next one of the same key and day
/// needs one HMAC, not five. The least recently used goes first. Thread-safe.
class SigningKeys {
 public:
  static constexpr size_t kMaxKeys = 1'024;

  /// `name` is key id and scope.
  std::optional<crypto::Sha256Digest> Find(std::string_view name);
  void Keep(std::string_view name, const crypto::Sha256Digest& key);

 private:
  using Item = std::pair<std::string, crypto::Sha256Digest>;

  std::mutex mutex_;
  std::list<Item> items_;  ///< The last used first.
  std::map<std::string_view, std::list<Item>::iterator> by_name_;
};

}  // namespace weir::auth
