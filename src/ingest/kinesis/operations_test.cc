#include "ingest/kinesis/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "ingest/doors_fixture.h"
#include "ingest/kinesis/arn.h"
#include "ingest/kinesis/event_stream.h"
#include "ingest/kinesis/page_token.h"
#include "ingest/kinesis/request_shapes.h"
#include "json/document.h"

namespace weir::ingest::kinesis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int64_t kNow = 1'600'000'000'000;  // 2020-09-13T12:26:40Z

class OperationsTest : public testing::Test {
 protected:
  void SetUp() override { world_.Start(); }

  net::ClientResponse Send(std::string_view operation, std::string_view body) {
    return world_.Call(fmt::format("Kinesis_20131202.{}", operation), body);
  }

  // The answer of a call that succeeds.
  json::Value Call(std::string_view operation, std::string_view body) {
    const auto response = Send(operation, body);
    EXPECT_EQ(response.status, 200) << operation << body << response.body;
    return response.body.empty() ? json::Value() : *json::Parse(response.body);
  }

  // "<type>: <message>" of a call that fails.
  std::string Fail(std::string_view operation, std::string_view body) {
    const auto response = Send(operation, body);
    EXPECT_EQ(response.status, 400) << operation << body << response.body;
    const auto error = json::Parse(response.body).value_or(json::Value());
    const auto message = error.StringAt("message");
    return error.StringAt("__type").value_or("") + ": " +
           (message ? *message : error.StringAt("Message").value_or(""));
  }

  void Create(int shards) {
    Call("CreateStream", fmt::format(R"({{"StreamName":"s","ShardCount":{}}})", shards));
  }

  std::string Put(std::string_view key, std::string_view data) {
    return *Call("PutRecord", fmt::format(R"({{"StreamName":"s","PartitionKey":"{}","Data":"{}"}})",
                                          key, base::ToBase64(data)))
                .StringAt("SequenceNumber");
  }

  std::string Iterator(std::string_view shard, std::string_view rest) {
    return *Call("GetShardIterator",
                 fmt::format(R"({{"StreamName":"s","ShardId":"{}",{}}})", shard, rest))
                .StringAt("ShardIterator");
  }

  json::Value Records(std::string_view iterator, std::string_view rest = "") {
    return Call("GetRecords", fmt::format(R"({{"ShardIterator":"{}"{}}})", iterator, rest));
  }

  static std::vector<std::string> Data(const json::Value& answer) {
    std::vector<std::string> data;
    for (const json::Value& record : answer.Find("Records")->Items()) {
      data.push_back(*base::FromBase64(*record.StringAt("Data")));
    }
    return data;
  }

  std::vector<std::string> ShardIds(std::string_view rest) {
    std::vector<std::string> ids;
    const json::Value answer = Call("ListShards", fmt::format(R"({{"StreamName":"s"{}}})", rest));
    for (const json::Value& shard : answer.Find("Shards")->Items()) {
      ids.push_back(shard.StringAt("ShardId")->substr(18));
    }
    return ids;
  }

  base::ManualClock clock_{kNow};
  DoorsWorld world_{clock_};
};

constexpr std::string_view kShard0 = "shardId-000000000000";
constexpr std::string_view kHorizon = R"("ShardIteratorType":"TRIM_HORIZON")";

TEST_F(OperationsTest, EveryOperationHasAShape) {
  for (const std::string_view operation :
       {"SubscribeToShard", "ListShards", "UpdateStreamWarmThroughput", "AddTagsToStream"}) {
    EXPECT_TRUE(Operations::Knows(operation)) << operation;
    EXPECT_NE(RequestShape(operation), nullptr) << operation;
  }
  EXPECT_FALSE(Operations::Knows("Frobnicate"));
  EXPECT_EQ(Fail("Frobnicate", "{}").substr(0, 26), "UnknownOperationException:");
}

TEST_F(OperationsTest, ReadsFromEveryKindOfPosition) {
  Create(1);
  const std::string first = Put("a", "one");
  clock_.AdvanceMillis(10'000);
  const std::string second = Put("a", "two");
  Put("a", "three");
  const auto read = [&](std::string_view rest) { return Data(Records(Iterator(kShard0, rest))); };
  EXPECT_THAT(read(kHorizon), ElementsAre("one", "two", "three"));
  EXPECT_THAT(read(R"("ShardIteratorType":"LATEST")"), ElementsAre());
  const auto at = [](std::string_view type, std::string_view number) {
    return fmt::format(R"("ShardIteratorType":"{}","StartingSequenceNumber":"{}")", type, number);
  };
  EXPECT_THAT(read(at("AT_SEQUENCE_NUMBER", second)), ElementsAre("two", "three"));
  EXPECT_THAT(read(at("AFTER_SEQUENCE_NUMBER", second)), ElementsAre("three"));
  EXPECT_THAT(read(at("AFTER_SEQUENCE_NUMBER", first)), ElementsAre("two", "three"));
  EXPECT_THAT(
      read(fmt::format(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":{})", kNow / 1000 + 5)),
      ElementsAre("two", "three"));
  EXPECT_THAT(read(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1)"),
              ElementsAre("one", "two", "three"));
  // What a shard says of its beginning is before its first record, however it is used.
  const json::Value shards = Call("ListShards", R"({"StreamName":"s"})");
  const std::string start = *shards.Find("Shards")
                                 ->Items()[0]
                                 .Find("SequenceNumberRange")
                                 ->StringAt("StartingSequenceNumber");
  EXPECT_LT(start, first);
  EXPECT_THAT(read(at("AT_SEQUENCE_NUMBER", start)), ElementsAre("one", "two", "three"));
  EXPECT_THAT(read(at("AFTER_SEQUENCE_NUMBER", start)), ElementsAre("one", "two", "three"));
}

TEST_F(OperationsTest, ReadsInPagesAndTellsHowFarBehind) {
  Create(1);
  for (int i = 0; i < 5; ++i) {
    Put("a", fmt::format("{}", i));
  }
  clock_.AdvanceMillis(7'000);
  const json::Value first = Records(Iterator(kShard0, kHorizon), R"(,"Limit":2)");
  EXPECT_THAT(Data(first), ElementsAre("0", "1"));
  EXPECT_EQ(*first.IntAt("MillisBehindLatest"), 7'000);
  const std::string next = *first.StringAt("NextShardIterator");
  EXPECT_LE(next.size(), 512);
  const json::Value rest = Records(next);
  EXPECT_THAT(Data(rest), ElementsAre("2", "3", "4"));
  EXPECT_EQ(*rest.IntAt("MillisBehindLatest"), 0);
  EXPECT_THAT(Data(Records(*rest.StringAt("NextShardIterator"))), ElementsAre());
  const json::Value& record = rest.Find("Records")->Items()[0];
  EXPECT_EQ(*record.StringAt("PartitionKey"), "a");
  EXPECT_DOUBLE_EQ(*record.Find("ApproximateArrivalTimestamp")->AsDouble(), kNow / 1000.0);
}

TEST_F(OperationsTest, RefusesIteratorsThatAreOldOrInvented) {
  Create(1);
  const std::string iterator = Iterator(kShard0, kHorizon);
  EXPECT_EQ(Fail("GetRecords", R"({"ShardIterator":"AAAA"})"),
            "InvalidArgumentException: Invalid ShardIterator.");
  std::string changed = iterator;
  changed[10] = changed[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Fail("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", changed)),
            "InvalidArgumentException: Invalid ShardIterator.");
  clock_.AdvanceMillis(300'000);
  Records(iterator);
  clock_.AdvanceMillis(1);
  EXPECT_EQ(Fail("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator)),
            "ExpiredIteratorException: Iterator expired. The iterator was created at time Sun Sep "
            "13 12:26:40 UTC 2020 while right now it is Sun Sep 13 12:31:40 UTC 2020 which is "
            "further in the future than the tolerated delay of 300000 milliseconds.");
  const std::string fresh = Iterator(kShard0, kHorizon);
  Call("DeleteStream", R"({"StreamName":"s"})");
  clock_.AdvanceMillis(1'000);
  Create(1);
  EXPECT_EQ(Fail("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", fresh)),
            "ResourceNotFoundException: Shard shardId-000000000000 in stream s under account "
            "000000000000 does not exist");
}

TEST_F(OperationsTest, RefusesPositionsInTheWordsOfTheApi) {
  Create(2);
  const std::string number = Put("a", "x");
  const auto position = [&](std::string_view shard, std::string_view rest) {
    return Fail("GetShardIterator",
                fmt::format(R"({{"StreamName":"s","ShardId":"{}",{}}})", shard, rest));
  };
  EXPECT_EQ(position("shardId-000000000005", kHorizon),
            "ResourceNotFoundException: Shard shardId-000000000005 in stream s under account "
            "000000000000 does not exist");
  EXPECT_EQ(position("nonsense", kHorizon),
            "ResourceNotFoundException: Could not find shard nonsense in stream s under account "
            "000000000000.");
  EXPECT_THAT(
      position(kShard0, R"("ShardIteratorType":"LATEST","StartingSequenceNumber":"0")"),
      StartsWith("InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or "
                 "AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST "
                 "and no StartingSequenceNumber. Request specified LATEST and also a "
                 "StartingSequenceNumber."));
  EXPECT_THAT(position(kShard0, R"("ShardIteratorType":"AT_SEQUENCE_NUMBER")"),
              HasSubstr("Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."));
  EXPECT_THAT(
      position(kShard0, R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"5")"),
      StartsWith("InvalidArgumentException: StartingSequenceNumber 5 used in GetShardIterator on "
                 "shard shardId-000000000000 in stream s under account 000000000000 is invalid."));
  const uint32_t shard = model::ParseSequenceNumber(number)->shard;
  EXPECT_EQ(
      position(
          model::FormatShardId(1 - shard),
          fmt::format(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")",
                      number)),
      fmt::format("InvalidArgumentException: Invalid StartingSequenceNumber. It encodes {}, "
                  "while it was used in a call to a shard with {}",
                  model::FormatShardId(shard), model::FormatShardId(1 - shard)));
  EXPECT_EQ(position(kShard0, R"("ShardIteratorType":"AT_TIMESTAMP")"),
            "InvalidArgumentException: Must specify timestampInMillis parameter for iterator of "
            "type AT_TIMESTAMP. Current request has no timestamp parameter.");
  EXPECT_EQ(position(kShard0, R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1600000001)"),
            "InvalidArgumentException: The timestampInMillis parameter cannot be greater than the "
            "currentTimestampInMillis. timestampInMillis: 1600000001000, "
            "currentTimestampInMillis: 1600000000000");
}

TEST_F(OperationsTest, FollowsAShardToItsChildren) {
  Create(1);
  Put("a", "before");
  const std::string iterator = Iterator(kShard0, kHorizon);
  clock_.AdvanceMillis(5'000);
  Call("SplitShard", R"({"StreamName":"s","ShardToSplit":"shardId-000000000000",)"
                     R"("NewStartingHashKey":"170141183460469231731687303715884105728"})");
  Put("a", "after");
  const json::Value last = Records(iterator);
  EXPECT_THAT(Data(last), ElementsAre("before"));
  EXPECT_EQ(last.Find("NextShardIterator"), nullptr);
  const auto& children = last.Find("ChildShards")->Items();
  ASSERT_EQ(children.size(), 2);
  std::vector<std::string> after;
  for (const json::Value& child : children) {
    EXPECT_EQ(*child.Find("ParentShards")->Items()[0].AsString(), kShard0);
    for (std::string& data : Data(Records(Iterator(*child.StringAt("ShardId"), kHorizon)))) {
      after.push_back(std::move(data));
    }
  }
  EXPECT_THAT(after, ElementsAre("after"));
  const json::Value shards = Call("ListShards", R"({"StreamName":"s"})");
  const json::Value& parent = shards.Find("Shards")->Items()[0];
  const std::string ending = *parent.Find("SequenceNumberRange")->StringAt("EndingSequenceNumber");
  EXPECT_EQ(*shards.Find("Shards")->Items()[1].StringAt("ParentShardId"), kShard0);
  EXPECT_EQ(Records(Iterator(kShard0, fmt::format(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER",)"
                                                  R"("StartingSequenceNumber":"{}")",
                                                  ending)))
                .Find("NextShardIterator"),
            nullptr);
}

TEST_F(OperationsTest, FiltersShardsByTimeAndPlace) {
  Create(2);
  clock_.AdvanceMillis(3'600'000);
  Call("MergeShards", R"({"StreamName":"s","ShardToMerge":"shardId-000000000000",)"
                      R"("AdjacentShardToMerge":"shardId-000000000001"})");
  EXPECT_THAT(ShardIds(""), ElementsAre("00", "01", "02"));
  const auto filter = [&](std::string_view rest) {
    return ShardIds(fmt::format(R"(,"ShardFilter":{{"Type":{}}})", rest));
  };
  EXPECT_THAT(filter(R"("AT_LATEST")"), ElementsAre("02"));
  EXPECT_THAT(filter(R"("AT_TRIM_HORIZON")"), ElementsAre("00", "01"));
  EXPECT_THAT(filter(R"("FROM_TRIM_HORIZON")"), ElementsAre("00", "01", "02"));
  EXPECT_THAT(filter(R"("AFTER_SHARD_ID","ShardId":"shardId-000000000000")"),
              ElementsAre("01", "02"));
  EXPECT_THAT(filter(R"("AT_TIMESTAMP","Timestamp":1600000060)"), ElementsAre("00", "01"));
  EXPECT_THAT(filter(R"("FROM_TIMESTAMP","Timestamp":1600007200)"), ElementsAre("02"));
  clock_.AdvanceMillis(90'000'000);
  EXPECT_THAT(filter(R"("FROM_TRIM_HORIZON")"), ElementsAre("02"));
  EXPECT_THAT(Fail("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}})"),
              StartsWith("InvalidArgumentException: ShardFilter of type AT_TIMESTAMP must"));
}

TEST_F(OperationsTest, PagesExpire) {
  Create(3);
  const json::Value first = Call("ListShards", R"({"StreamName":"s","MaxResults":2})");
  const std::string next = fmt::format(R"({{"NextToken":"{}"}})", *first.StringAt("NextToken"));
  const json::Value rest = Call("ListShards", next);
  EXPECT_EQ(rest.Find("Shards")->Items().size(), 1);
  EXPECT_EQ(rest.Find("NextToken"), nullptr);
  EXPECT_EQ(Fail("ListShards", fmt::format(R"({{"StreamName":"s","NextToken":"{}"}})",
                                           *first.StringAt("NextToken"))),
            "InvalidArgumentException: NextToken and StreamName cannot be provided together.");
  EXPECT_EQ(
      Fail("ListStreams", fmt::format(R"({{"NextToken":"{}"}})", *first.StringAt("NextToken"))),
      "InvalidArgumentException: Invalid NextToken.");
  clock_.AdvanceMillis(300'001);
  EXPECT_THAT(Fail("ListShards", next), StartsWith("ExpiredNextTokenException: "));
}

TEST_F(OperationsTest, ReshardingIsRefusedInTheWordsOfTheApi) {
  Create(3);
  EXPECT_EQ(Fail("SplitShard", R"({"StreamName":"s","ShardToSplit":"shardId-000000000009",)"
                               R"("NewStartingHashKey":"5"})"),
            "ResourceNotFoundException: Could not find shard shardId-000000000009 in stream s "
            "under account 000000000000.");
  EXPECT_EQ(Fail("SplitShard", R"({"StreamName":"s","ShardToSplit":"shardId-000000000000",)"
                               R"("NewStartingHashKey":"1"})"),
            "InvalidArgumentException: NewStartingHashKey 1 used in SplitShard() on shard "
            "shardId-000000000000 in stream s under account 000000000000 is not both greater than "
            "one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey "
            "113427455640312821154458202477256070484.");
  EXPECT_EQ(Fail("MergeShards", R"({"StreamName":"s","ShardToMerge":"shardId-000000000000",)"
                                R"("AdjacentShardToMerge":"shardId-000000000002"})"),
            "InvalidArgumentException: Shards shardId-000000000000 and shardId-000000000002 in "
            "stream s under account 000000000000 are not an adjacent pair of shards eligible for "
            "merging");
  const std::string_view merge = R"({"StreamName":"s","ShardToMerge":"shardId-000000000000",)"
                                 R"("AdjacentShardToMerge":"shardId-000000000001"})";
  Call("MergeShards", merge);
  EXPECT_EQ(Fail("MergeShards", merge),
            "ResourceInUseException: Shard shardId-000000000000 in stream s under account "
            "000000000000 has already been merged or split, and thus is not eligible for merging "
            "or splitting.");
  const std::string_view count =
      R"({"StreamName":"s","TargetShardCount":4,"ScalingType":"UNIFORM_SCALING"})";
  EXPECT_EQ(*Call("UpdateShardCount", count).IntAt("CurrentShardCount"), 2);
  EXPECT_EQ(*Call("DescribeStreamSummary", R"({"StreamName":"s"})")
                 .Find("StreamDescriptionSummary")
                 ->IntAt("OpenShardCount"),
            4);
  EXPECT_THAT(Fail("UpdateShardCount",
                   R"({"StreamName":"s","TargetShardCount":9,"ScalingType":"UNIFORM_SCALING"})"),
              StartsWith("InvalidArgumentException: "));
}

TEST_F(OperationsTest, KeepsWhatIsSet) {
  Create(1);
  EXPECT_EQ(Fail("CreateStream", R"({"StreamName":"s","ShardCount":1})"),
            "ResourceInUseException: Stream s under account 000000000000 already exists.");
  EXPECT_THAT(Fail("CreateStream", R"({"StreamName":"t","ShardCount":5000})"),
              StartsWith("LimitExceededException: This request would exceed the shard limit for "
                         "the account 000000000000 in us-east-1. Current shard count for the "
                         "account: 1. Limit: 1000. Number of additional shards that would have "
                         "resulted from this request: 5000. Refer to the AWS Service Limits page"));
  EXPECT_EQ(
      Fail("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":23})"),
      "InvalidArgumentException: Minimum allowed retention period is 24 hours. Requested "
      "retention period (23 hours) is too short.");
  Call("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":48})");
  EXPECT_THAT(
      Fail("DecreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":72})"),
      HasSubstr("can not be longer than existing retention period (48 hours). Use "
                "IncreaseRetentionPeriod API."));
  Call("AddTagsToStream", R"({"StreamName":"s","Tags":{"team":"shop","b":"1"}})");
  Call("RemoveTagsFromStream", R"({"StreamName":"s","TagKeys":["b"]})");
  EXPECT_EQ(Call("ListTagsForStream", R"({"StreamName":"s"})").Serialize(),
            R"({"Tags":[{"Key":"team","Value":"shop"}],"HasMoreTags":false})");
  const json::Value on = Call("EnableEnhancedMonitoring",
                              R"({"StreamName":"s","ShardLevelMetrics":["IncomingBytes"]})");
  EXPECT_EQ(on.Find("CurrentShardLevelMetrics")->Items().size(), 0);
  const json::Value all =
      Call("EnableEnhancedMonitoring", R"({"StreamName":"s","ShardLevelMetrics":["ALL"]})");
  EXPECT_EQ(all.Find("DesiredShardLevelMetrics")->Items().size(), 7);
  Call("DisableEnhancedMonitoring",
       R"({"StreamName":"s","ShardLevelMetrics":["IncomingBytes","OutgoingBytes"]})");
  const json::Value summary = Call("DescribeStreamSummary", R"({"StreamName":"s"})");
  const json::Value& stream = *summary.Find("StreamDescriptionSummary");
  EXPECT_EQ(*stream.IntAt("RetentionPeriodHours"), 48);
  EXPECT_EQ(stream.Find("EnhancedMonitoring")->Items()[0].Find("ShardLevelMetrics")->Items().size(),
            5);
  EXPECT_THAT(Fail("StartStreamEncryption",
                   R"({"StreamName":"s","EncryptionType":"KMS","KeyId":"alias/k"})"),
              StartsWith("KMSNotFoundException: "));
  Call("DeleteStream", R"({"StreamName":"s"})");
  EXPECT_EQ(Fail("DescribeStream", R"({"StreamName":"s"})"),
            "ResourceNotFoundException: Stream s under account 000000000000 not found.");
}

TEST_F(OperationsTest, RegistersConsumers) {
  Create(1);
  const std::string stream = R"("StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s")";
  const json::Value made =
      Call("RegisterStreamConsumer", fmt::format(R"({{{},"ConsumerName":"c"}})", stream));
  const std::string arn = *made.Find("Consumer")->StringAt("ConsumerARN");
  const auto parts = ParseConsumerArn(arn);
  ASSERT_TRUE(parts) << arn;
  EXPECT_EQ(parts->consumer, "c");
  EXPECT_EQ(Fail("RegisterStreamConsumer", fmt::format(R"({{{},"ConsumerName":"c"}})", stream)),
            "ResourceInUseException: Consumer c under stream "
            "arn:aws:kinesis:us-east-1:000000000000:stream/s already exists for account "
            "000000000000.");
  Call("TagResource", fmt::format(R"({{"ResourceARN":"{}","Tags":{{"k":"v"}}}})", arn));
  EXPECT_EQ(Call("ListTagsForResource", fmt::format(R"({{"ResourceARN":"{}"}})", arn)).Serialize(),
            R"({"Tags":[{"Key":"k","Value":"v"}]})");
  EXPECT_THAT(Fail("DeleteStream", R"({"StreamName":"s"})"), StartsWith("ResourceInUseException"));
  Call("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", arn));
  EXPECT_THAT(Fail("DescribeStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", arn)),
              StartsWith("ResourceNotFoundException: Consumer "));
}

TEST(EventStreamTest, FramesAsTheFormatSays) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926);
  const std::string message = EncodeMessage("event", "e", aws::Encoding::kJson, "{}");
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      value = value << 8 | static_cast<unsigned char>(message[at + i]);
    }
    return value;
  };
  EXPECT_EQ(number(0), message.size());
  EXPECT_EQ(number(4), message.size() - 16 - 2);
  EXPECT_EQ(number(8), Crc32(std::string_view(message).substr(0, 8)));
  EXPECT_EQ(number(message.size() - 4),
            Crc32(std::string_view(message).substr(0, message.size() - 4)));
  EXPECT_EQ(message.substr(12, 17), std::string("\x0B:event-type\x07\0\1e", 16) + "\x0D");
}

TEST(ArnTest, ReadsNames) {
  EXPECT_TRUE(IsStreamArn("arn:aws:kinesis:us-east-1:123456789012:stream/a.b"));
  EXPECT_TRUE(IsStreamArn("arn:aws-cn:kinesis::123456789012:stream/x"));
  for (const std::string_view wrong : {"arn:aws:kinesis:us-east-1:12345678901:stream/a",
                                       "arn:aws:firehose:us-east-1:123456789012:stream/a",
                                       "arn:aws:kinesis:us-east-1:123456789012:stream/", "a",
                                       "arn:aws:kinesis:us-east-1:123456789012:stream/a b"}) {
    EXPECT_FALSE(IsStreamArn(wrong)) << wrong;
  }
  EXPECT_TRUE(IsConsumerArn("arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:16"));
  for (const std::string_view wrong :
       {"arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:",
        "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/:1",
        "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c",
        "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1x"}) {
    EXPECT_FALSE(IsConsumerArn(wrong)) << wrong;
  }
}

TEST(PageTokenTest, WritesTimesAsMessagesDo) {
  EXPECT_EQ(FormatUtc({1421889722000}), "Thu Jan 22 01:22:02 UTC 2015");
  EXPECT_EQ(FormatUtc({0}), "Thu Jan 01 00:00:00 UTC 1970");
}

}  // namespace
}  // namespace weir::ingest::kinesis
