#include "crypto/secret_box.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace weir::crypto {
namespace {

SecretBox BoxOf(char byte) {
  return *SecretBox::Create(std::string(SecretBox::kKeyBytes, byte));
}

TEST(SecretBox, OpensWhatItSealed) {
  const SecretBox box = BoxOf('k');
  for (const size_t size : {0, 1, 40, 5'000}) {
    const std::string secret(size, 's');
    const std::string sealed = box.Seal(secret, "WEIR1");
    EXPECT_EQ(sealed.size(), size + 28);
    EXPECT_EQ(box.Open(sealed, "WEIR1").value(), secret);
  }
  EXPECT_NE(box.Seal("secret", "a"), box.Seal("secret", "a")) << "each box has its own nonce";
}

TEST(SecretBox, OpensTheExampleOfTheGcmSpecification) {
  // McGrew and Viega, test case 16: AES-256 with additional data.
  const SecretBox box = *SecretBox::Create(
      *base::FromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const std::string sealed = *base::FromHex(
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  const auto opened = box.Open(sealed, *base::FromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(base::ToHex(*opened),
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
}

TEST(SecretBox, RefusesEveryChangedBit) {
  const SecretBox box = BoxOf('k');
  const std::string sealed = box.Seal("secret access key", "WEIR1");
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto opened = box.Open(changed, "WEIR1");
    ASSERT_FALSE(opened.has_value()) << "bit " << bit;
    EXPECT_EQ(opened.error().code, base::Code::kDataLoss);
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(box.Open(sealed.substr(0, size), "WEIR1").has_value()) << size << " bytes";
  }
}

TEST(SecretBox, RefusesAnotherNameAndAnotherKey) {
  const std::string sealed = BoxOf('k').Seal("secret", "WEIR1");
  EXPECT_FALSE(BoxOf('k').Open(sealed, "WEIR2").has_value());
  EXPECT_FALSE(BoxOf('l').Open(sealed, "WEIR1").has_value());
}

TEST(SecretBox, RefusesKeysOfAnotherLength) {
  EXPECT_EQ(SecretBox::Create("short").error().code, base::Code::kInvalidArgument);
  EXPECT_FALSE(SecretBox::Create(std::string(33, 'k')).has_value());
}

}  // namespace
}  // namespace weir::crypto
