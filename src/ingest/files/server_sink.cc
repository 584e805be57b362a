#include <chrono>
#include <condition_variable>
#include <mutex>

#include "ingest/files/put_files.h"
#include "json/document.h"
#include "net/http_client.h"

namespace weir::ingest {
namespace {

constexpr int64_t kTimeoutMillis = 30'000;
constexpr int kMaxTries = 30;
constexpr auto kRetryPause = std::chrono::seconds(1);
constexpr size_t kMaxQuotedAnswer = 500;
constexpr json::Limits kAnswerLimits{.max_bytes = 64 << 20};
// Below the door's limit for one request.
constexpr size_t kMaxBodyBytes = 8 << 20;

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    }
  }
  return out;
}

class ServerSink : public RecordSink {
 public:
  ServerSink(std::unique_ptr<net::HttpClient> client, std::string target,
             const std::string& authorization)
      : client_(std::move(client)), target_(std::move(target)) {
    if (!authorization.empty()) {
      headers_.emplace_back("authorization", authorization);
    }
  }

  base::Result<void> Put(std::span<const log::Entry> entries, const Refuse& refuse) override {
    size_t from = 0;
    while (from < entries.size()) {
      size_t bytes = 0;
      std::vector<size_t> batch;
      while (from < entries.size() &&
             (batch.empty() || bytes + entries[from].data.size() < kMaxBodyBytes)) {
        bytes += entries[from].data.size() + 1;
        batch.push_back(from++);
      }
      RETURN_IF_ERROR(PutBatch(entries, std::move(batch), refuse));
    }
    return {};
  }

  base::Result<void> Finish() override { return {}; }

 private:
  // Sends the entries of those numbers, and again what the server could not take then.
  base::Result<void> PutBatch(std::span<const log::Entry> entries, std::vector<size_t> batch,
                              const Refuse& refuse) {
    for (int i = 1; !batch.empty(); ++i) {
      body_.clear();
      for (const size_t entry : batch) {
        body_.append(entries[entry].data).push_back('\n');
      }
      ASSIGN_OR_RETURN(const net::ClientResponse response,
                       client_->Send("POST", target_, headers_, body_));
      const bool busy = response.status == 503 || response.status == 429;
      if (response.status != 200 && (!busy || i == kMaxTries)) {
        return Refused(response);
      }
      if (!busy) {
        ASSIGN_OR_RETURN(batch, Report(response.body, batch, refuse));
      }
      if (!batch.empty()) {
        if (i == kMaxTries) {
          return base::Fail(base::Code::kUnavailable,
                            "the server did not take {} records within {} tries", batch.size(), i);
        }
        std::unique_lock lock(pause_mutex_);
        pause_.wait_for(lock, kRetryPause);
      }
    }
    return {};
  }

  static std::unexpected<base::Error> Refused(const net::ClientResponse& response) {
    const base::Code code = response.status == 401 || response.status == 403
                                ? base::Code::kPermission
                            : response.status == 404 ? base::Code::kNotFound
                            : response.status == 503 ? base::Code::kUnavailable
                            : response.status < 500  ? base::Code::kInvalidArgument
                                                     : base::Code::kInternal;
    const auto answer = json::Parse(response.body);
    const json::Value* const error = answer ? answer->Find("error") : nullptr;
    const auto message =
        error != nullptr ? error->StringAt("message") : base::Result<std::string>("");
    return base::Fail(
        code, "the server answered {}: {}", response.status,
        message && !message->empty() ? *message : response.body.substr(0, kMaxQuotedAnswer));
  }

  // Reports what the server refused; the entries to send again. The records were checked before:
  // it refuses few, or none.
  static base::Result<std::vector<size_t>> Report(const std::string& body,
                                                  const std::vector<size_t>& batch,
                                                  const Refuse& refuse) {
    ASSIGN_OR_RETURN(const json::Value answer, json::Parse(body, kAnswerLimits));
    const json::Value* const rejected = answer.Find("rejected");
    if (rejected == nullptr) {
      return base::Fail(base::Code::kUnavailable, "the server's answer is not Weir's: {}",
                        body.substr(0, kMaxQuotedAnswer));
    }
    const auto entry_of = [&](int64_t line) -> std::optional<size_t> {
      return line >= 1 && static_cast<size_t>(line) <= batch.size()
                 ? std::optional(batch[static_cast<size_t>(line) - 1])
                 : std::nullopt;
    };
    for (const json::Value& refusal : rejected->Items()) {
      ASSIGN_OR_RETURN(const int64_t line, refusal.IntAt("line"));
      ASSIGN_OR_RETURN(std::string error, refusal.StringAt("error"));
      if (const auto entry = entry_of(line)) {
        refuse(*entry, std::move(error));
      }
    }
    if (const json::Value* const count = answer.Find("rejected_count")) {
      return base::Fail(base::Code::kInvalidArgument,
                        "the server refused {} records of one batch, the first because: {}",
                        count->NumberText().value_or("many"),
                        rejected->Items().front().StringAt("error").value_or(""));
    }
    std::vector<size_t> again;
    const json::Value* const failed = answer.Find("failed");
    const json::Value* const lines = failed == nullptr ? nullptr : failed->Find("lines");
    for (size_t i = 0; lines != nullptr && i < lines->Items().size(); ++i) {
      if (const auto entry = entry_of(lines->Items()[i].AsInt().value_or(0))) {
        again.push_back(*entry);
      }
    }
    return again;
  }

  std::unique_ptr<net::HttpClient> client_;
  const std::string target_;
  std::vector<std::pair<std::string, std::string>> headers_ = {
      {"content-type", "application/x-ndjson"}};
  std::string body_;
  std::mutex pause_mutex_;
  std::condition_variable pause_;  // Never notified: its waits are pauses.
};

}  // namespace

base::Result<std::unique_ptr<RecordSink>> MakeServerSink(const ServerAddress& server,
                                                         std::string_view stream,
                                                         const PutOptions& options) {
  if (!options.arrival_field.empty()) {
    return base::Fail(
        base::Code::kInvalidArgument,
        "a server stamps arrival times itself: leave out the arrival field, or replay "
        "into a data folder");
  }
  ASSIGN_OR_RETURN(auto client, net::HttpClient::Create(server.url, kTimeoutMillis,
                                                        {.authorities = server.authorities}));
  std::string target = fmt::format("/v1/streams/{}/records", PercentEncode(stream));
  if (!options.partition_key_field.empty()) {
    target += "?partition_key=" + PercentEncode(options.partition_key_field);
  }
  return std::make_unique<ServerSink>(std::move(client), std::move(target), server.authorization);
}

}  // namespace weir::ingest
