#include "stack/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "stack/definitions.h"
#include "stack/shipped.h"

namespace weir::stack {
namespace {

std::vector<Problem> ProblemsOf(const std::string& text,
                                const std::map<std::string, std::string>& parameters = {}) {
  std::vector<Problem> problems;
  (void)PlanTemplate({.text = text, .file_name = "t.yaml", .parameters = parameters}, &problems);
  return problems;
}

/// The line of the first occurrence of `what`, from 1.
int LineOf(const std::string& text, std::string_view what) {
  return 1 + static_cast<int>(std::count(
                 text.begin(), text.begin() + static_cast<int64_t>(text.find(what)), '\n'));
}

struct BadTemplate {
  std::string name;
  std::string text;
  std::string path;
  int line;
  int column;
  std::string message;  ///< A part of it.
};

void PrintTo(const BadTemplate& bad, std::ostream* out) {
  *out << bad.name;
}

class BadTemplateTest : public testing::TestWithParam<BadTemplate> {};

TEST_P(BadTemplateTest, IsToldWithPathAndPlace) {
  const BadTemplate& bad = GetParam();
  const std::vector<Problem> problems = ProblemsOf(bad.text);
  ASSERT_FALSE(problems.empty());
  const auto found = std::find_if(problems.begin(), problems.end(), [&](const Problem& p) {
    return p.path == bad.path && p.message.find(bad.message) != std::string::npos;
  });
  std::string all;
  for (const Problem& p : problems) {
    all += fmt::format("{}:{}: {}: {}\n", p.at.line, p.at.column, p.path, p.message);
  }
  ASSERT_NE(found, problems.end()) << all;
  EXPECT_EQ(found->at, (Position{bad.line, bad.column})) << all;
}

/// A stream, with `properties` below it.
std::string Stream(const std::string& properties) {
  return "Resources:\n  A:\n    Type: AWS::Kinesis::Stream\n    Properties:\n" + properties;
}

/// A resource of `type` with `properties`, beside a stream named Clicks.
std::string BesideStream(const std::string& type, const std::string& properties) {
  return "Resources:\n  A:\n    Type: " + type + "\n    Properties:\n" + properties +
         "  B:\n    Type: AWS::Kinesis::Stream\n    Properties: {Name: Clicks}\n";
}

std::string BrowserSource(const std::string& origin, const std::string& stream = "Clicks") {
  return BesideStream("Weir::BrowserSource", "      AllowedOrigins: ['" + origin +
                                                 "']\n      ClickStream: " + stream + "\n");
}

std::string WebhookSource(const std::string& secret, const std::string& path) {
  return BesideStream("Weir::WebhookSource", "      Stream: Clicks\n      SecretFile: '" + secret +
                                                 "'\n      Mapping: {Lines: $.lines, OrderId: \"" +
                                                 path + "\"}\n");
}

INSTANTIATE_TEST_SUITE_P(
    Templates, BadTemplateTest,
    testing::Values(
        BadTemplate{"not_yaml", "Resources: [", "", 1, 1, "not YAML"},
        BadTemplate{"no_resources", "Description: x\n", "Resources", 1, 1, "is missing"},
        BadTemplate{"unknown_section", "Resuorces: {}\nResources: {A: {Type: AWS::S3::Bucket}}\n",
                    "Resuorces", 1, 1, "did you mean 'Resources'"},
        BadTemplate{"twice",
                    "Resources:\n  A: {Type: AWS::S3::Bucket}\n  A: {Type: AWS::S3::Bucket}\n",
                    "Resources.A", 3, 3, "twice"},
        BadTemplate{"no_type", "Resources:\n  A:\n    Properties: {}\n", "Resources.A", 2, 3,
                    "Type is missing"},
        BadTemplate{"unknown_type", "Resources:\n  A:\n    Type: AWS::Kinesis::Straem\n",
                    "Resources.A.Type", 3, 11, "did you mean 'AWS::Kinesis::Stream'"},
        BadTemplate{"unknown_attribute",
                    "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    DependOn: B\n",
                    "Resources.A.DependOn", 4, 5, "did you mean 'DependsOn'"},
        BadTemplate{"unknown_property", Stream("      ShardCuont: 1\n"),
                    "Resources.A.Properties.ShardCuont", 5, 7, "did you mean 'ShardCount'"},
        BadTemplate{"wrong_kind", Stream("      ShardCount: [1]\n"),
                    "Resources.A.Properties.ShardCount", 5, 19, "whole number 1..1000"},
        BadTemplate{"not_a_number", Stream("      ShardCount: two\n"),
                    "Resources.A.Properties.ShardCount", 5, 19, "not 'two'"},
        BadTemplate{"out_of_range", Stream("      ShardCount: 0\n"),
                    "Resources.A.Properties.ShardCount", 5, 19, "not 0"},
        BadTemplate{"bad_name", Stream("      Name: 'a b'\n"), "Resources.A.Properties.Name", 5, 13,
                    "letters, digits"},
        BadTemplate{"not_one_of",
                    Stream("      StreamModeDetails:\n        StreamMode: PROVISION\n"),
                    "Resources.A.Properties.StreamModeDetails.StreamMode", 6, 21,
                    "did you mean 'PROVISIONED'"},
        BadTemplate{"missing_nested", Stream("      StreamModeDetails: {}\n"),
                    "Resources.A.Properties.StreamModeDetails", 5, 26, "StreamMode is missing"},
        BadTemplate{"unknown_reference", Stream("      Name: !Ref Nothing\n"),
                    "Resources.A.Properties.Name", 5, 13,
                    "no parameter or resource named 'Nothing'"},
        BadTemplate{"unknown_attribute_of_resource",
                    "Resources:\n  A:\n    Type: AWS::Kinesis::Stream\n    Properties:\n      "
                    "Name: !GetAtt B.Name\n"
                    "  B:\n    Type: AWS::S3::Bucket\n",
                    "Resources.A.Properties.Name", 5, 13, "has no attribute 'Name'"},
        BadTemplate{"unknown_tag", Stream("      Name: !Reff A\n"), "Resources.A.Properties.Name",
                    5, 13, "unknown tag"},
        BadTemplate{"bad_sub", Stream("      Name: !Sub '${Nope}'\n"),
                    "Resources.A.Properties.Name", 5, 13, "named 'Nope'"},
        BadTemplate{"select_out_of_range", Stream("      Name: !Select [2, [a, b]]\n"),
                    "Resources.A.Properties.Name", 5, 13, "not in a list of 2"},
        BadTemplate{"unknown_mapping", Stream("      Name: !FindInMap [M, a, b]\n"),
                    "Resources.A.Properties.Name", 5, 13, "no 'M' in Mappings"},
        BadTemplate{"unknown_condition", Stream("      Name: !If [C, a, b]\n"),
                    "Resources.A.Properties.Name", 5, 13, "no condition named 'C'"},
        BadTemplate{"cycle",
                    "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    DependsOn: B\n  B:\n    "
                    "Type: AWS::S3::Bucket\n"
                    "    DependsOn: A\n",
                    "Resources.A", 2, 3, "A -> B -> A"},
        BadTemplate{"same_name",
                    "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: "
                    "x-x}\n  B:\n    Type: "
                    "AWS::S3::Bucket\n    Properties: {BucketName: x-x}\n",
                    "Resources.B", 5, 3, "same name"},
        BadTemplate{
            "parameter_without_value",
            "Parameters:\n  P:\n    Type: String\nResources:\n  A: {Type: AWS::S3::Bucket}\n",
            "Parameters.P", 2, 3, "--parameter P="},
        BadTemplate{"parameter_pattern",
                    "Parameters:\n  P:\n    Type: String\n    Default: UPPER\n    AllowedPattern: "
                    "'[a-z]+'\nResources:\n  A: "
                    "{Type: AWS::S3::Bucket}\n",
                    "Parameters.P", 4, 14, "does not match"},
        BadTemplate{"parameter_property",
                    "Parameters:\n  P:\n    Type: String\n    Defualt: x\nResources:\n  A: {Type: "
                    "AWS::S3::Bucket}\n",
                    "Parameters.P.Defualt", 4, 5, "did you mean 'Default'"},
        BadTemplate{
            "refused_property",
            "Resources:\n  A:\n    Type: AWS::KinesisFirehose::DeliveryStream\n    Properties:\n   "
            "   "
            "ExtendedS3DestinationConfiguration:\n        BucketARN: arn:aws:s3:::b\n        "
            "ProcessingConfiguration: {}\n",
            "Resources.A.Properties.ExtendedS3DestinationConfiguration.ProcessingConfiguration", 7,
            9, "is not supported"},
        BadTemplate{"unknown_bucket",
                    "Resources:\n  D:\n    Type: AWS::KinesisFirehose::DeliveryStream\n    "
                    "Properties:\n      "
                    "S3DestinationConfiguration:\n        BucketARN: arn:aws:s3:::nope\n",
                    "Resources.D.Properties.S3DestinationConfiguration.BucketARN", 6, 20,
                    "no AWS::S3::Bucket named 'nope'"},
        BadTemplate{"browser_stream", BrowserSource("https://shop.example", "Click"),
                    "Resources.A.Properties.ClickStream", 6, 20, "did you mean 'Clicks'"},
        BadTemplate{"browser_without_deduplication", BrowserSource("https://shop.example"),
                    "Resources.A.Properties.ClickStream", 6, 20,
                    "needs a Weir::Deduplication by EventId of at least 24 hours"},
        BadTemplate{"browser_any_origin", BrowserSource("*"),
                    "Resources.A.Properties.AllowedOrigins[0]", 5, 24, "is not an origin"},
        BadTemplate{"browser_origin_with_path", BrowserSource("https://shop.example/"),
                    "Resources.A.Properties.AllowedOrigins[0]", 5, 24, "without a path"},
        BadTemplate{"browser_origin_with_default_port", BrowserSource("https://shop.example:443"),
                    "Resources.A.Properties.AllowedOrigins[0]", 5, 24, "leave out :443"},
        BadTemplate{"browser_origin_twice",
                    BesideStream("Weir::BrowserSource",
                                 "      AllowedOrigins: ['https://a.b', 'https://a.b']\n"
                                 "      ClickStream: Clicks\n"),
                    "Resources.A.Properties.AllowedOrigins[1]", 5, 39, "already"},
        BadTemplate{"webhook_secret_elsewhere", WebhookSource("../key", "$.id"),
                    "Resources.A.Properties.SecretFile", 6, 19, "inside the folder"},
        BadTemplate{"webhook_path", WebhookSource("shop", "$.a[?@.b]"),
                    "Resources.A.Properties.Mapping.OrderId", 7, 42, "does not parse"},
        BadTemplate{"deduplication_stream",
                    BesideStream("Weir::Deduplication",
                                 "      Stream: Clikcs\n      EventIdField: EventId\n"),
                    "Resources.A.Properties.Stream", 5, 15, "did you mean 'Clicks'"},
        BadTemplate{"deduplication_horizon",
                    BesideStream("Weir::Deduplication",
                                 "      Stream: Clicks\n      EventIdField: EventId\n"
                                 "      HorizonHours: 0\n"),
                    "Resources.A.Properties.HorizonHours", 7, 21, "1..8760"}),
    [](const testing::TestParamInfo<BadTemplate>& info) { return info.param.name; });

TEST(TemplateTest, SeveralProblemsAreToldAtOnceInTheOrderOfTheFile) {
  const std::vector<Problem> problems = ProblemsOf(
      "Resources:\n  A:\n    Type: AWS::Kinesis::Stream\n    Properties: {ShardCuont: 1, Name: "
      "!Ref X}\n  B:\n    Type: Nope\n");
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].path, "Resources.A.Properties.ShardCuont");
  EXPECT_EQ(problems[1].path, "Resources.A.Properties.Name");
  EXPECT_EQ(problems[2].path, "Resources.B.Type");
  const auto plan =
      PlanTemplate({.text = "Resources:\n  B: {Type: Nope}\n", .file_name = "t.yaml"});
  ASSERT_FALSE(plan.has_value());
  EXPECT_TRUE(plan.error().message.starts_with(
      "t.yaml:2:13: Resources.B.Type: unknown resource type 'Nope'"))
      << plan.error().message;
}

TEST(TemplateTest, IntrinsicsAreEvaluated) {
  const auto plan = PlanTemplate({.text = R"(
Parameters:
  Env: {Type: String, Default: test}
  List: {Type: CommaDelimitedList, Default: 'x, y'}
Mappings:
  Sizes:
    test: {Shards: 3}
Conditions:
  IsTest: !Equals [!Ref Env, test]
  Both: !And [!Condition IsTest, !Not [!Equals [!Ref Env, production]]]
  Neither: !Or [!Equals [a, b], !Not [!Condition IsTest]]
Resources:
  S:
    Type: AWS::Kinesis::Stream
    Properties:
      Name: !Join ['-', [!Ref 'AWS::StackName', !Select [1, !Ref List], !Select [0, !Split ['/', 'p/q']]]]
      ShardCount: !FindInMap [Sizes, !Ref Env, Shards]
      RetentionPeriodHours: !If [Both, 48, !Ref 'AWS::NoValue']
      StreamModeDetails: !If [Neither, {StreamMode: ON_DEMAND}, !Ref 'AWS::NoValue']
  Gone:
    Type: AWS::S3::Bucket
    Condition: Neither
Outputs:
  Text:
    Value: {'Fn::Sub': ['${Own}/${S.Arn}/${!Kept}/${AWS::Region}', {Own: !Ref S}]}
)",
                                  .file_name = "t.yaml",
                                  .stack_name = "shop"});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->resources.size(), 1u);
  EXPECT_EQ(plan->resources[0].name, "shop-y-p");
  EXPECT_EQ(plan->resources[0].properties.Serialize(),
            R"({"Name":"shop-y-p","ShardCount":3,"RetentionPeriodHours":48})");
  ASSERT_EQ(plan->outputs.size(), 1u);
  EXPECT_EQ(plan->outputs[0].value,
            "shop-y-p/arn:aws:kinesis:local:000000000000:stream/shop-y-p/${Kept}/local");
}

TEST(TemplateTest, JsonTemplatesAndIgnoredPartsAreAccepted) {
  const auto plan = PlanTemplate(
      {.text = R"({"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"Anything":1}},
        "S":{"Type":"AWS::Kinesis::Stream","Properties":{"Tags":[{"Key":"a","Value":"b"}]}}}})",
       .file_name = "t.json"});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->ToResources().size(), 1u);
  EXPECT_EQ(plan->notes.size(), 2u);
}

TEST(TemplateTest, SourcesOfEventsAreKeptAsWritten) {
  const auto plan = PlanTemplate({.text = R"(
Resources:
  Clicks: {Type: 'AWS::Kinesis::Stream', Properties: {Name: Clicks}}
  Shop:
    Type: Weir::BrowserSource
    Properties:
      AllowedOrigins: ['https://shop.example', 'http://[::1]:8080']
      ClickStream: !Ref Clicks
      PixelsWithoutReferer: true
  Hook:
    Type: Weir::WebhookSource
    Properties:
      Stream: !Ref Clicks
      SecretFile: shop
      Mapping: {OrderId: $.id, Lines: $.line_items, Promotion: "$.properties[?@.name=='p'].value"}
  Once:
    Type: Weir::Deduplication
    Properties: {Stream: !Ref Clicks, EventIdField: EventId, HorizonHours: 48}
)",
                                  .file_name = "t.yaml",
                                  .stack_name = "shop"});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  std::vector<std::string> kept;
  for (const catalog::Resource& resource : plan->ToResources()) {
    kept.push_back(resource.name + " " + resource.definition);
  }
  EXPECT_THAT(
      kept, testing::IsSupersetOf(
                {R"(shop-Shop {"AllowedOrigins":["https://shop.example","http://[::1]:8080"],)"
                 R"("ClickStream":"Clicks","PixelsWithoutReferer":true})",
                 R"(shop-Hook {"Stream":"Clicks","SecretFile":"shop","Mapping":{"OrderId":"$.id",)"
                 R"("Lines":"$.line_items","Promotion":"$.properties[?@.name=='p'].value"}})",
                 R"(shop-Once {"Stream":"Clicks","EventIdField":"EventId","HorizonHours":48})"}));
}

TEST(TemplateTest, DeliveryStreamsMayTakeRecordsThemselves) {
  constexpr std::string_view kDirect = R"(
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: raw}}
  Direct:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: events
      DeliveryStreamType: DirectPut
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt Bucket.Arn
        RoleARN: arn:aws:iam::000000000000:role/r
)";
  const auto plan = PlanTemplate({.text = std::string(kDirect), .file_name = "t"});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const auto definitions = ReadDefinitions(plan->ToResources());
  ASSERT_TRUE(definitions.has_value()) << definitions.error().message;
  ASSERT_EQ(definitions->derived_streams.size(), 1u);
  EXPECT_EQ(definitions->derived_streams[0].name, "firehose.events");
  ASSERT_EQ(definitions->deliveries.size(), 1u);
  EXPECT_EQ(definitions->deliveries[0].source_stream, "firehose.events");
  const std::vector<Problem> same =
      ProblemsOf(std::string(kDirect) +
                 "  Same: {Type: AWS::Kinesis::Stream, Properties: {Name: firehose.events}}\n");
  ASSERT_EQ(same.size(), 1u);
  EXPECT_EQ(same[0].path, "Resources.Direct.Properties.DeliveryStreamName");
  // A folder that has both already, of a release that took them, still starts.
  std::vector<catalog::Resource> stored = plan->ToResources();
  const auto other = PlanTemplate(
      {.text = "Resources: {A: {Type: AWS::Kinesis::Stream, Properties: {Name: firehose.events}}}",
       .file_name = "t"});
  ASSERT_TRUE(other.has_value()) << other.error().message;
  stored.push_back(other->ToResources().front());
  const auto started = ReadDefinitions(stored);
  ASSERT_TRUE(started.has_value()) << started.error().message;
  EXPECT_EQ(started->streams.size(), 1u);
  EXPECT_EQ(started->deliveries.size(), 1u);
  EXPECT_FALSE(CheckDefinitions(stored).has_value());
  std::string converted(kDirect);
  converted +=
      "        DataFormatConversionConfiguration: {Enabled: true, SchemaConfiguration: "
      "{DatabaseName: default}}\n";
  std::string problems;
  for (const Problem& problem : ProblemsOf(converted)) {
    problems += problem.message + "\n";
  }
  EXPECT_THAT(problems, testing::HasSubstr("columns of records that clients put are not known"));
}

TEST(TemplateTest, ADatabaseHasANameThatQueriesCanSay) {
  const auto of = [](const std::string& name) {
    return "Resources: {D: {Type: AWS::Glue::Database, Properties: {CatalogId: a, DatabaseInput: "
           "{Name: " +
           name + "}}}}";
  };
  for (const std::string name : {"memory", "System", "temp"}) {
    const std::vector<Problem> problems = ProblemsOf(of(name));
    ASSERT_EQ(problems.size(), 1u) << name;
    EXPECT_EQ(problems[0].path, "Resources.D.Properties.DatabaseInput.Name");
  }
  EXPECT_TRUE(ProblemsOf(of("main")).empty());
}

TEST(TemplateTest, UnknownParameterIsNamed) {
  const std::vector<Problem> problems = ProblemsOf(
      "Parameters: {Size: {Type: Number, Default: 1}}\nResources: {A: {Type: AWS::S3::Bucket}}\n",
      {{"Szie", "2"}});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].message.find("did you mean 'Size'"), std::string::npos);
}

TEST(ShippedTemplateTest, IsValidAndMakesBothWays) {
  const auto plan = PlanTemplate(
      {.text = std::string(ShippedTemplate()), .file_name = std::string(kShippedTemplateName)});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const auto definitions = ReadDefinitions(plan->ToResources());
  ASSERT_TRUE(definitions.has_value()) << definitions.error().message;
  ASSERT_EQ(definitions->streams.size(), 2u);
  ASSERT_EQ(definitions->applications.size(), 2u);
  EXPECT_EQ(definitions->applications[0].name, "weir-ClickStreamApplication");
  ASSERT_EQ(definitions->derived_streams.size(), 2u);
  EXPECT_EQ(definitions->derived_streams[0].name,
            "weir-ClickStreamApplication.DESTINATION_SQL_STREAM");
  ASSERT_EQ(definitions->deliveries.size(), 2u);
  EXPECT_EQ(definitions->deliveries[1].source_stream,
            "weir-OrderAnalysisApp.DESTINATION_SQL_STREAM");
  EXPECT_EQ(definitions->deliveries[1].database, "ad-to-order-conversion");
  EXPECT_EQ(definitions->deliveries[1].bucket, "order-stream");
  EXPECT_EQ(definitions->deliveries[1].columns.size(), 6u);
  EXPECT_EQ(WindowMillis(definitions->applications[0]).value_or(0), 60'000);
}

TEST(ShippedTemplateTest, BucketNamesReachTheQueries) {
  const auto plan = PlanTemplate({.text = std::string(ShippedTemplate()),
                                  .file_name = "t",
                                  .parameters = {{"ClickBucketName", "my-own-clicks"}}});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const auto query =
      std::find_if(plan->resources.begin(), plan->resources.end(),
                   [](const PlannedResource& r) { return r.name == "view_clicks_aggregate"; });
  ASSERT_NE(query, plan->resources.end());
  EXPECT_NE(query->properties.StringAt("QueryString").value_or("").find("FROM my_own_clicks"),
            std::string::npos);
}

TEST(ShippedTemplateTest, WrongSqlIsToldAtItsPropertyWithACaret) {
  std::string text(ShippedTemplate());
  text.replace(text.find("\"Event\",\n"), 7, "\"Evnt\"");
  const std::vector<Problem> problems = ProblemsOf(text);
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].path, "Resources.ClickStreamApplication.Properties.ApplicationCode");
  EXPECT_EQ(problems[0].at.line, LineOf(text, "ApplicationCode: |"));
  EXPECT_NE(problems[0].message.find('^'), std::string::npos) << problems[0].message;
}

}  // namespace
}  // namespace weir::stack
