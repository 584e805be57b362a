#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/order_record.h"
#include "json/document.h"
#include "json/value_path.h"

namespace weir::ingest::webhook {

// Where the parts of an order stand in the documents of a source. Thread-safe.
class OrderMapping {
 public:
  // The Mapping property of a Weir::WebhookSource.
  static base::Result<OrderMapping> Read(const json::Value& mapping);
  // Of documents that are orders in Weir's own shape.
  static OrderMapping Plain();

  // The order in `document`, which arrives at `now_millis`. kInvalidArgument says which part is
  // wrong or missing, and where it was looked for; kFailedPrecondition for a time more than five
  // minutes ahead.
  base::Result<OrderRecord> Apply(const json::Value& document, int64_t now_millis) const;

 private:
  // A part and where it stands; nowhere when the source does not have it.
  struct Part {
    std::string name;
    std::string text;
    std::optional<json::ValuePath> path;

    const json::Value* Find(const json::Value& root) const;
    // "OrderId ($.id)", for messages.
    std::string Where() const;
  };

  static base::Result<Part> ReadPart(const json::Value& mapping, std::string_view name);

  base::Result<OrderLine> ReadLine(const json::Value& line, size_t index) const;
  base::Result<int64_t> ReadTime(const json::Value& document, int64_t now_millis) const;

  Part order_id_;
  Part user_id_;
  Part timestamp_;
  Part click_ids_;
  Part lines_;
  Part item_id_;
  Part promotion_;
  Part unit_price_;
  Part quantity_;
};

// References to clicks: a list of {"Promotion":…,"ClickId":…} or {"promotion":…,"id":…}, or the
// JSON text of one, as shops carry it in a note of the order. None for null or "".
base::Result<std::vector<ClickReference>> ReadClickReferences(const json::Value& value);

}  // namespace weir::ingest::webhook
