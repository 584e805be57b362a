#include "auth/keyring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "auth/key_definition.h"
#include "base/simulated_file_system.h"

namespace weir::auth {
namespace {

using base::Code;
using base::SimulatedFileSystem;

constexpr char kSecretPath[] = "/data/secret.key";
constexpr int64_t kStart = 1'600'000'020'000;  // on a minute

class KeyringTest : public testing::Test {
 protected:
  KeyringTest() {
    EXPECT_TRUE(files_->CreateDirectories("/data").has_value());
    OpenBoth();
  }

  void OpenBoth() {
    catalog_ = *catalog::Catalog::Open(*files_, clock_, "/data/catalog.db");
    auto opened = Keyring::Open(*files_, clock_, *catalog_, kSecretPath);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    keyring_ = std::move(*opened);
  }

  void Close() {
    keyring_.reset();
    catalog_.reset();
  }

  NewKey Make(std::string_view name, std::vector<Role> roles = {Role::kIngest},
              std::vector<std::string> streams = {}) {
    auto made = keyring_->Create(name, std::move(roles), std::move(streams));
    EXPECT_TRUE(made.has_value());
    return made.has_value() ? *made : NewKey();
  }

  static std::string Token(const NewKey& key) { return key.info.id + "." + key.secret; }

  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  base::ManualClock clock_{kStart};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Keyring> keyring_;
};

TEST_F(KeyringTest, MakesKeysThatAwsClientsTake) {
  const NewKey key = Make("shop", {Role::kAdmin, Role::kIngest, Role::kAdmin}, {"clicks", "o*"});
  EXPECT_TRUE(std::regex_match(key.info.id, std::regex("WEIR[A-Z2-7]{16}"))) << key.info.id;
  EXPECT_TRUE(std::regex_match(key.secret, std::regex("[A-Za-z0-9+/]{40}"))) << key.secret;
  EXPECT_THAT(key.info.roles, testing::ElementsAre(Role::kIngest, Role::kAdmin));
  EXPECT_EQ(key.info.created.millis, kStart);
  EXPECT_NE(Make("other").secret, key.secret);
}

TEST_F(KeyringTest, FindsSecretsAndIdentities) {
  EXPECT_TRUE(keyring_->empty());
  const NewKey key = Make("shop", {Role::kIngest}, {"clicks"});
  EXPECT_FALSE(keyring_->empty());
  const Keyring::Lookup found = keyring_->Find(key.info.id);
  EXPECT_EQ(found.secret, key.secret);
  ASSERT_TRUE(found.identity.has_value());
  EXPECT_EQ(found.identity->key_id, key.info.id);
  EXPECT_THAT(found.identity->streams, testing::ElementsAre("clicks"));

  const Keyring::Lookup unknown = keyring_->Find("WEIRAAAAAAAAAAAAAAAA");
  EXPECT_FALSE(unknown.identity.has_value());
  EXPECT_EQ(unknown.secret.size(), key.secret.size()) << "a dummy of the same length";
}

TEST_F(KeyringTest, AuthenticatesBearerTokens) {
  const NewKey key = Make("shop");
  const NewKey other = Make("other");
  ASSERT_TRUE(keyring_->Authenticate(Token(key)).has_value());
  EXPECT_EQ(keyring_->Authenticate(Token(key))->key_id, key.info.id);
  for (const std::string& wrong :
       {std::string(), std::string("."), key.info.id, key.info.id + ".", key.secret,
        key.info.id + "." + other.secret, Token(key) + "x", Token(key).substr(0, 60),
        "WEIRAAAAAAAAAAAAAAAA." + key.secret}) {
    EXPECT_FALSE(keyring_->Authenticate(wrong).has_value()) << wrong;
  }
}

TEST_F(KeyringTest, KeysOutliveARestart) {
  const NewKey key = Make("shop", {Role::kAnalyst, Role::kIngest}, {"clicks", "shop-*"});
  Close();
  OpenBoth();
  EXPECT_EQ(keyring_->Find(key.info.id).secret, key.secret);
  EXPECT_TRUE(keyring_->Authenticate(Token(key)).has_value());
  const std::vector<KeyInfo> keys = keyring_->List();
  ASSERT_EQ(keys.size(), 1);
  EXPECT_EQ(keys[0].name, "shop");
  EXPECT_EQ(keys[0].created, key.info.created);
  EXPECT_THAT(keys[0].roles, testing::ElementsAre(Role::kIngest, Role::kAnalyst));
  EXPECT_THAT(keys[0].streams, testing::ElementsAre("clicks", "shop-*"));
}

TEST_F(KeyringTest, StoresNoSecretInTheClear) {
  const NewKey key = Make("shop");
  for (const std::string& path : files_->Files()) {
    EXPECT_EQ(base::ReadFile(*files_, path)->find(key.secret), std::string::npos) << path;
  }
}

TEST_F(KeyringTest, RotationKeepsTheFirstKeyUntilItIsRevoked) {
  const NewKey first = Make("shop", {Role::kIngest}, {"clicks"});
  clock_.AdvanceMillis(1);
  const auto second = keyring_->Rotate("shop");
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->info.streams, first.info.streams);
  EXPECT_EQ(second->info.roles, first.info.roles);
  EXPECT_NE(second->info.id, first.info.id);
  EXPECT_TRUE(keyring_->Authenticate(Token(first)).has_value());
  EXPECT_TRUE(keyring_->Authenticate(Token(*second)).has_value());
  EXPECT_EQ(keyring_->Rotate("shop").error().code, Code::kLimitExceeded);
  EXPECT_EQ(keyring_->Create("shop", {Role::kViewer}, {}).error().code, Code::kLimitExceeded);

  ASSERT_TRUE(keyring_->Revoke(first.info.id).has_value());
  EXPECT_FALSE(keyring_->Authenticate(Token(first)).has_value());
  EXPECT_FALSE(keyring_->Find(first.info.id).identity.has_value());
  EXPECT_TRUE(keyring_->Authenticate(Token(*second)).has_value());
  EXPECT_TRUE(keyring_->Rotate("shop").has_value());
  EXPECT_EQ(keyring_->Rotate("nobody").error().code, Code::kNotFound);
}

TEST_F(KeyringTest, RevokedKeysStayListedButHaveNoSecret) {
  const NewKey key = Make("shop");
  clock_.AdvanceMillis(5'000);
  ASSERT_TRUE(keyring_->Revoke(key.info.id).has_value());
  EXPECT_TRUE(keyring_->Revoke(key.info.id).has_value()) << "again is fine";
  EXPECT_EQ(keyring_->Revoke("WEIRAAAAAAAAAAAAAAAA").error().code, Code::kNotFound);
  EXPECT_TRUE(keyring_->empty());
  Close();
  OpenBoth();
  ASSERT_EQ(keyring_->List().size(), 1);
  EXPECT_EQ(keyring_->List()[0].revoked, model::Rowtime{kStart + 5'000});
  EXPECT_NE(keyring_->Find(key.info.id).secret, key.secret);
  EXPECT_FALSE(keyring_->Authenticate(Token(key)).has_value());
  const std::string definition = catalog_->Get(kKeyType, key.info.id)->definition;
  EXPECT_EQ(definition.find("secret"), std::string::npos) << definition;
}

TEST_F(KeyringTest, RefusesBadNamesScopesAndRoles) {
  const std::vector<Role> roles = {Role::kIngest};
  for (const std::string& name : {std::string(), std::string("a b"), std::string("x/y"),
                                  std::string("käse"), std::string(65, 'n')}) {
    EXPECT_EQ(keyring_->Create(name, roles, {}).error().code, Code::kInvalidArgument) << name;
  }
  for (const std::string& scope : {std::string(), std::string("a*b"), std::string("**"),
                                   std::string("a b"), std::string(129, 's')}) {
    EXPECT_EQ(keyring_->Create("n", roles, {scope}).error().code, Code::kInvalidArgument) << scope;
  }
  EXPECT_EQ(keyring_->Create("n", roles, std::vector<std::string>(101, "s")).error().code,
            Code::kInvalidArgument);
  EXPECT_EQ(keyring_->Create("n", {}, {}).error().code, Code::kInvalidArgument);
  EXPECT_TRUE(keyring_->Create("Ann.B-c_d@shop", roles, {"*"}).has_value());
  EXPECT_EQ(keyring_->List().size(), 1);
}

TEST_F(KeyringTest, LastUseIsSavedToTheMinute) {
  const NewKey key = Make("shop");
  const NewKey idle = Make("idle");
  clock_.SetWallMillis(kStart + 61'500);
  keyring_->Touch(key.info.id);
  keyring_->Touch("WEIRAAAAAAAAAAAAAAAA");
  EXPECT_EQ(keyring_->List()[0].last_used.has_value() + keyring_->List()[1].last_used.has_value(),
            1);
  const uint64_t version = catalog_->version();
  clock_.AdvanceMillis(2'000);
  keyring_->Touch(key.info.id);
  EXPECT_EQ(catalog_->version(), version) << "nothing is written by a use";
  ASSERT_TRUE(keyring_->SaveUses().has_value());
  const uint64_t saved = catalog_->version();
  ASSERT_TRUE(keyring_->SaveUses().has_value());
  EXPECT_EQ(catalog_->version(), saved) << "the same minute is not written twice";

  clock_.AdvanceMillis(600'000);
  keyring_->Touch(key.info.id);
  Close();  // saves
  OpenBoth();
  for (const KeyInfo& info : keyring_->List()) {
    EXPECT_EQ(info.last_used, info.id == idle.info.id
                                  ? std::nullopt
                                  : std::optional(model::Rowtime{kStart + 660'000}));
  }
  EXPECT_EQ(keyring_->Find(key.info.id).secret, key.secret);
}

TEST_F(KeyringTest, WrappingKeyMustBeTheRightOne) {
  const NewKey key = Make("shop");
  Close();
  const std::string right = *base::ReadFile(*files_, kSecretPath);
  catalog_ = *catalog::Catalog::Open(*files_, clock_, "/data/catalog.db");
  const auto open = [this] { return Keyring::Open(*files_, clock_, *catalog_, kSecretPath); };

  ASSERT_TRUE(base::ReplaceFile(*files_, kSecretPath, std::string(64, '0') + "\n").has_value());
  EXPECT_EQ(open().error().code, Code::kDataLoss);
  ASSERT_TRUE(base::ReplaceFile(*files_, kSecretPath, "short\n").has_value());
  EXPECT_EQ(open().error().code, Code::kDataLoss);
  ASSERT_TRUE(files_->Remove(kSecretPath).has_value());
  EXPECT_EQ(open().error().code, Code::kDataLoss);
  EXPECT_FALSE(files_->Exists(kSecretPath)) << "a lost key is not replaced by a new one";
  ASSERT_TRUE(base::ReplaceFile(*files_, kSecretPath, right).has_value());
  EXPECT_EQ((*open())->Find(key.info.id).secret, key.secret);
}

TEST_F(KeyringTest, DamagedDefinitionIsRefused) {
  const NewKey key = Make("shop");
  Close();
  catalog_ = *catalog::Catalog::Open(*files_, clock_, "/data/catalog.db");
  for (const char* definition : {"{", "{}", R"({"name":"x","roles":["root"],"streams":[]})",
                                 R"({"name":"x","roles":["admin"],"streams":[1]})",
                                 R"({"name":"x","roles":["admin"],"streams":[]})"}) {
    const catalog::ResourceChange change = {
        .resource = {.type = std::string(kKeyType), .name = key.info.id, .definition = definition}};
    ASSERT_TRUE(catalog_->Apply({&change, 1}).has_value());
    const auto opened = Keyring::Open(*files_, clock_, *catalog_, kSecretPath);
    ASSERT_FALSE(opened.has_value()) << definition;
    EXPECT_EQ(opened.error().code, Code::kDataLoss);
    EXPECT_THAT(opened.error().message, testing::HasSubstr(key.info.id));
  }
}

TEST_F(KeyringTest, WrappingKeyIsTheOwnersAlone) {
  const std::string folder = testing::TempDir() + "/keyring_private";
  base::FileSystem& files = base::SystemFileSystem();
  ASSERT_TRUE(files.CreateDirectories(folder).has_value());
  const std::string path = folder + "/secret.key";
  if (files.Exists(path)) {
    ASSERT_TRUE(files.Remove(path).has_value());
  }
  ASSERT_TRUE(Keyring::Open(files, clock_, *catalog_, path).has_value());
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST_F(KeyringTest, ACrashWhileAKeyIsMadeLeavesItWholeOrAbsent) {
  Close();
  std::optional<uint64_t> operations;
  for (uint64_t stop = 0; !operations.has_value() || stop <= *operations; ++stop) {
    SimulatedFileSystem files;
    ASSERT_TRUE(files.CreateDirectories("/data").has_value());
    std::optional<NewKey> made;
    if (operations.has_value()) {
      files.StopAt(stop - 1);
    }
    const auto run = [&] {
      auto catalog = catalog::Catalog::Open(files, clock_, "/data/catalog.db");
      if (!catalog.has_value()) {
        return;
      }
      auto keyring = Keyring::Open(files, clock_, **catalog, kSecretPath);
      if (keyring.has_value()) {
        auto key = (*keyring)->Create("shop", {Role::kIngest}, {});
        if (key.has_value()) {
          made = std::move(*key);
        }
      }
    };
    run();
    if (!operations.has_value()) {
      operations = files.operations();
      continue;
    }
    for (const auto loss : SimulatedFileSystem::kLosses) {
      const auto disk = files.Crash(loss, stop);
      auto catalog = catalog::Catalog::Open(*disk, clock_, "/data/catalog.db");
      if (!catalog.has_value()) {
        // Before the folder itself was durable.
        ASSERT_FALSE(made.has_value()) << catalog.error().message;
        continue;
      }
      auto keyring = Keyring::Open(*disk, clock_, **catalog, kSecretPath);
      ASSERT_TRUE(keyring.has_value()) << "stopped at " << stop << ": " << keyring.error().message;
      if (made.has_value()) {
        EXPECT_EQ((*keyring)->Find(made->info.id).secret, made->secret);
      }
      EXPECT_LE((*keyring)->List().size(), 1);
    }
  }
}

TEST_F(KeyringTest, ManyThreadsUseTheKeyringWhileItChanges) {
  const NewKey key = Make("stable");
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this, &key] {
      for (int round = 0; round < 500; ++round) {
        EXPECT_EQ(keyring_->Find(key.info.id).secret, key.secret);
        EXPECT_TRUE(keyring_->Authenticate(Token(key)).has_value());
        keyring_->Touch(key.info.id);
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    const NewKey passing = Make("passing");
    EXPECT_TRUE(keyring_->Revoke(passing.info.id).has_value());
    EXPECT_TRUE(keyring_->SaveUses().has_value());
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(keyring_->List().size(), 11);
}

}  // namespace
}  // namespace weir::auth
