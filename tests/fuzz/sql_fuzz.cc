// Any text compiles or gives an error with a place in it; a plan prints itself.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sql/compiler.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::model::TypeKind;
  static const std::vector<weir::sql::InputStream> kInputs = {
      {"SOURCE_SQL_STREAM_001",
       {{"Event", {TypeKind::kVarchar, 128, 0}},
        {"EventType", {TypeKind::kVarchar, 16, 0}},
        {"COL_Timestamp", {TypeKind::kTimestamp, 0, 0}},
        {"Price", {TypeKind::kDecimal, 18, 4}},
        {"Quantity", {TypeKind::kInteger, 0, 0}}}}};
  const auto program = weir::sql::Compile({reinterpret_cast<const char*>(data), size}, kInputs);
  if (program.has_value()) {
    CHECK(!program->ToString().empty() || program->streams.empty());
  } else {
    CHECK(!program.error().message.empty());
  }
  return 0;
}
