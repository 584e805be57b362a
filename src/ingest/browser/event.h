#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/document.h"

namespace weir::ingest::browser {

// How long a browser may hold an event back before it arrives; not longer than de-duplication
// remembers.
inline constexpr int64_t kMaxAgeMillis = 24LL * 3'600'000;

inline constexpr size_t kMaxEvents = 50;

// What all events of one request share.
struct Visit {
  int64_t now_millis = 0;
  std::string_view device;
  std::string user;  // "" when not known
};

// An event as the record that it becomes.
struct Event {
  bool is_order = false;
  std::string partition_key;
  std::string data;
};

// A click {"type":"click","id":…,"promotion":…,"age":…} or an order {"type":"order","order":…,
// "lines":[{"item":…,"promotion":…,"price":…,"quantity":…}],"clicks":[{"promotion":…,"id":…}],
// "age":…}. kInvalidArgument says what is wrong where.
base::Result<Event> ReadEvent(const json::Value& event, const Visit& visit);

// The body of a beacon: {"user":…,"events":[…]}.
struct Beacon {
  std::string user;
  std::vector<json::Value> events;
};

base::Result<Beacon> ReadBeacon(std::string_view body);

}  // namespace weir::ingest::browser
