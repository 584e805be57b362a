#include "base/file_system.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::base {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  FileSystemTest() : folder_(JoinPath(testing::TempDir(), "weir_files_" + SystemRandomHex(8))) {
    EXPECT_TRUE(files_.CreateDirectories(JoinPath(folder_, "a/b")).has_value());
  }

  ~FileSystemTest() override { RemoveAll(folder_); }

  void RemoveAll(const std::string& path) {
    if (const auto entries = files_.List(path); entries.has_value()) {
      for (const DirectoryEntry& entry : *entries) {
        RemoveAll(JoinPath(path, entry.name));
      }
    }
    EXPECT_TRUE(files_.Remove(path).has_value());
  }

  std::string Path(std::string_view name) const { return JoinPath(folder_, name); }

  FileSystem& files_ = SystemFileSystem();
  const std::string folder_;
};

TEST_F(FileSystemTest, WritesAndReadsAtPlaces) {
  auto file = files_.Open(Path("x"), OpenMode::kCreateNew);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  ASSERT_TRUE((*file)->WriteAt(3, "def").has_value());
  ASSERT_TRUE((*file)->WriteAt(0, "abc").has_value());
  ASSERT_TRUE((*file)->SyncData().has_value());
  char buffer[10];
  EXPECT_EQ(*(*file)->ReadAt(2, buffer), 4);
  EXPECT_EQ(std::string(buffer, 4), "cdef");
  EXPECT_EQ(*(*file)->ReadAt(100, buffer), 0);
  ASSERT_TRUE((*file)->Allocate(4096).has_value());
  EXPECT_EQ(*(*file)->Size(), 4096);
  ASSERT_TRUE((*file)->Truncate(2).has_value());
  EXPECT_EQ(*ReadFile(files_, Path("x")), "ab");
}

TEST_F(FileSystemTest, OpenModesSayWhatIsMissingOrThere) {
  EXPECT_EQ(files_.Open(Path("x"), OpenMode::kRead).error().code, Code::kNotFound);
  EXPECT_EQ(files_.Open(Path("x"), OpenMode::kReadWrite).error().code, Code::kNotFound);
  EXPECT_TRUE(files_.Open(Path("x"), OpenMode::kCreateNew).has_value());
  EXPECT_EQ(files_.Open(Path("x"), OpenMode::kCreateNew).error().code, Code::kAlreadyExists);
  EXPECT_TRUE(files_.Open(Path("x"), OpenMode::kCreateOrOpen).has_value());
  EXPECT_EQ(files_.Open(Path("x"), OpenMode::kCreateNewPrivate).error().code, Code::kAlreadyExists);
}

TEST_F(FileSystemTest, NamesChangeAsAsked) {
  ASSERT_TRUE(ReplaceFile(files_, Path("x"), "1").has_value());
  ASSERT_TRUE(ReplaceFile(files_, Path("x"), "2").has_value());
  EXPECT_FALSE(files_.Exists(Path("x.tmp")));
  ASSERT_TRUE(files_.Link(Path("x"), Path("a/y")).has_value());
  EXPECT_EQ(files_.Link(Path("x"), Path("a/y")).error().code, Code::kAlreadyExists);
  ASSERT_TRUE(files_.Rename(Path("x"), Path("z")).has_value());
  ASSERT_TRUE(files_.SyncDirectory(folder_).has_value());
  const auto entries = files_.List(folder_);
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_TRUE((*entries)[0].is_directory);
  EXPECT_EQ((*entries)[1].name, "z");
  EXPECT_EQ(*ReadFile(files_, Path("a/y")), "2");
  EXPECT_EQ(files_.Remove(Path("x")).error().code, Code::kNotFound);
  EXPECT_EQ(files_.Remove(Path("a")).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(files_.List(Path("none")).error().code, Code::kNotFound);
}

TEST_F(FileSystemTest, AFileInTheWayOfAFolderIsAnError) {
  ASSERT_TRUE(ReplaceFile(files_, Path("x"), "1").has_value());
  EXPECT_FALSE(files_.CreateDirectories(Path("x")).has_value());
  EXPECT_FALSE(files_.CreateDirectories(Path("x/y")).has_value());
  EXPECT_TRUE(files_.CreateDirectories(Path("a/b/")).has_value());
}

TEST_F(FileSystemTest, TheSecondLockNamesTheHolder) {
  auto lock = files_.Lock(Path("lock"), "pid 123");
  ASSERT_TRUE(lock.has_value());
  const auto second = files_.Lock(Path("lock"), "pid 456");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("pid 123"), std::string::npos);
  lock->reset();
  EXPECT_TRUE(files_.Lock(Path("lock"), "pid 456").has_value());
}

TEST_F(FileSystemTest, ErrorsNameOperationAndPath) {
  const auto missing = files_.Open(Path("none"), OpenMode::kRead);
  EXPECT_EQ(missing.error().message,
            "cannot open '" + Path("none") + "': No such file or directory");
}

TEST_F(FileSystemTest, ThereIsFreeSpace) {
  EXPECT_GT(*files_.FreeBytes(folder_), 0);
}

TEST(PathTest, SplitsAndJoins) {
  EXPECT_EQ(JoinPath("a/b", "c"), "a/b/c");
  EXPECT_EQ(JoinPath("/", "c"), "/c");
  EXPECT_EQ(JoinPath("", "c"), "c");
  EXPECT_EQ(ParentPath("a/b/c"), "a/b");
  EXPECT_EQ(ParentPath("/c"), "/");
  EXPECT_EQ(ParentPath("c"), "");
  EXPECT_EQ(FileName("a/b/c"), "c");
  EXPECT_EQ(FileName("c"), "c");
}

}  // namespace
}  // namespace weir::base
