#include "log/shard_map.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/random.h"
#include "base/test_seed.h"

namespace weir::log {
namespace {

TEST(ShardMapTest, FindsAllAsItFindsEach) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  const auto map = ShardMap::Of(EvenShards(5));
  ASSERT_TRUE(map.has_value());
  for (int round = 0; round < 200; ++round) {
    // Runs of one key, keys that are too long to be hashed with others, explicit ones.
    std::vector<std::string> keys;
    for (size_t i = 0; i < 20; ++i) {
      keys.emplace_back(1 + random.Below(80), static_cast<char>('a' + random.Below(26)));
    }
    std::vector<Entry> entries;
    for (size_t i = random.Below(60); i > 0; --i) {
      Entry entry = {.partition_key = keys[random.Below(keys.size())], .data = ""};
      if (random.Below(8) == 0) {
        entry.explicit_hash_key = model::HashOf(keys[random.Below(keys.size())]);
      }
      entries.insert(entries.end(), 1 + random.Below(3), entry);
    }
    std::vector<uint32_t> chosen(entries.size());
    std::iota(chosen.begin(), chosen.end(), 0);
    std::erase_if(chosen, [&](uint32_t) { return random.Below(4) == 0; });
    const std::vector<uint32_t> found = map->FindAll(entries, chosen);
    ASSERT_EQ(found.size(), chosen.size());
    for (size_t i = 0; i < chosen.size(); ++i) {
      ASSERT_EQ(found[i], map->Find(entries[chosen[i]])) << round << " " << i;
    }
  }
}

}  // namespace
}  // namespace weir::log
