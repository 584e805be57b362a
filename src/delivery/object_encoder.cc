#include "delivery/object_encoder.h"

#include <utility>

#include "base/bytes.h"
#include "json/document.h"
#include "log/log.h"

namespace weir::delivery {
namespace {

// A stored record may be as large as the log takes it.
constexpr json::Limits kRecordLimits{.max_bytes = log::kMaxRecordBytes};

bool IsObject(std::string_view json) {
  const size_t start = json.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && json[start] == '{';
}

}  // namespace

ObjectEncoder::ObjectEncoder(const CheckedDefinition& definition)
    : definition_(&definition), validator_(kRecordLimits) {}

base::Result<ObjectEncoder> ObjectEncoder::Create(const CheckedDefinition& definition) {
  ObjectEncoder encoder(definition);
  if (definition.definition().format != Format::kParquet) {
    return encoder;
  }
  std::vector<json::ColumnMapping> mappings;
  for (const model::Field& field : definition.definition().columns) {
    mappings.push_back(json::ColumnMapping{
        .name = field.name, .path = fmt::format("$.{}", field.name), .type = field.type});
  }
  ASSIGN_OR_RETURN(encoder.decoder_, json::ColumnDecoder::Create("$", std::move(mappings)));
  ASSIGN_OR_RETURN(encoder.parquet_, lake::ParquetEncoder::Create());
  return encoder;
}

base::Result<EncodedObject> ObjectEncoder::Encode(std::span<const model::RecordBatch> batches) {
  EncodedObject object;
  RETURN_IF_ERROR(decoder_.has_value() ? EncodeParquet(batches, object)
                                       : EncodeJson(batches, object));
  return object;
}

base::Result<void> ObjectEncoder::EncodeParquet(std::span<const model::RecordBatch> batches,
                                                EncodedObject& object) {
  std::vector<model::ColumnBatch> columns;
  for (const model::RecordBatch& batch : batches) {
    std::vector<json::RejectedRecord> rejected;
    std::vector<uint32_t> record_of_row;
    columns.push_back(decoder_->Decode(batch, rejected, record_of_row));
    object.rows += columns.back().size();
    for (const json::RejectedRecord& record : rejected) {
      AddFailed(batch.records[record.record], record.reason, object);
    }
  }
  if (object.rows > 0) {
    ASSIGN_OR_RETURN(object.data, parquet_->Encode(definition_->table().columns, columns));
  }
  return {};
}

base::Result<void> ObjectEncoder::EncodeJson(std::span<const model::RecordBatch> batches,
                                             EncodedObject& object) {
  for (const model::RecordBatch& batch : batches) {
    for (const model::Record& record : batch.records) {
      const base::Result<void> valid = validator_.Validate(record.data);
      if (!valid.has_value()) {
        AddFailed(record, valid.error().message, object);
      } else if (!IsObject(record.data)) {
        AddFailed(record, "the record is no JSON object", object);
      } else {
        lake::AppendJsonLine(record.data, object.data);
        ++object.rows;
      }
    }
  }
  if (object.rows > 0 && definition_->definition().compression == Compression::kGzip) {
    ASSIGN_OR_RETURN(object.data, lake::Gzip(object.data));
  }
  return {};
}

void ObjectEncoder::AddFailed(const model::Record& record, std::string_view reason,
                              EncodedObject& object) const {
  json::Value table = json::Value::Object();
  table.Set("catalogId", nullptr)
      .Set("databaseName", definition_->table().database)
      .Set("tableName", definition_->table().name)
      .Set("region", nullptr)
      .Set("versionId", "LATEST")
      .Set("roleArn", nullptr);
  json::Value line = json::Value::Object();
  line.Set("attemptsMade", 1)
      .Set("arrivalTimestamp", record.arrival.millis)
      .Set("lastErrorCode", "DataFormatConversion.ParseError")
      .Set("lastErrorMessage", reason)
      .Set("attemptEndingTimestamp", record.arrival.millis)
      .Set("rawData", base::ToBase64(record.data))
      .Set("sequenceNumber", fmt::format("{}", record.sequence.value))
      .Set("subSequenceNumber", nullptr)
      .Set("dataCatalogTable", std::move(table));
  line.SerializeTo(object.failed);
  object.failed.push_back('\n');
  ++object.failed_rows;
}

}  // namespace weir::delivery
