// What the answer to a put says of the effect of its request, on which hangs whether the same
// signed bytes may run again.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ingest/doors_fixture.h"
#include "ingest/firehose/firehose_service.h"
#include "ingest/kinesis/put_operation.h"
#include "json/document.h"
#include "registry/delivery_stream.h"

namespace weir::ingest::aws {
namespace {

// Gives every append the outcome that was set.
class SetIntake : public Intake {
 public:
  void Append(log::Stream& /*stream*/, std::span<const log::Entry> /*entries*/,
              IntakeDone done) override {
    done(outcome);
  }

  IntakeOutcome outcome;
};

class Keeper : public net::Responder {
 public:
  explicit Keeper(net::Response& into) : into_(into) {}

  void Send(net::Response response) override { into_ = std::move(response); }

  std::shared_ptr<net::ResponseStream> Stream(net::Response /*head*/) override { return nullptr; }

 private:
  net::Response& into_;
};

// Of `entries`, those that are refused and with which code.
IntakeOutcome Outcome(size_t entries, const std::map<size_t, base::Code>& refused) {
  IntakeOutcome outcome;
  outcome.placements.resize(entries);
  for (const auto& [entry, code] : refused) {
    outcome.refused.emplace_back(entry, base::Error{code, "refused"});
  }
  return outcome;
}

class PutEffectTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& name : {std::string("s"), registry::DirectPutStream("s")}) {
      ASSERT_TRUE(world_.log->OpenStream({.name = name, .shards = log::EvenShards(1)}));
    }
  }

  net::Response PutRecord(IntakeOutcome outcome) {
    intake_.outcome = std::move(outcome);
    net::Response response;
    kinesis::PutOperation(parts_, writable_)
        .Handle({.operation = "PutRecord",
                 .identity = {},
                 .http = Request(R"({"StreamName":"s","PartitionKey":"k","Data":""})")},
                std::make_unique<Keeper>(response));
    return response;
  }

  net::Response FirehosePutRecord(IntakeOutcome outcome) {
    intake_.outcome = std::move(outcome);
    net::Response response;
    firehose::FirehoseService(*world_.server, parts_)
        .Handle({.operation = "PutRecord",
                 .request = *json::Parse(R"({"DeliveryStreamName":"s","Record":{"Data":""}})"),
                 .identity = {},
                 .http = {}},
                std::make_unique<Keeper>(response));
    return response;
  }

  static net::Request Request(std::string body) {
    net::Request request;
    request.body = std::move(body);
    return request;
  }

  base::ManualClock clock_{1'600'000'000'000};
  DoorsWorld world_{clock_};
  SetIntake intake_;
  const DoorParts parts_{.log = *world_.log,
                         .catalog = *world_.catalog,
                         .registry = *world_.registry,
                         .gate = *world_.gate,
                         .intake = intake_,
                         .files = world_.files,
                         .clock = clock_,
                         .metrics = world_.metrics};
  WritableStreams writable_{*world_.registry};
};

TEST_F(PutEffectTest, ARefusedRecordOfWhichAPartIsStoredHadAnEffect) {
  const net::Response response = PutRecord(Outcome(2, {{0, base::Code::kUnavailable}}));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.had_effect, true);
}

TEST_F(PutEffectTest, ARecordThatMayBeStoredHadAnEffect) {
  EXPECT_EQ(PutRecord(Outcome(1, {{0, base::Code::kIo}})).had_effect, true);
  EXPECT_EQ(FirehosePutRecord(Outcome(1, {{0, base::Code::kIo}})).had_effect, true);
}

TEST_F(PutEffectTest, ARefusedRecordHadNone) {
  for (const base::Code code :
       {base::Code::kUnavailable, base::Code::kDiskFull, base::Code::kLimitExceeded}) {
    EXPECT_EQ(PutRecord(Outcome(1, {{0, code}})).had_effect, false);
    EXPECT_EQ(PutRecord(Outcome(2, {{0, code}, {1, code}})).had_effect, false);
    EXPECT_EQ(FirehosePutRecord(Outcome(1, {{0, code}})).had_effect, false);
  }
}

TEST_F(PutEffectTest, AStoredRecordHadAnEffect) {
  EXPECT_EQ(PutRecord(Outcome(1, {})).had_effect, true);
  EXPECT_EQ(FirehosePutRecord(Outcome(1, {})).had_effect, true);
}

}  // namespace
}  // namespace weir::ingest::aws
