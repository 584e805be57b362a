#include "ingest/kinesis/operations.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ingest/kinesis/account_operations.h"
#include "ingest/kinesis/consumers.h"
#include "ingest/kinesis/get_records.h"
#include "ingest/kinesis/list_shards.h"
#include "ingest/kinesis/request_shapes.h"
#include "ingest/kinesis/resharding.h"
#include "ingest/kinesis/shard_iterator.h"
#include "ingest/kinesis/streams.h"
#include "ingest/kinesis/tags.h"

namespace weir::ingest::kinesis {
namespace {

using Operation = aws::Answer (*)(const Parts& parts, const aws::Call& call);

constexpr std::string_view kSubscribe = "SubscribeToShard";

struct Named {
  std::string_view name;
  Operation run = nullptr;
};

constexpr std::array kOperations = {
    Named{"AddTagsToStream", AddTagsToStream},
    Named{"CreateStream", CreateStream},
    Named{"DecreaseStreamRetentionPeriod", DecreaseStreamRetentionPeriod},
    Named{"DeleteResourcePolicy", DeleteResourcePolicy},
    Named{"DeleteStream", DeleteStream},
    Named{"DeregisterStreamConsumer", DeregisterStreamConsumer},
    Named{"DescribeAccountSettings", DescribeAccountSettings},
    Named{"DescribeLimits", DescribeLimits},
    Named{"DescribeStream", DescribeStream},
    Named{"DescribeStreamConsumer", DescribeStreamConsumer},
    Named{"DescribeStreamSummary", DescribeStreamSummary},
    Named{"DisableEnhancedMonitoring", DisableEnhancedMonitoring},
    Named{"EnableEnhancedMonitoring", EnableEnhancedMonitoring},
    Named{"GetRecords", GetRecords},
    Named{"GetResourcePolicy", GetResourcePolicy},
    Named{"GetShardIterator", GetShardIterator},
    Named{"IncreaseStreamRetentionPeriod", IncreaseStreamRetentionPeriod},
    Named{"ListShards", ListShards},
    Named{"ListStreamConsumers", ListStreamConsumers},
    Named{"ListStreams", ListStreams},
    Named{"ListTagsForResource", ListTagsForResource},
    Named{"ListTagsForStream", ListTagsForStream},
    Named{"MergeShards", MergeShards},
    Named{"PutResourcePolicy", PutResourcePolicy},
    Named{"RegisterStreamConsumer", RegisterStreamConsumer},
    Named{"RemoveTagsFromStream", RemoveTagsFromStream},
    Named{"SplitShard", SplitShard},
    Named{"StartStreamEncryption", StartStreamEncryption},
    Named{"StopStreamEncryption", StopStreamEncryption},
    Named{"TagResource", TagResource},
    Named{"UntagResource", UntagResource},
    Named{"UpdateAccountSettings", UpdateAccountSettings},
    Named{"UpdateMaxRecordSize", UpdateMaxRecordSize},
    Named{"UpdateShardCount", UpdateShardCount},
    Named{"UpdateStreamMode", UpdateStreamMode},
    Named{"UpdateStreamWarmThroughput", UpdateStreamWarmThroughput},
};

const Named* FindOperation(std::string_view name) {
  const auto* const found = std::ranges::find(kOperations, name, &Named::name);
  return found == kOperations.end() ? nullptr : found;
}

}  // namespace

Operations::Operations(net::HttpServer& server, const DoorParts& parts)
    : server_(server),
      settings_(parts.catalog),
      parts_{.log = parts.log,
             .registry = parts.registry,
             .settings = settings_,
             .gate = parts.gate,
             .clock = parts.clock,
             .region = parts.region},
      subscriptions_(parts_) {}

bool Operations::Knows(std::string_view operation) {
  return operation == kSubscribe || FindOperation(operation) != nullptr;
}

void Operations::Handle(aws::Call call, std::unique_ptr<net::Responder> responder) {
  struct Work {
    aws::Call call;
    std::unique_ptr<net::Responder> responder;
  };

  auto work = std::make_shared<Work>(Work{std::move(call), std::move(responder)});
  if (!server_.Post([this, work] { Run(work->call, *work->responder); }, work->call.http.client)) {
    const std::string_view type = work->call.operation == "GetRecords"
                                      ? "ProvisionedThroughputExceededException"
                                      : "LimitExceededException";
    work->responder->Send(aws::MakeResponse(
        work->call.encoding,
        aws::MakeError(type, "Rate exceeded: too many requests wait for the disk; try again."),
        work->call.http.request_id));
  }
}

void Operations::Run(const aws::Call& call, net::Responder& responder) {
  const aws::Shape& shape = *RequestShape(call.operation);
  if (const auto checked = aws::CheckRequest(shape, call.request); !checked) {
    return responder.Send(aws::MakeResponse(call.encoding, checked.error(), call.http.request_id));
  }
  if (call.operation == kSubscribe) {
    return subscriptions_.Start(call, responder);
  }
  responder.Send(aws::MakeResponse(call.encoding, FindOperation(call.operation)->run(parts_, call),
                                   call.http.request_id));
}

}  // namespace weir::ingest::kinesis
