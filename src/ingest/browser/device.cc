#include "ingest/browser/device.h"

namespace weir::ingest::browser {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

std::string_view DeviceClass(std::string_view user_agent, std::string_view mobile_hint) {
  if (mobile_hint == "?1") {
    return "mobile";
  }
  if (user_agent.empty()) {
    return "unknown";
  }
  const bool mobile = Has(user_agent, "Mobi") || Has(user_agent, "iPhone");
  if (Has(user_agent, "iPad") || Has(user_agent, "Tablet") ||
      (Has(user_agent, "Android") && !mobile)) {
    return "tablet";
  }
  return mobile ? "mobile" : "desktop";
}

}  // namespace weir::ingest::browser
