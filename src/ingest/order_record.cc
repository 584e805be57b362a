#include "ingest/order_record.h"

#include <algorithm>
#include <charconv>

#include "base/time_format.h"
#include "ingest/record_field.h"
#include "json/row_encoder.h"
#include "model/value.h"

namespace weir::ingest {
namespace {

using base::Code;
using base::Fail;

constexpr int kAmountScale = 4;

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

// A string's contents or a number's text.
std::optional<std::string_view> TextOf(const json::Value& value) {
  return value.IsString() ? value.AsString() : value.NumberText();
}

bool IsMissing(const json::Value* value) {
  return value == nullptr || value->IsNull();
}

void AppendMember(std::string_view name, std::string_view value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}\"{}\":", out.ends_with('{') ? "" : ",", name);
  json::AppendQuoted(value, out);
}

// Of the last click on the promotion; "" when there is none.
std::string_view ClickIdOf(const OrderRecord& order, std::string_view promotion) {
  const auto found = std::find_if(
      order.clicks.rbegin(), order.clicks.rend(),
      [promotion](const ClickReference& click) { return click.promotion == promotion; });
  return found == order.clicks.rend() ? std::string_view() : found->click_id;
}

void AppendLine(const OrderRecord& order, const OrderLine& line, std::string& out) {
  out.push_back('{');
  if (!line.item.empty()) {
    AppendMember("ItemId", line.item, out);
  }
  if (!line.promotion.empty()) {
    AppendMember("Promotion", line.promotion, out);
    if (const std::string_view click = ClickIdOf(order, line.promotion); !click.empty()) {
      AppendMember("ClickId", click, out);
    }
  }
  const auto separator = [&out] { return out.ends_with('{') ? "" : ","; };
  if (!line.unit_price.empty()) {
    fmt::format_to(std::back_inserter(out), "{}\"UnitPrice\":{}", separator(), line.unit_price);
  }
  fmt::format_to(std::back_inserter(out), "{}\"Quantity\":{}}}", separator(), line.quantity);
}

}  // namespace

base::Result<std::string> ReadField(const json::Value& value, std::string_view name) {
  const auto text = TextOf(value);
  if (!text) {
    return Fail(Code::kInvalidArgument, "{} must be text, not {}", name, value.KindName());
  }
  if (text->empty()) {
    return Fail(Code::kInvalidArgument, "{} is empty", name);
  }
  if (CountCharacters(*text) > kMaxFieldCharacters) {
    return Fail(Code::kInvalidArgument, "{} has {} characters, at most {} are taken", name,
                CountCharacters(*text), kMaxFieldCharacters);
  }
  if (HasControlCharacter(*text)) {
    return Fail(Code::kInvalidArgument, "{} has a control character", name);
  }
  return std::string(*text);
}

base::Result<std::string> ReadOptionalField(const json::Value* value, std::string_view name) {
  if (IsMissing(value) || value->AsString() == "") {
    return std::string();
  }
  return ReadField(*value, name);
}

base::Result<std::string> ReadAmount(const json::Value* value, std::string_view name) {
  if (IsMissing(value)) {
    return std::string();
  }
  const auto text = TextOf(*value);
  const auto amount = text ? model::ParseDecimal(*text, kAmountScale)
                           : base::Result<int64_t>(Fail(Code::kInvalidArgument, "not a number"));
  if (!amount.has_value() || *amount < 0) {
    return Fail(Code::kInvalidArgument, "{} must be an amount from 0 up, like 19.90", name);
  }
  std::string written = model::FormatDecimal(*amount, kAmountScale);
  written.erase(written.find_last_not_of('0') + 1);
  if (written.ends_with('.')) {
    written.pop_back();
  }
  return written;
}

base::Result<uint64_t> ReadQuantity(const json::Value* value, std::string_view name) {
  if (IsMissing(value)) {
    return uint64_t{1};
  }
  const std::string_view text = TextOf(*value).value_or("");
  uint64_t quantity = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity);
  if (error != std::errc() || end != text.data() + text.size() || quantity == 0 ||
      quantity > kMaxQuantity) {
    return Fail(Code::kInvalidArgument, "{} must be a whole number from 1 to {}", name,
                kMaxQuantity);
  }
  return quantity;
}

std::string WriteOrder(const OrderRecord& order) {
  std::string out = "{";
  AppendMember("OrderId", order.order_id, out);
  if (!order.user_id.empty()) {
    AppendMember("UserId", order.user_id, out);
  }
  AppendMember("Timestamp", base::FormatRfc3339(order.time_millis), out);
  out += ",\"OrderLines\":[";
  for (const OrderLine& line : order.lines) {
    out += out.ends_with('[') ? "" : ",";
    AppendLine(order, line, out);
  }
  out += "]";
  if (!order.clicks.empty()) {
    out += ",\"ClickIds\":[";
    for (const ClickReference& click : order.clicks) {
      out += out.ends_with('[') ? "{" : ",{";
      AppendMember("Promotion", click.promotion, out);
      AppendMember("ClickId", click.click_id, out);
      out += "}";
    }
    out += "]";
  }
  out += "}";
  return out;
}

}  // namespace weir::ingest
