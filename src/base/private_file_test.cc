#include "base/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "base/random.h"

namespace weir::base {
namespace {

constexpr uid_t kOverflowUser = 65534;

class PrivateFileTest : public testing::Test {
 protected:
  void SetUp() override {
    auto file = files_.Open(path_, OpenMode::kCreateNewPrivate);
    ASSERT_TRUE(file.has_value()) << file.error().message;
    ASSERT_TRUE((*file)->WriteAt(0, "secret").has_value());
  }

  void TearDown() override { (void)files_.Remove(path_); }

  /// What is read of the file with that mode, and what that logs.
  Result<std::string> Read(mode_t mode) {
    EXPECT_EQ(chmod(path_.c_str(), mode), 0);
    testing::internal::CaptureStderr();
    auto read = ReadPrivateFile(files_, path_);
    logged_ = testing::internal::GetCapturedStderr();
    return read;
  }

  FileSystem& files_ = SystemFileSystem();
  const std::string path_ = JoinPath(testing::TempDir(), "weir_secret_" + SystemRandomHex(8));
  std::string logged_;
};

TEST_F(PrivateFileTest, OthersMayNever) {
  for (const mode_t mode : {0604, 0602, 0601, 0644, 0444, 0666, 0777}) {
    const auto refused = Read(mode);
    ASSERT_FALSE(refused.has_value()) << mode;
    EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
    const std::string& message = refused.error().message;
    EXPECT_NE(message.find(fmt::format("'{}'", path_)), std::string::npos) << message;
    EXPECT_NE(message.find(fmt::format("mode is {:04o}", mode)), std::string::npos) << message;
    EXPECT_NE(message.find("chmod 600 " + path_), std::string::npos) << message;
    EXPECT_NE(message.find("defaultMode: 0440"), std::string::npos) << message;
  }
}

TEST_F(PrivateFileTest, ItsOwnerMayAndNothingIsSaid) {
  for (const mode_t mode : {0600, 0400, 0700}) {
    EXPECT_EQ(Read(mode).value_or(""), "secret") << mode;
    EXPECT_EQ(logged_, "") << mode;
  }
  EXPECT_TRUE(files_.Remove(path_).has_value());
  EXPECT_EQ(ReadPrivateFile(files_, path_).error().code, Code::kNotFound);
}

TEST_F(PrivateFileTest, TheGroupThatRootGaveItToMayReadIt) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root gives files away";
  }
  for (const uid_t owner : {uid_t{0}, kOverflowUser}) {
    ASSERT_EQ(chown(path_.c_str(), owner, 12'345), 0);
    for (const mode_t mode : {0640, 0440}) {
      EXPECT_EQ(Read(mode).value_or(""), "secret") << owner << " " << mode;
      EXPECT_EQ(logged_, "") << owner << " " << mode;
    }
  }
  EXPECT_EQ(Read(0660).value_or(""), "secret");
  EXPECT_NE(logged_.find("base.secret_open_to_group"), std::string::npos) << "it may write it";
}

TEST_F(PrivateFileTest, OfOtherGroupsItWarnsOnce) {
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path_.c_str(), 12'345, 12'345), 0);
  }
  for (const mode_t mode : {0640, 0660, 0620}) {
    EXPECT_EQ(Read(mode).value_or(""), "secret") << mode;
    EXPECT_NE(logged_.find("base.secret_open_to_group"), std::string::npos) << logged_;
    EXPECT_NE(logged_.find(path_), std::string::npos) << logged_;
    EXPECT_NE(logged_.find(fmt::format("{:04o}", mode)), std::string::npos) << logged_;
    EXPECT_EQ(Read(mode).value_or(""), "secret");
    EXPECT_EQ(logged_, "") << "once";
  }
}

}  // namespace
}  // namespace weir::base
