#include "ingest/kinesis/get_records.h"

#include <algorithm>

#include "ingest/kinesis/request.h"
#include "ingest/kinesis/sequence_text.h"
#include "ingest/kinesis/shard_text.h"

namespace weir::ingest::kinesis {

using aws::Answer;
using aws::ApiError;

std::expected<ShardRecords, ApiError> ReadShard(const Parts& parts, log::Stream& stream,
                                                uint32_t shard, model::Sequence from,
                                                size_t max_records, size_t max_bytes) {
  auto read = stream.Read(shard, from, max_records, max_bytes);
  if (!read) {
    return std::unexpected(read.error().code == base::Code::kNotFound
                               ? ShardNotFound(model::FormatShardId(shard), stream.name())
                               : ErrorOf(read.error(), stream.name()));
  }
  ShardRecords records{.read = *std::move(read), .millis_behind = 0};
  std::vector<model::Record>& all = records.read.batch.records;
  size_t bytes = 0;
  const auto beyond = std::ranges::find_if(all, [&](const model::Record& record) {
    bytes += record.data.size();
    return bytes > max_bytes && &record != all.data();
  });
  if (beyond != all.end()) {
    records.read.next = beyond->sequence;
    records.read.ended = false;
    all.erase(beyond, all.end());
  }
  if (!all.empty() && records.read.next < stream.DurableEnd(shard)) {
    records.millis_behind = std::max<int64_t>(0, parts.Now().millis - all.back().arrival.millis);
  }
  return records;
}

void WriteRecords(const log::StreamDefinition& stream, uint32_t shard,
                  const model::RecordBatch& batch, aws::Writer& writer) {
  SequenceText numbers(stream);
  writer.BeginList();
  for (const model::Record& record : batch.records) {
    writer.BeginMap();
    writer.Key("SequenceNumber");
    writer.Text(
        numbers.Number({.shard = shard, .sequence = record.sequence, .arrival = record.arrival}));
    writer.Key("ApproximateArrivalTimestamp");
    writer.Time(record.arrival);
    writer.Key("Data");
    writer.Blob(record.data);
    writer.Key("PartitionKey");
    writer.Text(record.partition_key);
    writer.Key("EncryptionType");
    writer.Text("NONE");
    writer.EndMap();
  }
  writer.EndList();
}

Answer GetRecords(const Parts& parts, const aws::Call& call) {
  const std::string_view iterator = TextOf(call.request, "ShardIterator").value_or("");
  auto place = OpenIterator(iterator, parts.Now());
  if (!place) {
    return std::unexpected(std::move(place.error()));
  }
  if (auto allowed = Authorize(parts, call, auth::Action::kReadRecords, place->stream); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  log::Stream* const stream = parts.log.Find(place->stream);
  if (stream == nullptr || stream->created() != place->stream_created) {
    return std::unexpected(ShardNotFound(model::FormatShardId(place->shard), place->stream));
  }
  const auto limit = static_cast<size_t>(
      IntegerOf(call.request, "Limit").value_or(static_cast<int64_t>(kMaxRecordsRead)));
  const auto records = ReadShard(parts, *stream, place->shard, place->next, limit, kMaxBytesRead);
  if (!records) {
    return std::unexpected(records.error());
  }
  // After the read: a shard that has ended has its children in it.
  const log::StreamDefinition& definition = stream->definition();
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("Records");
  WriteRecords(definition, place->shard, records->read.batch, *writer);
  if (records->read.ended) {
    writer->Key("ChildShards");
    WriteChildShards(definition, place->shard, *writer);
  } else {
    place->next = records->read.next;
    writer->Key("NextShardIterator");
    writer->Text(SealIterator(*place, parts.Now()));
  }
  writer->Key("MillisBehindLatest");
  writer->Integer(records->millis_behind);
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::kinesis
