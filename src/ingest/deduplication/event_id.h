#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/validate.h"

namespace weir::ingest::deduplication {

// Finds the event id of records: a top-level member of their JSON. Not thread-safe.
class EventIdReader {
 public:
  explicit EventIdReader(std::string field);

  // A text that is equal for equal ids: strings by their characters, numbers by their digits.
  // Nothing for what is no JSON object, has no such member, or has one that is empty or neither
  // string nor number. Valid until the next call.
  std::optional<std::string_view> Find(std::string_view record);

 private:
  json::Validator validator_;
  std::string id_;
};

// 128 bits that stand for an event id.
struct EventHash {
  uint64_t high = 0;
  uint64_t low = 0;

  friend auto operator<=>(const EventHash&, const EventHash&) = default;
};

// A secret, so that nobody can choose ids with equal hashes.
using HashKeyBytes = std::array<char, 32>;

EventHash HashOf(const HashKeyBytes& key, std::string_view id);

}  // namespace weir::ingest::deduplication
