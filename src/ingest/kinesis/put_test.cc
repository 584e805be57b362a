#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/format.h"
#include "base/md5.h"
#include "ingest/aws/cbor_document.h"
#include "ingest/aws/writer.h"
#include "ingest/doors_fixture.h"
#include "json/document.h"

namespace weir::ingest::kinesis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNow = 1'600'000'000'000;
constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";

std::string HeaderOf(const net::ClientResponse& response, std::string_view name) {
  const auto found =
      std::ranges::find(response.headers, name, [](const auto& h) { return h.first; });
  return found == response.headers.end() ? "" : found->second;
}

class PutTest : public testing::Test {
 protected:
  explicit PutTest(IntakeOptions intake = {}) : world_(clock_, {.intake = intake, .gate = {}}) {}

  void SetUp() override {
    stream_ = *world_.log->OpenStream(
        {.name = "s", .created = {kNow}, .shards = log::EvenShards(2), .retention_millis = 0});
    world_.Start();
  }

  json::Value Put(std::string_view operation, std::string_view body) {
    const auto response = world_.Call(fmt::format("Kinesis_20131202.{}", operation), body);
    status_ = response.status;
    return json::Parse(response.body).value_or(json::Value());
  }

  json::Value PutCbor(std::string_view operation, std::string_view body) {
    const auto response = world_.Call(fmt::format("Kinesis_20131202.{}", operation), body, kCbor);
    status_ = response.status;
    EXPECT_EQ(HeaderOf(response, "content-type"), kCbor);
    return aws::cbor::ReadDocument(response.body).value_or(json::Value());
  }

  std::vector<std::string> Stored() { return world_.Stored("s"); }

  base::ManualClock clock_{kNow};
  DoorsWorld world_;
  log::Stream* stream_ = nullptr;
  int status_ = 0;
};

struct Given {
  std::string key;
  std::string data;
  std::optional<std::string> hash_key;
};

std::string CborPutRecords(std::string_view stream, const std::vector<Given>& records) {
  const auto writer = aws::Writer::Create(aws::Encoding::kCbor);
  writer->BeginMap();
  writer->Key("Records");
  writer->BeginList();
  for (const Given& record : records) {
    writer->BeginMap();
    writer->Key("Data");
    writer->Blob(record.data);
    writer->Key("PartitionKey");
    writer->Text(record.key);
    if (record.hash_key) {
      writer->Key("ExplicitHashKey");
      writer->Text(*record.hash_key);
    }
    writer->EndMap();
  }
  writer->EndList();
  writer->Key("StreamName");
  writer->Text(stream);
  writer->EndMap();
  return writer->Take();
}

TEST_F(PutTest, TakesRecordsInCborAndAnswersInIt) {
  std::vector<Given> records;
  for (int i = 0; i < 500; ++i) {
    records.push_back({fmt::format("user{}", i), std::string(i, static_cast<char>(i)), {}});
  }
  records[7].key = "schlüssel";  // Not of the plain form.
  records[8].hash_key = "0";
  const json::Value answer = PutCbor("PutRecords", CborPutRecords("s", records));
  ASSERT_EQ(status_, 200) << answer.Serialize();
  EXPECT_EQ(*answer.IntAt("FailedRecordCount"), 0);
  const auto& results = answer.Find("Records")->Items();
  ASSERT_EQ(results.size(), 500);
  for (int i = 0; i < 500; ++i) {
    const auto parts = *model::ParseSequenceNumber(*results[i].StringAt("SequenceNumber"));
    const auto read = *stream_->Read(parts.shard, parts.sequence, 1, 1 << 20);
    EXPECT_EQ(read.batch.records.front().data, records[i].data);
    EXPECT_EQ(read.batch.records.front().partition_key, records[i].key);
    EXPECT_EQ(*results[i].StringAt("ShardId"), model::FormatShardId(parts.shard));
  }
  EXPECT_EQ(*results[8].StringAt("ShardId"), "shardId-000000000000");
  EXPECT_EQ(
      *PutCbor("PutRecords", CborPutRecords("s", {{"k", "plain", {}}})).IntAt("FailedRecordCount"),
      0);
}

TEST_F(PutTest, RefusesInTheEncodingOfTheRequest) {
  EXPECT_EQ(*PutCbor("PutRecords", "\x82\x01").StringAt("__type"), "SerializationException");
  EXPECT_EQ(status_, 400);
  EXPECT_EQ(*PutCbor("PutRecords", CborPutRecords("nope", {{"k", "", {}}})).StringAt("message"),
            "Stream nope under account 000000000000 not found.");
  EXPECT_THAT(*PutCbor("PutRecords", CborPutRecords("s", {{"", "", {}}})).StringAt("message"),
              HasSubstr("records.1.member.partitionKey"));
  // More entries than a request may have, each of a single byte.
  std::string many = "\xBF\x67Records\x9F";
  many.append(1'000'000, '\xA0').append("\xFF\xFF");
  EXPECT_THAT(*PutCbor("PutRecords", many).StringAt("Message"), HasSubstr("65536 items"));
  EXPECT_TRUE(Stored().empty());
}

TEST_F(PutTest, PutsOneRecordInCbor) {
  // A document of definite lengths, written by hand: {"StreamName": "s", "Data": h'00FF',
  // "PartitionKey": "k"}.
  const std::string body = *base::FromHex(
      "a36a53747265616d4e616d656173644461746142"
      "00ff6c506172746974696f6e4b6579616b");
  const json::Value answer = PutCbor("PutRecord", body);
  EXPECT_EQ(status_, 200);
  EXPECT_TRUE(model::ParseSequenceNumber(answer.StringAt("SequenceNumber").value_or("")));
  EXPECT_THAT(Stored(), ElementsAre(std::string("k|\0\xFF", 4)));
}

TEST_F(PutTest, PutsOneRecordHoweverItsRequestIsWritten) {
  const std::vector<std::string> bodies = {
      R"({"StreamName":"s","Data":"YQ==","PartitionKey":"k"})",
      " { \"PartitionKey\" : \"k\" ,\n\"Data\":\t\"YQ==\", \"StreamName\": \"s\" } ",
      R"({"StreamName":"s","Data":"YQ==","PartitionKey":"k","SequenceNumberForOrdering":"1"})",
      R"({"StreamName":"s","Data":"YQ==","PartitionKey":"\u006b"})",
      R"({"StreamName":"s","Data":"YQ\u003d=","PartitionKey":"k"})",
      R"({"StreamName":"s","Data":"YQ==","PartitionKey":"k","ExplicitHashKey":null})",
      R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","Data":"YQ==","PartitionKey":"k"})",
      R"({"StreamName":"s","Data":"YQ==","PartitionKey":"k","Other":{"Data":[]}})"};
  for (const std::string& body : bodies) {
    EXPECT_TRUE(Put("PutRecord", body).StringAt("SequenceNumber")) << body;
    EXPECT_EQ(status_, 200) << body;
  }
  EXPECT_EQ(Stored(), std::vector<std::string>(bodies.size(), "k|a"));
  for (const std::string_view body : {R"({"StreamName":"s","Data":"YQ=","PartitionKey":"k"})",
                                      R"({"StreamName":"s","Data":1,"PartitionKey":"k"})"}) {
    EXPECT_EQ(*Put("PutRecord", body).StringAt("__type"), "SerializationException") << body;
  }
  EXPECT_EQ(Stored().size(), bodies.size());
}

// As the Kinesis Producer Library puts records together.
std::string Aggregate(const std::vector<std::string>& keys, const std::vector<std::string>& data) {
  std::string message;
  base::ByteWriter writer(message);
  for (const std::string& key : keys) {
    writer.U8(0x0A);
    writer.String(key);
  }
  for (size_t i = 0; i < data.size(); ++i) {
    std::string record;
    base::ByteWriter fields(record);
    fields.U8(0x08);
    fields.Varint(i % keys.size());
    fields.U8(0x1A);
    fields.String(data[i]);
    writer.U8(0x1A);
    writer.String(record);
  }
  std::string whole = "\xF3\x89\x9A\xC2" + message;
  const unsigned __int128 sum = base::Md5(message);
  for (int shift = 120; shift >= 0; shift -= 8) {
    whole.push_back(static_cast<char>(sum >> shift));
  }
  return whole;
}

TEST_F(PutTest, TakesAggregatedRecordsApart) {
  const std::string aggregate = Aggregate({"ann", "bob"}, {"one", "two", "three"});
  std::string damaged = aggregate;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  const json::Value answer = PutCbor("PutRecords", CborPutRecords("s", {{"a", "before", {}},
                                                                        {"a", aggregate, "0"},
                                                                        {"a", damaged, {}},
                                                                        {"a", "after", {}}}));
  EXPECT_EQ(*answer.IntAt("FailedRecordCount"), 0) << answer.Serialize();
  const auto& results = answer.Find("Records")->Items();
  ASSERT_EQ(results.size(), 4);
  EXPECT_THAT(Stored(), testing::UnorderedElementsAre("a|before", "ann|one", "bob|two", "ann|three",
                                                      "a|" + damaged, "a|after"));
  const auto first = *model::ParseSequenceNumber(*results[1].StringAt("SequenceNumber"));
  const auto read = *stream_->Read(first.shard, first.sequence, 1, 1 << 20);
  EXPECT_EQ(read.batch.records.front().data, "one");
  const auto last = *model::ParseSequenceNumber(*results[3].StringAt("SequenceNumber"));
  EXPECT_EQ(stream_->Read(last.shard, last.sequence, 1, 1 << 20)->batch.records.front().data,
            "after");
  const std::string figures = world_.metrics.Expose();
  EXPECT_THAT(figures, HasSubstr("weir_ingest_aggregated_records_total{result=\"taken\"} 1"));
  EXPECT_THAT(figures, HasSubstr("weir_ingest_aggregated_records_total{result=\"damaged\"} 1"));
  EXPECT_THAT(figures, HasSubstr("weir_ingest_user_records_total 3"));
  EXPECT_THAT(figures,
              HasSubstr("weir_ingest_records_total{door=\"kinesis\",result=\"accepted\"} 4"));
}

TEST_F(PutTest, UserRecordsGoToTheShardOfTheirAggregate) {
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) {
    keys.push_back(fmt::format("key{}", i));
  }
  const std::string aggregate = Aggregate(keys, std::vector<std::string>(20, "x"));
  PutCbor("PutRecords", CborPutRecords("s", {{"a", aggregate, "0"}}));
  ASSERT_EQ(status_, 200);
  EXPECT_EQ(stream_->DurableEnd(0).value, 20);
  EXPECT_EQ(stream_->DurableEnd(1).value, 0);
}

TEST_F(PutTest, AnAggregatedRecordMayComeAlone) {
  const std::string body = fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"{}"}})",
                                       base::ToBase64(Aggregate({"ann"}, {"one", "two"})));
  EXPECT_TRUE(Put("PutRecord", body).StringAt("SequenceNumber"));
  EXPECT_THAT(Stored(), ElementsAre("ann|one", "ann|two"));
}

class LimitedPutTest : public PutTest {
 protected:
  LimitedPutTest() : PutTest({.shard_records_per_second = 10, .shard_bytes_per_second = 1'000}) {}

  // PutRecords of `count` records of `bytes` bytes with the key to shard `shard`.
  json::Value PutTo(int shard, int count, size_t bytes) {
    std::vector<Given> records;
    for (int i = 0; i < count; ++i) {
      records.push_back({"k", std::string(bytes - 1, 'x'),
                         shard == 0 ? "0" : "340282366920938463463374607431768211455"});
    }
    return PutCbor("PutRecords", CborPutRecords("s", records));
  }
};

TEST_F(LimitedPutTest, RefusesRecordByRecordWhatIsOverTheRate) {
  const json::Value answer = PutTo(1, 12, 10);
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(*answer.IntAt("FailedRecordCount"), 2);
  const auto& results = answer.Find("Records")->Items();
  EXPECT_TRUE(results[9].StringAt("SequenceNumber"));
  EXPECT_EQ(*results[10].StringAt("ErrorCode"), "ProvisionedThroughputExceededException");
  EXPECT_EQ(*results[10].StringAt("ErrorMessage"),
            "Rate exceeded for shard shardId-000000000001 in stream s under account 000000000000.");
  EXPECT_FALSE(results[10].StringAt("SequenceNumber"));
  EXPECT_EQ(Stored().size(), 10);
  // The other shard has its own.
  EXPECT_EQ(*PutTo(0, 10, 10).IntAt("FailedRecordCount"), 0);
  const json::Value one =
      Put("PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"","ExplicitHashKey":"0"})");
  EXPECT_EQ(status_, 400);
  EXPECT_EQ(*one.StringAt("__type"), "ProvisionedThroughputExceededException");
  EXPECT_EQ(*one.StringAt("message"),
            "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.");
  clock_.AdvanceMillis(500);
  EXPECT_EQ(*PutTo(0, 10, 10).IntAt("FailedRecordCount"), 5);
  EXPECT_THAT(world_.metrics.Expose(), HasSubstr("weir_ingest_throttled_records_total 8"));
}

TEST_F(LimitedPutTest, CountsBytesAndLetsALargeRecordThroughAtTimes) {
  EXPECT_EQ(*PutTo(0, 3, 400).IntAt("FailedRecordCount"), 1);
  EXPECT_EQ(*PutTo(1, 1, 5'000).IntAt("FailedRecordCount"), 0);
  clock_.AdvanceMillis(1'000);
  EXPECT_EQ(*PutTo(1, 1, 10).IntAt("FailedRecordCount"), 1) << "the bytes are owed still";
  clock_.AdvanceMillis(4'000);
  EXPECT_EQ(*PutTo(1, 1, 10).IntAt("FailedRecordCount"), 0);
}

TEST_F(LimitedPutTest, StoresAnAggregateAsAWholeOrNotAtAll) {
  const std::string aggregate = Aggregate({"ann", "bob"}, std::vector<std::string>(8, "x"));
  const std::string body = CborPutRecords("s", {{"a", aggregate, "0"}, {"a", aggregate, "0"}});
  EXPECT_EQ(*PutCbor("PutRecords", body).IntAt("FailedRecordCount"), 1);
  EXPECT_EQ(Stored().size(), 8) << "there was room for two more";
  EXPECT_EQ(*PutTo(0, 2, 10).IntAt("FailedRecordCount"), 0) << "and still is";
  // More than a second's worth is taken when nothing is owed.
  const std::string large = Aggregate({"ann"}, std::vector<std::string>(25, "x"));
  clock_.AdvanceMillis(1'000);
  EXPECT_EQ(
      *PutCbor("PutRecords", CborPutRecords("s", {{"a", large, "0"}})).IntAt("FailedRecordCount"),
      0);
  clock_.AdvanceMillis(1'000);
  EXPECT_EQ(*PutTo(0, 1, 10).IntAt("FailedRecordCount"), 1);
}

TEST_F(LimitedPutTest, TheHttpDoorNamesTheLinesToSendAgain) {
  std::string body = "nonsense\n";
  for (int i = 0; i < 12; ++i) {
    body += "{\"k\":\"one shard\"}\n";
  }
  const auto some = world_.Send("/v1/streams/s/records?partition_key=k", {}, body);
  EXPECT_EQ(some.status, 200);
  const json::Value answer = *json::Parse(some.body);
  EXPECT_EQ(*answer.IntAt("accepted"), 10);
  EXPECT_EQ(answer.Find("rejected")->Items().size(), 1);
  EXPECT_EQ(*answer.Find("failed")->StringAt("code"), "limit_exceeded");
  EXPECT_EQ(answer.Find("failed")->Find("lines")->Serialize(), "[12,13]");
  const auto none = world_.Send("/v1/streams/s/records?partition_key=k", {}, body);
  EXPECT_EQ(none.status, 429);
  EXPECT_EQ(HeaderOf(none, "retry-after"), "1");
}

}  // namespace
}  // namespace weir::ingest::kinesis
