#include "ingest/kinesis/account_operations.h"

#include <algorithm>
#include <array>

#include "ingest/aws/account.h"
#include "ingest/kinesis/request.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::MakeError;
using registry::Registry;

constexpr int64_t kMaxRecordKib = log::kMaxRecordBytes >> 10;

// Metrics of enhanced monitoring, in the API's order; ALL stands for all of them.
constexpr std::array<std::string_view, 7> kMetrics = {"IncomingBytes",
                                                      "IncomingRecords",
                                                      "OutgoingBytes",
                                                      "OutgoingRecords",
                                                      "WriteProvisionedThroughputExceeded",
                                                      "ReadProvisionedThroughputExceeded",
                                                      "IteratorAgeMilliseconds"};

void WriteList(std::string_view member, const std::vector<std::string>& values,
               aws::Writer& writer) {
  writer.Key(member);
  writer.BeginList();
  for (const std::string& value : values) {
    writer.Text(value);
  }
  writer.EndList();
}

Answer ChangeMonitoring(const Parts& parts, const aws::Call& call, bool enable) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  const json::Value* const asked = call.request.Find("ShardLevelMetrics");
  const auto named = [&](std::string_view metric) {
    return std::ranges::any_of(asked->Items(), [&](const json::Value& item) {
      return item.AsString() == metric || item.AsString() == "ALL";
    });
  };
  std::vector<std::string> before;
  const auto after = parts.settings.Change(*stream, [&](StreamSettings& settings) {
    before = settings.metrics;
    settings.metrics.clear();
    for (const std::string_view metric : kMetrics) {
      const bool was = std::ranges::find(before, metric) != before.end();
      if (named(metric) ? enable : was) {
        settings.metrics.emplace_back(metric);
      }
    }
    return base::Result<void>();
  });
  if (!after) {
    return std::unexpected(ErrorOf(after.error(), name));
  }
  Audit(parts, call, name);
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  WriteNames(parts, name, *writer);
  WriteList("CurrentShardLevelMetrics", before, *writer);
  WriteList("DesiredShardLevelMetrics", after->metrics, *writer);
  writer->EndMap();
  return writer->Take();
}

Answer WriteCommitment(const aws::Call& call, int64_t start) {
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("MinimumThroughputBillingCommitment");
  writer->BeginMap();
  writer->Key("Status");
  writer->Text(start > 0 ? "ENABLED" : "DISABLED");
  if (start > 0) {
    writer->Key("StartedAt");
    writer->Time({start});
  }
  writer->EndMap();
  writer->EndMap();
  return writer->Take();
}

}  // namespace

Answer DescribeLimits(const Parts& parts, const aws::Call& call) {
  if (auto allowed = AuthorizeListing(parts, call); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  int64_t open = 0;
  int64_t on_demand = 0;
  for (const registry::StreamInfo& stream : parts.registry.List()) {
    if (!stream.derived) {
      open += std::ranges::count(stream.definition.shards, false, &log::ShardDefinition::closed);
      on_demand += stream.mode == "ON_DEMAND" ? 1 : 0;
    }
  }
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("ShardLimit");
  writer->Integer(static_cast<int64_t>(Registry::kMaxOpenShards));
  writer->Key("OpenShardCount");
  writer->Integer(open);
  writer->Key("OnDemandStreamCount");
  writer->Integer(on_demand);
  writer->Key("OnDemandStreamCountLimit");
  writer->Integer(static_cast<int64_t>(Registry::kMaxOpenShards));
  writer->EndMap();
  return writer->Take();
}

Answer DescribeAccountSettings(const Parts& parts, const aws::Call& call) {
  if (auto allowed = AuthorizeListing(parts, call); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  const auto start = parts.settings.CommitmentStart();
  if (!start) {
    return std::unexpected(ErrorOf(start.error(), ""));
  }
  return WriteCommitment(call, *start);
}

Answer UpdateAccountSettings(const Parts& parts, const aws::Call& call) {
  if (auto allowed = Authorize(parts, call, auth::Action::kManageStreams, ""); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  const json::Value* const commitment = call.request.Find("MinimumThroughputBillingCommitment");
  const int64_t start =
      TextOf(*commitment, "Status") == "ENABLED" ? std::max<int64_t>(1, parts.Now().millis) : 0;
  if (auto set = parts.settings.SetCommitmentStart(start); !set) {
    return std::unexpected(ErrorOf(set.error(), ""));
  }
  Audit(parts, call, "");
  return WriteCommitment(call, start);
}

Answer EnableEnhancedMonitoring(const Parts& parts, const aws::Call& call) {
  return ChangeMonitoring(parts, call, true);
}

Answer DisableEnhancedMonitoring(const Parts& parts, const aws::Call& call) {
  return ChangeMonitoring(parts, call, false);
}

// There is no key service, and records are stored as they came: a caller must not believe
// otherwise.
Answer StartStreamEncryption(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string_view type = TextOf(call.request, "EncryptionType").value_or("");
  if (type == "NONE") {
    return std::unexpected(
        MakeError("InvalidArgumentException", "EncryptionType NONE cannot be started."));
  }
  return std::unexpected(
      MakeError("KMSNotFoundException",
                "Key {} is not found: there is no key service here, and records of stream {} are "
                "stored as they came; encrypt the volume that holds them instead.",
                TextOf(call.request, "KeyId").value_or(""), stream->definition.name));
}

Answer StopStreamEncryption(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  return std::string();
}

// What a policy forbids would be allowed all the same: it is not taken.
Answer PutResourcePolicy(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  return std::unexpected(
      MakeError("InvalidArgumentException",
                "Resource policies are not evaluated here: what a caller may do with stream {} is "
                "decided by the roles and streams of the caller's key.",
                stream->definition.name));
}

Answer GetResourcePolicy(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kDescribeStream);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("Policy");
  writer->Text("{}");
  writer->EndMap();
  return writer->Take();
}

Answer DeleteResourcePolicy(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  return std::unexpected(MakeError("ResourceNotFoundException",
                                   "No resource policy found for resource ARN {}",
                                   TextOf(call.request, "ResourceARN").value_or("")));
}

Answer UpdateMaxRecordSize(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const int64_t kib = IntegerOf(call.request, "MaxRecordSizeInKiB").value_or(0);
  if (kib != kMaxRecordKib) {
    return std::unexpected(MakeError("InvalidArgumentException",
                                     "MaxRecordSizeInKiB {} is beyond what is stored here: {}.",
                                     kib, kMaxRecordKib));
  }
  Audit(parts, call, stream->definition.name);
  return std::string();
}

// Throughput is not provisioned, so that every stream is warm; what was asked for is kept.
Answer UpdateStreamWarmThroughput(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  if (stream->mode != "ON_DEMAND") {
    return std::unexpected(MakeError("InvalidArgumentException",
                                     "Stream {} under account {} is not of mode ON_DEMAND.", name,
                                     aws::kAccount));
  }
  const int64_t mibps = IntegerOf(call.request, "WarmThroughputMiBps").value_or(0);
  const auto set = parts.settings.Change(*stream, [&](StreamSettings& settings) {
    settings.warm_mibps = mibps;
    return base::Result<void>();
  });
  if (!set) {
    return std::unexpected(ErrorOf(set.error(), name));
  }
  Audit(parts, call, name);
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  WriteNames(parts, name, *writer);
  writer->Key("WarmThroughput");
  writer->BeginMap();
  writer->Key("TargetMiBps");
  writer->Integer(mibps);
  writer->Key("CurrentMiBps");
  writer->Integer(mibps);
  writer->EndMap();
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::kinesis
