#include "server/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/exit_code.h"

namespace weir::server {
namespace {

int StatusOf(std::vector<std::string> words) {
  words.insert(words.begin(), "weir");
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  return RunCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, DescribesATemplateOrWhatIsDeployedAndNeverDropsOne) {
  const std::string data = testing::TempDir() + "weir_command_line_none";
  for (const std::vector<std::string>& of_template : std::vector<std::vector<std::string>>{
           {"my.yaml"}, {"--stack-name", "mine"}, {"--parameter", "A=b"}}) {
    for (const std::vector<std::string>& of_target : std::vector<std::vector<std::string>>{
             {"--server", "http://127.0.0.1:1"}, {"--data", data}}) {
      std::vector<std::string> words = {"stack", "describe"};
      words.insert(words.end(), of_template.begin(), of_template.end());
      words.insert(words.end(), of_target.begin(), of_target.end());
      EXPECT_EQ(StatusOf(words), kExitUsage)
          << of_template.front() << " with " << of_target.front();
    }
  }
  EXPECT_EQ(StatusOf({"stack", "describe"}), kExitOk);
  EXPECT_NE(StatusOf({"stack", "describe", "--data", data}), kExitUsage);
}

}  // namespace
}  // namespace weir::server
