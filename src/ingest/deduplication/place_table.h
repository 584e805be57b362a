#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ingest/deduplication/event_id.h"

namespace weir::ingest::deduplication {

// Where a record lies in its stream.
struct Place {
  uint32_t shard = 0;
  uint64_t sequence = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

struct PlacedEvent {
  EventHash hash;
  Place place;
};

// Places by hash, in memory: open addressing, at most three quarters full. Not thread-safe.
class PlaceTable {
 public:
  // Replaces the place of a hash that is there already.
  void Insert(EventHash hash, Place place);
  std::optional<Place> Find(EventHash hash) const;

  size_t size() const { return size_; }

  size_t bytes() const { return slots_.size() * sizeof(PlacedEvent); }

  // Ascending by hash.
  std::vector<PlacedEvent> Sorted() const;

 private:
  // Where `hash` is, or would go.
  size_t SlotOf(EventHash hash) const;
  void Grow();

  std::vector<PlacedEvent> slots_;  // Free where the hash is zero.
  size_t size_ = 0;
};

}  // namespace weir::ingest::deduplication
