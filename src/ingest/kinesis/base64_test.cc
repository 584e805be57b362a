#include "ingest/kinesis/base64.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/format.h"
#include "base/random.h"
#include "base/test_seed.h"

namespace weir::ingest::kinesis {
namespace {

TEST(Base64Test, DecodesEveryLength) {
  const uint64_t seed = base::TestSeed(1);
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  for (size_t size = 0; size < 300; ++size) {
    std::string data(size, '\0');
    for (char& c : data) {
      c = static_cast<char>(random.Below(256));
    }
    std::string out = "before";
    ASSERT_TRUE(DecodeBase64(base::ToBase64(data), out).has_value()) << size;
    ASSERT_EQ(out, "before" + data);
  }
}

TEST(Base64Test, RefusesACharacterOutsideTheAlphabetAnywhere) {
  const std::string good = base::ToBase64(std::string(99, '\xF3'));
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < good.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const bool padding = text[at] == '=' && at + 1 == good.size();
      const bool fine = padding || kAlphabet.find(text[at]) != std::string_view::npos;
      std::string out = "before";
      const auto decoded = DecodeBase64(text, out);
      // At the end, bits of a character before the padding may be left over.
      ASSERT_TRUE(decoded.has_value() == fine || padding) << at << " " << c;
      ASSERT_TRUE(decoded.has_value() || out == "before");
    }
  }
}

}  // namespace
}  // namespace weir::ingest::kinesis
