#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "model/record.h"

namespace weir::query {

/// A row that is not in the lake. The text lives as long as the cut.
struct FreshRow {
  model::Rowtime arrival;
  std::string_view json;
};

/// What a table has beyond the objects of a snapshot.
struct TableCut {
  std::vector<FreshRow> rows;
  /// Newest input that objects and rows together contain; 0 when there is none.
  model::Rowtime as_of;

  /// What `rows` point into.
  std::vector<model::RecordBatch> batches;
  std::shared_ptr<const log::LiveSnapshot> live;
};

/// Bytes of rows beyond the lake that one table may bring into a query.
inline constexpr uint64_t kMaxFreshBytes = 256ull << 20;

/// What identifies the rows of a cut without reading them; equal marks of one table mean equal
/// rows.
struct CutMark {
  std::vector<model::Sequence> from;  ///< By shard, in the order of the stream's definition.
  std::vector<model::Sequence> to;
  std::shared_ptr<const log::LiveSnapshot> live;

  friend bool operator==(const CutMark& a, const CutMark& b) {
    return a.from == b.from && a.to == b.to &&
           (a.live == b.live ||
            (a.live != nullptr && b.live != nullptr && a.live->rows == b.live->rows));
  }
};

/// Finds where a table's figures are cut (invariant 9): its objects hold every row before the
/// positions D of the snapshot. The live table continues the stream from a position X. If X >= D
/// and all rows before X are durable, the rows in [D, X) and the live rows together continue the
/// objects, each row once:
///
///     0 ········· objects ········· D ······ log tail ······ X ~~~ open windows
///
/// The catalog is read before the live table, so X < D only when delivery overtook a publication
/// that is still on its way; then `stale` is set and the caller reads both again. Streams with
/// several shards have no live rows.
///
/// Where retention has removed records beyond D, the cut begins at the trim horizon. They are lost
/// only if D is still the newest position: the caller looks whether the catalog has changed since,
/// and then plans again.
struct CutPlan {
  CutMark mark;
  bool stale = false;
};

CutPlan PlanCut(const catalog::TableSnapshot& table, log::Stream* stream,
                const log::LiveTables& live);

/// The same without the live table: objects, and the stream to its durable end. Exact too, only
/// less fresh.
CutMark PlanCutWithoutLive(const catalog::TableSnapshot& table, log::Stream* stream);

/// Reads the rows of a mark. kUnavailable when retention has removed some of them since, plan again
/// then; kLimitExceeded beyond kMaxFreshBytes; errors of the log.
base::Result<TableCut> ReadCut(const catalog::TableSnapshot& table, log::Stream* stream,
                               const CutMark& mark);

}  // namespace weir::query
