#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/tls.h"

namespace weir::crypto {

// What OpenSSL last complained about on this thread, in words; clears its list.
std::string LastOpenSslError();

// The largest PEM text that is looked at.
inline constexpr size_t kMaxPemBytes = 4 << 20;

// Whether `host` can be a host's name in the domain name system.
bool IsHostName(std::string_view host);

// When a certificate is valid, in seconds since 1970.
struct Validity {
  int64_t not_before = 0;
  int64_t not_after = 0;
};

// A certificate for `host`, localhost and the loopback addresses, signed by its own fresh key.
base::Result<TlsIdentity> SignYourself(std::string_view host, Validity validity);

}  // namespace weir::crypto
