#include "server/config.h"

#include <gtest/gtest.h>

#include "base/simulated_file_system.h"
#include "server/exit_code.h"

namespace weir::server {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.CreateDirectories("/c").has_value()); }

  base::Result<Config> Load(const std::string& file,
                            std::map<std::string, std::string> environment = {},
                            std::map<std::string, std::string> flags = {}) {
    EXPECT_TRUE(base::ReplaceFile(files_, "/c/weir.toml", file).has_value());
    return LoadConfig(
        files_,
        {.flags = std::move(flags), .environment = std::move(environment), .file = "/c/weir.toml"});
  }

  base::SimulatedFileSystem files_;
};

TEST_F(ConfigTest, FlagBeforeEnvironmentBeforeFileBeforeDefault) {
  const std::string file = "listen = \"127.0.0.1:1\"\nhttp_threads = 2\ndrain_millis = 5\n";
  const auto config =
      Load(file, {{"WEIR_LISTEN", "127.0.0.1:2"}, {"WEIR_HTTP_THREADS", "3"}, {"WEIR_OTHER", "x"}},
           {{"listen", "127.0.0.1:3"}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->listen, "127.0.0.1:3");
  EXPECT_EQ(config->http_threads, 3);
  EXPECT_EQ(config->drain_millis, 5);
  EXPECT_EQ(config->data, "data");
}

TEST_F(ConfigTest, UnknownKeyIsRefusedWithItsLineAndTheOneMeant) {
  const auto config = Load("data = \"d\"\nlisen = \"127.0.0.1:1\"\n");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().message, "/c/weir.toml:2: unknown key 'lisen'; did you mean 'listen'?");
}

TEST_F(ConfigTest, WrongValuesNameTheirSource) {
  EXPECT_NE(Load("http_threads = 0\n").error().message.find("/c/weir.toml:1: http_threads must be"),
            std::string::npos);
  EXPECT_NE(Load("", {{"WEIR_LISTEN", "nowhere"}})
                .error()
                .message.find("WEIR_LISTEN: listen must be HOST:PORT"),
            std::string::npos);
  EXPECT_NE(Load("log_level = [1]\n").error().message.find("must be text"), std::string::npos);
  EXPECT_NE(Load("a = \n").error().message.find("not TOML"), std::string::npos);
  EXPECT_EQ(LoadConfig(files_, {.file = "/c/none.toml"}).error().code, base::Code::kNotFound);
}

TEST_F(ConfigTest, WhatCheckConfigPrintsReadsBack) {
  Config config;
  config.allowed_hosts = {"a.example", "b.example"};
  config.listen = "[::1]:9";
  const auto again = Load(FormatConfig(config));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(FormatConfig(*again), FormatConfig(config));
}

TEST(ListenTest, OnlyLoopbackIsServed) {
  for (const std::string_view text : {"127.0.0.1:0", "127.1.2.3:80", "[::1]:8080", "localhost:1"}) {
    EXPECT_TRUE(CheckLoopback(*ParseListen(text)).has_value()) << text;
  }
  for (const std::string_view text :
       {"0.0.0.0:80", "[::]:80", "192.168.1.1:80", "127.example.com:80"}) {
    EXPECT_FALSE(CheckLoopback(*ParseListen(text)).has_value()) << text;
  }
  for (const std::string_view text :
       {"", "8080", ":80", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"}) {
    EXPECT_FALSE(ParseListen(text).has_value()) << text;
  }
}

TEST(ExitCodeTest, EveryCodeHasItsStatus) {
  const std::pair<base::Code, int> expected[] = {
      {base::Code::kInvalidArgument, 64},    {base::Code::kNotFound, 66},
      {base::Code::kFailedPrecondition, 78}, {base::Code::kUnavailable, 75},
      {base::Code::kDiskFull, 74},           {base::Code::kPermission, 77},
      {base::Code::kDataLoss, 65},           {base::Code::kIo, 74},
      {base::Code::kInternal, 70},           {base::Code::kLimitExceeded, 64},
      {base::Code::kAlreadyExists, 64}};
  for (const auto& [code, status] : expected) {
    EXPECT_EQ(ExitCodeOf({code, ""}), status) << base::CodeName(code);
  }
}

}  // namespace
}  // namespace weir::server
