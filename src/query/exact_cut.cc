#include "query/exact_cut.h"

#include <algorithm>
#include <utility>

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

constexpr size_t kRecordsAtOnce = 65'536;
constexpr size_t kBytesAtOnce = 8 << 20;

model::Sequence DeliveredEnd(const catalog::TableSnapshot& table, uint32_t shard) {
  const auto found = table.positions.find(shard);
  return found == table.positions.end() ? model::Sequence{} : found->second;
}

/// Adds the records of [from, to) to the cut.
base::Result<void> ReadRange(log::Stream& stream, uint32_t shard, model::Sequence from,
                             model::Sequence to, uint64_t& bytes, TableCut& cut) {
  while (from < to) {
    const size_t wanted = std::min<uint64_t>(kRecordsAtOnce, to.value - from.value);
    ASSIGN_OR_RETURN(log::ReadResult read, stream.Read(shard, from, wanted, kBytesAtOnce));
    if (read.batch.records.empty() || read.batch.records.front().sequence != from) {
      return Fail(Code::kUnavailable,
                  "stream '{}', shard {}: record {} of {} was removed while it was read; try again",
                  stream.definition().name, shard, from.value, to.value);
    }
    for (const model::Record& record : read.batch.records) {
      if (record.sequence >= to) {
        break;
      }
      bytes += record.data.size();
      cut.rows.push_back({.arrival = record.arrival, .json = record.data});
      cut.as_of = std::max(cut.as_of, record.arrival);
    }
    if (bytes > kMaxFreshBytes) {
      return Fail(Code::kLimitExceeded,
                  "the stream '{}' has more than {} bytes that are not delivered to the table yet; "
                  "deliver more often or query without fresh rows",
                  stream.definition().name, kMaxFreshBytes);
    }
    from = read.next;
    cut.batches.push_back(std::move(read.batch));
  }
  return {};
}

}  // namespace

CutMark PlanCutWithoutLive(const catalog::TableSnapshot& table, log::Stream* stream) {
  CutMark mark;
  if (stream == nullptr) {
    return mark;
  }
  // Closed shards, too: what they hold may not be delivered yet.
  for (const log::ShardDefinition& shard : stream->definition().shards) {
    mark.from.push_back(std::max(DeliveredEnd(table, shard.id), stream->TrimHorizon(shard.id)));
    mark.to.push_back(stream->DurableEnd(shard.id));
  }
  return mark;
}

CutPlan PlanCut(const catalog::TableSnapshot& table, log::Stream* stream,
                const log::LiveTables& live) {
  CutPlan plan{.mark = PlanCutWithoutLive(table, stream)};
  if (stream == nullptr || stream->definition().shards.size() != 1) {
    return plan;
  }
  auto snapshot = live.Read(table.table.source_stream);
  if (snapshot == nullptr) {
    return plan;
  }
  // The durable end was read before the snapshot: read it again, it may have grown up to X since.
  const uint32_t shard = stream->definition().shards.front().id;
  const model::Sequence continues_from = snapshot->continues_from;
  if (continues_from < plan.mark.from.front() || continues_from > stream->DurableEnd(shard)) {
    plan.stale = true;
    return plan;
  }
  plan.mark.to.front() = continues_from;
  plan.mark.live = std::move(snapshot);
  return plan;
}

base::Result<TableCut> ReadCut(const catalog::TableSnapshot& table, log::Stream* stream,
                               const CutMark& mark) {
  TableCut cut;
  for (const catalog::Object& object : table.objects) {
    cut.as_of = std::max(cut.as_of, object.newest_arrival);
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < mark.from.size(); ++i) {
    RETURN_IF_ERROR(ReadRange(*stream, stream->definition().shards[i].id, mark.from[i], mark.to[i],
                              bytes, cut));
  }
  if (mark.live != nullptr) {
    cut.live = mark.live;
    cut.as_of = std::max(cut.as_of, mark.live->as_of);
    for (const std::string& row : mark.live->rows) {
      bytes += row.size();
      cut.rows.push_back({.arrival = mark.live->as_of, .json = row});
    }
    if (bytes > kMaxFreshBytes) {
      return Fail(Code::kLimitExceeded, "the open windows of '{}' have more than {} bytes",
                  table.table.source_stream, kMaxFreshBytes);
    }
  }
  return cut;
}

}  // namespace weir::query
