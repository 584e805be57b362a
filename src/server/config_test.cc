#include "server/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/random.h"
#include "base/simulated_file_system.h"
#include "server/exit_code.h"
#include "server/remote.h"
#include "server/tls_files.h"

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

TEST(ListenTest, TellsThisMachineFromOthers) {
  for (const std::string_view text : {"127.0.0.1:0", "127.1.2.3:80", "[::1]:8080", "localhost:1"}) {
    EXPECT_TRUE(IsLoopback(*ParseListen(text))) << text;
  }
  for (const std::string_view text :
       {"0.0.0.0:80", "[::]:80", "192.168.1.1:80", "127.example.com:80"}) {
    EXPECT_FALSE(IsLoopback(*ParseListen(text))) << text;
  }
  for (const std::string_view text :
       {"", "8080", ":80", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"}) {
    EXPECT_FALSE(ParseListen(text).has_value()) << text;
  }
}

TEST(ProtectionTest, OtherMachinesNeedKeysAndTls) {
  struct Case {
    std::string listen, auth, tls;
    std::optional<std::pair<bool, bool>> expected;  // auth and TLS; nothing: refused
  };

  for (const auto& [listen, auth, tls, expected] : std::vector<Case>{
           {"127.0.0.1:1", "auto", "off", {{false, false}}},
           {"127.0.0.1:1", "on", "off", {{true, false}}},
           {"[::1]:1", "off", "self-signed", {{false, true}}},
           {"0.0.0.0:1", "auto", "self-signed", {{true, true}}},
           {"10.0.0.1:1", "on", "self-signed", {{true, true}}},
           {"0.0.0.0:1", "auto", "off", {}},
           {"0.0.0.0:1", "off", "self-signed", {}},
           {"[::]:1", "off", "off", {}},
       }) {
    Config config;
    config.listen = listen;
    config.auth = auth;
    config.tls = tls;
    config.data = "d/d";
    const auto protection = ProtectionOf(config);
    SCOPED_TRACE(listen + " " + auth + " " + tls);
    ASSERT_EQ(protection.has_value(), expected.has_value());
    if (expected.has_value()) {
      EXPECT_EQ(protection->auth, expected->first);
      EXPECT_EQ(protection->tls, expected->second);
    } else {
      EXPECT_EQ(ExitCodeOf(protection.error()), kExitConfig);
      EXPECT_NE(protection.error().message.find("weir keys create admin --role admin --data d/d"),
                std::string::npos);
      EXPECT_NE(protection.error().message.find("--listen " + listen + " --tls self-signed"),
                std::string::npos);
    }
  }
}

TEST(ProtectionTest, FilesAreNamedWhenTheyAreUsed) {
  Config config;
  config.tls = "files";
  config.tls_certificate = "c.pem";
  EXPECT_FALSE(ProtectionOf(config).has_value());
  config.tls_key = "k.pem";
  EXPECT_TRUE(ProtectionOf(config).has_value());
  config.tls = "off";
  EXPECT_FALSE(ProtectionOf(config).has_value()) << "a certificate that nobody would use";
}

class RemoteTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.CreateDirectories("/c").has_value());
    ASSERT_TRUE(base::ReplaceFile(files_, "/c/key", "WEIRA.s/+3\n").has_value());
    ASSERT_TRUE(base::ReplaceFile(files_, "/c/ca.pem", "PEM").has_value());
  }

  base::SimulatedFileSystem files_;
};

TEST_F(RemoteTest, TheKeyComesFromTheFileOrTheEnvironment) {
  const Target target{.server = "https://h:1", .ca = "/c/ca.pem", .key_file = "/c/key"};
  const auto remote = ReadRemote(files_, target, "WEIRB.x");
  ASSERT_TRUE(remote.has_value()) << remote.error().message;
  EXPECT_EQ(remote->authorization, "Bearer WEIRA.s/+3");
  EXPECT_EQ(remote->authorities, "PEM");
  EXPECT_EQ(ReadRemote(files_, {.server = "https://h:1"}, "WEIRB.x")->authorization,
            "Bearer WEIRB.x");
  EXPECT_EQ(ReadRemote(files_, {.server = "http://h:1"}, "")->authorization, "");
  EXPECT_FALSE(ReadRemote(files_, {.server = "https://h:1", .key_file = "/c/ca.pem"}, ""));
}

TEST_F(RemoteTest, NoKeyCrossesTheNetworkInTheClear) {
  for (const char* url : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:80",
                          "https://example.com", "http://127.0.0.1"}) {
    EXPECT_TRUE(ReadRemote(files_, {.server = url}, "WEIRB.x").has_value()) << url;
  }
  for (const char* url : {"http://example.com", "http://10.0.0.1:8080", "http://[2001:db8::1]:80",
                          "http://127.0.0.1.example.com"}) {
    EXPECT_FALSE(ReadRemote(files_, {.server = url}, "WEIRB.x").has_value()) << url;
  }
}

TEST(TlsFilesTest, APrivateKeyIsForItsOwnerAlone) {
  base::FileSystem& files = base::SystemFileSystem();
  const std::string path = base::JoinPath(testing::TempDir(), "weir_" + base::SystemRandomHex(8));
  ASSERT_TRUE(base::ReplaceFile(files, path, "PEM").has_value());
  const Config config{.tls = "files", .tls_certificate = path, .tls_key = path};
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  const auto refused = LoadTlsIdentity(files, config, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(ExitCodeOf(refused.error()), kExitConfig);
  EXPECT_NE(refused.error().message.find("chmod 600 " + path), std::string::npos);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(LoadTlsIdentity(files, config, "")->private_key, "PEM");
  EXPECT_TRUE(files.Remove(path).has_value());
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
