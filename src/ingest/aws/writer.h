#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/record.h"

namespace weir::ingest::aws {

/// How a client of the AWS APIs writes and reads documents: application/x-amz-json-1.1 or
/// application/x-amz-cbor-1.1.
enum class Encoding : uint8_t { kJson, kCbor };

/// Writes one document of an answer, in the client's encoding. Calls must nest properly; a map's
/// values each follow their Key. Not thread-safe.
class Writer {
 public:
  static std::unique_ptr<Writer> Create(Encoding encoding);
  virtual ~Writer() = default;

  virtual void BeginMap() = 0;
  virtual void EndMap() = 0;
  virtual void BeginList() = 0;
  virtual void EndList() = 0;
  virtual void Key(std::string_view name) = 0;

  virtual void Text(std::string_view value) = 0;
  virtual void Integer(int64_t value) = 0;
  virtual void Number(double value) = 0;
  virtual void Boolean(bool value) = 0;
  /// JSON: seconds with a fraction. CBOR: tag 1.
  virtual void Time(model::Rowtime value) = 0;
  /// JSON: Base64. CBOR: a byte string.
  virtual void Blob(std::string_view bytes) = 0;

  /// The finished document; the writer is then empty again.
  virtual std::string Take() = 0;
};

}  // namespace weir::ingest::aws
