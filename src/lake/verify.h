#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/object_store.h"

namespace weir::lake {

/// What an object should be.
struct ExpectedObject {
  std::string_view bucket;
  std::string_view key;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
};

/// What is wrong with the stored object ("missing", "… bytes instead of …", "checksum …"), or "".
/// Reads all of it.
base::Result<std::string> CheckObject(ObjectStore& store, const ExpectedObject& expected);

}  // namespace weir::lake
