// The types of resources and their properties: the whole format of a stack. docs/stack.md lists the
// same.
#include "stack/schema.h"

namespace weir::stack {

namespace {

using Use = Property::Use;

Shape Text(double min = 0, double max = 4'096) {
  return {.kind = Shape::Kind::kText, .min = min, .max = max};
}

Shape Name(double max) {
  return {.kind = Shape::Kind::kText, .min = 1, .max = max, .name_characters = true};
}

Shape OneOf(std::vector<std::string_view> allowed) {
  return {.kind = Shape::Kind::kText, .allowed = std::move(allowed)};
}

Shape Integer(double min, double max) {
  return {.kind = Shape::Kind::kInteger, .min = min, .max = max};
}

Shape Number(double min, double max) {
  return {.kind = Shape::Kind::kNumber, .min = min, .max = max};
}

Shape Boolean() {
  return {.kind = Shape::Kind::kBoolean};
}

Shape Anything() {
  return {.kind = Shape::Kind::kAnything};
}

Shape Object(std::vector<Property> properties) {
  return {.kind = Shape::Kind::kObject, .properties = std::move(properties)};
}

Shape List(double min, double max, Shape element) {
  Shape list{.kind = Shape::Kind::kList, .min = min, .max = max};
  list.element.push_back(std::move(element));
  return list;
}

Property Required(std::string_view name, Shape shape) {
  return {name, std::move(shape), Use::kRequired};
}

Property Optional(std::string_view name, Shape shape) {
  return {name, std::move(shape)};
}

Property Ignored(std::string_view name) {
  return {name, Anything(), Use::kIgnored};
}

Property Refused(std::string_view name, std::string_view note) {
  return {name, Anything(), Use::kRefused, note};
}

ResourceType KinesisStream() {
  return {.name = "AWS::Kinesis::Stream",
          .summary = "a durable stream of records",
          .name_property = "Name",
          .arn = "arn:aws:kinesis:{region}:{account}:stream/{name}",
          .properties = {
              Optional("Name", Name(128)), Optional("ShardCount", Integer(1, 1'000)),
              Optional("RetentionPeriodHours", Integer(24, 8'760)),
              Optional("StreamModeDetails",
                       Object({Required("StreamMode", OneOf({"PROVISIONED", "ON_DEMAND"}))})),
              Ignored("StreamEncryption"), Ignored("DesiredShardLevelMetrics"), Ignored("Tags")}};
}

Shape InputSchema() {
  return Object(
      {Required(
           "RecordFormat",
           Object({Required("RecordFormatType", OneOf({"JSON"})),
                   Optional("MappingParameters",
                            Object({Optional("JSONMappingParameters",
                                             Object({Required("RecordRowPath", Text(1, 256))})),
                                    Refused("CSVMappingParameters",
                                            "records are JSON; `weir put` turns CSV "
                                            "files into JSON records")}))})),
       Optional("RecordEncoding", OneOf({"UTF-8"})),
       Required("RecordColumns",
                List(1, 1'000,
                     Object({Required("Name", Text(1, 256)), Optional("Mapping", Text(1, 1'024)),
                             Required("SqlType", Text(1, 100))})))});
}

ResourceType Application() {
  const Shape input = Object(
      {Optional("NamePrefix", Text(1, 32)),
       Required("KinesisStreamsInput",
                Object({Required("ResourceARN", Text(1, 2'048)), Ignored("RoleARN")})),
       Refused("KinesisFirehoseInput", "read a Kinesis stream instead (KinesisStreamsInput)"),
       Optional("InputParallelism", Object({Optional("Count", Integer(1, 1))})),
       Refused("InputProcessingConfiguration",
               "there are no functions; map the fields in InputSchema"),
       Required("InputSchema", InputSchema())});
  return {.name = "AWS::KinesisAnalytics::Application",
          .summary = "a streaming SQL application",
          .name_property = "ApplicationName",
          .arn = "arn:aws:kinesisanalytics:{region}:{account}:application/{name}",
          .properties = {Optional("ApplicationName", Name(90)),
                         Optional("ApplicationDescription", Text(0, 1'024)),
                         Required("ApplicationCode", Text(1, 102'400)),
                         Required("Inputs", List(1, 1, input))}};
}

ResourceType ApplicationOutput() {
  const Shape destination = Object({Required("ResourceARN", Text(1, 2'048)), Ignored("RoleARN")});
  return {
      .name = "AWS::KinesisAnalytics::ApplicationOutput",
      .summary = "where an application's in-application stream goes: a delivery stream or a stream",
      .name_property = "",
      .properties = {
          Required("ApplicationName", Name(128)),
          Required("Output",
                   Object({Required("Name", Text(1, 32)),
                           Required("DestinationSchema",
                                    Object({Required("RecordFormatType", OneOf({"JSON"}))})),
                           Optional("KinesisFirehoseOutput", destination),
                           Optional("KinesisStreamsOutput", destination),
                           Refused("LambdaOutput",
                                   "there are no functions; read the stream instead")}))}};
}

std::vector<Property> DestinationProperties() {
  return {Required("BucketARN", Text(1, 2'048)),
          Optional("Prefix", Text(0, 1'024)),
          Optional("ErrorOutputPrefix", Text(0, 1'024)),
          Optional("BufferingHints", Object({Optional("SizeInMBs", Integer(1, 128)),
                                             Optional("IntervalInSeconds", Integer(0, 900))})),
          Optional("CompressionFormat", OneOf({"UNCOMPRESSED", "GZIP"})),
          Ignored("RoleARN"),
          Ignored("CloudWatchLoggingOptions"),
          Ignored("EncryptionConfiguration")};
}

Shape FormatConversion() {
  return Object(
      {Optional("Enabled", Boolean()), Ignored("InputFormatConfiguration"),
       Optional(
           "OutputFormatConfiguration",
           Object({Required(
               "Serializer",
               Object({Optional("ParquetSerDe", Anything()),
                       Refused("OrcSerDe", "the columnar format is Parquet (ParquetSerDe)")}))})),
       Optional("SchemaConfiguration",
                Object({Optional("DatabaseName", Text(1, 255)), Optional("TableName", Text(1, 255)),
                        Ignored("RoleARN"), Ignored("CatalogId"), Ignored("Region"),
                        Ignored("VersionId")}))});
}

ResourceType DeliveryStream() {
  std::vector<Property> extended = DestinationProperties();
  extended.push_back(Optional("DataFormatConversionConfiguration", FormatConversion()));
  extended.push_back(Refused("ProcessingConfiguration",
                             "records are delivered one a line as they are; compute "
                             "in an application"));
  extended.push_back(
      Refused("DynamicPartitioningConfiguration", "objects are partitioned by time of arrival"));
  extended.push_back(Refused("FileExtension", "the extension follows the format"));
  extended.push_back(Refused("CustomTimeZone", "prefixes are evaluated in UTC"));
  extended.push_back(Refused("S3BackupConfiguration", "the log keeps the source records"));
  extended.push_back(Ignored("S3BackupMode"));
  return {.name = "AWS::KinesisFirehose::DeliveryStream",
          .summary = "writes a stream or an application's results to a bucket",
          .name_property = "DeliveryStreamName",
          .arn = "arn:aws:firehose:{region}:{account}:deliverystream/{name}",
          .properties = {
              Optional("DeliveryStreamName", Name(64)),
              Optional("DeliveryStreamType", OneOf({"DirectPut", "KinesisStreamAsSource"})),
              Optional("KinesisStreamSourceConfiguration",
                       Object({Required("KinesisStreamARN", Text(1, 2'048)), Ignored("RoleARN")})),
              Optional("ExtendedS3DestinationConfiguration", Object(std::move(extended))),
              Optional("S3DestinationConfiguration", Object(DestinationProperties())),
              Ignored("DeliveryStreamEncryptionConfigurationInput"), Ignored("Tags")}};
}

ResourceType Bucket() {
  return {.name = "AWS::S3::Bucket",
          .summary = "a folder of the lake",
          .name_property = "BucketName",
          .arn = "arn:aws:s3:::{name}",
          .properties = {Optional("BucketName", Name(63)), Ignored("AccessControl"),
                         Ignored("BucketEncryption"), Ignored("LifecycleConfiguration"),
                         Ignored("LoggingConfiguration"), Ignored("NotificationConfiguration"),
                         Ignored("OwnershipControls"), Ignored("PublicAccessBlockConfiguration"),
                         Ignored("Tags"), Ignored("VersioningConfiguration")}};
}

ResourceType Database() {
  return {.name = "AWS::Glue::Database",
          .summary = "a database of tables",
          .name_property = "DatabaseInput.Name",
          .properties = {
              Ignored("CatalogId"),
              Required("DatabaseInput", Object({Optional("Name", Text(1, 255)),
                                                Optional("Description", Text(0, 2'048)),
                                                Ignored("LocationUri"), Ignored("Parameters")}))}};
}

ResourceType Crawler() {
  return {.name = "AWS::Glue::Crawler",
          .summary =
              "puts a bucket's table into a database; tables are registered at each commit, not on "
              "a schedule",
          .name_property = "Name",
          .properties = {
              Optional("Name", Text(1, 255)), Required("DatabaseName", Text(1, 255)),
              Required("Targets",
                       Object({Required("S3Targets", List(1, 100,
                                                          Object({Required("Path", Text(1, 2'048)),
                                                                  Ignored("Exclusions")})))})),
              Optional("TablePrefix", Text(0, 128)), Ignored("Role"), Ignored("Schedule"),
              Ignored("SchemaChangePolicy"), Ignored("RecrawlPolicy"), Ignored("Configuration"),
              Ignored("Description"), Ignored("Classifiers"), Ignored("Tags")}};
}

ResourceType NamedQuery() {
  return {.name = "AWS::Athena::NamedQuery",
          .summary = "a saved query, which is a view of its name",
          .name_property = "Name",
          .properties = {Required("Database", Text(1, 255)), Optional("Name", Text(1, 128)),
                         Optional("Description", Text(0, 1'024)),
                         Required("QueryString", Text(1, 262'144)), Ignored("WorkGroup")}};
}

ResourceType DemoTraffic() {
  const Shape promotion =
      Object({Required("Id", Text(1, 128)), Optional("Weight", Number(0, 1'000'000)),
              Optional("Conversion", Number(0, 1))});
  return {
      .name = "Weir::Demo::Traffic",
      .summary = "generated clicks and orders, sent while `weir serve --demo` runs",
      .name_property = "",
      .properties = {Required("ClickStream", Name(128)), Required("OrderStream", Name(128)),
                     Optional("ClicksPerSecond", Number(0.01, 100'000)),
                     Optional("Seed", Integer(0, 999'999'999'999)),
                     Optional("OtherShare", Number(0, 1)), Optional("DuplicateShare", Number(0, 1)),
                     Optional("OutOfOrderShare", Number(0, 1)), Optional("LateShare", Number(0, 1)),
                     Optional("Promotions", List(1, 1'000, promotion))}};
}

ResourceType BrowserSource() {
  return {
      .name = "Weir::BrowserSource",
      .summary = "opens the browser door (/weir.js, /v1/collect, /p.gif) to pages of these origins",
      .name_property = "",
      .properties = {Required("AllowedOrigins", List(1, 100, Text(1, 255))),
                     Required("ClickStream", Name(128)), Optional("OrderStream", Name(128)),
                     Optional("PixelsWithoutReferer", Boolean())}};
}

Shape OrderMapping() {
  const Shape path = Text(1, 256);
  return Object({Required("OrderId", path), Optional("UserId", path), Optional("Timestamp", path),
                 Optional("ClickIds", path), Required("Lines", path), Optional("ItemId", path),
                 Optional("Promotion", path), Optional("UnitPrice", path),
                 Optional("Quantity", path)});
}

ResourceType WebhookSource() {
  return {
      .name = "Weir::WebhookSource",
      .summary = "takes signed orders at POST /v1/webhooks/{name}",
      .name_property = "Name",
      .properties = {Optional("Name", Name(128)), Required("Stream", Name(128)),
                     Required("SecretFile", Text(1, 255)), Optional("SignatureHeader", Name(64)),
                     Optional("TimestampHeader", Name(64)), Optional("Mapping", OrderMapping())}};
}

ResourceType Deduplication() {
  return {.name = "Weir::Deduplication",
          .summary = "records of a stream with an event id that came before count once",
          .name_property = "",
          .properties = {Required("Stream", Name(128)), Required("EventIdField", Text(1, 128)),
                         Optional("HorizonHours", Integer(1, 8'760))}};
}

/// A type that real templates carry and that has no counterpart here.
ResourceType IgnoredType(std::string_view name, std::string_view summary,
                         std::string_view name_property, std::string_view arn) {
  return {.name = name,
          .summary = summary,
          .name_property = name_property,
          .arn = arn,
          .ignored = true};
}

}  // namespace

const std::vector<ResourceType>& ResourceTypes() {
  static const std::vector<ResourceType> kTypes = {
      NamedQuery(),
      Crawler(),
      Database(),
      IgnoredType("AWS::IAM::Policy", "accepted and ignored: there are no roles", "PolicyName", ""),
      IgnoredType("AWS::IAM::Role", "accepted and ignored: there are no roles", "RoleName",
                  "arn:aws:iam::{account}:role/{name}"),
      KinesisStream(),
      Application(),
      ApplicationOutput(),
      DeliveryStream(),
      IgnoredType("AWS::Logs::LogGroup", "accepted and ignored: logs go to stderr", "LogGroupName",
                  "arn:aws:logs:{region}:{account}:log-group:{name}"),
      IgnoredType("AWS::Logs::LogStream", "accepted and ignored: logs go to stderr",
                  "LogStreamName", ""),
      Bucket(),
      IgnoredType("AWS::S3::BucketPolicy", "accepted and ignored: there are no roles", "", ""),
      BrowserSource(),
      Deduplication(),
      DemoTraffic(),
      WebhookSource(),
  };
  return kTypes;
}

}  // namespace weir::stack
