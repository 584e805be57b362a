#include "base/random.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace weir::base {
namespace {

void FillFromSystem(char* into, size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(into, size, 0);
    if (got < 0) {
      CHECK_NOTE(errno == EINTR, std::strerror(errno));
      continue;
    }
    into += got;
    size -= static_cast<size_t>(got);
  }
}

/// SplitMix64: spreads a seed over the state.
uint64_t SplitMix(uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) {
    word = SplitMix(seed);
  }
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  CHECK(bound > 0);
  unsigned __int128 product = static_cast<unsigned __int128>(Next()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = (0 - bound) % bound;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(Next()) * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

double Random::Unit() {
  return static_cast<double>(Next() >> 11) * 0x1.0p-53;
}

uint64_t SystemSeed() {
  uint64_t seed = 0;
  FillFromSystem(reinterpret_cast<char*>(&seed), sizeof seed);
  return seed;
}

std::string SystemRandomHex(size_t bytes) {
  std::string raw(bytes, '\0');
  FillFromSystem(raw.data(), raw.size());
  return ToHex(raw);
}

}  // namespace weir::base
