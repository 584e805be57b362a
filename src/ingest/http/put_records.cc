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
  std::vector<uint32_t> lines;  // Of the entries.
  size_t bytes = 0;
  size_t malformed = 0;
  size_t future = 0;
  std::string refusals;  // The elements of "rejected".

  size_t rejected() const { return malformed + future; }

  void Clear() {
    entries.clear();
    lines.clear();
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
    if (sorted.entries.size() == PutRecordsDoor::kMaxRecords) {
      return base::Fail(base::Code::kLimitExceeded,
                        "the body has more than {} records: send it in parts",
                        PutRecordsDoor::kMaxRecords);
    }
    sorted.bytes += entry->data.size();
    sorted.entries.push_back(*std::move(entry));
    sorted.lines.push_back(static_cast<uint32_t>(piece->number));
  }
  if (sorted.entries.empty() && sorted.rejected() == 0) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the body holds no record: send JSON objects, one a line, or one JSON array");
  }
  return {};
}

// Of the answer, what follows the number of accepted records, without the end.
std::string Rejected(const Sorted& sorted) {
  std::string text = fmt::format(",\"rejected\":[{}]", sorted.refusals);
  if (sorted.rejected() > PutRecordsDoor::kMaxListedRefusals) {
    fmt::format_to(std::back_inserter(text), ",\"rejected_count\":{}", sorted.rejected());
  }
  return text;
}

// The records that the log did not take, all of which are worth another try.
std::string Failed(const IntakeOutcome& outcome, const std::vector<uint32_t>& lines) {
  const base::Error& first = outcome.refused.front().second;
  std::string text =
      fmt::format(",\"failed\":{{\"code\":\"{}\",\"message\":", base::CodeName(first.code));
  json::AppendQuoted(first.message, text);
  text.append(",\"lines\":[");
  for (const auto& [entry, error] : outcome.refused) {
    fmt::format_to(std::back_inserter(text), "{},", lines[entry]);
  }
  text.back() = ']';
  text.push_back('}');
  return text;
}

net::Response NothingStored(const base::Error& error) {
  net::Response response = net::ErrorResponse(error);
  if (error.code == base::Code::kLimitExceeded) {
    response.status = 429;
    response.headers.emplace_back("retry-after", "1");
  }
  return response;
}

}  // namespace

// What is kept of a request until its records are durable.
struct PutRecordsDoor::Pending {
  std::string rejected;
  std::vector<uint32_t> lines;
  size_t bytes = 0;
  std::unique_ptr<net::Responder> responder;
};

void PutRecordsDoor::Handle(net::Request request, std::unique_ptr<net::Responder> responder) {
  const std::string& name = request.parameters["name"];
  if (const auto identity = parts_.gate.Check(request, auth::Action::kPutRecords, name);
      !identity) {
    return responder->Send(parts_.gate.Refused(identity.error(), request));
  }
  log::Stream* const stream = parts_.log.Find(name);
  if (stream == nullptr) {
    return responder->Send(net::ErrorResponse(UnknownStream(parts_.log, name)));
  }
  if (const auto writable = writable_.Check(name); !writable) {
    return responder->Send(net::ErrorResponse(writable.error()));
  }
  thread_local RecordScreen plain({});
  thread_local Sorted kept;
  Sorted large;
  Sorted& sorted = request.body.size() > kMaxKeptBodyBytes ? large : kept;
  std::unique_ptr<RecordScreen> keyed;
  if (const auto key = request.query.find("partition_key");
      key != request.query.end() && !key->second.empty()) {
    keyed = std::make_unique<RecordScreen>(
        RecordScreen::Options{.partition_key_field = key->second, .arrival_field = {}});
  }
  RecordScreen& screen = keyed != nullptr ? *keyed : plain;
  screen.Begin(parts_.clock.WallMillis(), SpreadKey(request.body));
  sorted.Clear();
  if (const auto done = Sort(request.body, screen, sorted); !done) {
    return responder->Send(net::ErrorResponse(done.error()));
  }
  metrics_.malformed.Add(static_cast<double>(sorted.malformed));
  metrics_.future.Add(static_cast<double>(sorted.future));
  std::string rejected = Rejected(sorted);
  if (sorted.entries.empty()) {
    return responder->Send(
        {.body = fmt::format("{{\"accepted\":0{}}}\n", rejected), .headers = {}});
  }
  parts_.intake.Append(*stream, sorted.entries,
                       [this, pending = Pending{.rejected = std::move(rejected),
                                                .lines = sorted.lines,
                                                .bytes = sorted.bytes,
                                                .responder = std::move(responder)}](
                           const IntakeOutcome& outcome) { Answer(pending, outcome); });
}

void PutRecordsDoor::Answer(const Pending& pending, const IntakeOutcome& outcome) {
  const size_t failed = outcome.refused.size();
  const size_t duplicates = outcome.duplicates;
  const size_t accepted = pending.lines.size() - failed - duplicates;
  metrics_.failed.Add(static_cast<double>(failed));
  metrics_.accepted.Add(static_cast<double>(accepted));
  metrics_.duplicate.Add(static_cast<double>(duplicates));
  metrics_.bytes.Add(failed == 0 ? static_cast<double>(pending.bytes) : 0);
  if (accepted + duplicates == 0) {
    return pending.responder->Send(NothingStored(outcome.refused.front().second));
  }
  pending.responder->Send(
      {.body = fmt::format("{{\"accepted\":{}{}{}{}}}\n", accepted,
                           duplicates == 0 ? "" : fmt::format(",\"duplicates\":{}", duplicates),
                           pending.rejected, failed == 0 ? "" : Failed(outcome, pending.lines)),
       .headers = {}});
}

}  // namespace weir::ingest::http
