#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "crypto/tls.h"
#include "server/config.h"

namespace weir::server {

/// What clients call this machine, as a self-signed certificate says: allowed_hosts' first, else
/// the host that is listened on, unless that is all of them, else the machine's name.
base::Result<std::string> HostOf(const Config& config);

/// The certificate and key that `config` asks for: those of its files, or self-signed ones that are
/// made once in `folder` (certificate.pem, and key.pem for the owner alone). kNotFound and kIo name
/// the file; what they hold is not checked.
base::Result<crypto::TlsIdentity> LoadTlsIdentity(base::FileSystem& files, const Config& config,
                                                  const std::string& folder);

}  // namespace weir::server
