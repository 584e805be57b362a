#pragma once

#include "auth/identity.h"
#include "net/http_server.h"
#include "query/query.h"

namespace weir::dashboard {

/// The body of POST /v1/query, at most.
inline constexpr size_t kMaxQueryBody = 128 << 10;

/// Runs the query that the request's body asks for, over what `identity` may read. Blocks until it
/// is done.
net::Response AnswerQuery(query::QueryService& queries, const auth::Identity& identity,
                          const net::Request& request);

}  // namespace weir::dashboard
