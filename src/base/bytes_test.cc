#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"
#include "base/format.h"
#include "base/md5.h"
#include "base/random.h"
#include "base/test_seed.h"

namespace weir::base {
namespace {

std::string RandomBytes(Random& random, size_t size) {
  std::string data(size, '\0');
  for (char& c : data) {
    c = static_cast<char>(random.Next());
  }
  return data;
}

TEST(BytesTest, ReadsBackWhatWasWritten) {
  std::string data;
  ByteWriter writer(data);
  writer.U8(7);
  writer.U32(0x01020304);
  writer.U64(std::numeric_limits<uint64_t>::max());
  writer.I64(-5);
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, ~uint64_t{0}}) {
    writer.Varint(value);
  }
  writer.String("text");
  EXPECT_EQ(data.substr(1, 4), std::string_view("\x04\x03\x02\x01", 4));
  ByteReader reader(data);
  EXPECT_EQ(reader.U8(), 7);
  EXPECT_EQ(reader.U32(), 0x01020304);
  EXPECT_EQ(reader.U64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.I64(), -5);
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, ~uint64_t{0}}) {
    EXPECT_EQ(reader.Varint(), value);
  }
  EXPECT_EQ(reader.String(), "text");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0);
}

TEST(BytesTest, CutBytesAreAnErrorNotARead) {
  std::string data;
  ByteWriter(data).String("a longer text");
  for (size_t size = 0; size < data.size(); ++size) {
    ByteReader reader(std::string_view(data).substr(0, size));
    EXPECT_EQ(reader.String(), "");
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.U64(), 0);
  }
  const std::string endless(20, '\xFF');
  ByteReader reader(endless);
  EXPECT_EQ(reader.Varint(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(BytesTest, HexAndBase64KnownTexts) {
  EXPECT_EQ(ToHex("\x01\xAB"), "01ab");
  EXPECT_EQ(FromHex("01AB"), "\x01\xAB");
  EXPECT_FALSE(FromHex("0").has_value());
  EXPECT_FALSE(FromHex("0g").has_value());
  EXPECT_EQ(ToBase64(""), "");
  EXPECT_EQ(ToBase64("f"), "Zg==");
  EXPECT_EQ(ToBase64("fo"), "Zm8=");
  EXPECT_EQ(ToBase64("foobar"), "Zm9vYmFy");
  for (const char* wrong :
       {"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Z g=", "Zm9vYmF\n"}) {
    EXPECT_FALSE(FromBase64(wrong).has_value()) << wrong;
  }
}

TEST(BytesTest, HexAndBase64RoundTrip) {
  const uint64_t seed = base::TestSeed(20261122);
  SCOPED_TRACE(base::SeedTrace(seed));
  Random random(seed);
  for (size_t size = 0; size < 200; ++size) {
    const std::string data = RandomBytes(random, size);
    EXPECT_EQ(FromHex(ToHex(data)), data);
    EXPECT_EQ(FromBase64(ToBase64(data)), data);
  }
}

uint32_t Crc32cBitByBit(std::string_view data) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : data) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
    }
  }
  return ~crc;
}

TEST(Crc32cTest, KnownChecksums) {
  EXPECT_EQ(Crc32c(""), 0);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43);
}

TEST(Crc32cTest, AgreesWithTheDefinitionAndContinues) {
  const uint64_t seed = base::TestSeed(20261122);
  SCOPED_TRACE(base::SeedTrace(seed));
  Random random(seed);
  const std::string data = RandomBytes(random, 20'000);
  for (const size_t size : {1, 7, 8, 9, 3071, 3072, 3073, 6144, 9999, 20'000}) {
    const std::string_view part = std::string_view(data).substr(0, size);
    EXPECT_EQ(Crc32c(part), Crc32cBitByBit(part)) << size;
    const size_t cut = random.Below(size);
    EXPECT_EQ(Crc32c(part.substr(cut), Crc32c(part.substr(0, cut))), Crc32c(part)) << size;
  }
}

std::string Md5Hex(std::string_view text) {
  const unsigned __int128 digest = Md5(text);
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(digest >> 64),
                     static_cast<uint64_t>(digest));
}

TEST(Md5Test, KnownDigests) {
  EXPECT_EQ(Md5Hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Md5Hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Md5Hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(
      Md5Hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5Test, BlockBoundaries) {
  EXPECT_EQ(Md5Hex(std::string(55, 'a')), "ef1772b6dff9a122358552954ad0df65");
  EXPECT_EQ(Md5Hex(std::string(56, 'a')), "3b0c8ac703f828b04c6c197006d17218");
  EXPECT_EQ(Md5Hex(std::string(64, 'a')), "014842d480b571495a4a0363793f7367");
}

TEST(Md5Test, SeveralTextsAtOnce) {
  const uint64_t seed = base::TestSeed(20261122);
  SCOPED_TRACE(base::SeedTrace(seed));
  Random random(seed);
  for (size_t count = 0; count <= kMd5Lanes; ++count) {
    for (int round = 0; round < 100; ++round) {
      std::vector<std::string> texts;
      for (size_t i = 0; i < count; ++i) {
        texts.push_back(RandomBytes(random, random.Below(kMaxMd5EachBytes + 1)));
      }
      const std::vector<std::string_view> views(texts.begin(), texts.end());
      std::array<unsigned __int128, kMd5Lanes> digests{};
      Md5Each(views, digests.data());
      for (size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(digests[i] == Md5(texts[i])) << texts[i].size();
      }
    }
  }
}

}  // namespace
}  // namespace weir::base
