#include "demo/traffic.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "base/check.h"
#include "base/format.h"
#include "base/time_format.h"

namespace weir::demo {

namespace {

constexpr int64_t kMillisPerDay = 86'400'000;
constexpr uint64_t kUsers = 50'000;
constexpr int64_t kOutOfOrderMillis = 5'000;
constexpr int64_t kLateMinMillis = 60'000;
constexpr int64_t kLateMaxMillis = 30 * 60'000;
constexpr int64_t kMinOrderDelayMillis = 2'000;
constexpr uint64_t kDuplicateMillis = 1'000;

struct OtherEvent {
  std::string_view event;
  std::string_view type;
};

constexpr OtherEvent kOtherEvents[] = {
    {"C301", "Checkout"}, {"S101", "Search"}, {"N201", "Navigation"}, {"L401", "Product"}};

bool IsShare(double value) {
  return value >= 0 && value <= 1;
}

std::string_view PickDevice(const DeviceMix& mix, double dice) {
  if (dice < mix.mobile) {
    return "mobile";
  }
  return dice < mix.mobile + mix.tablet ? "tablet" : "desktop";
}

void AppendCents(int64_t cents, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}.{:02}", cents / 100, cents % 100);
}

int64_t FloorDay(int64_t millis) {
  return (millis - (((millis % kMillisPerDay) + kMillisPerDay) % kMillisPerDay)) / kMillisPerDay;
}

/// `text` as the inside of a JSON string.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out;
}

/// Conversion in percent with two decimals, "-" where there are no clicks.
std::string Percent(uint64_t orders, uint64_t clicks) {
  return clicks == 0 ? "-"
                     : fmt::format("{:.2f}", 100.0 * static_cast<double>(orders) /
                                                 static_cast<double>(clicks));
}

}  // namespace

std::vector<Promotion> DefaultPromotions() {
  return {{"P601", 9, 0.082}, {"P602", 6, 0.141}, {"P603", 5, 0.057}, {"P604", 4, 0.023},
          {"P605", 3, 0.194}, {"P606", 2, 0.009}, {"P701", 8, 0.118}, {"P702", 5, 0.036},
          {"P703", 4, 0.075}, {"P704", 2, 0.262}, {"P705", 2, 0.048}, {"P708", 1, 0.0}};
}

base::Result<void> CheckOptions(const TrafficOptions& options) {
  const std::pair<std::string_view, double> shares[] = {
      {"other share", options.other_share},
      {"duplicate share", options.duplicate_share},
      {"out-of-order share", options.out_of_order_share},
      {"late share", options.late_share},
      {"mobile share", options.devices.mobile},
      {"tablet share", options.devices.tablet}};
  for (const auto& [name, share] : shares) {
    if (!IsShare(share)) {
      return base::Fail(base::Code::kInvalidArgument, "the {} must be between 0 and 1, not {}",
                        name, share);
    }
  }
  if (options.devices.mobile + options.devices.tablet > 1) {
    return base::Fail(base::Code::kInvalidArgument,
                      "mobile and tablet shares together are more than 1");
  }
  if (!(options.clicks_per_second > 0) || options.clicks_per_second > 10'000'000) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the rate must be above 0 and at most 10000000, not {}",
                      options.clicks_per_second);
  }
  if (options.order_delay_millis < kMinOrderDelayMillis) {
    return base::Fail(base::Code::kInvalidArgument, "the order delay must be at least {} ms",
                      kMinOrderDelayMillis);
  }
  if (options.promotions.empty()) {
    return base::Fail(base::Code::kInvalidArgument, "there must be at least one promotion");
  }
  for (const Promotion& promotion : options.promotions) {
    if (promotion.id.empty() || promotion.id.size() > 128 || !(promotion.weight > 0) ||
        !IsShare(promotion.conversion)) {
      return base::Fail(base::Code::kInvalidArgument,
                        "promotion '{}' needs an id of 1 to 128 characters, a weight above 0 and a "
                        "conversion between 0 and 1",
                        promotion.id);
    }
  }
  return {};
}

Traffic::Traffic(TrafficOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      next_click_millis_(static_cast<double>(options_.start_millis)) {
  CHECK(CheckOptions(options_).has_value());
  double total = 0;
  for (const Promotion& promotion : options_.promotions) {
    total += promotion.weight;
    cumulative_weights_.push_back(total);
    escaped_ids_.push_back(Escaped(promotion.id));
  }
}

double Traffic::RateAt(int64_t millis) const {
  if (!options_.day_curve) {
    return options_.clicks_per_second;
  }
  const double day =
      static_cast<double>(((millis % kMillisPerDay) + kMillisPerDay) % kMillisPerDay) /
      static_cast<double>(kMillisPerDay);
  // Lowest at 03:00, highest at 15:00.
  return options_.clicks_per_second * (1 - 0.65 * std::cos(2 * std::numbers::pi * (day - 0.125)));
}

int Traffic::PickPromotion() {
  const double dice = random_.Unit() * cumulative_weights_.back();
  const auto found = std::upper_bound(cumulative_weights_.begin(), cumulative_weights_.end(), dice);
  return std::min(static_cast<int>(found - cumulative_weights_.begin()),
                  static_cast<int>(options_.promotions.size()) - 1);
}

void Traffic::Disturb(Account& account, GeneratedRecord& record) {
  if (options_.late_share > 0 && random_.Chance(options_.late_share)) {
    record.at_millis +=
        kLateMinMillis +
        static_cast<int64_t>(random_.Below(static_cast<uint64_t>(kLateMaxMillis - kLateMinMillis)));
    account.late = true;
  } else if (options_.out_of_order_share > 0 && random_.Chance(options_.out_of_order_share)) {
    account.timestamp -= 1 + static_cast<int64_t>(random_.Below(kOutOfOrderMillis));
    account.out_of_order = true;
  }
}

void Traffic::Push(GeneratedRecord record, const Account& account) {
  pending_.push_back({std::move(record), account, next_tie_++});
  std::push_heap(pending_.begin(), pending_.end(), Later);
}

void Traffic::Queue(GeneratedRecord record, Account account) {
  if (options_.duplicate_share > 0 && random_.Chance(options_.duplicate_share)) {
    GeneratedRecord copy = record;
    copy.at_millis += static_cast<int64_t>(random_.Below(kDuplicateMillis));
    Push(std::move(record), account);
    account.duplicate = true;
    Push(std::move(copy), account);
    return;
  }
  Push(std::move(record), account);
}

void Traffic::MakeClick() {
  const int64_t now = static_cast<int64_t>(next_click_millis_);
  next_click_millis_ += -std::log(1 - random_.Unit()) * 1000 / RateAt(now);
  GeneratedRecord record{.kind = RecordKind::kClick, .at_millis = now};
  Account account{.timestamp = now, .adds = {.clicks = 1}};
  Disturb(account, record);

  record.partition_key = fmt::format("u{}", random_.Below(kUsers));
  const std::string_view device = PickDevice(options_.devices, random_.Unit());
  std::string_view event;
  std::string_view type = "Promotion";
  if (random_.Chance(options_.other_share)) {
    const OtherEvent& other = kOtherEvents[random_.Below(std::size(kOtherEvents))];
    event = other.event;
    type = other.type;
  } else {
    account.promotion = PickPromotion();
    event = escaped_ids_[static_cast<size_t>(account.promotion)];
  }
  record.data = fmt::format(
      R"({{"UserId":"{}","Device":"{}","Event":"{}","EventType":"{}","Timestamp":"{}"}})",
      record.partition_key, device, event, type, base::FormatRfc3339(account.timestamp));
  const std::string user = record.partition_key;
  Queue(std::move(record), account);
  if (account.promotion >= 0 &&
      random_.Chance(options_.promotions[static_cast<size_t>(account.promotion)].conversion)) {
    MakeOrder(account.promotion, user, now);
  }
}

void Traffic::MakeOrder(int promotion, std::string_view user, int64_t clicked_millis) {
  const auto longest = static_cast<uint64_t>(options_.order_delay_millis - kMinOrderDelayMillis);
  const int64_t ordered =
      clicked_millis + kMinOrderDelayMillis + static_cast<int64_t>(random_.Below(longest + 1));
  GeneratedRecord record{
      .kind = RecordKind::kOrder, .at_millis = ordered, .partition_key = std::string(user)};
  Account account{.promotion = promotion, .timestamp = ordered, .adds = {.orders = 1}};
  Disturb(account, record);

  std::string& data = record.data;
  data = fmt::format(R"({{"OrderId":"{}{}","UserId":"{}","Timestamp":"{}","OrderLines":[)",
                     options_.order_id_prefix, next_order_++, user,
                     base::FormatRfc3339(account.timestamp));
  // Further lines name the same promotion, so that the order counts once, or none at all.
  const uint64_t lines = 1 + (random_.Chance(0.3) ? 1 + random_.Below(3) : 0);
  for (uint64_t line = 0; line < lines; ++line) {
    const bool promoted = line == 0 || random_.Chance(0.4);
    const int64_t cents = 199 + static_cast<int64_t>(random_.Below(9'800));
    const uint64_t quantity = 1 + random_.Below(random_.Chance(0.2) ? 5 : 1);
    fmt::format_to(std::back_inserter(data), R"({}{{"ItemId":"I{}")", line == 0 ? "" : ",",
                   1000 + random_.Below(500));
    if (promoted) {
      fmt::format_to(std::back_inserter(data), R"(,"Promotion":"{}")",
                     escaped_ids_[static_cast<size_t>(promotion)]);
      account.adds.lines += 1;
      account.adds.units += quantity;
      account.adds.revenue_cents += cents * static_cast<int64_t>(quantity);
    }
    data += R"(,"UnitPrice":)";
    AppendCents(cents, data);
    fmt::format_to(std::back_inserter(data), R"(,"Quantity":{}}})", quantity);
  }
  data += "]}";
  Queue(std::move(record), account);
}

void Traffic::Count(const Account& account) {
  ++totals_.records;
  totals_.duplicates += account.duplicate ? 1 : 0;
  totals_.late += account.late ? 1 : 0;
  totals_.out_of_order += account.out_of_order ? 1 : 0;
  if (account.promotion < 0) {
    ++totals_.other_clicks;
    return;
  }
  const TruthRow& adds = account.adds;
  TruthRow& row = counted_[{FloorDay(account.timestamp), account.promotion}];
  row.clicks_sent += adds.clicks;
  row.lines_sent += adds.lines;
  row.units_sent += adds.units;
  row.revenue_cents_sent += adds.revenue_cents;
  if (!account.duplicate) {
    row.clicks += adds.clicks;
    row.orders += adds.orders;
    row.lines += adds.lines;
    row.units += adds.units;
    row.revenue_cents += adds.revenue_cents;
  }
}

GeneratedRecord Traffic::Next() {
  while (pending_.empty() ||
         pending_.front().record.at_millis >= static_cast<int64_t>(next_click_millis_)) {
    MakeClick();
  }
  std::pop_heap(pending_.begin(), pending_.end(), Later);
  Pending next = std::move(pending_.back());
  pending_.pop_back();
  Count(next.account);
  return std::move(next.record);
}

Truth Traffic::truth() const {
  Truth truth = totals_;
  for (const auto& [key, row] : counted_) {
    truth.rows[{base::FormatTimestamp(key.first * kMillisPerDay).substr(0, 10),
                options_.promotions[static_cast<size_t>(key.second)].id}] = row;
  }
  return truth;
}

std::string Truth::ToText() const {
  std::string out =
      fmt::format("{:<10}  {:<12} {:>12} {:>10} {:>10} {:>10} {:>14} {:>11}\n", "date", "promotion",
                  "clicks", "orders", "lines", "units", "revenue", "conversion");
  for (const auto& [key, row] : rows) {
    std::string revenue;
    AppendCents(row.revenue_cents, revenue);
    out += fmt::format("{:<10}  {:<12} {:>12} {:>10} {:>10} {:>10} {:>14} {:>11}\n", key.first,
                       key.second, row.clicks, row.orders, row.lines, row.units, revenue,
                       Percent(row.orders, row.clicks));
  }
  out += fmt::format(
      "{} records sent: {} of them duplicates, {} out of order, {} late, {} clicks of other "
      "types\n",
      records, duplicates, out_of_order, late, other_clicks);
  return out;
}

std::string Truth::ToJson() const {
  std::string out = R"({"rows":[)";
  std::string_view separator;
  for (const auto& [key, row] : rows) {
    std::string revenue;
    AppendCents(row.revenue_cents, revenue);
    std::string revenue_sent;
    AppendCents(row.revenue_cents_sent, revenue_sent);
    out += fmt::format(
        R"({}{{"date":"{}","promotion":"{}","clicks":{},"orders":{},"lines":{},"units":{},"revenue":{},)"
        R"("clicks_sent":{},"lines_sent":{},"units_sent":{},"revenue_sent":{}}})",
        separator, key.first, Escaped(key.second), row.clicks, row.orders, row.lines, row.units,
        revenue, row.clicks_sent, row.lines_sent, row.units_sent, revenue_sent);
    separator = ",";
  }
  out += fmt::format(
      R"(],"records":{},"duplicates":{},"out_of_order":{},"late":{},"other_clicks":{}}})", records,
      duplicates, out_of_order, late, other_clicks);
  return out;
}

}  // namespace weir::demo
