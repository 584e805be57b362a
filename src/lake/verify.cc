#include "lake/verify.h"

#include "base/crc32c.h"

namespace weir::lake {

base::Result<std::string> CheckObject(ObjectStore& store, const ExpectedObject& expected) {
  const base::Result<std::string> data = store.Get(expected.bucket, expected.key);
  const std::string name = store.LocalPath(expected.bucket, expected.key);
  if (!data.has_value() && data.error().code == base::Code::kNotFound) {
    return fmt::format("'{}': missing", name);
  }
  RETURN_IF_ERROR(data);
  if (data->size() != expected.bytes) {
    return fmt::format("'{}': {} bytes instead of {}", name, data->size(), expected.bytes);
  }
  if (const uint32_t checksum = base::Crc32c(*data); checksum != expected.crc32c) {
    return fmt::format("'{}': checksum {:08x} instead of {:08x}", name, checksum, expected.crc32c);
  }
  return std::string();
}

}  // namespace weir::lake
