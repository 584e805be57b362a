#include "ingest/webhook/order_mapping.h"

#include "base/check.h"
#include "base/time_format.h"
#include "ingest/record_screen.h"

namespace weir::ingest::webhook {
namespace {

using base::Code;
using base::Fail;

constexpr json::Limits kClickLimits{.max_bytes = 64 << 10, .max_depth = 4, .max_keys = 8};

base::Result<ClickReference> ReadReference(const json::Value& from) {
  const json::Value* const promotion =
      from.Find("Promotion") != nullptr ? from.Find("Promotion") : from.Find("promotion");
  const json::Value* const id =
      from.Find("ClickId") != nullptr ? from.Find("ClickId") : from.Find("id");
  if (promotion == nullptr || id == nullptr) {
    return Fail(Code::kInvalidArgument, "each click needs Promotion and ClickId");
  }
  ClickReference reference;
  ASSIGN_OR_RETURN(reference.promotion, ReadField(*promotion, "Promotion of a click"));
  ASSIGN_OR_RETURN(reference.click_id, ReadField(*id, "ClickId of a click"));
  return reference;
}

}  // namespace

const json::Value* OrderMapping::Part::Find(const json::Value& root) const {
  return path ? path->Find(root) : nullptr;
}

std::string OrderMapping::Part::Where() const {
  return fmt::format("{} ({})", name, text);
}

base::Result<OrderMapping::Part> OrderMapping::ReadPart(const json::Value& mapping,
                                                        std::string_view name) {
  Part part{.name = std::string(name), .text = {}, .path = {}};
  if (mapping.Find(name) != nullptr) {
    ASSIGN_OR_RETURN(part.text, mapping.StringAt(name));
    ASSIGN_OR_RETURN(part.path, json::ValuePath::Parse(part.text));
  }
  return part;
}

base::Result<OrderMapping> OrderMapping::Read(const json::Value& mapping) {
  OrderMapping read;
  ASSIGN_OR_RETURN(read.order_id_, ReadPart(mapping, "OrderId"));
  ASSIGN_OR_RETURN(read.user_id_, ReadPart(mapping, "UserId"));
  ASSIGN_OR_RETURN(read.timestamp_, ReadPart(mapping, "Timestamp"));
  ASSIGN_OR_RETURN(read.click_ids_, ReadPart(mapping, "ClickIds"));
  ASSIGN_OR_RETURN(read.lines_, ReadPart(mapping, "Lines"));
  ASSIGN_OR_RETURN(read.item_id_, ReadPart(mapping, "ItemId"));
  ASSIGN_OR_RETURN(read.promotion_, ReadPart(mapping, "Promotion"));
  ASSIGN_OR_RETURN(read.unit_price_, ReadPart(mapping, "UnitPrice"));
  ASSIGN_OR_RETURN(read.quantity_, ReadPart(mapping, "Quantity"));
  return read;
}

OrderMapping OrderMapping::Plain() {
  json::Value mapping = json::Value::Object();
  for (const std::string_view name : {"OrderId", "UserId", "Timestamp", "ClickIds", "ItemId",
                                      "Promotion", "UnitPrice", "Quantity"}) {
    mapping.Set(name, fmt::format("$.{}", name));
  }
  mapping.Set("Lines", "$.OrderLines");
  auto read = Read(mapping);
  CHECK(read.has_value());
  return *std::move(read);
}

base::Result<int64_t> OrderMapping::ReadTime(const json::Value& document,
                                             int64_t now_millis) const {
  const json::Value* const value = timestamp_.Find(document);
  if (value == nullptr || value->IsNull()) {
    return now_millis;
  }
  const auto time = value->IsString() ? base::ParseTimestamp(*value->AsString()) : value->AsInt();
  if (!time) {
    return Fail(Code::kInvalidArgument, "{} must be an ISO 8601 time or milliseconds since 1970",
                timestamp_.Where());
  }
  if (*time > now_millis + kMaxAheadMillis) {
    return Fail(Code::kFailedPrecondition, "{} is more than 5 minutes in the future",
                timestamp_.Where());
  }
  return *time;
}

base::Result<OrderLine> OrderMapping::ReadLine(const json::Value& line, size_t index) const {
  const auto where = [index](const Part& part) {
    return fmt::format("line {}: {}", index, part.Where());
  };
  OrderLine read;
  ASSIGN_OR_RETURN(read.item, ReadOptionalField(item_id_.Find(line), where(item_id_)));
  ASSIGN_OR_RETURN(read.promotion, ReadOptionalField(promotion_.Find(line), where(promotion_)));
  ASSIGN_OR_RETURN(read.unit_price, ReadAmount(unit_price_.Find(line), where(unit_price_)));
  ASSIGN_OR_RETURN(read.quantity, ReadQuantity(quantity_.Find(line), where(quantity_)));
  return read;
}

base::Result<OrderRecord> OrderMapping::Apply(const json::Value& document,
                                              int64_t now_millis) const {
  OrderRecord order;
  const json::Value* const id = order_id_.Find(document);
  if (id == nullptr) {
    return Fail(Code::kInvalidArgument, "{} is missing", order_id_.Where());
  }
  ASSIGN_OR_RETURN(order.order_id, ReadField(*id, order_id_.Where()));
  ASSIGN_OR_RETURN(order.user_id, ReadOptionalField(user_id_.Find(document), user_id_.Where()));
  ASSIGN_OR_RETURN(order.time_millis, ReadTime(document, now_millis));
  const json::Value* const lines = lines_.Find(document);
  if (lines == nullptr || !lines->IsArray() || lines->Items().empty() ||
      lines->Items().size() > kMaxOrderLines) {
    return Fail(Code::kInvalidArgument, "{} must be a list of 1 to {} lines", lines_.Where(),
                kMaxOrderLines);
  }
  for (size_t i = 0; i < lines->Items().size(); ++i) {
    ASSIGN_OR_RETURN(OrderLine line, ReadLine(lines->Items()[i], i));
    order.lines.push_back(std::move(line));
  }
  if (const json::Value* const clicks = click_ids_.Find(document)) {
    auto references = ReadClickReferences(*clicks);
    if (!references) {
      return std::unexpected(base::Within(click_ids_.Where(), std::move(references).error()));
    }
    order.clicks = *std::move(references);
  }
  return order;
}

base::Result<std::vector<ClickReference>> ReadClickReferences(const json::Value& value) {
  if (value.IsNull() || value.AsString() == "") {
    return std::vector<ClickReference>();
  }
  if (value.IsString()) {
    ASSIGN_OR_RETURN(const json::Value inner, json::Parse(*value.AsString(), kClickLimits));
    return inner.IsArray() ? ReadClickReferences(inner)
                           : Fail(Code::kInvalidArgument, "the text is no JSON list of clicks");
  }
  if (!value.IsArray() || value.Items().size() > kMaxClickReferences) {
    return Fail(Code::kInvalidArgument, "must be a list of at most {} clicks", kMaxClickReferences);
  }
  std::vector<ClickReference> clicks;
  for (const json::Value& item : value.Items()) {
    ASSIGN_OR_RETURN(ClickReference reference, ReadReference(item));
    clicks.push_back(std::move(reference));
  }
  return clicks;
}

}  // namespace weir::ingest::webhook
