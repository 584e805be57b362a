#include "base/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/random.h"

namespace weir::base {
namespace {

TEST(PrivateFileTest, IsReadOnlyWhenItsOwnerAloneMay) {
  FileSystem& files = SystemFileSystem();
  const std::string open = JoinPath(testing::TempDir(), "weir_open_" + SystemRandomHex(8));
  const std::string closed = open + "_closed";
  ASSERT_TRUE(files.Open(open, OpenMode::kCreateNew).has_value());
  ASSERT_EQ(chmod(open.c_str(), 0640), 0);
  auto file = files.Open(closed, OpenMode::kCreateNewPrivate);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  ASSERT_TRUE((*file)->WriteAt(0, "secret").has_value());
  const auto refused = ReadPrivateFile(files, open);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
  EXPECT_NE(refused.error().message.find("chmod 600"), std::string::npos);
  EXPECT_EQ(ReadPrivateFile(files, closed).value_or(""), "secret");
  EXPECT_TRUE(files.Remove(open).has_value());
  EXPECT_TRUE(files.Remove(closed).has_value());
  EXPECT_EQ(ReadPrivateFile(files, closed).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace weir::base
