// Whatever comes in place of a handshake, or instead of records after one, in pieces of any size:
// no plaintext comes of it.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "crypto/tls.h"

namespace {

using weir::crypto::TlsContext;
using weir::crypto::TlsSession;

// Both ends, with one certificate for all inputs.
struct Ends {
  weir::crypto::TlsIdentity identity = *weir::crypto::MakeSelfSigned("localhost");
  std::unique_ptr<TlsContext> server = *TlsContext::ForServer(identity);
  std::unique_ptr<TlsContext> client = *TlsContext::ForClient(identity.certificate_chain);
};

void FeedGarbage(TlsSession& session, std::string_view text, size_t step) {
  for (size_t at = 0; at < text.size(); at += step) {
    const bool fed = session.Feed(text.substr(at, step)).has_value();
    CHECK(session.TakePlaintext().empty());
    session.TakeOutput();
    if (!fed) {
      CHECK(!session.Feed("more").has_value());
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Ends ends;
  if (size < 2) {
    return 0;
  }
  const bool shaken = (data[0] & 1) != 0;
  const size_t step = std::max<size_t>(data[1], 1);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto server = ends.server->Accept();
  const auto client = ends.client->Connect("localhost");
  if (shaken) {
    for (int i = 0; i < 2; ++i) {
      CHECK(server->Feed(client->TakeOutput()).has_value());
      CHECK(client->Feed(server->TakeOutput()).has_value());
    }
    CHECK(server->handshake_done() && client->handshake_done());
    FeedGarbage(*client, text, step);
  }
  FeedGarbage(*server, text, step);
  return 0;
}
