#include "base/simulated_file_system.h"

#include <gtest/gtest.h>

#include <set>

#include "base/file_system.h"

namespace weir::base {
namespace {

using Loss = SimulatedFileSystem::Loss;

std::unique_ptr<File> Create(FileSystem& files, std::string_view path) {
  auto file = files.Open(path, OpenMode::kCreateOrOpen);
  EXPECT_TRUE(file.has_value()) << file.error().message;
  return *std::move(file);
}

/// A folder whose name is durable, with a durable file "base" that holds "base".
void PrepareFolder(SimulatedFileSystem& files) {
  ASSERT_TRUE(files.CreateDirectories("/d").has_value());
  ASSERT_TRUE(ReplaceFile(files, "/d/base", "base").has_value());
}

std::string Contents(FileSystem& files, std::string_view path) {
  auto data = ReadFile(files, path);
  return data.has_value() ? *data : "<" + data.error().message + ">";
}

TEST(SimulatedFileSystemTest, ReadsWhatWasWritten) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/a");
  ASSERT_TRUE(file->WriteAt(4, "tail").has_value());
  ASSERT_TRUE(file->WriteAt(0, "head").has_value());
  EXPECT_EQ(Contents(files, "/d/a"), "headtail");
  EXPECT_EQ(files.Files(), (std::vector<std::string>{"/d/a", "/d/base"}));
  EXPECT_EQ(files.Open("/d/none", OpenMode::kRead).error().code, Code::kNotFound);
  EXPECT_EQ(files.Open("/none/a", OpenMode::kCreateNew).error().code, Code::kNotFound);
  EXPECT_EQ(files.Open("/d/a", OpenMode::kCreateNew).error().code, Code::kAlreadyExists);
  EXPECT_EQ(files.Remove("/d").error().code, Code::kFailedPrecondition);
}

TEST(SimulatedFileSystemTest, NothingLostKeepsEverything) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  ASSERT_TRUE(Create(files, "/d/a")->WriteAt(0, "new").has_value());
  ASSERT_TRUE(files.Remove("/d/base").has_value());
  const auto image = files.Crash(Loss::kNothing, 1);
  EXPECT_EQ(image->Files(), (std::vector<std::string>{"/d/a"}));
  EXPECT_EQ(Contents(*image, "/d/a"), "new");
  EXPECT_EQ(image->operations(), 0);
}

TEST(SimulatedFileSystemTest, UnsyncedLosesDataAndNames) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto synced_unnamed = Create(files, "/d/unnamed");
  ASSERT_TRUE(synced_unnamed->WriteAt(0, "data").has_value());
  ASSERT_TRUE(synced_unnamed->SyncData().has_value());
  const auto base = Create(files, "/d/base");
  ASSERT_TRUE(base->WriteAt(4, "more").has_value());
  ASSERT_TRUE(files.Link("/d/base", "/d/linked").has_value());
  auto image = files.Crash(Loss::kUnsynced, 1);
  EXPECT_EQ(image->Files(), (std::vector<std::string>{"/d/base"}));
  EXPECT_EQ(Contents(*image, "/d/base"), "base");

  ASSERT_TRUE(files.SyncDirectory("/d").has_value());
  ASSERT_TRUE(base->SyncData().has_value());
  image = files.Crash(Loss::kUnsynced, 1);
  EXPECT_EQ(image->Files(), (std::vector<std::string>{"/d/base", "/d/linked", "/d/unnamed"}));
  EXPECT_EQ(Contents(*image, "/d/linked"), "basemore");
}

TEST(SimulatedFileSystemTest, RenameIsOldOrNewButNeverNeither) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/base.tmp");
  ASSERT_TRUE(file->WriteAt(0, "next").has_value());
  ASSERT_TRUE(file->SyncData().has_value());
  ASSERT_TRUE(files.Rename("/d/base.tmp", "/d/base").has_value());
  std::set<std::string> seen;
  for (const Loss loss : SimulatedFileSystem::kLosses) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      seen.insert(Contents(*files.Crash(loss, seed), "/d/base"));
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"base", "next"}));
}

TEST(SimulatedFileSystemTest, RenameAcrossFoldersIsWhole) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  ASSERT_TRUE(files.CreateDirectories("/e/f").has_value());
  ASSERT_TRUE(files.Rename("/d/base", "/e/f/base").has_value());
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(files.Crash(Loss::kRandomCut, seed)->Files().size(), 1);
  }
  ASSERT_TRUE(files.SyncDirectory("/e/f").has_value());
  EXPECT_EQ(files.Crash(Loss::kUnsynced, 0)->Files(), (std::vector<std::string>{"/e/f/base"}));
}

TEST(SimulatedFileSystemTest, RandomCutKeepsAPrefixOfTheWrites) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/base");
  const std::string whole = "base0123456789";
  for (size_t at = 4; at < whole.size(); at += 2) {
    ASSERT_TRUE(file->WriteAt(at, whole.substr(at, 2)).has_value());
  }
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string contents = Contents(*files.Crash(Loss::kRandomCut, seed), "/d/base");
    EXPECT_TRUE(whole.starts_with(contents) && contents.size() >= 4) << contents;
    seen.insert(contents);
  }
  EXPECT_EQ(seen.size(), 11) << "every length from 4 to 14";
}

TEST(SimulatedFileSystemTest, TornSectorsNeverTouchSyncedBytes) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/base");
  const std::string synced(700, 's');
  ASSERT_TRUE(file->WriteAt(0, synced).has_value());
  ASSERT_TRUE(file->SyncData().has_value());
  ASSERT_TRUE(file->WriteAt(700, std::string(2000, 'u')).has_value());
  bool arrived = false;
  bool garbage = false;
  bool missing = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string contents = Contents(*files.Crash(Loss::kTornSectors, seed), "/d/base");
    ASSERT_GE(contents.size(), 700);
    EXPECT_EQ(contents.substr(0, 700), synced);
    if (contents.size() == 2700) {
      const std::string sector = contents.substr(1024, 512);
      arrived |= sector == std::string(512, 'u');
      missing |= sector == std::string(512, '\0');
      garbage |= sector != std::string(512, 'u') && sector != std::string(512, '\0');
    }
  }
  EXPECT_TRUE(arrived && missing && garbage);
}

TEST(SimulatedFileSystemTest, ZeroedKeepsTheSizeOnly) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/base");
  ASSERT_TRUE(file->WriteAt(4, "more").has_value());
  EXPECT_EQ(Contents(*files.Crash(Loss::kZeroed, 1), "/d/base"), std::string("base\0\0\0\0", 8));
}

TEST(SimulatedFileSystemTest, TheSameSeedGivesTheSameImage) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  for (const char* name : {"/d/a", "/d/b", "/d/c"}) {
    const auto file = Create(files, name);
    ASSERT_TRUE(file->WriteAt(0, std::string(3000, *(name + 3))).has_value());
  }
  const auto all = [](SimulatedFileSystem& image) {
    std::string text;
    for (const std::string& path : image.Files()) {
      text += path + "=" + Contents(image, path) + ";";
    }
    return text;
  };
  for (const Loss loss : SimulatedFileSystem::kLosses) {
    EXPECT_EQ(all(*files.Crash(loss, 7)), all(*files.Crash(loss, 7)));
  }
  EXPECT_NE(all(*files.Crash(Loss::kTornSectors, 7)), all(*files.Crash(Loss::kTornSectors, 8)));
}

TEST(SimulatedFileSystemTest, StopsAtAnOperation) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/base");
  files.StopAt(files.operations() + 1);
  EXPECT_TRUE(file->WriteAt(4, "1").has_value());
  const Result<void> stopped = file->WriteAt(5, "2");
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, Code::kIo);
  EXPECT_FALSE(file->SyncData().has_value());
  EXPECT_FALSE(files.Remove("/d/base").has_value());
  EXPECT_EQ(Contents(files, "/d/base"), "base1");
  EXPECT_TRUE(ReplaceFile(*files.Crash(Loss::kNothing, 1), "/d/base", "x").has_value());
}

TEST(SimulatedFileSystemTest, AFailedSyncLosesTheData) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/base");
  ASSERT_TRUE(file->WriteAt(4, "more").has_value());
  files.SetFaultHook([](std::string_view operation, std::string_view) {
    return operation == "sync" ? std::optional(Error{Code::kIo, "broken"}) : std::nullopt;
  });
  EXPECT_EQ(file->SyncData().error().message, "broken");
  files.SetFaultHook(nullptr);
  EXPECT_TRUE(file->SyncData().has_value());
  EXPECT_EQ(Contents(files, "/d/base"), "basemore");
  EXPECT_EQ(Contents(*files.Crash(Loss::kUnsynced, 1), "/d/base"), "base");
}

TEST(SimulatedFileSystemTest, TheDiskFillsUpAndFreesUp) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  const auto file = Create(files, "/d/a");
  files.SetFreeBytes(10);
  EXPECT_TRUE(file->Allocate(8).has_value());
  EXPECT_EQ(*files.FreeBytes("/d"), 2);
  EXPECT_TRUE(file->WriteAt(0, "12345678").has_value());
  EXPECT_EQ(file->WriteAt(8, "123").error().code, Code::kDiskFull);
  EXPECT_EQ(*file->Size(), 10);
  EXPECT_EQ(file->Allocate(11).error().code, Code::kDiskFull);
  ASSERT_TRUE(files.Remove("/d/a").has_value());
  EXPECT_EQ(*files.FreeBytes("/d"), 10);
  ASSERT_TRUE(file->Truncate(0).has_value());
  EXPECT_EQ(*files.FreeBytes("/d"), 10);
  EXPECT_EQ(*files.Crash(Loss::kNothing, 1)->FreeBytes("/d"), 10);
}

TEST(SimulatedFileSystemTest, LocksExclude) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  auto lock = files.Lock("/d/lock", "pid 1");
  ASSERT_TRUE(lock.has_value());
  const auto second = files.Lock("/d/lock", "pid 2");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("pid 1"), std::string::npos);
  EXPECT_TRUE(files.Crash(Loss::kNothing, 1)->Lock("/d/lock", "pid 3").has_value());
  lock->reset();
  EXPECT_TRUE(files.Lock("/d/lock", "pid 2").has_value());
}

TEST(SimulatedFileSystemTest, FlipsABit) {
  SimulatedFileSystem files;
  PrepareFolder(files);
  files.FlipBit("/d/base", 1);
  EXPECT_EQ(Contents(files, "/d/base"), "`ase");
  EXPECT_EQ(Contents(*files.Crash(Loss::kUnsynced, 1), "/d/base"), "`ase");
}

}  // namespace
}  // namespace weir::base
