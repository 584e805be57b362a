// Any bytes as a segment file: scanned to an error or to a position inside the file, never beyond.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/simulated_file_system.h"
#include "log/segment_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::base::SimulatedFileSystem files;
  auto file = files.Open("/segment", weir::base::OpenMode::kCreateNew);
  CHECK(file.has_value());
  CHECK((*file)->WriteAt(0, {reinterpret_cast<const char*>(data), size}).has_value());
  const auto scan = weir::log::ScanSegment(**file, "/segment", {.payloads = true});
  if (scan.has_value()) {
    CHECK(scan->valid_bytes <= size);
    const auto tail = weir::log::InspectTail(**file, "/segment", *scan);
    CHECK(!tail.has_value() || tail->used_end <= size);
  }
  return 0;
}
