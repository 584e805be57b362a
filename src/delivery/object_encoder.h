#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "delivery/definition.h"
#include "json/column_decoder.h"
#include "json/validate.h"
#include "lake/object_writer.h"
#include "model/record.h"

namespace weir::delivery {

// The bytes that a range of records becomes. Either may be empty (no rows), never both.
struct EncodedObject {
  std::string data;
  uint64_t rows = 0;
  std::string failed;
  uint64_t failed_rows = 0;
};

// Turns records into the bytes of objects. The same records give the same bytes. Not thread-safe.
class ObjectEncoder {
 public:
  static base::Result<ObjectEncoder> Create(const CheckedDefinition& definition);

  base::Result<EncodedObject> Encode(std::span<const model::RecordBatch> batches);

 private:
  explicit ObjectEncoder(const CheckedDefinition& definition);

  base::Result<void> EncodeParquet(std::span<const model::RecordBatch> batches,
                                   EncodedObject& object);
  base::Result<void> EncodeJson(std::span<const model::RecordBatch> batches, EncodedObject& object);
  void AddFailed(const model::Record& record, std::string_view reason, EncodedObject& object) const;

  const CheckedDefinition* definition_;
  json::Validator validator_;
  std::optional<json::ColumnDecoder> decoder_;
  std::optional<lake::ParquetEncoder> parquet_;
};

}  // namespace weir::delivery
