#include "stack/deploy.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/simulated_file_system.h"
#include "registry/registry.h"
#include "stack/definitions.h"
#include "stack/schema.h"
#include "stack/shipped.h"

namespace weir::stack {
namespace {

class DeployTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDirectories("/d").has_value());
    auto catalog = catalog::Catalog::Open(files_, clock_, "/d/catalog.sqlite");
    ASSERT_TRUE(catalog.has_value()) << catalog.error().message;
    catalog_ = std::move(*catalog);
  }

  base::Result<Plan> Shipped(const std::string& what = "", const std::string& with = "") {
    std::string text(ShippedTemplate());
    if (!what.empty()) {
      const size_t at = text.find(what);
      EXPECT_NE(at, std::string::npos) << what;
      text.replace(at, what.size(), with);
    }
    return PlanTemplate({.text = std::move(text), .file_name = "t.yaml"});
  }

  /// The error of deploying the plan, or "".
  std::string DeployError(const base::Result<Plan>& plan) {
    EXPECT_TRUE(plan.has_value()) << plan.error().message;
    const auto report = Deploy(*plan, *catalog_);
    return report.has_value() ? "" : report.error().message;
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_;
  std::unique_ptr<catalog::Catalog> catalog_;
};

TEST_F(DeployTest, DeployingAgainChangesNothing) {
  ASSERT_EQ(DeployError(Shipped()), "");
  const auto before = catalog_->List("");
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(before->size(), 15u);
  const uint64_t version = catalog_->version();
  const auto report = Deploy(*Shipped(), *catalog_);
  ASSERT_TRUE(report.has_value());
  for (const ResourceEffect& effect : report->effects) {
    EXPECT_EQ(effect.kind, ResourceEffect::Kind::kUnchanged) << effect.name;
  }
  EXPECT_EQ(catalog_->version(), version);
}

TEST_F(DeployTest, WhatKeepsItsMeaningMayChange) {
  ASSERT_EQ(DeployError(Shipped()), "");
  EXPECT_EQ(DeployError(Shipped("IntervalInSeconds: 900", "IntervalInSeconds: 120")), "");
  EXPECT_EQ(DeployError(Shipped("        SELECT STREAM\n",
                                "        -- the clicks\n        SELECT STREAM\n")),
            "");
  EXPECT_EQ(DeployError(Shipped("Default: 168", "Default: 72")), "");
}

TEST_F(DeployTest, WhatWouldGiveStoredResultsAnotherMeaningIsRefused) {
  ASSERT_EQ(DeployError(Shipped()), "");
  const uint64_t version = catalog_->version();
  EXPECT_NE(DeployError(Shipped("'Promotion' AND", "'Promo' AND")).find("cannot be changed"),
            std::string::npos);
  EXPECT_NE(
      DeployError(Shipped("Mapping: $.Event,", "Mapping: $.Device,")).find("cannot be changed"),
      std::string::npos);
  EXPECT_NE(DeployError(Shipped("Default: click-stream", "Default: other-stream"))
                .find("cannot be changed"),
            std::string::npos);
  EXPECT_EQ(catalog_->version(), version);
}

TEST_F(DeployTest, AnotherShardCountReshards) {
  ASSERT_EQ(DeployError(Shipped()), "");
  EXPECT_EQ(DeployError(Shipped("Default: 2\n", "Default: 3\n")), "");
  const auto stream = registry::ReadStream(*catalog_->Get(registry::kStreamType, "ClickStream"));
  ASSERT_TRUE(stream.has_value()) << stream.error().message;
  EXPECT_EQ(stream->definition.shards.size(), 2u + 4u + 1u);
  EXPECT_EQ(DeployError(Shipped("Default: 2\n", "Default: 3\n")), "");
  const auto again = registry::ReadStream(*catalog_->Get(registry::kStreamType, "ClickStream"));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->definition.shards, stream->definition.shards);
  EXPECT_NE(DeployError(Shipped("Default: 2\n", "Default: 30\n")).find("half to double"),
            std::string::npos);
}

TEST_F(DeployTest, WhatTheApiHasChangedOfAStreamStays) {
  ASSERT_EQ(DeployError(Shipped()), "");
  auto log = log::Log::Open(files_, clock_, "/d/log", {.committers = 0, .min_free_bytes = 0});
  ASSERT_TRUE(log.has_value());
  const auto definitions = ReadDefinitions(*catalog_->List(""));
  ASSERT_TRUE(definitions.has_value());
  for (const log::StreamDefinition& definition : definitions->streams) {
    ASSERT_TRUE((*log)->OpenStream(definition).has_value());
  }
  const auto registry = registry::Registry::Create(*catalog_, **log, clock_);
  ASSERT_TRUE(registry->UpdateShardCount("ClickStream", 4).has_value());
  ASSERT_TRUE(registry->Tag("ClickStream", {{"team", "ads"}}).has_value());
  const uint64_t version = catalog_->version();
  EXPECT_EQ(DeployError(Shipped()), "");
  EXPECT_EQ(catalog_->version(), version);
  EXPECT_EQ(DeployError(Shipped("Default: 168", "Default: 72")), "");
  const auto stream = registry->Get("ClickStream");
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->definition.shards.size(), 6u);
  EXPECT_EQ(stream->tags.at("team"), "ads");
  EXPECT_EQ(stream->retention_hours, 72);
}

TEST_F(DeployTest, RemovalIsToldAndDataIsKept) {
  ASSERT_EQ(DeployError(Shipped()), "");
  const auto fewer = PlanTemplate(
      {.text = "Resources: {ClickStream: {Type: AWS::Kinesis::Stream, Properties: {Name: "
               "ClickStream, ShardCount: 2, RetentionPeriodHours: 168}}}",
       .file_name = "t"});
  EXPECT_NE(DeployError(fewer).find("'OrderStream' is no longer in the template"),
            std::string::npos);
  std::string text(ShippedTemplate());
  const size_t begin = text.find("  DemoTraffic:");
  text.erase(begin, text.find("Outputs:") - begin);
  const auto without_demo = PlanTemplate({.text = text, .file_name = "t"});
  ASSERT_TRUE(without_demo.has_value()) << without_demo.error().message;
  const auto report = Deploy(*without_demo, *catalog_);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->effects.back().kind, ResourceEffect::Kind::kRemove);
  EXPECT_EQ(report->effects.back().type, "Weir::Demo::Traffic");
  EXPECT_EQ(catalog_->List("Weir::Demo::Traffic")->size(), 0u);
}

TEST_F(DeployTest, AnotherStackCannotTakeAName) {
  ASSERT_EQ(DeployError(Shipped()), "");
  auto other = PlanTemplate(
      {.text = "Resources: {S: {Type: AWS::Kinesis::Stream, Properties: {Name: ClickStream}}}",
       .file_name = "t",
       .stack_name = "other"});
  EXPECT_NE(DeployError(other).find("belongs to stack 'weir'"), std::string::npos);
}

TEST_F(DeployTest, AnotherStackCannotTakeTheNameOfADeliveryStreamsOwnStream) {
  ASSERT_EQ(DeployError(PlanTemplate({.text = R"(
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: raw}}
  Direct:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: events
      DeliveryStreamType: DirectPut
      S3DestinationConfiguration: {BucketARN: !GetAtt Bucket.Arn, RoleARN: "arn:aws:iam::000000000000:role/r"}
)",
                                      .file_name = "t.yaml"})),
            "");
  const auto other = PlanTemplate(
      {.text = "Resources: {A: {Type: AWS::Kinesis::Stream, Properties: {Name: firehose.events}}}",
       .file_name = "t.yaml",
       .stack_name = "other"});
  EXPECT_NE(DeployError(other).find("'firehose.events'"), std::string::npos);
}

TEST_F(DeployTest, AStoredClashOfNamesDeploysAgainUntilSomethingChanges) {
  const auto direct = [](int seconds) {
    return PlanTemplate({.text = fmt::format(R"(
Resources:
  Bucket: {{Type: AWS::S3::Bucket, Properties: {{BucketName: raw}}}}
  Direct:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: events
      DeliveryStreamType: DirectPut
      S3DestinationConfiguration:
        BucketARN: !GetAtt Bucket.Arn
        RoleARN: "arn:aws:iam::000000000000:role/r"
        BufferingHints: {{IntervalInSeconds: {}}}
)",
                                             seconds),
                         .file_name = "t.yaml"});
  };
  ASSERT_EQ(DeployError(direct(60)), "");
  // A stream that the API of an earlier release made.
  const auto other = PlanTemplate(
      {.text = "Resources: {A: {Type: AWS::Kinesis::Stream, Properties: {Name: firehose.events}}}",
       .file_name = "t.yaml"});
  ASSERT_TRUE(other.has_value()) << other.error().message;
  catalog::ResourceChange made{catalog::ResourceChange::Kind::kPut, other->ToResources().front()};
  made.resource.stack.clear();
  ASSERT_TRUE(catalog_->Apply({&made, 1}).has_value());
  ASSERT_TRUE(ReadDefinitions(*catalog_->List("")).has_value());
  EXPECT_EQ(DeployError(direct(60)), "");
  EXPECT_NE(DeployError(direct(120)).find("'firehose.events'"), std::string::npos);
}

TEST_F(DeployTest, OnlyWhatATemplateMayHaveIsDescribed) {
  ASSERT_EQ(DeployError(Shipped()), "");
  const catalog::ResourceChange key{
      .resource = {.type = "Weir::AccessKey", .name = "WEIRSECRET", .definition = "{}"}};
  ASSERT_TRUE(catalog_->Apply({&key, 1}).has_value());
  const auto resources = catalog_->List("");
  ASSERT_TRUE(resources.has_value());
  const std::string text = DescribeResources(*resources);
  EXPECT_NE(text.find("ClickStream"), std::string::npos);
  EXPECT_NE(text.find("Weir::Demo::Traffic"), std::string::npos);
  EXPECT_EQ(text.find("AccessKey"), std::string::npos) << text;
}

TEST(ResourceTypesTest, EveryTypeAndPropertyHasAName) {
  for (const ResourceType& type : ResourceTypes()) {
    EXPECT_FALSE(type.name.empty());
    EXPECT_FALSE(type.summary.empty()) << type.name;
    EXPECT_EQ(FindResourceType(type.name), &type);
  }
}

}  // namespace
}  // namespace weir::stack
