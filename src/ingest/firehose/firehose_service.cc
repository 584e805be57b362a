#include "ingest/firehose/firehose_service.h"

#include <utility>
#include <vector>

#include "base/bytes.h"
#include "ingest/aws/door.h"
#include "ingest/firehose/describe.h"
#include "ingest/firehose/shapes.h"
#include "ingest/kinesis/sequence_text.h"
#include "registry/delivery_stream.h"

namespace weir::ingest::firehose {
namespace {

using aws::ApiError;

ApiError PutError(const base::Error& error) {
  switch (error.code) {
    case base::Code::kUnavailable:
    case base::Code::kDiskFull:
    case base::Code::kLimitExceeded:
      return {"ServiceUnavailableException", "Slow down.", 503};
    case base::Code::kInvalidArgument:
      return {"InvalidArgumentException", error.message};
    default:
      return {"InternalFailure", "Internal Service Failure.", 500};
  }
}

// The data of the records, decoded. InvalidArgumentException when they are too large together.
std::expected<std::vector<std::string>, ApiError> DataOf(const aws::Call& call) {
  std::vector<std::string> data;
  size_t bytes = 0;
  const auto add = [&](const json::Value& record) {
    const json::Value* const text = record.Find("Data");
    data.push_back(
        base::FromBase64(text == nullptr ? "" : text->AsString().value_or("")).value_or(""));
    bytes += data.back().size();
  };
  if (call.operation == "PutRecord") {
    add(*call.request.Find("Record"));
  } else {
    for (const json::Value& record : call.request.Find("Records")->Items()) {
      add(record);
    }
  }
  if (bytes > kMaxRequestBytes) {
    return std::unexpected(ApiError{"InvalidArgumentException", "Records size exceeds 4 MB limit"});
  }
  return data;
}

}  // namespace

// What is kept of a request until its records are durable.
struct FirehoseService::Pending {
  bool batch = false;
  aws::Encoding encoding = aws::Encoding::kJson;
  size_t bytes = 0;
  const log::Stream* stream = nullptr;
  std::string request_id;
  std::unique_ptr<net::Responder> responder;
};

aws::Service::Form FirehoseService::FormOf(std::string_view operation) const {
  return RequestShape(operation) == nullptr ? Form::kUnknown : Form::kDocument;
}

void FirehoseService::HandleBody(aws::BodyCall call, std::unique_ptr<net::Responder> responder) {
  responder->Send(aws::MakeResponse(call.encoding,
                                    ApiError{"InternalFailure", "Internal Service Failure.", 500},
                                    call.http.request_id));
}

void FirehoseService::Handle(aws::Call call, std::unique_ptr<net::Responder> responder) {
  if (const auto checked = aws::CheckRequest(*RequestShape(call.operation), call.request);
      !checked) {
    return responder->Send(aws::MakeResponse(call.encoding, checked.error(), call.http.request_id));
  }
  if (call.operation == "PutRecord" || call.operation == "PutRecordBatch") {
    return Put(call, std::move(responder));
  }
  Describe(std::move(call), std::move(responder));
}

std::expected<log::Stream*, ApiError> FirehoseService::FindStream(std::string_view name) const {
  if (log::Stream* const stream = parts_.log.Find(registry::DirectPutStream(name))) {
    return stream;
  }
  const auto delivery = FindDeliveryStream(parts_, name);
  if (!delivery) {
    return std::unexpected(delivery.error());
  }
  return std::unexpected(
      ApiError{"InvalidArgumentException",
               "This operation is not permitted on a delivery stream that a Kinesis stream or an "
               "application feeds."});
}

void FirehoseService::Put(const aws::Call& call, std::unique_ptr<net::Responder> responder) {
  const auto refuse = [&](const ApiError& error) {
    responder->Send(aws::MakeResponse(call.encoding, error, call.http.request_id));
  };
  const std::string name = call.request.StringAt("DeliveryStreamName").value_or("");
  if (const auto allowed =
          aws::Authorize(parts_.gate, call.identity, auth::Action::kPutRecords, name, call.http);
      !allowed) {
    return refuse(allowed.error());
  }
  const auto stream = FindStream(name);
  if (!stream) {
    return refuse(stream.error());
  }
  const auto data = DataOf(call);
  if (!data) {
    return refuse(data.error());
  }
  std::vector<log::Entry> entries;
  size_t bytes = 0;
  for (const std::string& record : *data) {
    entries.push_back({.partition_key = name, .data = record});
    bytes += record.size();
  }
  parts_.intake.Append(**stream, entries,
                       [this, pending = Pending{.batch = call.operation == "PutRecordBatch",
                                                .encoding = call.encoding,
                                                .bytes = bytes,
                                                .stream = *stream,
                                                .request_id = call.http.request_id,
                                                .responder = std::move(responder)}](
                           const IntakeOutcome& outcome) { Answer(pending, outcome); });
}

void FirehoseService::Answer(const Pending& pending, const IntakeOutcome& outcome) {
  const size_t failed = outcome.refused.size();
  metrics_.failed.Add(static_cast<double>(failed));
  metrics_.accepted.Add(
      static_cast<double>(outcome.placements.size() - failed - outcome.duplicates));
  metrics_.duplicate.Add(static_cast<double>(outcome.duplicates));
  metrics_.bytes.Add(failed == 0 ? static_cast<double>(pending.bytes) : 0);
  if (!pending.batch && failed > 0) {
    net::Response response = aws::MakeResponse(
        pending.encoding, PutError(outcome.refused.front().second), pending.request_id);
    response.had_effect = !outcome.NothingStored();
    return pending.responder->Send(std::move(response));
  }
  kinesis::SequenceText sequence(pending.stream->definition());
  const auto writer = aws::Writer::Create(pending.encoding);
  const auto write_id = [&](const log::Placement& placement) {
    writer->Key("RecordId");
    writer->Text(sequence.Number(placement));
  };
  writer->BeginMap();
  writer->Key("Encrypted");
  writer->Boolean(false);
  if (!pending.batch) {
    write_id(outcome.placements.front());
  } else {
    writer->Key("FailedPutCount");
    writer->Integer(static_cast<int64_t>(failed));
    writer->Key("RequestResponses");
    writer->BeginList();
    auto next = outcome.refused.begin();
    for (size_t i = 0; i < outcome.placements.size(); ++i) {
      writer->BeginMap();
      if (next != outcome.refused.end() && next->first == i) {
        const ApiError error = PutError(next++->second);
        writer->Key("ErrorCode");
        writer->Text(error.type);
        writer->Key("ErrorMessage");
        writer->Text(error.message);
      } else {
        write_id(outcome.placements[i]);
      }
      writer->EndMap();
    }
    writer->EndList();
  }
  writer->EndMap();
  net::Response response =
      aws::MakeResponse(pending.encoding, 200, writer->Take(), pending.request_id);
  response.had_effect = !outcome.NothingStored();
  pending.responder->Send(std::move(response));
}

void FirehoseService::Describe(aws::Call call, std::unique_ptr<net::Responder> responder) {
  struct Work {
    aws::Call call;
    std::unique_ptr<net::Responder> responder;
  };

  auto work = std::make_shared<Work>(Work{std::move(call), std::move(responder)});
  const auto describe = [this, work] {
    const auto answer = work->call.operation == "ListDeliveryStreams"
                            ? ListDeliveryStreams(parts_, work->call)
                            : DescribeDeliveryStream(parts_, work->call);
    work->responder->Send(
        aws::MakeResponse(work->call.encoding, answer, work->call.http.request_id));
  };
  if (!server_.Post(describe, work->call.http.client)) {
    work->responder->Send(aws::MakeResponse(work->call.encoding,
                                            ApiError{"LimitExceededException", "Rate exceeded."},
                                            work->call.http.request_id));
  }
}

}  // namespace weir::ingest::firehose
