#pragma once

#include <string>

namespace weir::server {

/// Where this program lies.
std::string ProgramPath();

}  // namespace weir::server
