// A first line as a signature header, a second as a path, and the rest as the document of a
// webhook: an order within its limits that is one JSON record, or a named refusal.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "crypto/digest.h"
#include "ingest/webhook/order_mapping.h"
#include "ingest/webhook/signature.h"
#include "json/validate.h"

namespace {

using weir::ingest::webhook::OrderMapping;

std::string_view TakeLine(std::string_view& rest) {
  const size_t size = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return line;
}

OrderMapping ShopMapping(std::string_view path) {
  const std::string text =
      R"({"OrderId":"$.id","UserId":"$.customer.id","Timestamp":"$.created_at","ClickIds":)"
      R"("$.note_attributes[?@.name=='weir'].value","Lines":"$.line_items","ItemId":"$.sku",)"
      R"("Promotion":"$.properties[?@.name=='_promotion'].value","UnitPrice":"$.price",)"
      R"("Quantity":"$.quantity"})";
  weir::json::Value mapping = *weir::json::Parse(text);
  if (weir::json::ValuePath::Parse(path).has_value()) {
    mapping.Set("ItemId", path);
  }
  return *OrderMapping::Read(mapping);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kNow = 1'600'000'000'000;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string secrets[] = {"0123456789abcdef"};
  const std::string_view header = TakeLine(rest);
  const OrderMapping mappings[] = {OrderMapping::Plain(), ShopMapping(TakeLine(rest))};
  if (const auto signature = weir::ingest::webhook::ReadSignature(header)) {
    CHECK(signature->size() == sizeof(weir::crypto::Sha256Digest));
    CHECK(!weir::ingest::webhook::SignatureFits(*signature, rest, secrets) ||
          *signature == weir::crypto::AsBytes(weir::crypto::HmacSha256(secrets[0], rest)));
  }
  const auto document = weir::json::Parse(rest);
  if (!document.has_value()) {
    return 0;
  }
  for (const OrderMapping& mapping : mappings) {
    const auto order = mapping.Apply(*document, kNow);
    CHECK(order.has_value() || !order.error().message.empty());
    if (order.has_value()) {
      CHECK(order->lines.size() <= weir::ingest::kMaxOrderLines && !order->order_id.empty());
      CHECK(weir::json::Validate(weir::ingest::WriteOrder(*order)).has_value());
    }
  }
  return 0;
}
