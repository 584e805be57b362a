// Any text as a stack template: a plan, or problems with places.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "stack/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto plan = weir::stack::PlanTemplate(
      {.text = std::string(reinterpret_cast<const char*>(data), size), .file_name = "t.yaml"});
  CHECK(plan.has_value() || !plan.error().message.empty());
  return 0;
}
