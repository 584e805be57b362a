// The validator and the document parser agree on what is JSON, and a parsed document writes itself
// as valid JSON.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/document.h"
#include "json/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool valid = weir::json::Validate(text).has_value();
  const auto parsed = weir::json::Parse(text);
  CHECK(valid == parsed.has_value());
  if (parsed.has_value()) {
    CHECK(weir::json::Parse(parsed->Serialize()).has_value());
  }
  return 0;
}
