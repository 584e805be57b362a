#include "ingest/kinesis/subscriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "ingest/doors_fixture.h"
#include "ingest/kinesis/arn.h"

namespace weir::ingest::kinesis {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kNow = 1'600'000'000'000;
constexpr std::chrono::seconds kPatience(20);  // Of a test that is about to fail.

// What a client has received.
class Received : public net::ResponseStream {
 public:
  bool Send(std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    changed_.notify_all();
    return true;
  }

  void End() override {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  bool open() const override { return true; }

  size_t queued() const override { return 0; }

  bool WaitFor(std::string_view text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return bytes_.contains(text); });
  }

  // All that came, once the stream has ended; "" when it does not end.
  std::string WaitForEnd() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return ended_; }) ? bytes_ : "";
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  bool ended_ = false;
};

class StreamingResponder : public net::Responder {
 public:
  explicit StreamingResponder(std::shared_ptr<Received> received)
      : received_(std::move(received)) {}

  void Send(net::Response response) override { ADD_FAILURE() << response.body; }

  std::shared_ptr<net::ResponseStream> Stream(net::Response head) override {
    received_->Send(head.body);
    return received_;
  }

 private:
  const std::shared_ptr<Received> received_;
};

class SubscriptionsTest : public testing::Test {
 protected:
  SubscriptionsTest() {
    EXPECT_TRUE(world_.registry->CreateStream("s", 1, "PROVISIONED", {}));
    consumer_ = *world_.registry->AddConsumer("s", "c");
    key_ = world_.keyring->Create("reader", {auth::Role::kAnalyst}, {"s"})->info.id;
    received_ = std::make_shared<Received>();
    StreamingResponder responder(received_);
    auto request = json::Value::Object();
    auto position = json::Value::Object();
    position.Set("Type", "LATEST");
    request.Set("ConsumerARN", ConsumerArn("us-east-1", consumer_));
    request.Set("ShardId", "shardId-000000000000").Set("StartingPosition", std::move(position));
    subscriptions_.Start({.operation = "SubscribeToShard",
                          .request = std::move(request),
                          .identity = *world_.keyring->Find(key_).identity,
                          .http = {}},
                         responder);
  }

  // A record that is stored and sent: the subscription is alive, and not quiet.
  void PassRecord() {
    const log::Entry entry{.partition_key = "key", .data = "{}"};
    world_.log->Find("s")->AppendEach({&entry, 1}, [](log::AppendOutcome) {});
    EXPECT_TRUE(received_->WaitFor("\"key\""));
  }

  base::ManualClock clock_{kNow};
  DoorsWorld world_{clock_, {.gate = {.required = true}}};
  Settings settings_{*world_.catalog};
  Subscriptions subscriptions_{{.log = *world_.log,
                                .registry = *world_.registry,
                                .settings = settings_,
                                .gate = *world_.gate,
                                .clock = clock_}};
  registry::Consumer consumer_;
  std::string key_;
  std::shared_ptr<Received> received_;
};

TEST_F(SubscriptionsTest, EndsWhenTheKeyIsRevoked) {
  PassRecord();
  ASSERT_TRUE(world_.keyring->Revoke(key_));
  clock_.AdvanceMillis(1'000);
  EXPECT_THAT(received_->WaitForEnd(), AllOf(HasSubstr(":exception-type"),
                                             HasSubstr("AccessDeniedException"), HasSubstr(key_)));
}

TEST_F(SubscriptionsTest, EndsWhenTheConsumerIsGoneHoweverBusyTheShardIs) {
  PassRecord();
  ASSERT_TRUE(world_.registry->RemoveConsumer("s", "c"));
  clock_.AdvanceMillis(1'000);
  EXPECT_THAT(received_->WaitForEnd(),
              AllOf(HasSubstr("ResourceNotFoundException"), HasSubstr("Consumer c of stream s")));
}

}  // namespace
}  // namespace weir::ingest::kinesis
