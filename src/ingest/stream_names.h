#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "log/log.h"

namespace weir::ingest {

// kNotFound for an unknown stream, with the name that was probably meant or the names that there
// are.
base::Error UnknownStream(const log::Log& log, std::string_view name);

}  // namespace weir::ingest
