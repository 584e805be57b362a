#include "crypto/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/clock.h"
#include "base/test_seed.h"
#include "crypto/certificate.h"

namespace weir::crypto {
namespace {

using testing::HasSubstr;

constexpr int64_t kDay = 86'400;

int64_t Now() {
  return base::SystemClock().WallMillis() / 1'000;
}

// A server and a client that reach each other through strings.
class TlsTest : public testing::Test {
 protected:
  void SetUp() override { Serve(*MakeSelfSigned("weir.example")); }

  void Serve(TlsIdentity identity) {
    identity_ = std::move(identity);
    auto server = TlsContext::ForServer(identity_);
    ASSERT_TRUE(server) << server.error().message;
    server_context_ = std::move(*server);
    server_ = server_context_->Accept();
  }

  void Connect(std::string_view host, std::string_view authorities) {
    auto client = TlsContext::ForClient(authorities);
    ASSERT_TRUE(client) << client.error().message;
    client_context_ = std::move(*client);
    client_ = client_context_->Connect(host);
  }

  // Moves what `from` has to send, `step` bytes at a time.
  static base::Result<void> Move(TlsSession& from, TlsSession& to, size_t step = 1 << 20) {
    const std::string output = from.TakeOutput();
    for (size_t at = 0; at < output.size(); at += step) {
      RETURN_IF_ERROR(to.Feed(std::string_view(output).substr(at, step)));
    }
    return {};
  }

  // The first error, if the two do not come to terms.
  base::Result<void> Shake(size_t step = 1 << 20) {
    for (int i = 0; i < 4; ++i) {
      RETURN_IF_ERROR(Move(*client_, *server_, step));
      RETURN_IF_ERROR(Move(*server_, *client_, step));
    }
    EXPECT_TRUE(client_->handshake_done());
    EXPECT_TRUE(server_->handshake_done());
    return {};
  }

  void ExpectRefused(std::string_view why) {
    const auto shaken = Shake();
    ASSERT_FALSE(shaken);
    EXPECT_EQ(shaken.error().code, base::Code::kInvalidArgument);
    EXPECT_THAT(shaken.error().message, HasSubstr(std::string(why)));
    EXPECT_FALSE(client_->Send("secret"));
    // The server is told, and gives up as well.
    EXPECT_FALSE(Move(*client_, *server_));
    EXPECT_FALSE(server_->Feed("more"));
  }

  TlsIdentity identity_;
  std::unique_ptr<TlsContext> server_context_;
  std::unique_ptr<TlsContext> client_context_;
  std::unique_ptr<TlsSession> server_;
  std::unique_ptr<TlsSession> client_;
};

TEST_F(TlsTest, CarriesBothWaysWhateverThePieces) {
  for (const size_t step : {size_t{1}, size_t{7}, size_t{1'000}, size_t{1} << 20}) {
    server_ = server_context_->Accept();
    Connect("weir.example", identity_.certificate_chain);
    ASSERT_TRUE(client_->Send("asked before the handshake"));
    const auto shaken = Shake(step);
    ASSERT_TRUE(shaken) << shaken.error().message;
    EXPECT_EQ(server_->TakePlaintext(), "asked before the handshake");
    std::string large(100'000, 'x');
    large[70'000] = 'y';
    ASSERT_TRUE(server_->Send(large));
    ASSERT_TRUE(Move(*server_, *client_, step));
    EXPECT_EQ(client_->TakePlaintext(), large);
    EXPECT_EQ(client_->TakePlaintext(), "");
    EXPECT_FALSE(client_->ended());
    server_->End();
    ASSERT_TRUE(Move(*server_, *client_, step));
    EXPECT_TRUE(client_->ended());
    ASSERT_TRUE(client_->Send("a last word"));
    ASSERT_TRUE(Move(*client_, *server_, step));
    EXPECT_EQ(server_->TakePlaintext(), "a last word");
  }
}

TEST_F(TlsTest, NamesEveryWayToTheServer) {
  for (const std::string_view host : {"weir.example", "localhost", "127.0.0.1", "::1"}) {
    server_ = server_context_->Accept();
    Connect(host, identity_.certificate_chain);
    const auto shaken = Shake();
    EXPECT_TRUE(shaken) << host << ": " << shaken.error().message;
  }
}

TEST_F(TlsTest, RefusesAnotherHost) {
  Connect("weir.example.org", identity_.certificate_chain);
  ExpectRefused("hostname mismatch");
}

TEST_F(TlsTest, RefusesAnotherAddress) {
  Connect("127.0.0.2", identity_.certificate_chain);
  ExpectRefused("IP address mismatch");
}

TEST_F(TlsTest, RefusesAnUnknownAuthority) {
  Connect("weir.example", MakeSelfSigned("weir.example")->certificate_chain);
  ExpectRefused("self-signed certificate");
  server_ = server_context_->Accept();
  Connect("weir.example", "");
  ExpectRefused("self-signed certificate");
}

TEST_F(TlsTest, RefusesACertificateOutOfItsTime) {
  Serve(*SignYourself("weir.example", {.not_before = Now() - 2 * kDay, .not_after = Now() - kDay}));
  Connect("weir.example", identity_.certificate_chain);
  ExpectRefused("expired");
  Serve(*SignYourself("weir.example", {.not_before = Now() + kDay, .not_after = Now() + 2 * kDay}));
  Connect("weir.example", identity_.certificate_chain);
  ExpectRefused("not yet valid");
}

TEST_F(TlsTest, RefusesAHostThatIsNone) {
  for (const std::string_view host : {"", "a b\n", "*"}) {
    Connect(host, identity_.certificate_chain);
    EXPECT_FALSE(client_->Feed("")) << host;
    EXPECT_EQ(client_->TakeOutput(), "");
  }
  for (const std::string_view host : {"", "a,IP:10.0.0.1", "a\nb", "a b"}) {
    EXPECT_FALSE(MakeSelfSigned(host)) << host;
  }
}

TEST_F(TlsTest, RefusesChangedOrForeignBytes) {
  const uint64_t seed = base::TestSeed(20'261'122);
  SCOPED_TRACE(base::SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    server_ = server_context_->Accept();
    Connect("localhost", identity_.certificate_chain);
    ASSERT_TRUE(Shake());
    ASSERT_TRUE(client_->Send("GET / HTTP/1.1\r\n\r\n"));
    std::string record = client_->TakeOutput();
    record[random() % record.size()] ^= static_cast<char>(1 + random() % 255);
    const auto fed = server_->Feed(record);
    // A longer length only makes the server wait for the rest of the record.
    EXPECT_EQ(server_->TakePlaintext(), "");
    const auto more = server_->Feed(std::string(20'000, '\0'));
    EXPECT_FALSE(fed && more);
  }
  for (int round = 0; round < 300; ++round) {
    server_ = server_context_->Accept();
    std::string garbage(1 + random() % 400, '\0');
    for (char& c : garbage) {
      c = static_cast<char>(random());
    }
    garbage[0] = round % 2 == 0 ? '\x16' : garbage[0];
    const auto fed = server_->Feed(garbage);
    EXPECT_EQ(server_->TakePlaintext(), "");
    EXPECT_FALSE(server_->handshake_done());
    EXPECT_FALSE(!fed && server_->Feed("x"));
  }
}

TEST_F(TlsTest, MutatedHandshakesNeverSucceed) {
  const uint64_t seed = base::TestSeed(20'261'122);
  SCOPED_TRACE(base::SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    server_ = server_context_->Accept();
    Connect("localhost", identity_.certificate_chain);
    std::string hello = client_->TakeOutput();
    hello[5 + random() % (hello.size() - 5)] ^= static_cast<char>(1 + random() % 255);
    if (!server_->Feed(hello) || !Move(*server_, *client_)) {
      continue;
    }
    EXPECT_FALSE(Move(*client_, *server_) && server_->handshake_done());
  }
}

TEST_F(TlsTest, TruncatedStreamsAreNotTheEnd) {
  Connect("localhost", identity_.certificate_chain);
  ASSERT_TRUE(Shake());
  ASSERT_TRUE(server_->Send("half of this record is lost"));
  const std::string record = server_->TakeOutput();
  ASSERT_TRUE(client_->Feed(std::string_view(record).substr(0, record.size() / 2)));
  EXPECT_EQ(client_->TakePlaintext(), "");
  EXPECT_FALSE(client_->ended());
}

TEST_F(TlsTest, RefusesKeysThatDoNotFit) {
  const TlsIdentity other = *MakeSelfSigned("other");
  const auto mixed = TlsContext::ForServer({identity_.certificate_chain, other.private_key});
  ASSERT_FALSE(mixed);
  EXPECT_THAT(mixed.error().message, HasSubstr("does not belong"));
  EXPECT_FALSE(TlsContext::ForServer({"", identity_.private_key}));
  EXPECT_FALSE(TlsContext::ForServer({"not PEM", identity_.private_key}));
  EXPECT_FALSE(TlsContext::ForServer({identity_.certificate_chain, ""}));
  EXPECT_FALSE(TlsContext::ForServer(
      {identity_.certificate_chain + other.certificate_chain.substr(0, 300), other.private_key}));
  EXPECT_TRUE(TlsContext::ForServer(
      {identity_.certificate_chain + other.certificate_chain, identity_.private_key}));
  const auto none = TlsContext::ForClient("-----BEGIN NONSENSE-----");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, base::Code::kInvalidArgument);
}

TEST_F(TlsTest, FingerprintsTheLeaf) {
  const auto mine = Fingerprint(identity_.certificate_chain);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->size(), 32 * 3 - 1);
  EXPECT_EQ((*mine)[2], ':');
  const std::string other = MakeSelfSigned("other")->certificate_chain;
  EXPECT_EQ(*Fingerprint(identity_.certificate_chain + other), *mine);
  EXPECT_NE(*Fingerprint(other), *mine);
  EXPECT_FALSE(Fingerprint("nothing"));
}

}  // namespace
}  // namespace weir::crypto
