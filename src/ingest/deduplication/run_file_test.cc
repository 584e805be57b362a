#include "ingest/deduplication/run_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/simulated_file_system.h"

namespace weir::ingest::deduplication {
namespace {

constexpr char kPath[] = "/runs/00000000000000000001.run";

RunHeader Header() {
  RunHeader header = {.stream = "clicks",
                      .stream_created = 1'600'000'000'000,
                      .field = "EventId",
                      .horizon_millis = 86'400'000,
                      .number = 1,
                      .newest_arrival = 1'600'000'000'123,
                      .covered = {{0, 7}, {1, 300}}};
  header.hash_key.fill('k');
  return header;
}

class RunTest : public testing::Test {
 protected:
  RunTest() { EXPECT_TRUE(files_.CreateDirectories("/runs").has_value()); }

  base::SimulatedFileSystem files_;
};

TEST_F(RunTest, BytesAreAsDocumented) {
  const std::vector<PlacedEvent> events = {
      {.hash = {.high = 1, .low = 2}, .place = {.shard = 1, .sequence = 9}}};
  ASSERT_TRUE(Run::Write(files_, kPath, Header(), events).has_value());
  // docs/formats/deduplication_run.md
  EXPECT_EQ(base::ToHex(*base::ReadFile(files_, kPath)),
            "5745495244445232bc000000825e52f906636c69636b7300806e877401000007"
            "4576656e744964005c26050000000001000000000000006b6b6b6b6b6b6b6b6b"
            "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b7b806e877401000002"
            "000000000700000000000000010000002c010000000000000100000000000000"
            "0100000000000000ea0e2d010400000000000000010000000000000001000000"
            "0000000001000000000000000100000000000000010000000000000001000000"
            "0000000001000000000000000100000000000000020000000000000001000000"
            "0900000000000000");
}

TEST_F(RunTest, FindsWhatItHoldsAndNothingElse) {
  for (const size_t count : {0, 1, 127, 128, 129, 5'000}) {
    base::Random random(count);
    PlaceTable table;
    std::vector<EventHash> hashes;
    for (size_t i = 0; i < count; ++i) {
      // Equal first halves, also over more than a block.
      hashes.push_back({count == 5'000 && i < 300 ? 77 : random.Next(), random.Next()});
      table.Insert(hashes.back(), {static_cast<uint32_t>(i % 3), i});
    }
    ASSERT_TRUE(Run::Write(files_, kPath, Header(), table.Sorted()).has_value());
    const auto run = Run::Open(files_, kPath);
    ASSERT_TRUE(run.has_value()) << run.error().message;
    EXPECT_EQ((*run)->size(), count);
    EXPECT_EQ((*run)->header().covered, Header().covered);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ((*run)->Find(hashes[i]).value(), (Place{static_cast<uint32_t>(i % 3), i}));
      EXPECT_EQ((*run)->Find({hashes[i].high, hashes[i].low + 1}).value(), std::nullopt);
    }
    EXPECT_EQ((*run)->Find({77, 1}).value(), std::nullopt);
  }
}

TEST_F(RunTest, EveryChangedBitIsFound) {
  PlaceTable table;
  base::Random random(1);
  std::vector<EventHash> hashes;
  for (size_t i = 0; i < 150; ++i) {
    hashes.push_back({random.Next(), random.Next()});
    table.Insert(hashes.back(), {0, i});
  }
  ASSERT_TRUE(Run::Write(files_, kPath, Header(), table.Sorted()).has_value());
  const std::string right = *base::ReadFile(files_, kPath);
  for (size_t bit = 0; bit < right.size() * 8; bit += 13) {
    std::string changed = right;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(base::ReplaceFile(files_, kPath, changed).has_value());
    const auto run = Run::Open(files_, kPath);
    size_t refused = run.has_value() ? 0 : 1;
    for (size_t i = 0; run.has_value() && i < hashes.size(); ++i) {
      const auto found = (*run)->Find(hashes[i]);
      refused += found.has_value() ? 0 : 1;
      EXPECT_TRUE(!found.has_value() || *found == Place({0, i})) << "bit " << bit;
    }
    EXPECT_GT(refused, 0) << "bit " << bit;
  }
  for (size_t size = 0; size < right.size(); size += 7) {
    ASSERT_TRUE(base::ReplaceFile(files_, kPath, right.substr(0, size)).has_value());
    EXPECT_EQ(Run::Open(files_, kPath).error().code, base::Code::kDataLoss);
  }
}

TEST_F(RunTest, MostOtherHashesAreToldByTheFilter) {
  PlaceTable table;
  base::Random random(2);
  for (size_t i = 0; i < 20'000; ++i) {
    table.Insert({random.Next(), random.Next()}, {0, i});
  }
  ASSERT_TRUE(Run::Write(files_, kPath, Header(), table.Sorted()).has_value());
  const auto run = Run::Open(files_, kPath);
  ASSERT_TRUE(run.has_value());
  files_.SetFaultHook([](std::string_view operation, std::string_view) {
    return operation == "read" ? std::optional(base::Error{base::Code::kIo, "no"}) : std::nullopt;
  });
  int reads = 0;
  for (int i = 0; i < 20'000; ++i) {
    reads += (*run)->Find({random.Next(), random.Next()}).has_value() ? 0 : 1;
  }
  EXPECT_LT(reads, 400) << "two in a hundred";
  EXPECT_LE((*run)->bytes(), 20'000 * 2);
}

}  // namespace
}  // namespace weir::ingest::deduplication
