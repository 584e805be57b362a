#include "ingest/kinesis/request_shapes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ingest/kinesis/arn.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Shape;
using aws::ShapeMember;
using Kind = aws::Shape::Kind;

const aws::Pattern kStreamArnPattern = {"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+", IsStreamArn};
const aws::Pattern kResourceArnPattern = {"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+",
                                          IsResourceArn};
const aws::Pattern kConsumerArnPattern = {
    "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/"
    "[a-zA-Z0-9_.-]+:[0-9]+",
    IsConsumerArn};

const Shape kName = {.min = 1, .max = 128, .pattern = &aws::kNamePattern};
const Shape kStreamArn = {.min = 1, .max = 2048, .pattern = &kStreamArnPattern};
const Shape kResourceArn = {.min = 1, .max = 2048, .pattern = &kResourceArnPattern};
const Shape kConsumerArn = {.min = 1, .max = 2048, .pattern = &kConsumerArnPattern};
const Shape kSequenceNumber = {.pattern = &aws::kSequencePattern};
const Shape kHashKey = {.pattern = &aws::kHashKeyPattern};
const Shape kIterator = {.min = 1, .max = 512};
const Shape kToken = {.min = 1, .max = 1'048'576};
const Shape kAnyText = {};
const Shape kTime = {.kind = Kind::kTimestamp};
const Shape kFlag = {.kind = Kind::kBoolean};
const Shape kAnyInteger = {.kind = Kind::kInteger};
const Shape kNatural = {.kind = Kind::kInteger, .min = 0};
const Shape kPositive = {.kind = Kind::kInteger, .min = 1};
const Shape kPage = {.kind = Kind::kInteger, .min = 1, .max = 10'000};
const Shape kTagPage = {.kind = Kind::kInteger, .min = 1, .max = 50};
const Shape kRecordKib = {.kind = Kind::kInteger, .min = 1'024, .max = 10'240};

constexpr std::array<std::string_view, 5> kIteratorTypes = {
    "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"};
const Shape kIteratorType = {.allowed = kIteratorTypes};
constexpr std::array<std::string_view, 6> kFilterTypes = {"AFTER_SHARD_ID",    "AT_TRIM_HORIZON",
                                                          "FROM_TRIM_HORIZON", "AT_LATEST",
                                                          "AT_TIMESTAMP",      "FROM_TIMESTAMP"};
const Shape kFilterType = {.allowed = kFilterTypes};
constexpr std::array<std::string_view, 2> kStreamModes = {"PROVISIONED", "ON_DEMAND"};
const Shape kStreamMode = {.allowed = kStreamModes};
constexpr std::array<std::string_view, 2> kEncryptions = {"NONE", "KMS"};
const Shape kEncryption = {.allowed = kEncryptions};
const Shape kKeyId = {.min = 1, .max = 2048};
constexpr std::array<std::string_view, 1> kScalings = {"UNIFORM_SCALING"};
const Shape kScaling = {.allowed = kScalings};
constexpr std::array<std::string_view, 2> kCommitments = {"ENABLED", "DISABLED"};
const Shape kCommitment = {.allowed = kCommitments};
constexpr std::array<std::string_view, 8> kMetricNames = {"IncomingBytes",
                                                          "IncomingRecords",
                                                          "OutgoingBytes",
                                                          "OutgoingRecords",
                                                          "WriteProvisionedThroughputExceeded",
                                                          "ReadProvisionedThroughputExceeded",
                                                          "IteratorAgeMilliseconds",
                                                          "ALL"};
const Shape kMetric = {.allowed = kMetricNames};
const Shape kMetrics = {.kind = Kind::kList, .min = 1, .max = 7, .element = &kMetric};

const Shape kTagKey = {.min = 1, .max = 128};
const Shape kTagValue = {.min = 0, .max = 256};
const Shape kTags = {
    .kind = Kind::kMap, .min = 1, .max = 200, .element = &kTagValue, .key = &kTagKey};
const Shape kTagKeys = {.kind = Kind::kList, .min = 1, .max = 50, .element = &kTagKey};

template <size_t kCount>
constexpr Shape Structure(const std::array<ShapeMember, kCount>& members) {
  return {.kind = Kind::kStructure, .members = members};
}

const std::array kModeMembers = {ShapeMember{"StreamMode", &kStreamMode, true}};
const Shape kMode = Structure(kModeMembers);
const std::array kFilterMembers = {ShapeMember{"Type", &kFilterType, true},
                                   ShapeMember{"ShardId", &kName},
                                   ShapeMember{"Timestamp", &kTime}};
const Shape kFilter = Structure(kFilterMembers);
const std::array kPositionMembers = {ShapeMember{"Type", &kIteratorType, true},
                                     ShapeMember{"SequenceNumber", &kSequenceNumber},
                                     ShapeMember{"Timestamp", &kTime}};
const Shape kPosition = Structure(kPositionMembers);
const std::array kCommitmentMembers = {ShapeMember{"Status", &kCommitment, true}};
const Shape kCommitmentInput = Structure(kCommitmentMembers);

// Most requests name their stream in one of two ways.
constexpr ShapeMember kByName = {"StreamName", &kName};
constexpr ShapeMember kByArn = {"StreamARN", &kStreamArn};
constexpr ShapeMember kResource = {"ResourceARN", &kResourceArn, true};

const std::array kCreateStream = {
    ShapeMember{"StreamName", &kName, true},       ShapeMember{"ShardCount", &kPositive},
    ShapeMember{"StreamModeDetails", &kMode},      ShapeMember{"Tags", &kTags},
    ShapeMember{"WarmThroughputMiBps", &kNatural}, ShapeMember{"MaxRecordSizeInKiB", &kRecordKib}};
const std::array kDeleteStream = {kByName, kByArn, ShapeMember{"EnforceConsumerDeletion", &kFlag}};
const std::array kDescribeStream = {kByName, kByArn, ShapeMember{"Limit", &kPage},
                                    ShapeMember{"ExclusiveStartShardId", &kName}};
const std::array kStreamOnly = {kByName, kByArn};
const std::array kListStreams = {ShapeMember{"Limit", &kPage},
                                 ShapeMember{"ExclusiveStartStreamName", &kName},
                                 ShapeMember{"NextToken", &kToken}};
const std::array kUpdateStreamMode = {ShapeMember{"StreamARN", &kStreamArn, true},
                                      ShapeMember{"StreamModeDetails", &kMode, true},
                                      ShapeMember{"WarmThroughputMiBps", &kNatural}};
const std::array kRetention = {kByName, kByArn,
                               ShapeMember{"RetentionPeriodHours", &kAnyInteger, true}};
const std::array kUpdateShardCount = {kByName, kByArn,
                                      ShapeMember{"TargetShardCount", &kPositive, true},
                                      ShapeMember{"ScalingType", &kScaling, true}};
const std::array kSplitShard = {kByName, kByArn, ShapeMember{"ShardToSplit", &kName, true},
                                ShapeMember{"NewStartingHashKey", &kHashKey, true}};
const std::array kMergeShards = {kByName, kByArn, ShapeMember{"ShardToMerge", &kName, true},
                                 ShapeMember{"AdjacentShardToMerge", &kName, true}};
const std::array kUpdateMaxRecordSize = {kByArn,
                                         ShapeMember{"MaxRecordSizeInKiB", &kRecordKib, true}};
const std::array kUpdateWarmThroughput = {kByName, kByArn,
                                          ShapeMember{"WarmThroughputMiBps", &kNatural, true}};
const std::array kListShards = {kByName,
                                kByArn,
                                ShapeMember{"NextToken", &kToken},
                                ShapeMember{"ExclusiveStartShardId", &kName},
                                ShapeMember{"MaxResults", &kPage},
                                ShapeMember{"StreamCreationTimestamp", &kTime},
                                ShapeMember{"ShardFilter", &kFilter}};
const std::array kGetShardIterator = {kByName,
                                      kByArn,
                                      ShapeMember{"ShardId", &kName, true},
                                      ShapeMember{"ShardIteratorType", &kIteratorType, true},
                                      ShapeMember{"StartingSequenceNumber", &kSequenceNumber},
                                      ShapeMember{"Timestamp", &kTime}};
const std::array kGetRecords = {ShapeMember{"ShardIterator", &kIterator, true},
                                ShapeMember{"Limit", &kPage}, kByArn};
const std::array kAddTags = {kByName, kByArn, ShapeMember{"Tags", &kTags, true}};
const std::array kRemoveTags = {kByName, kByArn, ShapeMember{"TagKeys", &kTagKeys, true}};
const std::array kListTags = {kByName, kByArn, ShapeMember{"ExclusiveStartTagKey", &kTagKey},
                              ShapeMember{"Limit", &kTagPage}};
const std::array kResourceOnly = {kResource};
const std::array kTagResource = {kResource, ShapeMember{"Tags", &kTags, true}};
const std::array kUntagResource = {kResource, ShapeMember{"TagKeys", &kTagKeys, true}};
const std::array kPutPolicy = {kResource, ShapeMember{"Policy", &kAnyText, true}};
const std::array kRegisterConsumer = {ShapeMember{"StreamARN", &kStreamArn, true},
                                      ShapeMember{"ConsumerName", &kName, true},
                                      ShapeMember{"Tags", &kTags}};
const std::array kOneConsumer = {kByArn, ShapeMember{"ConsumerName", &kName},
                                 ShapeMember{"ConsumerARN", &kConsumerArn}};
const std::array kListConsumers = {
    ShapeMember{"StreamARN", &kStreamArn, true}, ShapeMember{"NextToken", &kToken},
    ShapeMember{"MaxResults", &kPage}, ShapeMember{"StreamCreationTimestamp", &kTime}};
const std::array kSubscribe = {ShapeMember{"ConsumerARN", &kConsumerArn, true},
                               ShapeMember{"ShardId", &kName, true},
                               ShapeMember{"StartingPosition", &kPosition, true}};
const std::array kMonitoring = {kByName, kByArn, ShapeMember{"ShardLevelMetrics", &kMetrics, true}};
const std::array kEncryptionInput = {kByName, kByArn,
                                     ShapeMember{"EncryptionType", &kEncryption, true},
                                     ShapeMember{"KeyId", &kKeyId, true}};
const std::array kAccountSettings = {
    ShapeMember{"MinimumThroughputBillingCommitment", &kCommitmentInput, true}};

using Named = std::pair<std::string_view, Shape>;

const std::array kRequests = {
    Named{"AddTagsToStream", Structure(kAddTags)},
    Named{"CreateStream", Structure(kCreateStream)},
    Named{"DecreaseStreamRetentionPeriod", Structure(kRetention)},
    Named{"DeleteResourcePolicy", Structure(kResourceOnly)},
    Named{"DeleteStream", Structure(kDeleteStream)},
    Named{"DeregisterStreamConsumer", Structure(kOneConsumer)},
    Named{"DescribeAccountSettings", Shape{.kind = Kind::kStructure}},
    Named{"DescribeLimits", Shape{.kind = Kind::kStructure}},
    Named{"DescribeStream", Structure(kDescribeStream)},
    Named{"DescribeStreamConsumer", Structure(kOneConsumer)},
    Named{"DescribeStreamSummary", Structure(kStreamOnly)},
    Named{"DisableEnhancedMonitoring", Structure(kMonitoring)},
    Named{"EnableEnhancedMonitoring", Structure(kMonitoring)},
    Named{"GetRecords", Structure(kGetRecords)},
    Named{"GetResourcePolicy", Structure(kResourceOnly)},
    Named{"GetShardIterator", Structure(kGetShardIterator)},
    Named{"IncreaseStreamRetentionPeriod", Structure(kRetention)},
    Named{"ListShards", Structure(kListShards)},
    Named{"ListStreamConsumers", Structure(kListConsumers)},
    Named{"ListStreams", Structure(kListStreams)},
    Named{"ListTagsForResource", Structure(kResourceOnly)},
    Named{"ListTagsForStream", Structure(kListTags)},
    Named{"MergeShards", Structure(kMergeShards)},
    Named{"PutResourcePolicy", Structure(kPutPolicy)},
    Named{"RegisterStreamConsumer", Structure(kRegisterConsumer)},
    Named{"RemoveTagsFromStream", Structure(kRemoveTags)},
    Named{"SplitShard", Structure(kSplitShard)},
    Named{"StartStreamEncryption", Structure(kEncryptionInput)},
    Named{"StopStreamEncryption", Structure(kEncryptionInput)},
    Named{"SubscribeToShard", Structure(kSubscribe)},
    Named{"TagResource", Structure(kTagResource)},
    Named{"UntagResource", Structure(kUntagResource)},
    Named{"UpdateAccountSettings", Structure(kAccountSettings)},
    Named{"UpdateMaxRecordSize", Structure(kUpdateMaxRecordSize)},
    Named{"UpdateShardCount", Structure(kUpdateShardCount)},
    Named{"UpdateStreamMode", Structure(kUpdateStreamMode)},
    Named{"UpdateStreamWarmThroughput", Structure(kUpdateWarmThroughput)},
};

}  // namespace

const aws::Shape* RequestShape(std::string_view operation) {
  const auto* const found = std::ranges::find(kRequests, operation, &Named::first);
  return found == kRequests.end() ? nullptr : &found->second;
}

}  // namespace weir::ingest::kinesis
