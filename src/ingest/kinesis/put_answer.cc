#include "ingest/kinesis/put_answer.h"

#include <algorithm>
#include <vector>

#include "ingest/aws/account.h"
#include "ingest/aws/cbor.h"
#include "ingest/kinesis/sequence_text.h"
#include "json/row_encoder.h"

namespace weir::ingest::kinesis {
namespace {

using aws::ApiError;
using aws::Encoding;
using aws::cbor::AppendHead;
using aws::cbor::Major;

void AppendText(std::string_view text, std::string& out) {
  AppendHead(Major::kText, text.size(), out);
  out.append(text);
}

// The results of stored records, which differ only in two texts of constant length.
class ResultWriter {
 public:
  explicit ResultWriter(Encoding encoding) {
    const std::string number(SequenceText::kDigits, '0');
    const std::string shard_id = model::FormatShardId(0);
    if (encoding == Encoding::kJson) {
      text_ = fmt::format(R"({{"SequenceNumber":"{}","ShardId":"{}"}})", number, shard_id);
    } else {
      AppendHead(Major::kMap, 2, text_);
      for (const std::string_view text :
           {"SequenceNumber", number.c_str(), "ShardId", shard_id.c_str()}) {
        AppendText(text, text_);
      }
    }
    number_at_ = text_.find(number);
    shard_id_at_ = text_.find(shard_id);
  }

  size_t size() const { return text_.size(); }

  void Append(std::string_view number, std::string_view shard_id, std::string& out) {
    number.copy(text_.data() + number_at_, SequenceText::kDigits);
    shard_id.copy(text_.data() + shard_id_at_, shard_id.size());
    out.append(text_);
  }

 private:
  std::string text_;
  size_t number_at_ = 0;
  size_t shard_id_at_ = 0;
};

std::string Failure(Encoding encoding, const ApiError& error) {
  const auto writer = aws::Writer::Create(encoding);
  writer->BeginMap();
  writer->Key("ErrorCode");
  writer->Text(error.type);
  writer->Key("ErrorMessage");
  writer->Text(error.message);
  writer->EndMap();
  return writer->Take();
}

std::string BatchHead(Encoding encoding, size_t failed, size_t records) {
  if (encoding == Encoding::kJson) {
    return fmt::format("{{\"EncryptionType\":\"NONE\",\"FailedRecordCount\":{},\"Records\":[",
                       failed);
  }
  std::string head;
  AppendHead(Major::kMap, 3, head);
  AppendText("EncryptionType", head);
  AppendText("NONE", head);
  AppendText("FailedRecordCount", head);
  AppendHead(Major::kUnsigned, failed, head);
  AppendText("Records", head);
  AppendHead(Major::kList, records, head);
  return head;
}

// The error of each record that failed, by index, ascending: the first of its entries' errors.
std::vector<std::pair<size_t, const base::Error*>> FailedRecords(const BatchOutcome& outcome) {
  std::vector<std::pair<size_t, const base::Error*>> failed;
  for (const auto& [entry, error] : outcome.intake.refused) {
    size_t record = entry;
    if (!outcome.firsts.empty()) {
      record = static_cast<size_t>(std::ranges::upper_bound(outcome.firsts, entry) -
                                   outcome.firsts.begin() - 1);
    }
    if (failed.empty() || failed.back().first != record) {
      failed.emplace_back(record, &error);
    }
  }
  return failed;
}

}  // namespace

ApiError PutError(const base::Error& error, std::string_view stream) {
  switch (error.code) {
    case base::Code::kLimitExceeded:
      return aws::MakeError("ProvisionedThroughputExceededException", "{} under account {}.",
                            error.message, aws::kAccount);
    case base::Code::kUnavailable:
    case base::Code::kDiskFull:
      return aws::MakeError("ProvisionedThroughputExceededException",
                            "Rate exceeded for stream {} under account {}: {}", stream,
                            aws::kAccount, error.message);
    case base::Code::kInvalidArgument:
      return {"InvalidArgumentException", error.message};
    default:
      return {"InternalFailure", "Internal Service Failure.", 500};
  }
}

std::string WriteStored(Encoding encoding, const log::Placement& placement,
                        const log::StreamDefinition& stream) {
  SequenceText sequence(stream);
  const std::string_view number = sequence.Number(placement);
  const auto writer = aws::Writer::Create(encoding);
  writer->BeginMap();
  writer->Key("EncryptionType");
  writer->Text("NONE");
  writer->Key("SequenceNumber");
  writer->Text(number);
  writer->Key("ShardId");
  writer->Text(sequence.shard_id());
  writer->EndMap();
  return writer->Take();
}

BatchAnswer WriteBatch(Encoding encoding, const BatchOutcome& outcome,
                       const log::StreamDefinition& stream) {
  const bool json = encoding == Encoding::kJson;
  const auto failed = FailedRecords(outcome);
  std::string body = BatchHead(encoding, failed.size(), outcome.records);
  ResultWriter results(encoding);
  body.reserve(body.size() + (outcome.records + 1) * (results.size() + 1));
  SequenceText sequence(stream);
  auto next = failed.begin();
  for (size_t i = 0; i < outcome.records; ++i) {
    if (next != failed.end() && next->first == i) {
      body.append(Failure(encoding, PutError(*next++->second, stream.name)));
    } else {
      const size_t entry = outcome.firsts.empty() ? i : outcome.firsts[i];
      const std::string_view number = sequence.Number(outcome.intake.placements[entry]);
      results.Append(number, sequence.shard_id(), body);
    }
    if (json) {
      body.push_back(',');
    }
  }
  if (json) {
    body.back() = ']';
    body.push_back('}');
  }
  return {.body = std::move(body), .failed = failed.size()};
}

}  // namespace weir::ingest::kinesis
