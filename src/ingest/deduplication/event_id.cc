#include "ingest/deduplication/event_id.h"

#include <cstring>
#include <utility>
#include <vector>

#include "crypto/digest.h"
#include "json/document.h"

namespace weir::ingest::deduplication {
namespace {

constexpr json::Limits kLimits = {
    .max_bytes = size_t{1} << 20, .max_depth = json::kMaxDepth, .max_keys = 4'096};

}  // namespace

EventIdReader::EventIdReader(std::string field)
    : validator_(kLimits, std::vector<std::string>{std::move(field)}) {}

std::optional<std::string_view> EventIdReader::Find(std::string_view record) {
  if (!validator_.Validate(record).has_value()) {
    return std::nullopt;
  }
  const auto value = validator_.Member(0);
  if (!value.has_value() || value->empty() || *value == "\"\"") {
    return std::nullopt;
  }
  if (value->front() == '"') {
    id_ = "s";
    if (value->find('\\') == std::string_view::npos) {
      id_ += value->substr(1, value->size() - 2);
    } else if (const auto text = json::Parse(*value); text.has_value()) {
      id_ += text->AsString().value_or("");
    }
    return id_;
  }
  if (value->front() == '-' || (value->front() >= '0' && value->front() <= '9')) {
    id_ = "n";
    id_ += *value;
    return id_;
  }
  return std::nullopt;
}

EventHash HashOf(const HashKeyBytes& key, std::string_view id) {
  std::string text(key.data(), key.size());
  text += id;
  const crypto::Sha256Digest digest = crypto::Sha256(text);
  EventHash hash;
  std::memcpy(&hash.high, digest.data(), sizeof hash.high);
  std::memcpy(&hash.low, digest.data() + sizeof hash.high, sizeof hash.low);
  return hash;
}

}  // namespace weir::ingest::deduplication
