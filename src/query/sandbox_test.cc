#include "query/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/random.h"

namespace weir::query {
namespace {

/// Enters the sandbox and tries what a query must not do. Exit code 0 when all was refused.
[[noreturn]] void TryToEscape(const std::string& root) {
  const auto report = EnterSandbox(root);
  if (!report.has_value()) {
    _exit(1);
  }
  if (report->landlock) {
    if (open((root + "/inside").c_str(), O_RDONLY) < 0) {
      _exit(2);
    }
    if (open("/etc/passwd", O_RDONLY) >= 0) {
      _exit(3);
    }
    if (open((root + "/inside").c_str(), O_RDWR) >= 0 ||
        open((root + "/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0 ||
        unlink((root + "/inside").c_str()) == 0) {
      _exit(4);
    }
  }
  if (report->seccomp) {
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0) {
      _exit(5);
    }
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    execv(program, arguments);
  }
  _exit(0);
}

TEST(Sandbox, LeavesReadingBelowTheRootAndNothingElse) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const std::string root = testing::TempDir() + "weir_sandbox_root_" + base::SystemRandomHex(8);
  std::filesystem::create_directories(root);
  std::ofstream(root + "/inside") << "text";
  EXPECT_EXIT(TryToEscape(root), testing::ExitedWithCode(0), "");
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace weir::query
