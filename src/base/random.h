#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace weir::base {

/// xoshiro256** — fast, seedable, the same on every machine. Not for secrets. Not thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed);

  /// The next 64 random bits.
  uint64_t Next();

  /// Uniform in [0, bound), without modulo bias; bound > 0.
  uint64_t Below(uint64_t bound);

  /// Uniform in [0, 1).
  double Unit();

  /// True with the given probability.
  bool Chance(double probability) { return Unit() < probability; }

 private:
  std::array<uint64_t, 4> state_;
};

/// A seed from the operating system's entropy.
uint64_t SystemSeed();

/// `bytes` random bytes from the operating system, as lower-case hex. For ids and secrets.
std::string SystemRandomHex(size_t bytes);

}  // namespace weir::base
