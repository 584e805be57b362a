#include "ingest/browser/event.h"

#include <algorithm>
#include <initializer_list>

#include "base/time_format.h"
#include "ingest/order_record.h"
#include "json/row_encoder.h"

namespace weir::ingest::browser {
namespace {

using base::Code;
using base::Fail;

constexpr json::Limits kLimits{.max_bytes = 64 << 10, .max_depth = 8, .max_keys = 32};

// Refuses members that nobody reads, so that a misspelt one is not lost.
base::Result<void> CheckMembers(const json::Value& object, std::string_view what,
                                std::initializer_list<std::string_view> known) {
  if (!object.IsObject()) {
    return Fail(Code::kInvalidArgument, "{} must be an object, not {}", what, object.KindName());
  }
  for (const json::Member& member : object.Members()) {
    if (std::ranges::find(known, member.name) == known.end()) {
      return Fail(Code::kInvalidArgument, "{} has an unknown member '{}'; there are: {}", what,
                  member.name.substr(0, 64), fmt::join(known, ", "));
    }
  }
  return {};
}

base::Result<std::string> ReadRequired(const json::Value& object, std::string_view name) {
  const json::Value* const value = object.Find(name);
  if (value == nullptr) {
    return Fail(Code::kInvalidArgument, "'{}' is missing", name);
  }
  return ReadField(*value, name);
}

// An id as weir.js makes them. Bounded more narrowly than other texts, since it is remembered.
base::Result<std::string> ReadId(const json::Value& object) {
  ASSIGN_OR_RETURN(std::string id, ReadRequired(object, "id"));
  const bool plain = std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
  if (!plain || id.size() < 8 || id.size() > 64) {
    return Fail(Code::kInvalidArgument, "'id' must be 8 to 64 letters, digits, '-' and '_'");
  }
  return id;
}

base::Result<int64_t> ReadTime(const json::Value& event, int64_t now_millis) {
  const json::Value* const age = event.Find("age");
  if (age == nullptr) {
    return now_millis;
  }
  const auto millis = age->AsInt();
  if (!millis || *millis < 0 || *millis > kMaxAgeMillis) {
    return Fail(Code::kInvalidArgument, "'age' must be 0 to {} milliseconds", kMaxAgeMillis);
  }
  return now_millis - *millis;
}

base::Result<Event> ReadClick(const json::Value& event, const Visit& visit) {
  RETURN_IF_ERROR(CheckMembers(event, "a click", {"type", "id", "promotion", "age"}));
  ASSIGN_OR_RETURN(const std::string id, ReadId(event));
  ASSIGN_OR_RETURN(const std::string promotion, ReadRequired(event, "promotion"));
  ASSIGN_OR_RETURN(const int64_t time, ReadTime(event, visit.now_millis));
  Event click{.is_order = false, .partition_key = visit.user.empty() ? id : visit.user, .data = {}};
  std::string& out = click.data;
  out = fmt::format(R"({{"EventId":"{}","ClickId":"{}")", id, id);
  if (!visit.user.empty()) {
    out += R"(,"UserId":)";
    json::AppendQuoted(visit.user, out);
  }
  fmt::format_to(std::back_inserter(out), R"(,"Device":"{}","Event":)", visit.device);
  json::AppendQuoted(promotion, out);
  fmt::format_to(std::back_inserter(out), R"(,"EventType":"Promotion","Timestamp":"{}"}})",
                 base::FormatRfc3339(time));
  return click;
}

base::Result<OrderLine> ReadLine(const json::Value& from) {
  RETURN_IF_ERROR(CheckMembers(from, "a line", {"item", "promotion", "price", "quantity"}));
  OrderLine line;
  ASSIGN_OR_RETURN(line.item, ReadOptionalField(from.Find("item"), "item"));
  ASSIGN_OR_RETURN(line.promotion, ReadOptionalField(from.Find("promotion"), "promotion"));
  ASSIGN_OR_RETURN(line.unit_price, ReadAmount(from.Find("price"), "price"));
  ASSIGN_OR_RETURN(line.quantity, ReadQuantity(from.Find("quantity"), "quantity"));
  return line;
}

base::Result<ClickReference> ReadReference(const json::Value& from) {
  RETURN_IF_ERROR(CheckMembers(from, "a click of an order", {"promotion", "id"}));
  ClickReference reference;
  ASSIGN_OR_RETURN(reference.promotion, ReadRequired(from, "promotion"));
  ASSIGN_OR_RETURN(reference.click_id, ReadId(from));
  return reference;
}

base::Result<void> CheckList(const json::Value* list, std::string_view name, size_t max) {
  if (list != nullptr && (!list->IsArray() || list->Items().size() > max)) {
    return Fail(Code::kInvalidArgument, "'{}' must be a list of at most {}", name, max);
  }
  return {};
}

base::Result<Event> ReadOrder(const json::Value& event, const Visit& visit) {
  RETURN_IF_ERROR(
      CheckMembers(event, "an order", {"type", "id", "order", "lines", "clicks", "age"}));
  OrderRecord order;
  ASSIGN_OR_RETURN(order.order_id, ReadRequired(event, "order"));
  ASSIGN_OR_RETURN(order.time_millis, ReadTime(event, visit.now_millis));
  order.user_id = visit.user;
  const json::Value* const lines = event.Find("lines");
  RETURN_IF_ERROR(CheckList(lines, "lines", kMaxOrderLines));
  if (lines == nullptr || lines->Items().empty()) {
    return Fail(Code::kInvalidArgument, "an order needs 'lines', a list of at least one");
  }
  for (const json::Value& line : lines->Items()) {
    ASSIGN_OR_RETURN(OrderLine read, ReadLine(line));
    order.lines.push_back(std::move(read));
  }
  const json::Value* const clicks = event.Find("clicks");
  RETURN_IF_ERROR(CheckList(clicks, "clicks", kMaxClickReferences));
  for (size_t i = 0; clicks != nullptr && i < clicks->Items().size(); ++i) {
    ASSIGN_OR_RETURN(ClickReference reference, ReadReference(clicks->Items()[i]));
    order.clicks.push_back(std::move(reference));
  }
  return Event{.is_order = true, .partition_key = order.order_id, .data = WriteOrder(order)};
}

}  // namespace

base::Result<Event> ReadEvent(const json::Value& event, const Visit& visit) {
  const std::string_view type =
      event.Find("type") == nullptr ? "" : event.Find("type")->AsString().value_or("");
  if (type == "click") {
    return ReadClick(event, visit);
  }
  if (type == "order") {
    return ReadOrder(event, visit);
  }
  return Fail(Code::kInvalidArgument, "'type' must be \"click\" or \"order\"");
}

base::Result<Beacon> ReadBeacon(std::string_view body) {
  ASSIGN_OR_RETURN(const json::Value value, json::Parse(body, kLimits));
  RETURN_IF_ERROR(CheckMembers(value, "the body", {"user", "events"}));
  Beacon beacon;
  ASSIGN_OR_RETURN(beacon.user, ReadOptionalField(value.Find("user"), "user"));
  const json::Value* const events = value.Find("events");
  RETURN_IF_ERROR(CheckList(events, "events", kMaxEvents));
  if (events == nullptr || events->Items().empty()) {
    return Fail(Code::kInvalidArgument, "the body needs 'events', a list of at least one");
  }
  beacon.events = events->Items();
  return beacon;
}

}  // namespace weir::ingest::browser
