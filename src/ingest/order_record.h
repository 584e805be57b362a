#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/document.h"

namespace weir::ingest {

// A promotion click that an order follows.
struct ClickReference {
  std::string promotion;
  std::string click_id;
};

struct OrderLine {
  std::string item;        // "" when not known
  std::string promotion;   // "" when it names none
  std::string unit_price;  // A plain decimal; "" when not known.
  uint64_t quantity = 1;
};

// An order as the doors that make records write it. Texts are checked: see ReadField.
struct OrderRecord {
  std::string order_id;
  std::string user_id;  // "" when not known
  int64_t time_millis = 0;
  std::vector<OrderLine> lines;
  std::vector<ClickReference> clicks;
};

inline constexpr size_t kMaxFieldCharacters = 128;
inline constexpr size_t kMaxOrderLines = 200;
inline constexpr size_t kMaxClickReferences = 100;
inline constexpr uint64_t kMaxQuantity = 1'000'000'000;

// A string, or a number's text, of 1 to kMaxFieldCharacters characters without control characters.
// kInvalidArgument names `name`.
base::Result<std::string> ReadField(const json::Value& value, std::string_view name);

// The same; "" when the value is missing, null or "".
base::Result<std::string> ReadOptionalField(const json::Value* value, std::string_view name);

// An amount that is not negative, as a number or its text, rounded to 4 digits behind the point; ""
// when missing or null.
base::Result<std::string> ReadAmount(const json::Value* value, std::string_view name);

// A whole number from 1 to kMaxQuantity, as a number or its text; 1 when missing or null.
base::Result<uint64_t> ReadQuantity(const json::Value* value, std::string_view name);

// {"OrderId":…,"UserId":…,"Timestamp":…,"OrderLines":[{"ItemId":…,"Promotion":…,"UnitPrice":…,
// "Quantity":…,"ClickId":…}],"ClickIds":[{"Promotion":…,"ClickId":…}]}; a line has the id of the
// last click on its promotion.
std::string WriteOrder(const OrderRecord& order);

}  // namespace weir::ingest
