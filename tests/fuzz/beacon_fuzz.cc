// Any bytes as the body of a beacon: each of its events is one JSON record, or a named refusal.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ingest/browser/event.h"
#include "json/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace browser = weir::ingest::browser;
  const auto beacon = browser::ReadBeacon({reinterpret_cast<const char*>(data), size});
  if (!beacon.has_value()) {
    CHECK(!beacon.error().message.empty());
    return 0;
  }
  CHECK(beacon->events.size() <= browser::kMaxEvents);
  for (const weir::json::Value& value : beacon->events) {
    const auto event = browser::ReadEvent(
        value, {.now_millis = 1'600'000'000'000, .device = "desktop", .user = beacon->user});
    CHECK(event.has_value() || !event.error().message.empty());
    if (event.has_value()) {
      CHECK(weir::json::Validate(event->data).has_value() && !event->partition_key.empty());
    }
  }
  return 0;
}
