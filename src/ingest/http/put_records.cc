#include "ingest/http/put_records.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/http/record_splitter.h"
#include "ingest/record_screen.h"
#include "ingest/stream_names.h"
#include "json/row_encoder.h"

namespace weir::ingest::http {
namespace {

// One request's records, and what was refused.
struct Sorted {
  std::vector<log::Entry> entries;
  size_t bytes = 0;
  size_t malformed = 0;
  size_t future = 0;
  std::string refusals;  // The elements of "rejected".

  size_t rejected() const { return malformed + future; }

  void Clear() {
    entries.clear();
    refusals.clear();
    bytes = malformed = future = 0;
  }
};

void AddRefusal(size_t line, const base::Error& error, Sorted& sorted) {
  (error.code == base::Code::kFailedPrecondition ? sorted.future : sorted.malformed) += 1;
  if (sorted.rejected() > PutRecordsDoor::kMaxListedRefusals) {
    return;
  }
  fmt::format_to(std::back_inserter(sorted.refusals),
                 "{}{{\"line\":{},\"error\":", sorted.refusals.empty() ? "" : ",", line);
  json::AppendQuoted(error.message, sorted.refusals);
  sorted.refusals.push_back('}');
}

base::Result<void> Sort(std::string& body, RecordScreen& screen, Sorted& sorted) {
  RecordSplitter splitter(body);
  for (;;) {
    ASSIGN_OR_RETURN(const auto piece, splitter.Next());
    if (!piece) {
      break;
    }
    auto entry = screen.Admit(piece->text);
    if (!entry) {
      AddRefusal(piece->number, entry.error(), sorted);
      continue;
    }
    sorted.bytes += entry->data.size();
    sorted.entries.push_back(*std::move(entry));
  }
  if (sorted.entries.empty() && sorted.rejected() == 0) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the body holds no record: send JSON objects, one a line, or one JSON array");
  }
  return {};
}

std::string Answer(const Sorted& sorted) {
  std::string body =
      fmt::format("{{\"accepted\":{},\"rejected\":[{}]", sorted.entries.size(), sorted.refusals);
  if (sorted.rejected() > PutRecordsDoor::kMaxListedRefusals) {
    fmt::format_to(std::back_inserter(body), ",\"rejected_count\":{}", sorted.rejected());
  }
  body.append("}\n");
  return body;
}

}  // namespace

void PutRecordsDoor::Handle(net::Request request, std::unique_ptr<net::Responder> responder) {
  const std::string& name = request.parameters["name"];
  log::Stream* const stream = log_.Find(name);
  if (stream == nullptr) {
    return responder->Send(net::ErrorResponse(UnknownStream(log_, name)));
  }
  thread_local RecordScreen plain({});
  thread_local Sorted sorted;
  std::unique_ptr<RecordScreen> keyed;
  if (const auto key = request.query.find("partition_key");
      key != request.query.end() && !key->second.empty()) {
    keyed = std::make_unique<RecordScreen>(
        RecordScreen::Options{.partition_key_field = key->second, .arrival_field = {}});
  }
  RecordScreen& screen = keyed != nullptr ? *keyed : plain;
  screen.Begin(clock_.WallMillis(), SpreadKey(request.body));
  sorted.Clear();
  if (const auto done = Sort(request.body, screen, sorted); !done) {
    return responder->Send(net::ErrorResponse(done.error()));
  }
  metrics_.malformed.Add(static_cast<double>(sorted.malformed));
  metrics_.future.Add(static_cast<double>(sorted.future));
  std::string answer = Answer(sorted);
  if (sorted.entries.empty()) {
    return responder->Send({.body = std::move(answer), .headers = {}});
  }
  stream->Append(sorted.entries,
                 [this, responder = std::move(responder), answer = std::move(answer),
                  records = sorted.entries.size(),
                  bytes = sorted.bytes](base::Result<std::vector<log::Placement>> placed) mutable {
                   if (!placed) {
                     metrics_.failed.Add(static_cast<double>(records));
                     return responder->Send(net::ErrorResponse(placed.error()));
                   }
                   metrics_.accepted.Add(static_cast<double>(records));
                   metrics_.bytes.Add(static_cast<double>(bytes));
                   responder->Send({.body = std::move(answer), .headers = {}});
                 });
}

}  // namespace weir::ingest::http
