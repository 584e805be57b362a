#include "lake/object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/crc32c.h"
#include "base/simulated_file_system.h"
#include "lake/verify.h"

namespace weir::lake {
namespace {

using base::Code;
using base::SimulatedFileSystem;
using testing::ElementsAre;
using testing::IsEmpty;

std::unique_ptr<ObjectStore> Open(base::FileSystem& files) {
  auto store = OpenLocalStore(files, "/lake", "/staging");
  EXPECT_TRUE(store.has_value());
  return std::move(*store);
}

TEST(LocalStoreTest, KeepsObjectsForever) {
  SimulatedFileSystem files;
  const auto store = Open(files);
  ASSERT_TRUE(store->Put("b", "year=2026/x.json", "one").has_value());
  ASSERT_TRUE(store->Put("b", "year=2026/x.json", "one").has_value());
  EXPECT_EQ(store->Put("b", "year=2026/x.json", "two").error().code, Code::kAlreadyExists);
  EXPECT_EQ(*store->Get("b", "year=2026/x.json"), "one");
  EXPECT_EQ(store->Get("b", "y").error().code, Code::kNotFound);
  EXPECT_EQ(store->LocalPath("b", "k"), "/lake/b/k");
  ASSERT_TRUE(store->Delete("b", "year=2026/x.json").has_value());
  EXPECT_EQ(store->Delete("b", "year=2026/x.json").error().code, Code::kNotFound);
}

TEST(LocalStoreTest, ListsByPrefix) {
  SimulatedFileSystem files;
  const auto store = Open(files);
  for (const char* key : {"a/1", "a/2/3", "ab", "b/1", "a.x"}) {
    ASSERT_TRUE(store->Put("b", key, key).has_value());
  }
  EXPECT_THAT(*store->List("b", ""), ElementsAre("a.x", "a/1", "a/2/3", "ab", "b/1"));
  EXPECT_THAT(*store->List("b", "a/"), ElementsAre("a/1", "a/2/3"));
  EXPECT_THAT(*store->List("b", "a/2/3"), ElementsAre("a/2/3"));
  EXPECT_THAT(*store->List("b", "a"), ElementsAre("a.x", "a/1", "a/2/3", "ab"));
  EXPECT_THAT(*store->List("b", "c/d/e"), IsEmpty());
  EXPECT_THAT(*store->List("nobody", ""), IsEmpty());
}

TEST(LocalStoreTest, RefusesKeysThatLeaveTheBucket) {
  for (const char* key : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\nb"}) {
    EXPECT_EQ(CheckKey("b", key).error().code, Code::kInvalidArgument) << key;
  }
  for (const char* bucket : {"", ".", "..", "a/b", "a\x01"}) {
    EXPECT_EQ(CheckKey(bucket, "k").error().code, Code::kInvalidArgument) << bucket;
  }
  EXPECT_EQ(CheckKey("b", std::string(1025, 'x')).error().code, Code::kInvalidArgument);
  EXPECT_EQ(CheckKey("b", std::string(256, 'x')).error().code, Code::kInvalidArgument);
  EXPECT_TRUE(CheckKey("b", "a/..b/c..").has_value());
}

TEST(LocalStoreTest, NamesAFullDisk) {
  SimulatedFileSystem files;
  const auto store = Open(files);
  files.SetFreeBytes(10);
  EXPECT_EQ(store->Put("b", "k", std::string(100, 'x')).error().code, Code::kDiskFull);
  files.SetFreeBytes(1'000'000);
  EXPECT_TRUE(store->Put("b", "k", std::string(100, 'x')).has_value());
  EXPECT_THAT(files.Files(), ElementsAre("/lake/b/k"));
}

TEST(LocalStoreTest, AnObjectIsWholeOrAbsentAfterACrash) {
  const std::string data(3000, 'd');
  SimulatedFileSystem whole;
  ASSERT_TRUE(Open(whole)->Put("b", "p/k", data).has_value());
  int states = 0;
  for (uint64_t stop = 0; stop <= whole.operations(); ++stop) {
    for (const SimulatedFileSystem::Loss loss : SimulatedFileSystem::kLosses) {
      for (uint64_t seed = 0; seed < 4; ++seed) {
        SCOPED_TRACE(fmt::format("stop {} loss {} seed {}", stop, static_cast<int>(loss), seed));
        SimulatedFileSystem files;
        files.StopAt(stop);
        bool acknowledged = false;
        if (auto store = OpenLocalStore(files, "/lake", "/staging"); store.has_value()) {
          acknowledged = (*store)->Put("b", "p/k", data).has_value();
        }
        const auto disk = files.Crash(loss, seed);
        const auto store = Open(*disk);
        const auto found = store->Get("b", "p/k");
        EXPECT_TRUE(found.has_value() || !acknowledged);
        EXPECT_TRUE(!found.has_value() || *found == data);
        EXPECT_TRUE(store->Put("b", "p/k", data).has_value());
        EXPECT_THAT(disk->Files(), ElementsAre("/lake/b/p/k"));
        ++states;
      }
    }
  }
  std::printf("object store crash states: %d\n", states);
}

TEST(VerifyTest, NoticesEveryFlippedBit) {
  SimulatedFileSystem files;
  const auto store = Open(files);
  const std::string data = "{\"a\":1}\n";
  ASSERT_TRUE(store->Put("b", "k", data).has_value());
  const ExpectedObject expected{"b", "k", data.size(), base::Crc32c(data)};
  EXPECT_EQ(*CheckObject(*store, expected), "");
  for (uint64_t bit = 0; bit < data.size() * 8; ++bit) {
    files.FlipBit("/lake/b/k", bit);
    EXPECT_THAT(*CheckObject(*store, expected), testing::HasSubstr("checksum"));
    files.FlipBit("/lake/b/k", bit);
  }
  EXPECT_THAT(*CheckObject(*store, {"b", "k", 1, 0}), testing::HasSubstr("8 bytes instead of 1"));
  EXPECT_THAT(*CheckObject(*store, {"b", "none", 1, 0}), testing::HasSubstr("missing"));
}

}  // namespace
}  // namespace weir::lake
