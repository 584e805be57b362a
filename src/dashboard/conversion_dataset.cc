#include "dashboard/conversion_dataset.h"

#include <array>
#include <utility>

#include "json/document.h"
#include "json/row_encoder.h"

namespace weir::dashboard {
namespace {

using base::Code;
using base::Fail;

/// Columns of the query behind "kind", which is row, date or all.
enum Column : size_t {
  kKind,
  kDate,
  kPromotion,
  kClicks,
  kOrders,
  kConversion,
  kLines,
  kUnits,
  kRevenue,
  kPromotions,
  kRows,
  kColumns
};

constexpr std::string_view kSql = R"(
WITH figures AS MATERIALIZED (
  SELECT CAST(c.date AS VARCHAR) AS day, c.promotion AS promotion, c.clicks AS clicks,
         c.orders AS orders, c.conversion AS conversion,
         o.lines AS lines, o.units AS units, o.revenue AS revenue
  FROM view_conversion_ratio AS c
  LEFT JOIN view_orders_aggregate AS o ON o.date = c.date AND o.promotion = c.promotion),
top AS (
  SELECT * FROM figures
  ORDER BY clicks DESC NULLS LAST, orders DESC NULLS LAST, day DESC, promotion LIMIT 1000),
days AS (
  SELECT day, sum(clicks) AS clicks, sum(orders) AS orders, sum(lines) AS lines,
         sum(units) AS units, sum(revenue) AS revenue,
         count(DISTINCT promotion) AS promotions, count(*) AS rows
  FROM figures GROUP BY day ORDER BY day DESC LIMIT 400)
SELECT 'row' AS kind, day, promotion, clicks, orders, conversion, lines, units, revenue,
       NULL AS promotions, NULL AS rows
FROM top
UNION ALL
SELECT 'date', day, NULL, clicks, orders, NULL, lines, units, revenue, promotions, rows FROM days
UNION ALL
SELECT 'all', NULL, NULL, sum(clicks), sum(orders), NULL, sum(lines), sum(units), sum(revenue),
       count(DISTINCT promotion), count(*)
FROM figures
)";

static_assert(kMaxDatasetRows == 1'000 && kMaxDatasetDates == 400, "the query has these limits");

/// `"name":value` with null as 0: sums over nothing.
void AppendSum(std::string_view name, const json::Value& value, std::string& out) {
  out += fmt::format(R"("{}":{})", name, value.IsNull() ? "0" : value.Serialize());
}

void AppendTotals(const std::vector<json::Value>& cells, std::string& out) {
  constexpr std::array<std::pair<std::string_view, Column>, 6> kSums = {
      {{"promotions", kPromotions},
       {"clicks", kClicks},
       {"orders", kOrders},
       {"lines", kLines},
       {"units", kUnits},
       {"revenue", kRevenue}}};
  for (size_t i = 0; i < kSums.size(); ++i) {
    out += i == 0 ? "" : ",";
    AppendSum(kSums[i].first, cells[kSums[i].second], out);
  }
}

void AppendRow(const std::vector<json::Value>& cells, std::string& out) {
  out += R"({"date":)" + cells[kDate].Serialize() + R"(,"promotion":)" +
         cells[kPromotion].Serialize() + ",";
  AppendSum("clicks", cells[kClicks], out);
  out += ",";
  AppendSum("orders", cells[kOrders], out);
  out += R"(,"conversion":)" + cells[kConversion].Serialize() + ",";
  AppendSum("lines", cells[kLines], out);
  out += ",";
  AppendSum("units", cells[kUnits], out);
  out += ",";
  AppendSum("revenue", cells[kRevenue], out);
  out += "}";
}

std::string MillisOrNull(model::Rowtime time) {
  return time.millis > 0 ? fmt::format("{}", time.millis) : "null";
}

std::string Head(model::Rowtime as_of, uint64_t sequence, const Moment& moment) {
  std::string stopped;
  json::AppendQuoted(moment.pipeline.stopped, stopped);
  return fmt::format(
      R"("sequence":{},"as_of_millis":{},"now_millis":{},"behind_millis":{},"stopped":{})",
      sequence, MillisOrNull(as_of), moment.now_millis, moment.pipeline.behind_millis, stopped);
}

}  // namespace

std::string_view ConversionSql() {
  return kSql;
}

base::Result<ConversionDataset> BuildDataset(const query::QueryResult& result) {
  ASSIGN_OR_RETURN(
      const json::Value table,
      json::Parse(result.rows_json,
                  {.max_bytes = result.rows_json.size() + 1, .max_depth = 4, .max_keys = 1}));
  std::string rows;
  std::string dates;
  std::string totals;
  std::string total_rows = "0";
  for (const json::Value& row : table.Items()) {
    const std::vector<json::Value>& cells = row.Items();
    if (cells.size() != kColumns) {
      return Fail(Code::kInternal, "the conversion dataset has {} columns instead of {}",
                  cells.size(), static_cast<size_t>(kColumns));
    }
    const std::string_view kind = cells[kKind].AsString().value_or("");
    if (kind == "row") {
      rows += rows.empty() ? "" : ",";
      AppendRow(cells, rows);
    } else if (kind == "date") {
      dates += (dates.empty() ? R"({"date":)" : R"(,{"date":)") + cells[kDate].Serialize() + ",";
      AppendTotals(cells, dates);
      dates += "}";
    } else {
      totals.clear();
      AppendTotals(cells, totals);
      total_rows = cells[kRows].Serialize();
    }
  }
  return ConversionDataset{.body = R"("totals":{)" + totals + R"(},"by_date":[)" + dates +
                                   R"(],"rows":[)" + rows + R"(],"total_rows":)" + total_rows,
                           .as_of = result.as_of};
}

std::string DatasetJson(const ConversionDataset& dataset, uint64_t sequence, const Moment& moment) {
  return fmt::format("{{{},{}}}", Head(dataset.as_of, sequence, moment), dataset.body);
}

std::string HeartbeatJson(model::Rowtime as_of, uint64_t sequence, const Moment& moment) {
  return fmt::format("{{{}}}", Head(as_of, sequence, moment));
}

}  // namespace weir::dashboard
