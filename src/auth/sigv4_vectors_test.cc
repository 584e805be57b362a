// The header signatures of the signing test suite that AWS publishes with aws-c-auth
// (tests/aws-signing-test-suite/v4), all 38 cases. A header over several lines, which HTTP has
// abolished, stands as the repeated header that the suite's signature means.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/sigv4_canonical.h"
#include "crypto/digest.h"

namespace weir::auth {
namespace {

constexpr std::string_view kDate = "20150830T123600Z";
constexpr std::string_view kScope = "20150830/us-east-1/service/aws4_request";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct Vector {
  std::string_view name;
  std::string_view method;
  std::string_view target;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides host and x-amz-date
  std::string_view body;
  bool normalized = true;
  std::string_view signed_headers;
  std::string_view signature;
};

std::vector<Vector> Vectors() {
  return {
      {.name = "get-header-key-duplicate",
       .method = "GET",
       .target = "/",
       .headers = {{"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;my-header1;x-amz-date",
       .signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {.name = "get-header-value-multiline",
       .method = "GET",
       .target = "/",
       .headers = {{"my-header1", "value1"}, {"my-header1", "value2"}, {"my-header1", "value3"}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;my-header1;x-amz-date",
       .signature = "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
      {.name = "get-header-value-order",
       .method = "GET",
       .target = "/",
       .headers = {{"my-header1", "value4"},
                   {"my-header1", "value1"},
                   {"my-header1", "value3"},
                   {"my-header1", "value2"}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;my-header1;x-amz-date",
       .signature = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {.name = "get-header-value-trim",
       .method = "GET",
       .target = "/",
       .headers = {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;my-header1;my-header2;x-amz-date",
       .signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {.name = "get-unreserved",
       .method = "GET",
       .target = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {.name = "get-utf8",
       .method = "GET",
       .target = "/\xE1\x88\xB4",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {.name = "get-vanilla",
       .method = "GET",
       .target = "/",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {.name = "get-vanilla-with-session-token",
       .method = "GET",
       .target = "/",
       .headers = {{"x-amz-security-token",
                    "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date;x-amz-security-token",
       .signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
      {.name = "get-vanilla-empty-query-key",
       .method = "GET",
       .target = "/?Param1=value1",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {.name = "get-vanilla-query",
       .method = "GET",
       .target = "/",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {.name = "get-vanilla-query-order-key-case",
       .method = "GET",
       .target = "/?Param2=value2&Param1=value1",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {.name = "get-vanilla-query-order-encoded",
       .method = "GET",
       .target = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
      {.name = "get-vanilla-query-unreserved",
       .method = "GET",
       .target = "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~"
                 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {.name = "get-vanilla-utf8-query",
       .method = "GET",
       .target = "/?\xE1\x88\xB4=bar",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {.name = "post-header-key-case",
       .method = "POST",
       .target = "/",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {.name = "post-header-key-sort",
       .method = "POST",
       .target = "/",
       .headers = {{"my-header1", "value1"}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;my-header1;x-amz-date",
       .signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {.name = "post-header-value-case",
       .method = "POST",
       .target = "/",
       .headers = {{"my-header1", "VALUE1"}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;my-header1;x-amz-date",
       .signature = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {.name = "post-vanilla",
       .method = "POST",
       .target = "/",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {.name = "post-vanilla-empty-query-value",
       .method = "POST",
       .target = "/?Param1=value1",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {.name = "post-vanilla-query",
       .method = "POST",
       .target = "/?Param1=value1",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {.name = "post-x-www-form-urlencoded",
       .method = "POST",
       .target = "/",
       .headers = {{"content-type", "application/x-www-form-urlencoded"},
                   {"content-length", "13"},
                   {"x-amz-content-sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
       .body = "Param1=value1",
       .normalized = true,
       .signed_headers = "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
       .signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
      {.name = "post-x-www-form-urlencoded-parameters",
       .method = "POST",
       .target = "/",
       .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
                   {"content-length", "13"},
                   {"x-amz-content-sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
       .body = "Param1=value1",
       .normalized = true,
       .signed_headers = "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
       .signature = "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
      {.name = "post-sts-header-after",
       .method = "POST",
       .target = "/",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {.name = "post-sts-header-before",
       .method = "POST",
       .target = "/",
       .headers = {{"x-amz-security-token",
                    "AQoDYXdzEPT//////////"
                    "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYR"
                    "qTflfKD8YUuwthAx7mSEI/qkPpKPi/"
                    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlR"
                    "d8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
                    "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="}},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date;x-amz-security-token",
       .signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
      {.name = "get-relative-normalized",
       .method = "GET",
       .target = "/example/..",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {.name = "get-relative-unnormalized",
       .method = "GET",
       .target = "/example/..",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"},
      {.name = "get-relative-relative-normalized",
       .method = "GET",
       .target = "/example1/example2/../..",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {.name = "get-relative-relative-unnormalized",
       .method = "GET",
       .target = "/example1/example2/../..",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"},
      {.name = "get-slash-normalized",
       .method = "GET",
       .target = "//",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {.name = "get-slash-unnormalized",
       .method = "GET",
       .target = "//",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"},
      {.name = "get-slash-dot-slash-normalized",
       .method = "GET",
       .target = "/./",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {.name = "get-slash-dot-slash-unnormalized",
       .method = "GET",
       .target = "/./",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145"},
      {.name = "get-slash-pointless-dot-normalized",
       .method = "GET",
       .target = "/./example",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
      {.name = "get-slash-pointless-dot-unnormalized",
       .method = "GET",
       .target = "/./example",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff"},
      {.name = "get-slashes-normalized",
       .method = "GET",
       .target = "//example//",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {.name = "get-slashes-unnormalized",
       .method = "GET",
       .target = "//example//",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
      {.name = "get-space-normalized",
       .method = "GET",
       .target = "/example space/",
       .headers = {},
       .body = "",
       .normalized = true,
       .signed_headers = "host;x-amz-date",
       .signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {.name = "get-space-unnormalized",
       .method = "GET",
       .target = "/example space/",
       .headers = {},
       .body = "",
       .normalized = false,
       .signed_headers = "host;x-amz-date",
       .signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
  };
}

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> names;
  for (size_t end = 0; end != std::string_view::npos; text.remove_prefix(end + 1)) {
    end = text.find(';');
    names.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      break;
    }
  }
  return names;
}

std::string SignatureOf(Vector vector) {
  vector.headers.emplace_back("host", "example.amazonaws.com");
  vector.headers.emplace_back("x-amz-date", kDate);
  const size_t question = vector.target.find('?');
  const std::string_view raw_path = vector.target.substr(0, question);
  const std::string path = vector.normalized ? NormalizedPath(raw_path) : std::string(raw_path);
  const std::string payload_hash = crypto::Hex(crypto::Sha256(vector.body));
  const std::vector<std::string_view> signed_headers = Split(vector.signed_headers);
  const std::string canonical = CanonicalRequest(
      {.method = vector.method,
       .path = path,
       .query = question == std::string_view::npos ? "" : vector.target.substr(question + 1),
       .headers = vector.headers,
       .signed_headers = signed_headers,
       .payload_hash = payload_hash});
  return Signature(SigningKey(kSecret, "20150830", "us-east-1", "service"),
                   StringToSign(kDate, kScope, canonical));
}

TEST(SigV4Vectors, PublishedSuite) {
  const std::vector<Vector> vectors = Vectors();
  ASSERT_EQ(vectors.size(), 38);
  for (const Vector& vector : vectors) {
    EXPECT_EQ(SignatureOf(vector), vector.signature) << vector.name;
  }
}

TEST(SigV4Vectors, TheStepsOfTheDocumentedExample) {
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"host", "example.amazonaws.com"}, {"x-amz-date", std::string(kDate)}};
  const std::vector<std::string_view> names = {"host", "x-amz-date"};
  const std::string empty_hash = crypto::Hex(crypto::Sha256(""));
  const std::string canonical = CanonicalRequest({.method = "GET",
                                                  .path = "/",
                                                  .query = "",
                                                  .headers = headers,
                                                  .signed_headers = names,
                                                  .payload_hash = empty_hash});
  EXPECT_EQ(canonical,
            "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
            "host;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(StringToSign(kDate, kScope, canonical),
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
            "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
}

TEST(SigV4Vectors, QueriesAreEncodedAnewAndSorted) {
  const std::vector<std::pair<std::string, std::string>> headers;
  const auto query = [&headers](std::string_view text) {
    const std::string canonical = CanonicalRequest({.method = "GET",
                                                    .path = "/",
                                                    .query = text,
                                                    .headers = headers,
                                                    .signed_headers = {},
                                                    .payload_hash = ""});
    return canonical.substr(6, canonical.find('\n', 6) - 6);
  };
  EXPECT_EQ(query("b&a=1"), "a=1&b=");
  EXPECT_EQ(query("x=a.b&x=a%2fb"), "x=a%2Fb&x=a.b");
  EXPECT_EQ(query("q=a+b&&q=a%20b"), "q=a%20b&q=a%2Bb");
  EXPECT_EQ(query("a=1=2"), "a=1%3D2");
  EXPECT_EQ(query("a=100%&b=%zz"), "a=100%25&b=%25zz");
}

}  // namespace
}  // namespace weir::auth
