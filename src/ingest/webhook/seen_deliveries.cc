#include "ingest/webhook/seen_deliveries.h"

#include "crypto/digest.h"

namespace weir::ingest::webhook {

std::string SeenDeliveries::KeyOf(std::string_view source, std::string_view body) {
  const crypto::Sha256Digest digest = crypto::HmacSha256(source, body);
  return std::string(crypto::AsBytes(digest));
}

bool SeenDeliveries::Has(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return keys_.contains(key);
}

void SeenDeliveries::Remember(const std::string& key) {
  const std::lock_guard lock(mutex_);
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
