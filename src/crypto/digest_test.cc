#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"

namespace weir::crypto {
namespace {

std::string Repeat(char byte, size_t count) {
  return std::string(count, byte);
}

TEST(Digest, HashesTheExamplesOfTheStandard) {
  // FIPS 180-4 examples.
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(Sha256(Repeat('a', 1'000'000))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, AuthenticatesTheCasesOfRfc4231) {
  EXPECT_EQ(Hex(HmacSha256(Repeat(0x0b, 20), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(Repeat('\xaa', 20), Repeat('\xdd', 50))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(Hex(HmacSha256(*base::FromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                           Repeat('\xcd', 50))),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(Hex(HmacSha256(Repeat(0x0c, 20), "Test With Truncation")).substr(0, 32),
            "a3b6167473100ee06e0c796c2955552b");
  EXPECT_EQ(Hex(HmacSha256(Repeat('\xaa', 131),
                           "Test Using Larger Than Block-Size Key - "
                           "Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(Hex(HmacSha256(Repeat('\xaa', 131),
                           "This is a test using a larger than block-size key and a larger than "
                           "block-size data. The key needs to be hashed before being used by the "
                           "HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(Digest, CountsTheBlocksThatItHashes) {
  const uint64_t before = HashedBlocks();
  Sha256("");
  Sha256(Repeat('x', 55));
  EXPECT_EQ(HashedBlocks() - before, 2);
  Sha256(Repeat('x', 56));
  EXPECT_EQ(HashedBlocks() - before, 4) << "the length needs a block of its own";
  HmacSha256("key", "text");
  EXPECT_EQ(HashedBlocks() - before, 8);
}

TEST(Digest, ThreadsHashWithoutDisturbingEachOther) {
  const std::string text = Repeat('x', 5'000);
  const std::string expected = Hex(HmacSha256("key", text));
  std::vector<std::string> found(4);
  std::vector<std::thread> threads;
  for (std::string& digest : found) {
    threads.emplace_back([&digest, &text] {
      for (int i = 0; i < 200; ++i) {
        digest = Hex(HmacSha256("key", text));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(found, std::vector<std::string>(4, expected));
}

TEST(Digest, ComparesWholeTexts) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("secret", "secret"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secreT"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secret "));
}

TEST(Digest, RandomBytesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(RandomBytes(16).size(), 16);
    seen.insert(RandomBytes(16));
  }
  EXPECT_EQ(seen.size(), 100);
  EXPECT_EQ(RandomBytes(0), "");
}

}  // namespace
}  // namespace weir::crypto
