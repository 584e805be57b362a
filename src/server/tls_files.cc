#include "server/tls_files.h"

#include <unistd.h>

#include <array>

#include "base/private_file.h"

namespace weir::server {

namespace {

base::Result<void> WritePrivate(base::FileSystem& files, const std::string& path,
                                std::string_view text) {
  ASSIGN_OR_RETURN(const auto file, files.Open(path, base::OpenMode::kCreateNewPrivate));
  RETURN_IF_ERROR(file->WriteAt(0, text));
  return file->SyncData();
}

base::Result<crypto::TlsIdentity> Read(base::FileSystem& files, const std::string& certificate,
                                       const std::string& key) {
  crypto::TlsIdentity identity;
  ASSIGN_OR_RETURN(identity.certificate_chain, base::ReadFile(files, certificate));
  ASSIGN_OR_RETURN(identity.private_key, base::ReadPrivateFile(files, key));
  return identity;
}

}  // namespace

base::Result<std::string> HostOf(const Config& config) {
  ASSIGN_OR_RETURN(const ListenAddress address, ParseListen(config.listen));
  if (!config.allowed_hosts.empty()) {
    return config.allowed_hosts.front().substr(0, config.allowed_hosts.front().find(':'));
  }
  if (address.host != "0.0.0.0" && address.host != "::") {
    return address.host;
  }
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') {
    return std::string("localhost");
  }
  return std::string(name.data());
}

base::Result<crypto::TlsIdentity> LoadTlsIdentity(base::FileSystem& files, const Config& config,
                                                  const std::string& folder) {
  if (config.tls == "files") {
    return Read(files, config.tls_certificate, config.tls_key);
  }
  const std::string certificate = base::JoinPath(folder, "certificate.pem");
  const std::string key = base::JoinPath(folder, "key.pem");
  // The certificate is written last: with it, both are whole.
  if (files.Exists(certificate)) {
    return Read(files, certificate, key);
  }
  ASSIGN_OR_RETURN(const std::string host, HostOf(config));
  ASSIGN_OR_RETURN(crypto::TlsIdentity made, crypto::MakeSelfSigned(host));
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  if (files.Exists(key)) {
    RETURN_IF_ERROR(files.Remove(key));
  }
  RETURN_IF_ERROR(WritePrivate(files, key, made.private_key));
  RETURN_IF_ERROR(base::ReplaceFile(files, certificate, made.certificate_chain));
  return made;
}

}  // namespace weir::server
