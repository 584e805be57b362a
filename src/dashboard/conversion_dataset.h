#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dashboard/dashboard.h"
#include "model/record.h"
#include "query/query.h"

namespace weir::dashboard {

/// Rows of the dataset: those with the most clicks. The totals cover the others too.
inline constexpr int kMaxDatasetRows = 1'000;
/// Dates that have their own totals: the newest.
inline constexpr int kMaxDatasetDates = 400;

/// The one query behind the dataset, so that rows and totals are of the same moment. It reads the
/// views of the shipped stack, view_conversion_ratio and view_orders_aggregate.
std::string_view ConversionSql();

/// What a refresh found.
struct ConversionDataset {
  /// `"totals":{…},"by_date":[…],"rows":[…],"total_rows":n` in JSON, without the braces around;
  /// changes only with the figures.
  std::string body;
  model::Rowtime as_of;  ///< 0: no input yet.
};

/// Builds the dataset from the query's rows. kInternal when they are not of its shape.
base::Result<ConversionDataset> BuildDataset(const query::QueryResult& result);

/// When something is told, and how the pipeline is doing then.
struct Moment {
  int64_t now_millis = 0;
  PipelineState pipeline;
};

/// The whole answer: the dataset with its number, the times and the state of the pipeline.
std::string DatasetJson(const ConversionDataset& dataset, uint64_t sequence, const Moment& moment);

/// The data of a "heartbeat" event.
std::string HeartbeatJson(model::Rowtime as_of, uint64_t sequence, const Moment& moment);

}  // namespace weir::dashboard
