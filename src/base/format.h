#pragma once

/// fmt::format and friends for every room; `base` owns the library.

#include <fmt/format.h>
