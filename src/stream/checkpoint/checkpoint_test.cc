#include "stream/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/simulated_file_system.h"

namespace weir::stream {
namespace {

Checkpoint Example() {
  Checkpoint checkpoint;
  checkpoint.number = 3;
  checkpoint.application = "app";
  checkpoint.fingerprint = *base::FromHex("000102030405060708090a0b0c0d0e0f");
  checkpoint.input[0] = model::Sequence{5};
  checkpoint.origin[0] = model::Sequence{0};
  checkpoint.outputs = {{.in_application_stream = "OUT", .next_ordinal = 2, .first_ordinal = 0}};
  checkpoint.counters = {.records_in = 5,
                         .records_rejected = 1,
                         .rows_in = 4,
                         .row_errors = 0,
                         .rows_out = 2,
                         .checkpoints = 3};
  checkpoint.state = "state";
  return checkpoint;
}

// The bytes of docs/formats/checkpoint.md.
constexpr std::string_view kPageHex =
    "57454952434b505401000000030000000000000003617070"
    "000102030405060708090a0b0c0d0e0f"
    "01000000000500000000000000"
    "01000000000000000000000000"
    "01034f55540200"
    "050104000203"
    "057374617465"
    "9f7b7dfb";

TEST(CheckpointFormat, IsThatOfThePage) {
  const std::optional<std::string> page = base::FromHex(kPageHex);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(base::ToHex(EncodeCheckpoint(Example())), kPageHex);
  const base::Result<Checkpoint> decoded = DecodeCheckpoint(*page);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(*decoded, Example());
}

TEST(CheckpointFormat, EveryFlippedBitAndEveryCutIsNoticed) {
  const std::string bytes = EncodeCheckpoint(Example());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(DecodeCheckpoint(damaged).has_value()) << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeCheckpoint(std::string_view(bytes).substr(0, size)).has_value()) << size;
  }
}

TEST(CheckpointStore, KeepsTwoAndFallsBackToTheOlder) {
  base::SimulatedFileSystem files;
  auto store = CheckpointStore::Open(files, "folder");
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(store->Load()->empty());
  for (uint64_t number = 1; number <= 4; ++number) {
    Checkpoint checkpoint = Example();
    ASSERT_TRUE(store->Write(checkpoint).has_value());
    EXPECT_EQ(checkpoint.number, number);
  }
  EXPECT_EQ(files.List("folder")->size(), 2);
  files.FlipBit("folder/00000000000000000004.checkpoint", 300);
  auto again = CheckpointStore::Open(files, "folder");
  const auto kept = again->Load();
  ASSERT_TRUE(kept.has_value()) << kept.error().message;
  ASSERT_EQ(kept->size(), 1);
  EXPECT_EQ(kept->front().number, 3);
  EXPECT_TRUE(files.Exists("folder/00000000000000000004.checkpoint.damaged"));
  Checkpoint next = Example();
  ASSERT_TRUE(again->Write(next).has_value());
  EXPECT_EQ(next.number, 5) << "a number is never used again";
}

TEST(CheckpointStore, RefusesWhenEveryCheckpointIsDamaged) {
  base::SimulatedFileSystem files;
  auto store = CheckpointStore::Open(files, "folder");
  ASSERT_TRUE(store->Load().has_value());
  Checkpoint checkpoint = Example();
  ASSERT_TRUE(store->Write(checkpoint).has_value());
  files.FlipBit("folder/00000000000000000001.checkpoint", 77);
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto again = CheckpointStore::Open(files, "folder");
    const auto kept = again->Load();
    ASSERT_FALSE(kept.has_value()) << attempt;
    EXPECT_EQ(kept.error().code, base::Code::kDataLoss);
  }
}

}  // namespace
}  // namespace weir::stream
