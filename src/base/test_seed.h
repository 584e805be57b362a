#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/format.h"

namespace weir::base {

/// For random tests: the seed of the environment's WEIR_SEED, which repeats a failure, or `preset`.
inline uint64_t TestSeed(uint64_t preset) {
  const char* const given = std::getenv("WEIR_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : preset;
}

/// What a failure of such a test prints (SCOPED_TRACE).
inline std::string SeedTrace(uint64_t seed) {
  return fmt::format("WEIR_SEED={}", seed);
}

}  // namespace weir::base
