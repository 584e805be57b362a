#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "query/query.h"

namespace weir::server {

/// One line of the shipped stack's totals: "clicks 1204 · orders 98 · conversion 8.14 % · newest
/// 0.4 s ago".
base::Result<std::string> TotalsLine(query::QueryService& queries, base::Clock& clock);

}  // namespace weir::server
