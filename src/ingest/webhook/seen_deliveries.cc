#include "ingest/webhook/seen_deliveries.h"

#include "crypto/digest.h"

namespace weir::ingest::webhook {

std::string SeenDeliveries::KeyOf(std::string_view source, std::string_view body) {
  const crypto::Sha256Digest digest = crypto::HmacSha256(source, body);
  return std::string(crypto::AsBytes(digest));
}

SeenDeliveries::Standing SeenDeliveries::Claim(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (keys_.contains(key)) {
    return Standing::kStored;
  }
  return waiting_.insert(key).second ? Standing::kNew : Standing::kWaiting;
}

void SeenDeliveries::Release(const std::string& key) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(key);
}

void SeenDeliveries::Remember(const std::string& key) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(key);
  if (!keys_.insert(key).second) {
    return;
  }
  order_.push_back(key);
  if (order_.size() > kMaxRemembered) {
    keys_.erase(order_.front());
    order_.pop_front();
  }
}

}  // namespace weir::ingest::webhook
