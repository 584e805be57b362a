#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/format.h"
#include "ingest/aws/cbor_document.h"
#include "ingest/aws/writer.h"
#include "ingest/doors_fixture.h"
#include "json/document.h"
#include "registry/delivery_stream.h"

namespace weir::ingest::firehose {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNow = 1'600'000'000'000;

class FirehoseTest : public testing::Test {
 protected:
  void SetUp() override {
    Define("events", R"({"DeliveryStreamType":"DirectPut","ExtendedS3DestinationConfiguration":)"
                     R"({"BucketARN":"arn:aws:s3:::raw","Prefix":"p/"}})");
    Define(
        "fed",
        R"({"KinesisStreamSourceConfiguration":{"KinesisStreamARN":"arn:aws:kinesis:local:000000000000:stream/S"},)"
        R"("S3DestinationConfiguration":{"BucketARN":"arn:aws:s3:::b"}})");
    stream_ = *world_.log->OpenStream({.name = registry::DirectPutStream("events"),
                                       .created = {kNow},
                                       .shards = log::EvenShards(1)});
    world_.Start();
  }

  void Define(std::string name, std::string definition) {
    const catalog::ResourceChange change{
        .kind = catalog::ResourceChange::Kind::kPut,
        .resource = {.type = std::string(registry::kDeliveryStreamType),
                     .name = std::move(name),
                     .definition = std::move(definition)}};
    ASSERT_TRUE(world_.catalog->Apply({&change, 1}));
  }

  json::Value Call(std::string_view operation, std::string_view body) {
    const auto response = world_.Call(fmt::format("Firehose_20150804.{}", operation), body);
    status_ = response.status;
    return json::Parse(response.body).value_or(json::Value());
  }

  std::vector<std::string> Stored() {
    std::vector<std::string> stored;
    const auto read = stream_->Read(0, {0}, 100'000, 100 << 20);
    EXPECT_TRUE(read) << read.error().message;
    for (const model::Record& record : read->batch.records) {
      stored.emplace_back(record.data);
    }
    return stored;
  }

  base::ManualClock clock_{kNow};
  DoorsWorld world_{clock_};
  log::Stream* stream_ = nullptr;
  int status_ = 0;
};

TEST_F(FirehoseTest, StoresOneRecordAndBatches) {
  const json::Value one =
      Call("PutRecord", R"({"DeliveryStreamName":"events","Record":{"Data":"b25l"}})");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(one.StringAt("RecordId")->size(), 56);
  EXPECT_EQ(*one.BoolAt("Encrypted"), false);
  const json::Value batch = Call(
      "PutRecordBatch",
      R"({"DeliveryStreamName":"events","Records":[{"Data":"dHdv"},{"Data":""},{"Data":"Mw=="}]})");
  EXPECT_EQ(*batch.IntAt("FailedPutCount"), 0);
  EXPECT_EQ(batch.Find("RequestResponses")->Items().size(), 3);
  EXPECT_THAT(Stored(), ElementsAre("one", "two", "", "3"));
  EXPECT_THAT(world_.metrics.Expose(),
              HasSubstr(R"(weir_ingest_records_total{door="firehose",result="accepted"} 4)"));
}

TEST_F(FirehoseTest, TakesCbor) {
  const auto writer = aws::Writer::Create(aws::Encoding::kCbor);
  writer->BeginMap();
  writer->Key("DeliveryStreamName");
  writer->Text("events");
  writer->Key("Record");
  writer->BeginMap();
  writer->Key("Data");
  writer->Blob(std::string_view("\0\xFF", 2));
  writer->EndMap();
  writer->EndMap();
  const auto response =
      world_.Call("Firehose_20150804.PutRecord", writer->Take(), "application/x-amz-cbor-1.1");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(aws::cbor::ReadDocument(response.body)->StringAt("RecordId"));
  EXPECT_THAT(Stored(), ElementsAre(std::string("\0\xFF", 2)));
}

TEST_F(FirehoseTest, RefusesInTheWordsOfTheService) {
  const std::string large = base::ToBase64(std::string(1'024'001, 'x'));
  const std::string half = base::ToBase64(std::string(1'000'000, 'x'));
  std::string many;
  for (int i = 0; i < 501; ++i) {
    many += i == 0 ? R"({"Data":""})" : R"(,{"Data":""})";
  }
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"PutRecord", R"({"DeliveryStreamName":"nope","Record":{"Data":""}})",
       "ResourceNotFoundException: Firehose nope under account 000000000000 not found."},
      {"PutRecord", R"({"DeliveryStreamName":"fed","Record":{"Data":""}})",
       "InvalidArgumentException: This operation is not permitted on a delivery stream that"},
      {"PutRecord", R"({"DeliveryStreamName":"events","Record":{}})",
       "ValidationException: 1 validation error detected: Value null at 'record.data' failed to "
       "satisfy constraint: Member must not be null"},
      {"PutRecord",
       fmt::format(R"({{"DeliveryStreamName":"events","Record":{{"Data":"{}"}}}})", large),
       "Member must have length less than or equal to 1024000"},
      {"PutRecordBatch", fmt::format(R"({{"DeliveryStreamName":"events","Records":[{}]}})", many),
       "Member must have length less than or equal to 500"},
      {"PutRecordBatch", R"({"DeliveryStreamName":"events","Records":[]})",
       "Member must have length greater than or equal to 1"},
      {"PutRecordBatch",
       fmt::format(R"({{"DeliveryStreamName":"events","Records":[{0},{0},{0},{0},{0}]}})",
                   fmt::format(R"({{"Data":"{}"}})", half)),
       "InvalidArgumentException: Records size exceeds 4 MB limit"},
      {"PutRecord", R"({"DeliveryStreamName":"events","Record":{"Data":5}})",
       "SerializationException"},
      {"CreateDeliveryStream", R"({"DeliveryStreamName":"x"})", "UnknownOperationException"},
  };
  for (const auto& [operation, body, expected] : cases) {
    const json::Value error = Call(operation, body);
    EXPECT_EQ(status_, 400) << operation;
    const auto message = error.StringAt("message");
    EXPECT_THAT(*error.StringAt("__type") + ": " +
                    (message ? *message : error.StringAt("Message").value_or("")),
                HasSubstr(expected))
        << operation;
  }
  EXPECT_TRUE(Stored().empty());
}

TEST_F(FirehoseTest, SlowsDownWhileTheDiskIsFull) {
  world_.files.SetFreeBytes(0);
  const json::Value one =
      Call("PutRecord", R"({"DeliveryStreamName":"events","Record":{"Data":""}})");
  EXPECT_EQ(status_, 503);
  EXPECT_EQ(*one.StringAt("__type"), "ServiceUnavailableException");
  const json::Value batch =
      Call("PutRecordBatch", R"({"DeliveryStreamName":"events","Records":[{"Data":""}]})");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(*batch.IntAt("FailedPutCount"), 1);
  EXPECT_EQ(*batch.Find("RequestResponses")->Items()[0].StringAt("ErrorMessage"), "Slow down.");
}

TEST_F(FirehoseTest, DescribesDeliveryStreams) {
  EXPECT_EQ(Call("ListDeliveryStreams", "{}").Serialize(),
            R"({"DeliveryStreamNames":["events","fed"],"HasMoreDeliveryStreams":false})");
  EXPECT_EQ(Call("ListDeliveryStreams", R"({"Limit":1})").Serialize(),
            R"({"DeliveryStreamNames":["events"],"HasMoreDeliveryStreams":true})");
  EXPECT_EQ(
      Call("ListDeliveryStreams", R"({"ExclusiveStartDeliveryStreamName":"events"})").Serialize(),
      R"({"DeliveryStreamNames":["fed"],"HasMoreDeliveryStreams":false})");
  const std::string events =
      Call("DescribeDeliveryStream", R"({"DeliveryStreamName":"events"})").Serialize();
  EXPECT_THAT(events, HasSubstr(R"("DeliveryStreamType":"DirectPut")"));
  EXPECT_THAT(events, HasSubstr(R"("ExtendedS3DestinationDescription":{)"));
  EXPECT_THAT(events, HasSubstr(R"("BufferingHints":{"SizeInMBs":5,"IntervalInSeconds":300})"));
  const std::string fed =
      Call("DescribeDeliveryStream", R"({"DeliveryStreamName":"fed"})").Serialize();
  EXPECT_THAT(fed, HasSubstr(R"("DeliveryStreamType":"KinesisStreamAsSource")"));
  EXPECT_THAT(fed,
              HasSubstr(R"("KinesisStreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/S")"));
}

}  // namespace
}  // namespace weir::ingest::firehose
