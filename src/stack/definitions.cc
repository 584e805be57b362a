#include "stack/definitions.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/logging.h"
#include "json/document.h"
#include "json/value_path.h"
#include "registry/delivery_stream.h"
#include "registry/registry.h"
#include "sql/compiler.h"
#include "stack/arn.h"
#include "stack/origin.h"
#include "stack/problem.h"

namespace weir::stack {

namespace {

constexpr int64_t kMillisPerHour = 3'600'000;
constexpr int64_t kDefaultBufferMegabytes = 5;
constexpr int64_t kDefaultConversionMegabytes = 128;
constexpr int64_t kDefaultBufferSeconds = 300;

constexpr std::string_view kStream = "AWS::Kinesis::Stream";
constexpr std::string_view kApplication = "AWS::KinesisAnalytics::Application";
constexpr std::string_view kApplicationOutput = "AWS::KinesisAnalytics::ApplicationOutput";
constexpr std::string_view kDeliveryStream = "AWS::KinesisFirehose::DeliveryStream";
constexpr std::string_view kBucket = "AWS::S3::Bucket";
constexpr std::string_view kDatabase = "AWS::Glue::Database";
constexpr std::string_view kCrawler = "AWS::Glue::Crawler";
constexpr std::string_view kNamedQuery = "AWS::Athena::NamedQuery";
constexpr std::string_view kDemoTraffic = "Weir::Demo::Traffic";
constexpr std::string_view kBrowserSource = "Weir::BrowserSource";
constexpr std::string_view kWebhookSource = "Weir::WebhookSource";
constexpr std::string_view kDeduplication = "Weir::Deduplication";

/// Follows "A.B[0].C"-like member names; null when a step is missing.
const json::Value* Find(const json::Value& value, std::initializer_list<std::string_view> keys) {
  const json::Value* at = &value;
  for (const std::string_view key : keys) {
    at = at == nullptr ? nullptr : at->Find(key);
  }
  return at;
}

std::string TextAt(const json::Value& value, std::initializer_list<std::string_view> keys,
                   std::string_view preset = "") {
  const json::Value* found = Find(value, keys);
  return std::string(found == nullptr ? preset : found->AsString().value_or(preset));
}

int64_t IntAt(const json::Value& value, std::initializer_list<std::string_view> keys,
              int64_t preset) {
  const json::Value* found = Find(value, keys);
  return found == nullptr ? preset : found->AsInt().value_or(preset);
}

struct Parsed {
  const catalog::Resource* resource = nullptr;
  json::Value properties;
};

class DefinitionReader {
 public:
  DefinitionReader(std::span<const catalog::Resource> resources,
                   std::vector<DefinitionIssue>& issues)
      : issues_(issues) {
    for (const catalog::Resource& resource : resources) {
      base::Result<json::Value> value = json::Parse(
          resource.definition, {.max_bytes = 1 << 20, .max_depth = 64, .max_keys = 2'000});
      if (!value.has_value()) {
        Issue(resource, "", value.error().message);
        continue;
      }
      parsed_[resource.type].emplace(resource.name, Parsed{&resource, std::move(*value)});
    }
  }

  Definitions Read() {
    ReadStreams();
    ReadTableNames();
    ReadApplications();
    ReadOutputs();
    OrderApplications();
    ReadDeliveries();
    CheckDatabases();
    CheckDemo();
    CheckBrowserSources();
    CheckWebhookSources();
    CheckDeduplications();
    return std::move(definitions_);
  }

 private:
  using ByName = std::map<std::string, Parsed, std::less<>>;

  void Issue(const catalog::Resource& resource, std::string_view path, std::string message) {
    issues_.push_back({resource.type, resource.name, std::string(path), std::move(message)});
  }

  const ByName& Of(std::string_view type) {
    const auto found = parsed_.find(type);
    return found == parsed_.end() ? none_ : found->second;
  }

  std::vector<std::string_view> Names(std::string_view type) {
    std::vector<std::string_view> names;
    for (const auto& [name, parsed] : Of(type)) {
      names.push_back(name);
    }
    return names;
  }

  /// Whether there is a resource of `type` named `name`; an issue at `path` when not.
  bool Exists(const Parsed& user, std::string_view path, std::string_view type,
              const std::string& name) {
    if (Of(type).contains(name)) {
      return true;
    }
    Issue(*user.resource, path,
          fmt::format("no {} named '{}'{}", type, name, DidYouMean(name, Names(type))));
    return false;
  }

  /// The name in the ARN at `path`, or "" after an issue.
  std::string Referenced(const Parsed& user, const std::string& path, const std::string& arn,
                         std::string_view service, std::string_view kind, std::string_view type) {
    const base::Result<std::string> name = NameInArn(arn, service, kind);
    if (!name.has_value()) {
      Issue(*user.resource, path, name.error().message);
      return "";
    }
    return Exists(user, path, type, *name) ? *name : "";
  }

  void ReadStreams() {
    for (const auto& [name, stream] : Of(kStream)) {
      base::Result<registry::StreamInfo> read = registry::ReadStream(*stream.resource);
      if (!read.has_value()) {
        Issue(*stream.resource, "", read.error().message);
        continue;
      }
      definitions_.streams.push_back(std::move(read->definition));
    }
  }

  /// Crawlers name the database (and a prefix) of a bucket's table.
  void ReadTableNames() {
    for (const auto& [name, crawler] : Of(kCrawler)) {
      const std::string database = TextAt(crawler.properties, {"DatabaseName"});
      Exists(crawler, "DatabaseName", kDatabase, database);
      const json::Value* targets = Find(crawler.properties, {"Targets", "S3Targets"});
      for (size_t i = 0; targets != nullptr && i < targets->Items().size(); ++i) {
        const std::string path = TextAt(targets->Items()[i], {"Path"});
        const std::string where = fmt::format("Targets.S3Targets[{}].Path", i);
        std::string_view bucket = path;
        if (!bucket.starts_with("s3://")) {
          Issue(*crawler.resource, where, fmt::format("'{}' is not like s3://<bucket>/", path));
          continue;
        }
        bucket.remove_prefix(5);
        bucket = bucket.substr(0, bucket.find('/'));
        if (Exists(crawler, where, kBucket, std::string(bucket))) {
          crawled_[std::string(bucket)] = {database, TextAt(crawler.properties, {"TablePrefix"})};
        }
      }
    }
  }

  void ReadApplications() {
    for (const auto& [name, application] : Of(kApplication)) {
      stream::ApplicationDefinition definition;
      definition.name = name;
      definition.code = TextAt(application.properties, {"ApplicationCode"});
      const json::Value* inputs = application.properties.Find("Inputs");
      if (inputs == nullptr || inputs->Items().size() != 1) {
        Issue(*application.resource, "Inputs", "an application has exactly one input");
        continue;
      }
      ReadInput(application, inputs->Items()[0], definition.input);
      definitions_.applications.push_back(std::move(definition));
    }
  }

  void ReadInput(const Parsed& application, const json::Value& from,
                 stream::InputDefinition& input) {
    const std::string path = "Inputs[0].";
    input.stream = Referenced(application, path + "KinesisStreamsInput.ResourceARN",
                              TextAt(from, {"KinesisStreamsInput", "ResourceARN"}), "kinesis",
                              "stream/", kStream);
    input.name_prefix = TextAt(from, {"NamePrefix"}, "SOURCE_SQL_STREAM");
    input.row_path = TextAt(from,
                            {"InputSchema", "RecordFormat", "MappingParameters",
                             "JSONMappingParameters", "RecordRowPath"},
                            "$");
    const json::Value* columns = Find(from, {"InputSchema", "RecordColumns"});
    for (size_t i = 0; columns != nullptr && i < columns->Items().size(); ++i) {
      const json::Value& column = columns->Items()[i];
      const std::string name = TextAt(column, {"Name"});
      base::Result<model::Type> type = model::ParseType(TextAt(column, {"SqlType"}));
      if (!type.has_value()) {
        Issue(*application.resource,
              fmt::format("{}InputSchema.RecordColumns[{}].SqlType", path, i),
              type.error().message);
        continue;
      }
      input.columns.push_back({name, TextAt(column, {"Mapping"}, "$." + name), *type});
    }
  }

  stream::ApplicationDefinition* FindApplication(std::string_view name) {
    for (stream::ApplicationDefinition& application : definitions_.applications) {
      if (application.name == name) {
        return &application;
      }
    }
    return nullptr;
  }

  void ReadOutputs() {
    for (const auto& [name, output] : Of(kApplicationOutput)) {
      const std::string application_name = TextAt(output.properties, {"ApplicationName"});
      stream::ApplicationDefinition* application = FindApplication(application_name);
      if (!Exists(output, "ApplicationName", kApplication, application_name) ||
          application == nullptr) {
        continue;
      }
      ReadOutput(output, *application);
    }
    for (const stream::ApplicationDefinition& application : definitions_.applications) {
      CheckApplication(application);
    }
  }

  void ReadOutput(const Parsed& output, stream::ApplicationDefinition& application) {
    const std::string in_application = TextAt(output.properties, {"Output", "Name"});
    const std::string firehose =
        TextAt(output.properties, {"Output", "KinesisFirehoseOutput", "ResourceARN"});
    const std::string kinesis =
        TextAt(output.properties, {"Output", "KinesisStreamsOutput", "ResourceARN"});
    if (firehose.empty() == kinesis.empty()) {
      Issue(*output.resource, "Output",
            "needs either KinesisFirehoseOutput or KinesisStreamsOutput");
      return;
    }
    if (!kinesis.empty()) {
      const std::string stream = Referenced(output, "Output.KinesisStreamsOutput.ResourceARN",
                                            kinesis, "kinesis", "stream/", kStream);
      written_by_[stream] = application.name;
      application.outputs.push_back({in_application, stream});
      return;
    }
    const std::string path = "Output.KinesisFirehoseOutput.ResourceARN";
    const std::string delivery =
        Referenced(output, path, firehose, "firehose", "deliverystream/", kDeliveryStream);
    if (delivery.empty()) {
      return;
    }
    const std::string derived = application.name + "." + in_application;
    if (!fed_by_.emplace(delivery, Feed{application.name, in_application, derived}).second) {
      Issue(
          *output.resource, path,
          fmt::format(
              "delivery stream '{}' has a source already; use one delivery stream for each output",
              delivery));
      return;
    }
    log::StreamDefinition definition;
    definition.name = derived;
    definition.created = output.resource->created;
    definition.shards = log::EvenShards(1);
    definition.retention_millis = kDerivedRetentionMillis;
    AddDerived(output, "Output.Name", std::move(definition));
    application.outputs.push_back({in_application, derived});
  }

  /// A stream of its own that `owner` keeps records in; nobody else may have one of that name.
  void AddDerived(const Parsed& owner, std::string_view path, log::StreamDefinition stream) {
    if (Of(kStream).contains(stream.name) ||
        std::ranges::find(definitions_.derived_streams, stream.name,
                          &log::StreamDefinition::name) != definitions_.derived_streams.end()) {
      Issue(*owner.resource, path,
            fmt::format("its records are kept in a stream '{}', and there is another one of that "
                        "name; choose another name",
                        stream.name));
      issues_.back().may_be_stored = true;
      return;
    }
    definitions_.derived_streams.push_back(std::move(stream));
  }

  /// Compiles the code, and checks that the outputs name its streams.
  void CheckApplication(const stream::ApplicationDefinition& application) {
    const Parsed& parsed = Of(kApplication).at(application.name);
    const base::Result<int64_t> compiled = WindowMillis(application);
    if (!compiled.has_value()) {
      Issue(*parsed.resource, "ApplicationCode", compiled.error().message);
      return;
    }
    for (const stream::OutputDefinition& output : application.outputs) {
      const auto schema = stream::OutputSchema(application, output.in_application_stream);
      if (!schema.has_value()) {
        for (const auto& [name, resource] : Of(kApplicationOutput)) {
          if (TextAt(resource.properties, {"Output", "Name"}) == output.in_application_stream &&
              TextAt(resource.properties, {"ApplicationName"}) == application.name) {
            Issue(*resource.resource, "Output.Name", schema.error().message);
          }
        }
      }
    }
  }

  /// Puts each application after the ones whose results it reads; refuses a circle.
  void OrderApplications() {
    std::vector<stream::ApplicationDefinition> ordered;
    std::set<std::string, std::less<>> placed;
    std::vector<stream::ApplicationDefinition> waiting = std::move(definitions_.applications);
    for (bool progress = true; progress && !waiting.empty();) {
      progress = false;
      for (auto it = waiting.begin(); it != waiting.end();) {
        const auto writer = written_by_.find(it->input.stream);
        if (writer != written_by_.end() && !placed.contains(writer->second)) {
          ++it;
          continue;
        }
        placed.insert(it->name);
        ordered.push_back(std::move(*it));
        it = waiting.erase(it);
        progress = true;
      }
    }
    for (const stream::ApplicationDefinition& left : waiting) {
      Issue(*Of(kApplication).at(left.name).resource, "Inputs[0].KinesisStreamsInput.ResourceARN",
            "the applications read each other's results in a circle");
    }
    definitions_.applications = std::move(ordered);
  }

  void ReadDeliveries() {
    for (const auto& [name, parsed] : Of(kDeliveryStream)) {
      const json::Value* extended = parsed.properties.Find("ExtendedS3DestinationConfiguration");
      const json::Value* plain = parsed.properties.Find("S3DestinationConfiguration");
      if ((extended == nullptr) == (plain == nullptr)) {
        Issue(*parsed.resource, "",
              "needs either ExtendedS3DestinationConfiguration or S3DestinationConfiguration");
        continue;
      }
      delivery::DeliveryDefinition definition;
      definition.name = name;
      const bool has_source = ReadSource(parsed, definition);
      ReadDestination(parsed, extended != nullptr ? *extended : *plain,
                      extended != nullptr ? "ExtendedS3DestinationConfiguration."
                                          : "S3DestinationConfiguration.",
                      definition);
      if (has_source) {
        definitions_.deliveries.push_back(std::move(definition));
      }
    }
  }

  /// False when nothing feeds the delivery stream.
  bool ReadSource(const Parsed& parsed, delivery::DeliveryDefinition& definition) {
    const std::string arn =
        TextAt(parsed.properties, {"KinesisStreamSourceConfiguration", "KinesisStreamARN"});
    const auto feed = fed_by_.find(parsed.resource->name);
    if (!arn.empty()) {
      const std::string path = "KinesisStreamSourceConfiguration.KinesisStreamARN";
      if (feed != fed_by_.end()) {
        Issue(*parsed.resource, path,
              fmt::format("application '{}' feeds this delivery stream", feed->second.application));
      }
      definition.source_stream = Referenced(parsed, path, arn, "kinesis", "stream/", kStream);
      ReadInputColumns(parsed, definition);
      return true;
    }
    if (feed == fed_by_.end()) {
      return ReadDirectPut(parsed, definition);
    }
    definition.source_stream = feed->second.derived;
    const stream::ApplicationDefinition* application = FindApplication(feed->second.application);
    if (application == nullptr) {
      return true;  // told by OrderApplications
    }
    if (auto schema = stream::OutputSchema(*application, feed->second.in_application)) {
      definition.columns = std::move(*schema);
    }
    return true;
  }

  /// Clients put records into the delivery stream itself, which has a stream of its own for them.
  bool ReadDirectPut(const Parsed& parsed, delivery::DeliveryDefinition& definition) {
    if (TextAt(parsed.properties, {"DeliveryStreamType"}) != "DirectPut") {
      Issue(*parsed.resource, "",
            "nothing feeds this delivery stream: give it KinesisStreamSourceConfiguration, make it "
            "an application's KinesisFirehoseOutput, or give it DeliveryStreamType DirectPut for "
            "clients that put records");
      return false;
    }
    if (Find(parsed.properties, {"ExtendedS3DestinationConfiguration",
                                 "DataFormatConversionConfiguration"}) != nullptr) {
      Issue(*parsed.resource,
            "ExtendedS3DestinationConfiguration.DataFormatConversionConfiguration",
            "the columns of records that clients put are not known; leave it out, or let an "
            "application read them from a Kinesis stream");
    }
    log::StreamDefinition stream;
    stream.name = registry::DirectPutStream(parsed.resource->name);
    stream.created = parsed.resource->created;
    stream.shards = log::EvenShards(1);
    stream.retention_millis = kDerivedRetentionMillis;
    definition.source_stream = stream.name;
    AddDerived(parsed, "DeliveryStreamName", std::move(stream));
    return true;
  }

  /// A raw stream's columns are those that the first application reading it maps from whole
  /// records.
  void ReadInputColumns(const Parsed& parsed, delivery::DeliveryDefinition& definition) {
    for (const stream::ApplicationDefinition& application : definitions_.applications) {
      if (application.input.stream != definition.source_stream ||
          application.input.row_path != "$") {
        continue;
      }
      for (const stream::InputColumn& column : application.input.columns) {
        const std::string_view mapping = column.mapping;
        if (mapping.starts_with("$.") && mapping.find_first_of(".[", 2) == std::string_view::npos) {
          definition.columns.push_back({std::string(mapping.substr(2)), column.type});
        }
      }
      if (!definition.columns.empty()) {
        return;
      }
    }
    Issue(*parsed.resource, "KinesisStreamSourceConfiguration.KinesisStreamARN",
          fmt::format("the columns of stream '{}' are not known: no application maps its records "
                      "with row path $",
                      definition.source_stream));
  }

  void ReadDestination(const Parsed& parsed, const json::Value& from, const std::string& path,
                       delivery::DeliveryDefinition& definition) {
    definition.bucket =
        Referenced(parsed, path + "BucketARN", TextAt(from, {"BucketARN"}), "s3", "", kBucket);
    definition.prefix = TextAt(from, {"Prefix"});
    definition.error_prefix = TextAt(from, {"ErrorOutputPrefix"});
    const json::Value* conversion = from.Find("DataFormatConversionConfiguration");
    const bool convert =
        conversion != nullptr && (conversion->Find("Enabled") == nullptr ||
                                  conversion->Find("Enabled")->AsBool().value_or(true));
    definition.format = convert ? delivery::Format::kParquet : delivery::Format::kJsonLines;
    const std::string compression = TextAt(from, {"CompressionFormat"}, "UNCOMPRESSED");
    if (convert && compression != "UNCOMPRESSED") {
      Issue(*parsed.resource, path + "CompressionFormat",
            "must be UNCOMPRESSED with format conversion: Parquet compresses itself");
    }
    definition.compression =
        compression == "GZIP" ? delivery::Compression::kGzip : delivery::Compression::kNone;
    const int64_t megabytes =
        IntAt(from, {"BufferingHints", "SizeInMBs"},
              convert ? kDefaultConversionMegabytes : kDefaultBufferMegabytes);
    if (convert && megabytes < 64) {
      Issue(*parsed.resource, path + "BufferingHints.SizeInMBs",
            "must be at least 64 with format conversion");
    }
    definition.buffer_bytes = static_cast<uint64_t>(megabytes) << 20;
    definition.buffer_millis =
        1'000 * IntAt(from, {"BufferingHints", "IntervalInSeconds"}, kDefaultBufferSeconds);
    ReadTable(parsed, conversion, path, definition);
  }

  void ReadTable(const Parsed& parsed, const json::Value* conversion, const std::string& path,
                 delivery::DeliveryDefinition& definition) {
    const json::Value nothing;
    const json::Value& from = conversion == nullptr ? nothing : *conversion;
    definition.table = TextAt(from, {"SchemaConfiguration", "TableName"});
    definition.database = TextAt(from, {"SchemaConfiguration", "DatabaseName"});
    if (!definition.database.empty()) {
      Exists(parsed, path + "DataFormatConversionConfiguration.SchemaConfiguration.DatabaseName",
             kDatabase, definition.database);
      return;
    }
    if (const auto crawled = crawled_.find(definition.bucket); crawled != crawled_.end()) {
      definition.database = crawled->second.database;
      if (definition.table.empty() && !crawled->second.prefix.empty()) {
        definition.table = crawled->second.prefix + definition.bucket;
        std::replace(definition.table.begin(), definition.table.end(), '-', '_');
      }
      return;
    }
    const ByName& databases = Of(kDatabase);
    definition.database = databases.size() == 1 ? databases.begin()->first : "default";
  }

  void CheckDatabases() {
    // In SQL, "memory.x" would be a table x of DuckDB's own database of that name.
    constexpr std::string_view kTaken[] = {"memory", "system", "temp"};
    for (const auto& [name, database] : Of(kDatabase)) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (std::ranges::find(kTaken, lower) != std::end(kTaken)) {
        Issue(*database.resource, "DatabaseInput.Name",
              fmt::format("queries cannot name a database '{}'; choose another name", name));
        issues_.back().may_be_stored = true;
      }
    }
    for (const auto& [name, query] : Of(kNamedQuery)) {
      const std::string database = TextAt(query.properties, {"Database"});
      if (database != "default") {
        Exists(query, "Database", kDatabase, database);
      }
    }
  }

  void CheckDemo() {
    for (const auto& [name, demo] : Of(kDemoTraffic)) {
      for (const std::string_view key : {"ClickStream", "OrderStream"}) {
        Exists(demo, key, kStream, TextAt(demo.properties, {key}));
      }
    }
  }

  /// Browsers send again what they did not hear of, so their streams need de-duplication, for as
  /// long as they may.
  void CheckBrowserStream(const Parsed& source, std::string_view property, std::string_view field) {
    constexpr int64_t kMinHours = 24;
    const std::string stream = TextAt(source.properties, {property});
    if (!Exists(source, property, kStream, stream)) {
      return;
    }
    for (const auto& [name, deduplication] : Of(kDeduplication)) {
      if (TextAt(deduplication.properties, {"Stream"}) == stream &&
          TextAt(deduplication.properties, {"EventIdField"}) == field &&
          IntAt(deduplication.properties, {"HorizonHours"}, kMinHours) >= kMinHours) {
        return;
      }
    }
    Issue(*source.resource, property,
          fmt::format("stream '{}' needs a {} by {} of at least {} hours: browsers send again what "
                      "was not acknowledged",
                      stream, kDeduplication, field, kMinHours));
  }

  void CheckBrowserSources() {
    std::map<std::string, std::string> owners;  // Origin -> resource.
    std::string without_referer;
    for (const auto& [name, source] : Of(kBrowserSource)) {
      const json::Value* const takes = source.properties.Find("PixelsWithoutReferer");
      if (takes != nullptr && takes->AsBool().value_or(false)) {
        if (!without_referer.empty()) {
          Issue(*source.resource, "PixelsWithoutReferer",
                fmt::format("{} '{}' takes them already", kBrowserSource, without_referer));
        }
        without_referer = name;
      }
      CheckBrowserStream(source, "ClickStream", "EventId");
      if (source.properties.Find("OrderStream") != nullptr) {
        CheckBrowserStream(source, "OrderStream", "OrderId");
      }
      const json::Value* origins = source.properties.Find("AllowedOrigins");
      for (size_t i = 0; origins != nullptr && i < origins->Items().size(); ++i) {
        const std::string origin(origins->Items()[i].AsString().value_or(""));
        const std::string path = fmt::format("AllowedOrigins[{}]", i);
        if (const base::Result<void> fine = CheckOrigin(origin); !fine.has_value()) {
          Issue(*source.resource, path, fine.error().message);
        } else if (const auto added = owners.emplace(origin, name); !added.second) {
          Issue(*source.resource, path,
                fmt::format("{} '{}' allows origin '{}' already", kBrowserSource,
                            added.first->second, origin));
        }
      }
    }
  }

  void CheckWebhookSources() {
    for (const auto& [name, source] : Of(kWebhookSource)) {
      Exists(source, "Stream", kStream, TextAt(source.properties, {"Stream"}));
      if (const base::Result<void> fine =
              CheckSecretFile(TextAt(source.properties, {"SecretFile"}));
          !fine.has_value()) {
        Issue(*source.resource, "SecretFile", fine.error().message);
      }
      const json::Value* mapping = source.properties.Find("Mapping");
      if (mapping == nullptr) {
        continue;
      }
      for (const json::Member& member : mapping->Members()) {
        const auto path = json::ValuePath::Parse(member.value.AsString().value_or(""));
        if (!path.has_value()) {
          Issue(*source.resource, "Mapping." + member.name, path.error().message);
        }
      }
    }
  }

  void CheckDeduplications() {
    std::map<std::string, std::string> owners;  // Stream -> resource.
    for (const auto& [name, deduplication] : Of(kDeduplication)) {
      const std::string stream = TextAt(deduplication.properties, {"Stream"});
      Exists(deduplication, "Stream", kStream, stream);
      if (const auto added = owners.emplace(stream, name); !added.second) {
        Issue(*deduplication.resource, "Stream",
              fmt::format("{} '{}' is for stream '{}' already", kDeduplication, added.first->second,
                          stream));
      }
    }
  }

  struct Feed {
    std::string application;
    std::string in_application;
    std::string derived;
  };

  struct TableName {
    std::string database;
    std::string prefix;
  };

  std::vector<DefinitionIssue>& issues_;
  std::map<std::string, ByName, std::less<>> parsed_;
  const ByName none_;
  Definitions definitions_;
  std::map<std::string, Feed, std::less<>> fed_by_;             ///< By delivery stream.
  std::map<std::string, std::string, std::less<>> written_by_;  ///< Stream -> application.
  std::map<std::string, TableName, std::less<>> crawled_;       ///< By bucket.
};

std::string Text(const DefinitionIssue& issue) {
  return fmt::format("{} '{}'{}{}: {}", issue.type, issue.name, issue.path.empty() ? "" : ", ",
                     issue.path, issue.message);
}

base::Result<void> Refusal(std::span<const DefinitionIssue> issues) {
  std::string text;
  for (const DefinitionIssue& issue : issues) {
    text += (text.empty() ? "" : "\n") + Text(issue);
  }
  return text.empty() ? base::Result<void>() : base::Fail(base::Code::kInvalidArgument, "{}", text);
}

}  // namespace

Definitions ReadDefinitions(std::span<const catalog::Resource> resources,
                            std::vector<DefinitionIssue>& issues) {
  return DefinitionReader(resources, issues).Read();
}

base::Result<Definitions> ReadDefinitions(std::span<const catalog::Resource> resources) {
  std::vector<DefinitionIssue> issues;
  Definitions definitions = ReadDefinitions(resources, issues);
  std::erase_if(issues, [](const DefinitionIssue& issue) {
    if (issue.may_be_stored) {
      base::LogEvent(base::LogLevel::kWarning, "stack.names_clash", Text(issue));
    }
    return issue.may_be_stored;
  });
  RETURN_IF_ERROR(Refusal(issues));
  return definitions;
}

base::Result<void> CheckDefinitions(std::span<const catalog::Resource> resources) {
  std::vector<DefinitionIssue> issues;
  ReadDefinitions(resources, issues);
  return Refusal(issues);
}

base::Result<int64_t> WindowMillis(const stream::ApplicationDefinition& definition) {
  constexpr int64_t kDayMillis = 24 * kMillisPerHour;
  sql::InputStream input;
  input.name = definition.input.name_prefix + "_001";
  for (const stream::InputColumn& column : definition.input.columns) {
    input.schema.push_back({column.name, column.type});
  }
  ASSIGN_OR_RETURN(const sql::Program program, sql::Compile(definition.code, {&input, 1}));
  int64_t total = 0;
  for (const sql::PumpPlan& pump : program.pumps) {
    const sql::Window& window = pump.select.window;
    if (window.kind == sql::WindowKind::kStagger) {
      total += window.range_millis;
    } else if (window.kind == sql::WindowKind::kTumbling) {
      total += window.unit == sql::TimeUnit::kYear    ? 366 * kDayMillis
               : window.unit == sql::TimeUnit::kMonth ? 31 * kDayMillis
                                                      : window.step_millis;
    }
  }
  return total;
}

}  // namespace weir::stack
