#pragma once

#include <string_view>

namespace weir::ingest::browser {

// weir.js, as the build embeds it.
std::string_view Script();

}  // namespace weir::ingest::browser
