#pragma once

#include <string_view>

namespace weir::ingest::browser {

// "mobile", "tablet" or "desktop", told coarsely from the User-Agent and Sec-CH-UA-Mobile headers;
// "unknown" without either.
std::string_view DeviceClass(std::string_view user_agent, std::string_view mobile_hint);

}  // namespace weir::ingest::browser
