#include "auth/signing_keys.h"

namespace weir::auth {

std::optional<crypto::Sha256Digest> SigningKeys::Find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    return std::nullopt;
  }
  items_.splice(items_.begin(), items_, found->second);
  return found->second->second;
}

void SigningKeys::Keep(std::string_view name, const crypto::Sha256Digest& key) {
  const std::lock_guard lock(mutex_);
  if (by_name_.contains(name)) {
    return;
  }
  items_.emplace_front(name, key);
  by_name_.emplace(items_.front().first, items_.begin());
  if (items_.size() > kMaxKeys) {
    by_name_.erase(items_.back().first);
    items_.pop_back();
  }
}

}  // namespace weir::auth
