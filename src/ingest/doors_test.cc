
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "ingest/doors_fixture.h"
#include "ingest/http/put_records.h"
#include "json/document.h"

namespace weir::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNow = 1'600'000'000'000;  // 2020-09-13T12:26:40Z

class DoorsTest : public testing::Test {
 protected:
  void SetUp() override {
    stream_ = *world_.log->OpenStream(
        {.name = "ClickStream", .created = {kNow}, .shards = log::EvenShards(2)});
    world_.Start();
  }

  net::ClientResponse Post(std::string_view target, std::string_view body) {
    return world_.Send(target, {}, body);
  }

  net::ClientResponse Call(std::string_view operation, std::string_view body) {
    return world_.Call(fmt::format("Kinesis_20131202.{}", operation), body);
  }

  std::vector<std::string> Stored() { return world_.Stored("ClickStream"); }

  base::ManualClock clock_{kNow};
  DoorsWorld world_{clock_};
  log::Stream* stream_ = nullptr;
};

constexpr std::string_view kRecords = "/v1/streams/ClickStream/records";

TEST_F(DoorsTest, StoresLinesAndReportsWhatItRefuses) {
  const auto response = Post(kRecords,
                             "{\"a\":1}\n"
                             "\n"
                             "nonsense\r\n"
                             "{\"a\":2}\r\n"
                             "[1]\n"
                             "{\"a\":\"\xFF\"}\n"
                             "{\"Timestamp\":\"2020-09-13T12:31:41Z\"}\n"
                             "{\"Timestamp\":\"2020-09-13T12:31:40Z\"}\n"
                             "{\"Timestamp\":\"1999-01-01 00:00:00\"}");
  EXPECT_EQ(response.status, 200);
  const auto answer = *json::Parse(response.body);
  EXPECT_EQ(*answer.IntAt("accepted"), 4);
  std::vector<int64_t> lines;
  for (const json::Value& refusal : answer.Find("rejected")->Items()) {
    lines.push_back(*refusal.IntAt("line"));
  }
  EXPECT_THAT(lines, ElementsAre(3, 5, 6, 7));
  EXPECT_THAT(
      response.body,
      HasSubstr(R"(timestamp \"2020-09-13T12:31:41Z\" is more than 5 minutes in the future)"));
  EXPECT_EQ(Stored().size(), 4);
  const std::string figures = world_.metrics.Expose();
  EXPECT_THAT(figures, HasSubstr(R"(weir_ingest_records_total{door="http",result="accepted"} 4)"));
  EXPECT_THAT(figures, HasSubstr(R"(weir_ingest_records_total{door="http",result="malformed"} 3)"));
  EXPECT_THAT(figures, HasSubstr(R"(weir_ingest_records_total{door="http",result="future"} 1)"));
}

TEST_F(DoorsTest, TakesAJsonArray) {
  EXPECT_THAT(Post(kRecords, " [ {\"a\":\n[1,2]} , {\"b\":\"],\\\"\"} ] \n").body,
              HasSubstr("\"accepted\":2,"));
  EXPECT_THAT(Stored(), testing::UnorderedElementsAre(testing::EndsWith("|{\"a\": [1,2]}"),
                                                      testing::EndsWith("|{\"b\":\"],\\\"\"}")));
  for (const std::string_view bad :
       {"[", "[{}", "[{}}", "[{},]", "[{}] x", "[,{}]", "[{\"a\":\"]"}) {
    EXPECT_EQ(Post(kRecords, bad).status, 400) << bad;
  }
  EXPECT_EQ(Post(kRecords, "[]").status, 400);
  EXPECT_EQ(Stored().size(), 2);
}

TEST_F(DoorsTest, TakesThePartitionKeyFromAField) {
  const auto response = Post(fmt::format("{}?partition_key=UserId", kRecords),
                             "{\"x\":{\"UserId\":\"no\"},\"UserId\":\"ann\"}\n"
                             "{\"UserId\" : 17}\n"
                             "{\"UserId\":\"a\\u0041\\\"\"}\n");
  EXPECT_THAT(response.body, HasSubstr("\"accepted\":3"));
  EXPECT_THAT(Stored(),
              testing::UnorderedElementsAre(testing::StartsWith("ann|"), testing::StartsWith("17|"),
                                            testing::StartsWith("aA\"|")));
  EXPECT_THAT(Post(fmt::format("{}?partition_key=k", kRecords),
                   fmt::format("{{\"k\":\"{}\"}}", std::string(257, 'x')))
                  .body,
              HasSubstr("257 characters"));
}

TEST_F(DoorsTest, AnswersWhatCannotBeARequest) {
  const auto unknown = Post("/v1/streams/clickstreams/records", "{}");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("did you mean 'ClickStream'?"));
  EXPECT_THAT(Post("/v1/streams/zzz/records", "{}").body, HasSubstr("there are: ClickStream"));
  EXPECT_EQ(Post(kRecords, "").status, 400);
  EXPECT_EQ(Post(kRecords, "\n \n").status, 400);
  EXPECT_THAT(Post(kRecords, std::string(100'000, '[')).status, 400);
}

TEST_F(DoorsTest, BoundsTheRecordsOfARequest) {
  std::string body;
  for (size_t i = 0; i < http::PutRecordsDoor::kMaxRecords; ++i) {
    body += "{}\n";
  }
  EXPECT_EQ(Post(kRecords, body + "{}").status, 413);
  EXPECT_THAT(Post(kRecords, body + "{}").body, HasSubstr("250000 records: send it in parts"));
  EXPECT_THAT(Post(kRecords, body + "x").body, HasSubstr(R"("accepted":250000)"));
}

TEST_F(DoorsTest, CapsTheListOfRefusals) {
  std::string body;
  for (int i = 0; i < 150; ++i) {
    body += "x\n";
  }
  const auto answer = *json::Parse(Post(kRecords, body).body);
  EXPECT_EQ(answer.Find("rejected")->Items().size(), 100);
  EXPECT_EQ(*answer.IntAt("rejected_count"), 150);
  EXPECT_EQ(*answer.IntAt("accepted"), 0);
}

TEST_F(DoorsTest, RefusesWithANameWhileTheDiskIsFullAndGoesOnAfterwards) {
  world_.files.SetFreeBytes(0);
  const auto full = Post(kRecords, "{}");
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.body, HasSubstr("\"code\":\"disk_full\""));
  const auto batch =
      Call("PutRecords",
           R"({"StreamName":"ClickStream","Records":[{"Data":"e30=","PartitionKey":"a"}]})");
  EXPECT_EQ(batch.status, 200);
  EXPECT_THAT(batch.body, HasSubstr("\"FailedRecordCount\":1"));
  EXPECT_THAT(batch.body, HasSubstr("ProvisionedThroughputExceededException"));
}

TEST_F(DoorsTest, PutsOneKinesisRecord) {
  const auto response = Call(
      "PutRecord", R"({"StreamName":"ClickStream","Data":"eyJhIjoxfQ==","PartitionKey":"ann"})");
  EXPECT_EQ(response.status, 200);
  const auto answer = *json::Parse(response.body);
  const auto parts = *model::ParseSequenceNumber(*answer.StringAt("SequenceNumber"));
  EXPECT_EQ(parts.shard_created_seconds, kNow / 1000);
  EXPECT_EQ(model::FormatShardId(parts.shard), *answer.StringAt("ShardId"));
  EXPECT_THAT(Stored(), ElementsAre("ann|{\"a\":1}"));
}

TEST_F(DoorsTest, PutsKinesisBatchesInThePlainAndInTheEscapedForm) {
  std::string records;
  for (int i = 0; i < 500; ++i) {
    records += fmt::format("{}{{\"Data\": \"{}\", \"PartitionKey\": \"user{}\"}}",
                           i == 0 ? "" : ", ", base::ToBase64(fmt::format("data {}", i)), i);
  }
  const std::string body =
      fmt::format("{{\"Records\": [{}], \"StreamName\": \"ClickStream\"}}", records);
  const auto response = Call("PutRecords", body);
  ASSERT_EQ(response.status, 200) << response.body;
  const auto answer = *json::Parse(response.body);
  EXPECT_EQ(*answer.IntAt("FailedRecordCount"), 0);
  const auto& results = answer.Find("Records")->Items();
  ASSERT_EQ(results.size(), 500);
  for (int i = 0; i < 500; ++i) {
    const auto parts = *model::ParseSequenceNumber(*results[i].StringAt("SequenceNumber"));
    const auto read = *stream_->Read(parts.shard, parts.sequence, 1, 1 << 20);
    EXPECT_EQ(read.batch.records.front().data, fmt::format("data {}", i));
    EXPECT_EQ(read.batch.records.front().partition_key, fmt::format("user{}", i));
    EXPECT_EQ(*results[i].StringAt("ShardId"), model::FormatShardId(parts.shard));
  }
  EXPECT_EQ(Call("PutRecords",
                 R"({"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/ClickStream",)"
                 R"("Records":[{"PartitionKey":"\u00e4\/","Data":"\u0051UI=",)"
                 R"("ExplicitHashKey":"340282366920938463463374607431768211455"}]})")
                .status,
            200);
  const auto last = *stream_->Read(1, {stream_->DurableEnd(1).value - 1}, 1, 1 << 20);
  EXPECT_EQ(last.batch.records.front().partition_key, "ä/");
  EXPECT_EQ(last.batch.records.front().data, "AB");
}

TEST_F(DoorsTest, RefusesKinesisRequestsInTheWordsOfTheApi) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"Frobnicate", "{}", "UnknownOperationException"},
      {"PutRecords", "", "SerializationException"},
      {"PutRecords", "{", "SerializationException"},
      {"PutRecords", R"({"Records":{}})", "Expected list or null"},
      {"PutRecords", R"({"Records":[{"Data":5}]})",
       "class java.lang.Integer can not be converted to a Blob"},
      {"PutRecords", R"({"Records":[{"Data":"abc"}]})",
       "'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 "
       "bytes but found: 3"},
      {"PutRecords", R"({"Records":[{"Data":"ab-c"}]})", "Invalid Base64 character: '-'"},
      {"PutRecords", R"({"Records":[{"Data":"a==="}]})", "Invalid Base64 character: '='"},
      {"PutRecords", R"({"Records":[{"Data":"ab=="}]})",
       "Invalid last non-pad Base64 character dectected"},
      {"PutRecords", R"({"Records":[{}],"StreamName":"a b"})",
       "3 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: "
       "Member must satisfy "
       "regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'records.1.member.partitionKey' "
       "failed to satisfy "
       "constraint: Member must not be null; Value null at 'records.1.member.data'"},
      {"PutRecords", R"({"Records":[],"StreamName":"a"})",
       "1 validation error detected: Value '[]' at 'records'"},
      {"PutRecords", R"({})", "2 validation errors detected"},
      {"PutRecord", R"({"StreamName":"a","Data":"","PartitionKey":""})",
       "Value '' at 'partitionKey'"},
      {"PutRecord", R"({"StreamName":"a","Data":"","PartitionKey":"k","ExplicitHashKey":"01"})",
       "regular expression pattern: 0|([1-9]\\\\d{0,38})"},
      {"PutRecord",
       R"({"StreamName":"ClickStream","Data":"","PartitionKey":"k",)"
       R"("ExplicitHashKey":"340282366920938463463374607431768211456"})",
       "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]"},
      {"PutRecord", R"({"StreamName":"Nope","Data":"","PartitionKey":"k"})",
       "Stream Nope under account 000000000000 not found."},
  };
  for (const auto& [operation, body, expected] : cases) {
    const auto response = Call(operation, body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, HasSubstr(expected)) << body;
  }
  EXPECT_TRUE(Stored().empty());
}

TEST_F(DoorsTest, HoldsTheLimitsOfKinesis) {
  const auto put = [&](size_t bytes, int records) {
    std::string all;
    for (int i = 0; i < records; ++i) {
      all += fmt::format("{}{{\"Data\":\"{}\",\"PartitionKey\":\"k\"}}", i == 0 ? "" : ",",
                         base::ToBase64(std::string(bytes, 'x')));
    }
    return Call("PutRecords", fmt::format(R"({{"StreamName":"ClickStream","Records":[{}]}})", all));
  };
  EXPECT_THAT(put(1, 501).body, HasSubstr("Member must have length less than or equal to 500"));
  EXPECT_THAT(
      put((1 << 20) + 1, 1).body,
      HasSubstr(
          "'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'records.1.member.data'"));
  EXPECT_THAT(put(1 << 20, 1).body, HasSubstr("InvalidArgumentException"));
  EXPECT_EQ(put((1 << 20) - 1, 1).status, 200);
  EXPECT_EQ(put(1'048'575, 6).status, 413);
  EXPECT_THAT(put(600'000, 8).body, HasSubstr("\"FailedRecordCount\":0"));
  EXPECT_THAT(put(524'288, 10).body, HasSubstr("Records size exceeds 5 MB limit"));
}

TEST_F(DoorsTest, DescribesStreams) {
  EXPECT_THAT(Call("ListStreams", "{}").body, HasSubstr(R"("StreamNames":["ClickStream"])"));
  EXPECT_THAT(Call("DescribeStreamSummary", R"({"StreamName":"ClickStream"})").body,
              HasSubstr("\"OpenShardCount\":2"));
  const auto first =
      *json::Parse(Call("ListShards", R"({"StreamName":"ClickStream","MaxResults":1})").body);
  EXPECT_EQ(*first.Find("Shards")->Items().front().StringAt("ShardId"), "shardId-000000000000");
  const auto rest = *json::Parse(
      Call("ListShards", fmt::format(R"({{"NextToken":"{}"}})", *first.StringAt("NextToken")))
          .body);
  EXPECT_EQ(*rest.Find("Shards")->Items().front().StringAt("ShardId"), "shardId-000000000001");
  EXPECT_EQ(rest.Find("NextToken"), nullptr);
}

}  // namespace
}  // namespace weir::ingest
