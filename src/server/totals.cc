#include "server/totals.h"

#include "json/document.h"

namespace weir::server {

namespace {

/// The line is printed between looks for a signal, which must not wait long.
constexpr int64_t kTimeoutMillis = 2'000;

}  // namespace

base::Result<std::string> TotalsLine(query::QueryService& queries, base::Clock& clock) {
  ASSIGN_OR_RETURN(const query::QueryResult result,
                   queries.Run("SELECT CAST(COALESCE(SUM(clicks), 0) AS BIGINT), "
                               "CAST(COALESCE(SUM(orders), 0) AS BIGINT) "
                               "FROM view_conversion_ratio",
                               {.limits = {.timeout_millis = kTimeoutMillis}}));
  ASSIGN_OR_RETURN(const json::Value rows, json::Parse(result.rows_json));
  if (rows.Items().size() != 1 || rows.Items()[0].Items().size() != 2) {
    return base::Fail(base::Code::kInternal, "the totals have an unexpected shape");
  }
  const int64_t clicks = rows.Items()[0].Items()[0].AsInt().value_or(0);
  const int64_t orders = rows.Items()[0].Items()[1].AsInt().value_or(0);
  const std::string conversion = clicks == 0
                                     ? "-"
                                     : fmt::format("{:.2f} %", 100.0 * static_cast<double>(orders) /
                                                                   static_cast<double>(clicks));
  const std::string age =
      result.as_of.millis == 0
          ? "no input yet"
          : fmt::format("newest {:.1f} s ago",
                        static_cast<double>(clock.WallMillis() - result.as_of.millis) / 1000);
  return fmt::format("clicks {} · orders {} · conversion {} · {}", clicks, orders, conversion, age);
}

}  // namespace weir::server
