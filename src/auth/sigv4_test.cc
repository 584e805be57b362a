#include "auth/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/sigv4_canonical.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/random.h"
#include "base/simulated_file_system.h"
#include "base/test_seed.h"
#include "base/time_format.h"
#include "crypto/digest.h"

namespace weir::auth {
namespace {

using testing::HasSubstr;

constexpr int64_t kNow = 1'440'938'160'000;  // 2015-08-30T12:36:00Z
constexpr std::string_view kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";

std::string BasicDate(int64_t millis) {
  const base::CivilTime time = base::ToCivil(millis);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", time.year, time.month, time.day, time.hour,
                     time.minute, time.second);
}

/// What a client does.
struct Client {
  std::string key_id;
  std::string secret;
  std::string region = "us-east-1";
  std::string service = "kinesis";
  std::vector<std::string> unsigned_headers = {};

  void Sign(net::Request& request) const {
    std::erase_if(request.headers,
                  [](const auto& header) { return header.first == "authorization"; });
    std::vector<std::string_view> names;
    for (const auto& [name, value] : request.headers) {
      if (std::ranges::find(unsigned_headers, name) == unsigned_headers.end()) {
        names.push_back(name);
      }
    }
    std::ranges::sort(names);
    std::string list;
    for (const std::string_view name : names) {
      list.append(list.empty() ? "" : ";").append(name);
    }
    const std::string date(request.Header("x-amz-date"));
    const std::string day = date.substr(0, 8);
    const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
    const std::string payload_hash = crypto::Hex(crypto::Sha256(request.body));
    const std::string canonical = CanonicalRequest({.method = request.method,
                                                    .path = "/",
                                                    .query = "",
                                                    .headers = request.headers,
                                                    .signed_headers = names,
                                                    .payload_hash = payload_hash});
    const std::string signature =
        Signature(SigningKey(secret, day, region, service), StringToSign(date, scope, canonical));
    request.headers.emplace_back(
        "authorization",
        fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", key_id,
                    scope, list, signature));
  }
};

net::Request Unsigned(int64_t millis = kNow) {
  return {.method = "POST",
          .target = "/",
          .path = "/",
          .headers = {{"host", "localhost:8080"},
                      {"user-agent", "aws-cli/2"},
                      {"content-type", "application/x-amz-json-1.1"},
                      {"x-amz-date", BasicDate(millis)},
                      {"x-amz-target", "Kinesis_20131202.PutRecords"}},
          .body = R"({"StreamName":"clicks","Records":[{"Data":"eA==","PartitionKey":"1"}]})"};
}

std::string& HeaderOf(net::Request& request, std::string_view name) {
  return std::ranges::find(request.headers, name,
                           [](const auto& header) -> std::string_view { return header.first; })
      ->second;
}

void Replace(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, from.size(), to);
}

class SigV4Test : public testing::Test {
 protected:
  SigV4Test() {
    EXPECT_TRUE(files_.CreateDirectories("/data").has_value());
    catalog_ = *catalog::Catalog::Open(files_, clock_, "/data/catalog.db");
    keyring_ = *Keyring::Open(files_, clock_, *catalog_, "/data/secret.key");
    verifier_ = SigV4Verifier::Create({}, *keyring_, clock_);
    const NewKey key = *keyring_->Create("shop", {Role::kIngest}, {"clicks"});
    client_ = {.key_id = key.info.id, .secret = key.secret, .unsigned_headers = {"user-agent"}};
  }

  net::Request Signed(int64_t millis = kNow) const {
    net::Request request = Unsigned(millis);
    client_.Sign(request);
    return request;
  }

  /// Type and message of the refusal, which the head must give as well when `by_head`.
  void ExpectRefused(const net::Request& request, std::string_view type, std::string_view message,
                     bool by_head = true) {
    const auto verified = verifier_->Verify(request);
    ASSERT_FALSE(verified.has_value()) << "expected: " << message;
    EXPECT_EQ(verified.error().type, type) << verified.error().message;
    EXPECT_THAT(verified.error().message, HasSubstr(std::string(message)));
    const auto head = verifier_->CheckHead(request);
    EXPECT_EQ(head.has_value(), !by_head);
    if (!head.has_value()) {
      EXPECT_EQ(head.error().message, verified.error().message);
    }
  }

  base::SimulatedFileSystem files_;
  base::ManualClock clock_{kNow};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<SigV4Verifier> verifier_;
  Client client_;
};

TEST_F(SigV4Test, AcceptsWhatItsKeySigned) {
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto identity = verifier_->Verify(Signed());
    ASSERT_TRUE(identity.has_value()) << identity.error().message;
    EXPECT_EQ(identity->key_id, client_.key_id);
    EXPECT_THAT(identity->streams, testing::ElementsAre("clicks"));
  }
  net::Request hashed = Unsigned();
  hashed.headers.emplace_back("x-amz-content-sha256", crypto::Hex(crypto::Sha256(hashed.body)));
  client_.Sign(hashed);
  EXPECT_TRUE(verifier_->Verify(hashed).has_value());
  net::Request spaced = Unsigned();
  spaced.headers.emplace_back("x-amz-note", " a   b ");
  client_.Sign(spaced);
  HeaderOf(spaced, "x-amz-note") = "a b";
  EXPECT_TRUE(verifier_->Verify(spaced).has_value()) << "white space is not signed";
  net::Request without_spaces = Signed();
  Replace(HeaderOf(without_spaces, "authorization"), ", SignedHeaders", ",SignedHeaders");
  EXPECT_TRUE(verifier_->Verify(without_spaces).has_value());
}

TEST_F(SigV4Test, FirehoseHasItsOwnScope) {
  net::Request request = Unsigned();
  HeaderOf(request, "x-amz-target") = "Firehose_20150804.PutRecord";
  client_.Sign(request);
  ExpectRefused(request, "InvalidSignatureException",
                "Credential should be scoped to correct service: 'firehose'.");
  client_.service = "firehose";
  client_.Sign(request);
  EXPECT_TRUE(verifier_->Verify(request).has_value());
  ExpectRefused(Signed(), "InvalidSignatureException",
                "Credential should be scoped to correct service: 'kinesis'.");
}

TEST_F(SigV4Test, OnlyTheHeaderFormIsTaken) {
  ExpectRefused(Unsigned(), "MissingAuthenticationTokenException", "Missing Authentication Token");
  net::Request bearer = Unsigned();
  bearer.headers.emplace_back("authorization", "Bearer " + client_.key_id + "." + client_.secret);
  ExpectRefused(bearer, "MissingAuthenticationTokenException", "Missing Authentication Token");
  net::Request asymmetric = Signed();
  Replace(HeaderOf(asymmetric, "authorization"), "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
  ExpectRefused(asymmetric, "IncompleteSignatureException",
                "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.");
  net::Request twice = Signed();
  twice.headers.emplace_back("authorization", std::string(twice.Header("authorization")));
  ExpectRefused(twice, "IncompleteSignatureException", "more than one Authorization header");
  net::Request mixed = Signed();
  mixed.query = {{"X-Amz-Signature", "0"}};
  mixed.target = "/?X-Amz-Signature=0";
  ExpectRefused(mixed, "InvalidSignatureException",
                "Found both 'X-Amz-Signature' as a query-string param and 'Authorization' as HTTP "
                "header.");
}

TEST_F(SigV4Test, MissingPartsAreNamedTogether) {
  net::Request request = Unsigned();
  request.headers.emplace_back("authorization", "AWS4-HMAC-SHA256");
  ExpectRefused(request, "IncompleteSignatureException",
                "Authorization header requires 'Credential' parameter. Authorization header "
                "requires 'SignedHeaders' parameter. Authorization header requires 'Signature' "
                "parameter. Authorization=AWS4-HMAC-SHA256");
  HeaderOf(request, "authorization") = "AWS4-HMAC-SHA256 nonsense";
  ExpectRefused(request, "IncompleteSignatureException",
                "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization "
                "header: 'AWS4-HMAC-SHA256 nonsense'.");
  for (const char* extra : {", Signature=00", ", Other=1", ","}) {
    request = Signed();
    HeaderOf(request, "authorization") += extra;
    EXPECT_FALSE(verifier_->Verify(request).has_value()) << extra;
  }
}

TEST_F(SigV4Test, ScopeMustBeOursAndOfTheDay) {
  client_.region = "eu-west-1";
  ExpectRefused(Signed(), "InvalidSignatureException",
                "Credential should be scoped to a valid region, not 'eu-west-1'.");
  client_.region = "us-east-1";
  net::Request request = Signed();
  Replace(HeaderOf(request, "authorization"), "20150830/", "20150829/");
  ExpectRefused(request, "InvalidSignatureException",
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                "from HTTP: '20150829' != '20150830', from '20150830T123600Z'.");
  request = Signed();
  Replace(HeaderOf(request, "authorization"), "aws4_request", "aws5_request");
  ExpectRefused(request, "InvalidSignatureException",
                "Credential should be scoped with a valid terminator: 'aws4_request', not "
                "'aws5_request'.");
  request = Signed();
  Replace(HeaderOf(request, "authorization"), "/kinesis", "");
  ExpectRefused(request, "IncompleteSignatureException",
                "Credential must have exactly 5 slash-delimited elements, e.g. "
                "keyid/date/region/service/term, got '");
}

TEST_F(SigV4Test, AllThatMattersIsSigned) {
  for (const char* name : {"host", "content-type", "x-amz-date", "x-amz-target"}) {
    client_.unsigned_headers = {"user-agent", name};
    ExpectRefused(Signed(), "InvalidSignatureException",
                  fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name));
  }
  client_.unsigned_headers = {"user-agent"};
  net::Request request = Signed();
  request.headers.emplace_back("x-amz-extra", "1");
  ExpectRefused(request, "InvalidSignatureException",
                "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization.");
  request = Signed();
  request.headers.emplace_back("x-amz-target", "Kinesis_20131202.DeleteStream");
  ExpectRefused(request, "InvalidSignatureException",
                "the request has the signed header 'x-amz-target' more than once.");
  request = Signed();
  std::erase_if(request.headers, [](const auto& header) { return header.first == "host"; });
  ExpectRefused(request, "InvalidSignatureException",
                "the signed header 'host' is not in the request.");
  request = Signed();
  Replace(HeaderOf(request, "authorization"), "content-type;host", "host;content-type");
  ExpectRefused(request, "IncompleteSignatureException", "ascending order");
}

TEST_F(SigV4Test, TheHostMayBeSignedAsHttp2NamesIt) {
  net::Request request = Unsigned();
  request.headers.emplace_back(":authority", "localhost:8080");
  client_.unsigned_headers = {"user-agent", "host"};
  client_.Sign(request);
  EXPECT_TRUE(verifier_->Verify(request).has_value());
  net::Request other = request;
  HeaderOf(other, ":authority") = "localhost:8081";
  EXPECT_FALSE(verifier_->Verify(other).has_value());
  std::erase_if(request.headers, [](const auto& header) { return header.first == ":authority"; });
  ExpectRefused(request, "InvalidSignatureException",
                "the signed header ':authority' is not in the request.");
  request = Unsigned();
  request.headers.emplace_back(":authority", "localhost:8080");
  client_.unsigned_headers = {"user-agent", ":authority"};
  client_.Sign(request);
  EXPECT_TRUE(verifier_->Verify(request).has_value());
}

TEST_F(SigV4Test, TheReceivedBodyIsWhatIsSigned) {
  for (const char* hash : {"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "abc"}) {
    net::Request request = Unsigned();
    request.headers.emplace_back("x-amz-content-sha256", hash);
    client_.Sign(request);
    ExpectRefused(request, "InvalidSignatureException",
                  "The value of 'x-amz-content-sha256' is invalid");
  }
  net::Request other = Unsigned();
  other.headers.emplace_back("x-amz-content-sha256", crypto::Hex(crypto::Sha256("other")));
  client_.Sign(other);
  ExpectRefused(other, "InvalidSignatureException",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                false);
  net::Request changed = Signed();
  changed.body.back() = ' ';
  ExpectRefused(changed, "InvalidSignatureException", kMismatch, false);
}

TEST_F(SigV4Test, ClocksMayDifferByFiveMinutes) {
  for (const int64_t seconds : {-300, -299, 0, 299, 300}) {
    EXPECT_TRUE(verifier_->Verify(Signed(kNow + seconds * 1'000)).has_value()) << seconds;
  }
  ExpectRefused(Signed(kNow - 301'000), "InvalidSignatureException",
                "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z "
                "(20150830T123600Z - 5 min.)");
  ExpectRefused(Signed(kNow + 301'000), "InvalidSignatureException",
                "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z "
                "(20150830T123600Z + 5 min.)");
  const net::Request request = Signed();
  clock_.AdvanceMillis(300'999);
  EXPECT_FALSE(verifier_->Verify(request).has_value());
  verifier_ = SigV4Verifier::Create({.max_skew_millis = 1'000'000'000}, *keyring_, clock_);
  clock_.SetWallMillis(kNow + 900'000);
  EXPECT_TRUE(verifier_->Verify(request).has_value());
  clock_.SetWallMillis(kNow + 901'000);
  EXPECT_FALSE(verifier_->Verify(request).has_value()) << "15 minutes is the most";
}

TEST_F(SigV4Test, DatesMustBeDates) {
  for (const char* date : {"20150830T12360Z", "2015-08-30T12:36:00Z", "20151330T123600Z",
                           "20150830T246000Z", "20150830T1236x0Z", "2015083012360000"}) {
    net::Request request = Signed();
    HeaderOf(request, "x-amz-date") = date;
    ExpectRefused(request, "IncompleteSignatureException",
                  fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'.", date));
  }
}

TEST_F(SigV4Test, SessionTokensAreNotIssuedHere) {
  net::Request request = Unsigned();
  request.headers.emplace_back("x-amz-security-token", "AQoDYXdz");
  client_.Sign(request);
  ExpectRefused(request, "UnrecognizedClientException",
                "The security token included in the request is invalid.");
}

TEST_F(SigV4Test, OnlyTheRootIsSigned) {
  for (const char* target : {"//", "/x", "/%2F"}) {
    net::Request request = Signed();
    request.target = target;
    request.path = target;
    ExpectRefused(request, "InvalidSignatureException", "signed requests go to '/'.");
  }
  net::Request query = Signed();
  query.target = "/?a=1";
  query.query = {{"a", "1"}};
  ExpectRefused(query, "InvalidSignatureException", kMismatch, false);
}

TEST_F(SigV4Test, RevokedKeysAreRefusedAtOnce) {
  EXPECT_TRUE(verifier_->Verify(Signed()).has_value());
  ASSERT_TRUE(keyring_->Revoke(client_.key_id).has_value());
  ExpectRefused(Signed(), "InvalidSignatureException", kMismatch, false);
}

TEST_F(SigV4Test, UnknownRevokedAndKnownKeysCostTheSameWork) {
  const auto work = [this](const Client& client, std::string_view message) {
    net::Request request = Unsigned();
    client.Sign(request);
    const uint64_t before = crypto::HashedBlocks();
    const auto verified = verifier_->Verify(request);
    EXPECT_EQ(verified.has_value() ? "accepted" : verified.error().message, message);
    return crypto::HashedBlocks() - before;
  };
  Client wrong = client_;
  wrong.secret = "wrong";
  Client unknown = client_;
  unknown.key_id = "WEIRAAAAAAAAAAAAAAAA";
  Client revoked = client_;
  const NewKey gone = *keyring_->Create("gone", {Role::kIngest}, {});
  revoked.key_id = gone.info.id;
  revoked.secret = gone.secret;
  ASSERT_TRUE(keyring_->Revoke(gone.info.id).has_value());

  const uint64_t never_used = work(wrong, kMismatch);
  EXPECT_GT(never_used, 0);
  EXPECT_EQ(work(client_, "accepted"), never_used) << "the first use derives the key";
  EXPECT_LT(work(client_, "accepted"), never_used) << "later ones do not";
  EXPECT_EQ(work(wrong, kMismatch), never_used) << "a key in use cannot be told from an idle one";
  EXPECT_EQ(work(unknown, kMismatch), never_used);
  EXPECT_EQ(work(unknown, kMismatch), never_used);
  EXPECT_EQ(work(revoked, kMismatch), never_used);
}

/// Changes one thing that is signed; what it did, for the message.
std::string Mutate(net::Request& request, base::Random& random) {
  const auto other_byte = [&random](char byte) {
    char changed = byte;
    while (changed == byte) {
      changed = static_cast<char>(0x21 + random.Below(0x5E));
    }
    return changed;
  };
  const auto change_byte = [&](std::string& text) {
    const size_t at = random.Below(text.size());
    // White space is not signed, neither is a space after a comma.
    text[at] = text[at] == ' ' ? 'x' : other_byte(text[at]);
    return fmt::format("byte {} became '{}'", at, text[at]);
  };
  const std::vector<std::string> covered = {"host", "content-type", "x-amz-date", "x-amz-target"};
  const std::string name = covered[random.Below(covered.size())];
  switch (random.Below(11)) {
    case 0:
      return "authorization: " + change_byte(HeaderOf(request, "authorization"));
    case 1:
      return name + ": " + change_byte(HeaderOf(request, name));
    case 2:
      return "body: " + change_byte(request.body);
    case 3:
      request.body.insert(random.Below(request.body.size() + 1), 1, ' ');
      return "a space in the body";
    case 4:
      request.body.erase(random.Below(request.body.size()), 1);
      return "a byte less in the body";
    case 5:
      std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
      return "without " + name;
    case 6:
      request.headers.emplace_back(name, HeaderOf(request, name));
      return name + " twice";
    case 7:
      request.headers.emplace_back("x-amz-" + base::ToHex(name), "1");
      return "a new x-amz- header";
    case 8:
      request.method = random.Chance(0.5) ? "PUT" : "GET";
      return request.method;
    case 9:
      request.target += fmt::format("?a{}=1", random.Below(1'000));
      return request.target;
    default: {
      std::string& text = HeaderOf(request, "authorization");
      const size_t at = text.find("Credential=") + random.Below(text.size() - 30);
      text.erase(at, (text[at] == ' ' ? 2 : 1) + random.Below(8));
      return "authorization: cut at " + std::to_string(at);
    }
  }
}

TEST_F(SigV4Test, TenThousandMutationsAreRefused) {
  const uint64_t seed = base::TestSeed(base::SystemSeed());
  SCOPED_TRACE(base::SeedTrace(seed));
  base::Random random(seed);
  const net::Request right = Signed();
  ASSERT_TRUE(verifier_->Verify(right).has_value());
  for (int i = 0; i < 10'000; ++i) {
    net::Request request = right;
    std::string done = Mutate(request, random);
    if (request.headers == right.headers && request.body == right.body) {
      ASSERT_TRUE(request.method != right.method || request.target != right.target) << done;
    }
    const auto verified = verifier_->Verify(request);
    ASSERT_FALSE(verified.has_value()) << "mutation " << i << ": " << done << "\n"
                                       << HeaderOf(request, "authorization");
  }
}

}  // namespace
}  // namespace weir::auth
