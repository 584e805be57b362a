// Any head and body are accepted or refused; a head that is refused is refused with its body, too;
// and only the key's own signature is ever accepted: one changed digit of it is not.
//
// Input: "<method> <target>", "name:value" lines, an empty line, the body.

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/sigv4.h"
#include "base/check.h"
#include "base/clock.h"

namespace {

using weir::auth::Identity;
using weir::auth::Keyring;

/// Knows the key of the published examples.
class ExampleKeyring : public Keyring {
 public:
  weir::base::Result<weir::auth::NewKey> Create(std::string_view /*name*/,
                                                std::vector<weir::auth::Role> /*roles*/,
                                                std::vector<std::string> /*streams*/) override {
    return weir::auth::NewKey();
  }

  weir::base::Result<weir::auth::NewKey> Rotate(std::string_view /*name*/) override {
    return weir::auth::NewKey();
  }

  weir::base::Result<void> Revoke(std::string_view /*id*/) override { return {}; }

  std::vector<weir::auth::KeyInfo> List() const override { return {}; }

  bool empty() const override { return false; }

  std::optional<Identity> Authenticate(std::string_view /*token*/) const override {
    return std::nullopt;
  }

  Lookup Find(std::string_view id) const override {
    return {.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", .identity = IdentityOf(id)};
  }

  std::optional<Identity> IdentityOf(std::string_view id) const override {
    return id == "AKIDEXAMPLE" ? std::optional(weir::auth::Everyone()) : std::nullopt;
  }

  void Touch(std::string_view /*id*/) override {}

  weir::base::Result<void> SaveUses() override { return {}; }
};

std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ExampleKeyring keyring;
  static weir::base::ManualClock clock(1'440'938'160'000);  // 2015-08-30T12:36:00Z
  static const auto verifier = weir::auth::SigV4Verifier::Create({}, keyring, clock);

  std::string_view text(reinterpret_cast<const char*>(data), size);
  weir::net::Request request;
  const std::string_view first = TakeLine(text);
  const size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = space == std::string_view::npos ? "/" : first.substr(space + 1);
  request.path = request.target.substr(0, request.target.find('?'));
  for (std::string_view line = TakeLine(text); !line.empty(); line = TakeLine(text)) {
    const size_t colon = line.find(':');
    request.headers.emplace_back(line.substr(0, colon),
                                 colon == std::string_view::npos ? "" : line.substr(colon + 1));
  }
  request.body = text;

  const auto head = verifier->CheckHead(request);
  const auto whole = verifier->Verify(request);
  CHECK(head.has_value() || !whole.has_value());
  if (whole.has_value()) {
    for (auto& [name, value] : request.headers) {
      if (name == "authorization") {
        const size_t digit = value.find("Signature=") + 10;
        value[digit] = value[digit] == '0' ? '1' : '0';
      }
    }
    CHECK(!verifier->Verify(request).has_value());
  }
  return 0;
}
