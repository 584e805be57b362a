#include "ingest/deduplication/place_table.h"

#include <algorithm>
#include <utility>

namespace weir::ingest::deduplication {
namespace {

constexpr size_t kFirstSlots = 64;

}  // namespace

void PlaceTable::Insert(EventHash hash, Place place) {
  if ((size_ + 1) * 4 > slots_.size() * 3) {
    Grow();
  }
  PlacedEvent& slot = slots_[SlotOf(hash)];
  size_ += slot.hash == EventHash() ? 1 : 0;
  slot = {hash, place};
}

std::optional<Place> PlaceTable::Find(EventHash hash) const {
  if (slots_.empty()) {
    return std::nullopt;
  }
  const PlacedEvent& slot = slots_[SlotOf(hash)];
  return slot.hash == EventHash() ? std::nullopt : std::optional(slot.place);
}

std::vector<PlacedEvent> PlaceTable::Sorted() const {
  std::vector<PlacedEvent> events;
  events.reserve(size_);
  std::ranges::copy_if(slots_, std::back_inserter(events),
                       [](const PlacedEvent& slot) { return slot.hash != EventHash(); });
  std::ranges::sort(events, {}, &PlacedEvent::hash);
  return events;
}

size_t PlaceTable::SlotOf(EventHash hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash.low & mask;
  while (slots_[at].hash != EventHash() && slots_[at].hash != hash) {
    at = (at + 1) & mask;
  }
  return at;
}

void PlaceTable::Grow() {
  std::vector<PlacedEvent> old =
      std::exchange(slots_, std::vector<PlacedEvent>(std::max(kFirstSlots, slots_.size() * 2)));
  for (const PlacedEvent& event : old) {
    if (event.hash != EventHash()) {
      slots_[SlotOf(event.hash)] = event;
    }
  }
}

}  // namespace weir::ingest::deduplication
