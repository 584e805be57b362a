// Registers one test per cases/*.test and runs them in every mode.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "runner.h"
#include "test_file.h"

namespace weir::sql_test {
namespace {

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line;
    text += '\n';
  }
  return text;
}

class SqlTextTest : public ::testing::Test {
 public:
  explicit SqlTextTest(std::string path) : path_(std::move(path)) {}

  void TestBody() override {
    const auto text = base::ReadFile(base::SystemFileSystem(), path_);
    ASSERT_TRUE(text.has_value()) << text.error().message;
    const auto file = ParseTestFile(path_, *text);
    ASSERT_TRUE(file.has_value()) << file.error().message;
    if (!file->expected_error.empty()) {
      ExpectError(*file);
      return;
    }
    for (const RunMode& mode : AllModes()) {
      if (file->one_shard && (mode.shards != 1 || mode.reshard)) {
        continue;
      }
      SCOPED_TRACE(mode.name);
      const auto lines = RunTest(*file, mode);
      ASSERT_TRUE(lines.has_value()) << lines.error().message;
      for (const auto& [stream, expected] : file->expected) {
        ASSERT_EQ(Join(lines->at(stream)), Join(expected)) << stream;
      }
    }
  }

 private:
  static void ExpectError(const TestFile& file) {
    const auto lines = RunTest(file, AllModes().front());
    ASSERT_FALSE(lines.has_value()) << "the program was expected to be refused";
    for (const std::string& piece : file.expected_error) {
      EXPECT_NE(lines.error().message.find(piece), std::string::npos)
          << "'" << piece << "' is not in: " << lines.error().message;
    }
  }

  std::string path_;
};

}  // namespace
}  // namespace weir::sql_test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const auto entries = weir::base::SystemFileSystem().List(WEIR_SQL_CASES);
  if (!entries) {
    fmt::print(stderr, "{}\n", entries.error().message);
    return 1;
  }
  for (const weir::base::DirectoryEntry& entry : *entries) {
    if (entry.name.ends_with(".test")) {
      const std::string path = weir::base::JoinPath(WEIR_SQL_CASES, entry.name);
      ::testing::RegisterTest(
          "Sql", entry.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
          [path]() -> ::testing::Test* { return new weir::sql_test::SqlTextTest(path); });
    }
  }
  return RUN_ALL_TESTS();
}
