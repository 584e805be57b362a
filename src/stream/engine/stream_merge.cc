#include "stream/engine/stream_merge.h"

#include <algorithm>
#include <utility>

#include "stream/operators/batch_codec.h"

namespace weir::stream {

StreamMerge::StreamMerge(model::Schema schema, size_t feeders)
    : schema_(std::move(schema)), feeders_(feeders) {
  for (Feeder& feeder : feeders_) {
    feeder.rows = model::EmptyBatch(schema_);
  }
}

void StreamMerge::Push(size_t feeder, model::ColumnBatch rows, int64_t bound) {
  Feeder& into = feeders_[feeder];
  into.bound = std::max(into.bound, bound);
  if (into.at == into.rows.size()) {
    into.rows = std::move(rows);
    into.at = 0;
  } else {
    AppendRows(rows, 0, rows.size(), into.rows);
  }
}

base::Result<model::ColumnBatch> StreamMerge::Take() {
  if (feeders_.size() == 1) {
    feeders_[0].at = 0;
    return std::exchange(feeders_[0].rows, model::EmptyBatch(schema_));
  }
  model::ColumnBatch out = model::EmptyBatch(schema_);
  using Key = std::pair<int64_t, size_t>;
  const auto key = [&](size_t i) {
    const Feeder& feeder = feeders_[i];
    return Key(feeder.at < feeder.rows.size() ? feeder.rows.rowtimes[feeder.at] : feeder.bound, i);
  };
  while (!feeders_.empty()) {
    size_t first = 0;
    for (size_t i = 1; i < feeders_.size(); ++i) {
      first = key(i) < key(first) ? i : first;
    }
    Feeder& feeder = feeders_[first];
    if (feeder.at == feeder.rows.size()) {
      break;
    }
    Key limit(kLatest, feeders_.size());
    for (size_t i = 0; i < feeders_.size(); ++i) {
      limit = i == first ? limit : std::min(limit, key(i));
    }
    size_t end = feeder.at;
    while (end < feeder.rows.size() && Key(feeder.rows.rowtimes[end], first) < limit) {
      ++end;
    }
    AppendRows(feeder.rows, feeder.at, end, out);
    feeder.at = end;
    if (end == feeder.rows.size()) {
      feeder.rows = model::EmptyBatch(schema_);
      feeder.at = 0;
    }
  }
  size_t held = 0;
  for (const Feeder& feeder : feeders_) {
    held += feeder.rows.size() - feeder.at;
  }
  if (held > kMaxHeldRows) {
    return base::Fail(
        base::Code::kLimitExceeded,
        "more than {} rows wait for another pump of the same stream whose ROWTIME does not advance",
        kMaxHeldRows);
  }
  return out;
}

int64_t StreamMerge::bound() const {
  int64_t bound = kLatest;
  for (const Feeder& feeder : feeders_) {
    bound = std::min(
        bound, feeder.at < feeder.rows.size() ? feeder.rows.rowtimes[feeder.at] : feeder.bound);
  }
  return bound;
}

model::ColumnBatch StreamMerge::Held() const {
  model::ColumnBatch held = model::EmptyBatch(schema_);
  for (const Feeder& feeder : feeders_) {
    AppendRows(feeder.rows, feeder.at, feeder.rows.size(), held);
  }
  return held;
}

void StreamMerge::Save(base::ByteWriter& writer) const {
  writer.Varint(feeders_.size());
  for (const Feeder& feeder : feeders_) {
    writer.I64(feeder.bound);
    model::ColumnBatch rows = model::EmptyBatch(schema_);
    AppendRows(feeder.rows, feeder.at, feeder.rows.size(), rows);
    EncodeRows(rows, writer);
  }
}

base::Result<void> StreamMerge::Load(base::ByteReader& reader) {
  if (reader.Varint() != feeders_.size()) {
    return base::Fail(base::Code::kDataLoss, "a stream's state has another number of pumps");
  }
  for (Feeder& feeder : feeders_) {
    feeder.bound = reader.I64();
    ASSIGN_OR_RETURN(feeder.rows, DecodeRows(schema_, reader));
    feeder.at = 0;
  }
  return {};
}

}  // namespace weir::stream
