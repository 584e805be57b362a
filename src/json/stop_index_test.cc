#include "json/stop_index.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"
#include "base/test_seed.h"

namespace weir::json {
namespace {

TEST(StopIndexTest, FindsEveryStopOfTextsOfAllLengths) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (size_t size = 0; size < 700; ++size) {
    // Exactly as long as the text, so that a sanitizer sees a read beyond it.
    const auto text = std::make_unique<char[]>(size);
    bool ascii = true;
    for (size_t i = 0; i < size; ++i) {
      constexpr char kStops[] = {'"', '\\', '\n', '\0', '\x1F'};
      text[i] = random.Chance(0.02)   ? kStops[random.Below(5)]
                : random.Chance(0.01) ? static_cast<char>(0x80 + random.Below(128))
                                      : static_cast<char>(' ' + random.Below(2));
      ascii &= static_cast<uint8_t>(text[i]) < 0x80;
    }
    const StopIndex stops({text.get(), size});
    EXPECT_TRUE(!stops.ascii() || ascii) << size;
    EXPECT_TRUE(stops.ascii() || !ascii || size > 512) << size;
    const char* const end = text.get() + size;
    const char* expected = end;
    for (const char* at = end; at >= text.get(); --at) {
      if (at < end && (*at == '"' || *at == '\\' || static_cast<uint8_t>(*at) < 0x20)) {
        expected = at;
      }
      ASSERT_EQ(stops.Next(at) - text.get(), expected - text.get()) << size;
      ASSERT_EQ(StopIndex::Find(at, end), expected) << size;
    }
  }
}

}  // namespace
}  // namespace weir::json
