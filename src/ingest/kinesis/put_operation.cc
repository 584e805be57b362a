#include "ingest/kinesis/put_operation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ingest/aws/door.h"
#include "ingest/kinesis/put_answer.h"
#include "ingest/kinesis/put_request.h"
#include "ingest/kinesis/request.h"

namespace weir::ingest::kinesis {
namespace {

using aws::ApiError;

constexpr std::string_view kAggregatesName = "weir_ingest_aggregated_records_total";
constexpr std::string_view kAggregatesHelp =
    "Aggregated records received, by what became of them: taken apart, or stored as they are.";

ApiError WriteError(const base::Error& error, std::string_view stream) {
  switch (error.code) {
    case base::Code::kPermission:
      return {"InvalidArgumentException", error.message};
    case base::Code::kNotFound:
      return StreamNotFound(stream);
    default:
      return {"InternalFailure", "Internal Service Failure.", 500};
  }
}

}  // namespace

// What is kept of a request until its records are durable.
struct PutOperation::Pending {
  bool batch = false;
  aws::Encoding encoding = aws::Encoding::kJson;
  size_t records = 0;
  size_t bytes = 0;
  std::vector<uint32_t> firsts;
  const log::Stream* stream = nullptr;
  std::string request_id;
  std::unique_ptr<net::Responder> responder;
};

PutOperation::PutOperation(const DoorParts& parts, WritableStreams& writable)
    : log_(parts.log),
      gate_(parts.gate),
      intake_(parts.intake),
      writable_(writable),
      metrics_(parts.metrics, "kinesis"),
      aggregates_(
          parts.metrics.GetCounter(kAggregatesName, kAggregatesHelp, {{"result", "taken"}})),
      user_records_(parts.metrics.GetCounter("weir_ingest_user_records_total",
                                             "User records found in aggregated records.")),
      damaged_(
          parts.metrics.GetCounter(kAggregatesName, kAggregatesHelp, {{"result", "damaged"}})) {}

void PutOperation::Handle(aws::BodyCall call, std::unique_ptr<net::Responder> responder) {
  thread_local PutRequest kept;
  PutRequest large;
  PutRequest& put = call.http.body.size() > kMaxKeptBodyBytes ? large : kept;
  put.batch = call.operation == "PutRecords";
  log::Stream* stream = nullptr;
  const auto prepare = [&]() -> std::expected<void, ApiError> {
    if (auto read = ReadPut(call.encoding, call.http.body, put); !read) {
      return read;
    }
    const auto name = CheckConstraints(put);
    if (!name) {
      return std::unexpected(name.error());
    }
    if (auto allowed =
            aws::Authorize(gate_, call.identity, auth::Action::kPutRecords, *name, call.http);
        !allowed) {
      return allowed;
    }
    stream = log_.Find(*name);
    if (stream == nullptr) {
      return std::unexpected(StreamNotFound(*name));
    }
    if (const auto writable = writable_.Check(*name); !writable) {
      return std::unexpected(WriteError(writable.error(), *name));
    }
    return CheckLimits(put);
  };
  if (const auto prepared = prepare(); !prepared) {
    metrics_.malformed.Add(static_cast<double>(put.entries.size()));
    return responder->Send(
        aws::MakeResponse(call.encoding, prepared.error(), call.http.request_id));
  }
  if (!put.firsts.empty()) {
    const size_t plain = put.entries.size() - put.aggregates;
    damaged_.Add(static_cast<double>(put.damaged_aggregates));
    aggregates_.Add(static_cast<double>(put.aggregates));
    user_records_.Add(static_cast<double>(put.appended.size() - plain));
  }
  intake_.Append(*stream, put.appended,
                 [this, pending = Pending{.batch = put.batch,
                                          .encoding = call.encoding,
                                          .records = put.entries.size(),
                                          .bytes = put.bytes,
                                          .firsts = std::move(put.firsts),
                                          .stream = stream,
                                          .request_id = std::move(call.http.request_id),
                                          .responder = std::move(responder)}](
                     IntakeOutcome outcome) { Answer(pending, std::move(outcome)); });
}

void PutOperation::Answer(const Pending& pending, IntakeOutcome outcome) {
  const log::StreamDefinition& stream = pending.stream->definition();
  net::Response response;
  size_t failed = 0;
  if (pending.batch) {
    BatchAnswer answer = WriteBatch(
        pending.encoding, {.intake = outcome, .firsts = pending.firsts, .records = pending.records},
        stream);
    failed = answer.failed;
    response = aws::MakeResponse(pending.encoding, 200, std::move(answer.body), pending.request_id);
  } else if (!outcome.refused.empty()) {
    failed = 1;
    response =
        aws::MakeResponse(pending.encoding, PutError(outcome.refused.front().second, stream.name),
                          pending.request_id);
  } else {
    response = aws::MakeResponse(pending.encoding, 200,
                                 WriteStored(pending.encoding, outcome.placements.front(), stream),
                                 pending.request_id);
  }
  response.had_effect = !outcome.NothingStored();
  metrics_.failed.Add(static_cast<double>(failed));
  // An aggregated record may hold several events; it counts once.
  const size_t duplicates = std::min(outcome.duplicates, pending.records - failed);
  metrics_.accepted.Add(static_cast<double>(pending.records - failed - duplicates));
  metrics_.duplicate.Add(static_cast<double>(duplicates));
  metrics_.bytes.Add(failed == 0 ? static_cast<double>(pending.bytes) : 0);
  // Whoever has the answer finds it counted.
  pending.responder->Send(std::move(response));
}

}  // namespace weir::ingest::kinesis
