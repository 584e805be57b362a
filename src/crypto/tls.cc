#include "crypto/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "crypto/certificate.h"
#include "crypto/openssl_ptr.h"

namespace weir::crypto {
namespace {

// Forward secrecy and authenticated encryption only; those of TLS 1.3 are all such.
constexpr const char* kCiphersOfTls12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr int kSecurityLevel = 2;
// Best first.
constexpr std::string_view kServerProtocols = "\x02h2\x08http/1.1";
constexpr size_t kRecordBytes = 16 << 10;

using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;

// What OpenSSL reads from and writes to, in place of a socket.
struct Wire {
  std::string_view input;  // Only while bytes are fed; OpenSSL leaves nothing of it.
  std::string output;
};

int ReadWire(BIO* bio, char* into, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t taken = std::min(static_cast<size_t>(size), wire.input.size());
  std::copy_n(wire.input.data(), taken, into);
  wire.input.remove_prefix(taken);
  return static_cast<int>(taken);
}

int WriteWire(BIO* bio, const char* from, int size) {
  static_cast<Wire*>(BIO_get_data(bio))->output.append(from, static_cast<size_t>(size));
  return size;
}

long ControlWire(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* WireMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    CHECK(made != nullptr);
    BIO_meth_set_read(made, ReadWire);
    BIO_meth_set_write(made, WriteWire);
    BIO_meth_set_ctrl(made, ControlWire);
    return made;
  }();
  return method;
}

class Session : public TlsSession {
 public:
  Session(SslPtr ssl, std::string peer) : ssl_(std::move(ssl)), peer_(std::move(peer)) {
    BIO* bio = BIO_new(WireMethod());
    CHECK(bio != nullptr);
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  // Says hello as a client.
  void Begin() { failure_ = Advance(); }

  void Fail(base::Error error) { failure_ = std::unexpected(std::move(error)); }

  base::Result<void> Feed(std::string_view ciphertext) override {
    RETURN_IF_ERROR(failure_);
    wire_.input = ciphertext;
    failure_ = Advance();
    wire_.input = {};
    return failure_;
  }

  std::string TakePlaintext() override { return std::exchange(plaintext_, {}); }

  base::Result<void> Send(std::string_view plaintext) override {
    RETURN_IF_ERROR(failure_);
    if (!handshake_done()) {
      waiting_.append(plaintext);
      return {};
    }
    failure_ = Encrypt(plaintext);
    return failure_;
  }

  std::string TakeOutput() override { return std::exchange(wire_.output, {}); }

  bool handshake_done() const override { return SSL_is_init_finished(ssl_.get()) == 1; }

  std::string_view protocol() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  bool ended() const override { return ended_; }

  void End() override {
    if (failure_ && handshake_done() && (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
    }
  }

 private:
  // Goes on with the handshake, then reads, as far as the input reaches.
  base::Result<void> Advance() {
    ERR_clear_error();
    if (!handshake_done()) {
      const int result = SSL_do_handshake(ssl_.get());
      if (result != 1) {
        return Judge(result);
      }
      if (!waiting_.empty()) {
        RETURN_IF_ERROR(Encrypt(std::exchange(waiting_, {})));
      }
    }
    for (;;) {
      const size_t before = plaintext_.size();
      int result = 0;
      plaintext_.resize_and_overwrite(before + kRecordBytes, [&](char* data, size_t) {
        result = SSL_read(ssl_.get(), data + before, static_cast<int>(kRecordBytes));
        return before + static_cast<size_t>(std::max(result, 0));
      });
      if (result <= 0) {
        return Judge(result);
      }
    }
  }

  base::Result<void> Encrypt(std::string_view plaintext) {
    ERR_clear_error();
    while (!plaintext.empty()) {
      const size_t size = std::min(plaintext.size(), kRecordBytes);
      const int result = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(size));
      if (result <= 0) {
        return Judge(result);
      }
      plaintext.remove_prefix(static_cast<size_t>(result));
    }
    return {};
  }

  // What it means that OpenSSL did not go on.
  base::Result<void> Judge(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return {};
      case SSL_ERROR_ZERO_RETURN:
        ended_ = true;
        return {};
      default:
        break;
    }
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK) {
      ERR_clear_error();
      return base::Fail(base::Code::kInvalidArgument, "the certificate of {} is refused: {}", peer_,
                        X509_verify_cert_error_string(verdict));
    }
    return base::Fail(base::Code::kInvalidArgument, "no TLS with {}: {}", peer_,
                      LastOpenSslError());
  }

  Wire wire_;
  SslPtr ssl_;  // Destroyed before wire_.
  const std::string peer_;
  std::string plaintext_;
  std::string waiting_;  // To be sent after the handshake.
  bool ended_ = false;
  base::Result<void> failure_;
};

int SelectProtocol(SSL* /*ssl*/, const unsigned char** selected, unsigned char* size,
                   const unsigned char* offered, unsigned offered_size, void* /*unused*/) {
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(
      &found, size, reinterpret_cast<const unsigned char*>(kServerProtocols.data()),
      kServerProtocols.size(), offered, offered_size);
  *selected = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Encrypted keys are refused, not asked about at the terminal.
int NoPassword(char* /*into*/, int /*size*/, int /*writing*/, void* /*unused*/) {
  return 0;
}

base::Result<BioPtr> OpenPem(std::string_view pem, std::string_view what) {
  if (pem.size() > kMaxPemBytes) {
    return base::Fail(base::Code::kInvalidArgument, "the {} has {} bytes, at most {} are read",
                      what, pem.size(), kMaxPemBytes);
  }
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CHECK(bio != nullptr);
  return bio;
}

class Context : public TlsContext {
 public:
  explicit Context(ContextPtr context) : context_(std::move(context)) {}

  std::unique_ptr<TlsSession> Accept() override {
    SslPtr ssl(SSL_new(context_.get()));
    CHECK(ssl != nullptr);
    SSL_set_accept_state(ssl.get());
    return std::make_unique<Session>(std::move(ssl), "the client");
  }

  std::unique_ptr<TlsSession> Connect(std::string_view host) override {
    SslPtr ssl(SSL_new(context_.get()));
    CHECK(ssl != nullptr);
    SSL_set_connect_state(ssl.get());
    SSL* const raw = ssl.get();
    auto session = std::make_unique<Session>(std::move(ssl), fmt::format("'{}'", host));
    const std::string name(host);
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(raw);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool known =
        !host.empty() &&
        (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1 ||
         (IsHostName(host) && X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size()) == 1 &&
          SSL_set_tlsext_host_name(raw, name.c_str()) == 1));
    if (known) {
      session->Begin();
    } else {
      session->Fail({base::Code::kInvalidArgument,
                     fmt::format("'{}' is neither a host name nor an address", host)});
    }
    return session;
  }

 private:
  ContextPtr context_;
};

ContextPtr MakeContext(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  CHECK(context != nullptr);
  SSL_CTX* const raw = context.get();
  CHECK(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1);
  CHECK(SSL_CTX_set_cipher_list(raw, kCiphersOfTls12) == 1);
  CHECK(SSL_CTX_set1_groups_list(raw, kGroups) == 1);
  SSL_CTX_set_security_level(raw, kSecurityLevel);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(raw, NoPassword);
  return context;
}

base::Result<void> UseCertificates(SSL_CTX* context, std::string_view pem) {
  ASSIGN_OR_RETURN(const BioPtr bio, OpenPem(pem, "TLS certificate"));
  const CertificatePtr leaf(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
  if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return base::Fail(base::Code::kInvalidArgument,
                      "cannot use the TLS certificate: {}; it must be PEM, the server's own first",
                      LastOpenSslError());
  }
  for (;;) {
    const CertificatePtr next(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (next == nullptr) {
      break;
    }
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return base::Fail(base::Code::kInvalidArgument, "cannot use the TLS certificate chain: {}",
                        LastOpenSslError());
    }
  }
  const unsigned long last = ERR_peek_last_error();
  if (last != 0 && ERR_GET_REASON(last) != PEM_R_NO_START_LINE) {
    return base::Fail(base::Code::kInvalidArgument,
                      "a later certificate of the TLS certificate chain is damaged: {}",
                      LastOpenSslError());
  }
  ERR_clear_error();
  return {};
}

base::Result<void> TrustOnly(SSL_CTX* context, std::string_view authorities) {
  ASSIGN_OR_RETURN(const BioPtr bio, OpenPem(authorities, "list of certificate authorities"));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int trusted = 0;
  for (;;) {
    const CertificatePtr next(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (next == nullptr) {
      break;
    }
    if (X509_STORE_add_cert(store, next.get()) != 1) {
      return base::Fail(base::Code::kInvalidArgument, "cannot use a certificate authority: {}",
                        LastOpenSslError());
    }
    ++trusted;
  }
  if (trusted == 0) {
    return base::Fail(base::Code::kInvalidArgument,
                      "no certificate authority can be read: {}; they must be PEM",
                      LastOpenSslError());
  }
  ERR_clear_error();
  // A server's own certificate may be what is trusted.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

}  // namespace

base::Result<std::unique_ptr<TlsContext>> TlsContext::ForServer(const TlsIdentity& identity) {
  ERR_clear_error();
  ContextPtr context = MakeContext(TLS_server_method());
  SSL_CTX* const raw = context.get();
  RETURN_IF_ERROR(UseCertificates(raw, identity.certificate_chain));
  ASSIGN_OR_RETURN(const BioPtr bio, OpenPem(identity.private_key, "TLS private key"));
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return base::Fail(base::Code::kInvalidArgument,
                      "cannot read the TLS private key: {}; it must be PEM without a password",
                      LastOpenSslError());
  }
  if (SSL_CTX_use_PrivateKey(raw, key.get()) != 1 || SSL_CTX_check_private_key(raw) != 1) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the TLS private key does not belong to the certificate: {}",
                      LastOpenSslError());
  }
  // Tickets carry the sessions: nothing is kept here.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(raw, SelectProtocol, nullptr);
  return std::make_unique<Context>(std::move(context));
}

base::Result<std::unique_ptr<TlsContext>> TlsContext::ForClient(std::string_view authorities,
                                                                std::string_view protocol) {
  ERR_clear_error();
  ContextPtr context = MakeContext(TLS_client_method());
  SSL_CTX* const raw = context.get();
  if (!authorities.empty()) {
    RETURN_IF_ERROR(TrustOnly(raw, authorities));
  } else if (SSL_CTX_set_default_verify_paths(raw) != 1) {
    return base::Fail(base::Code::kInvalidArgument,
                      "cannot read the system's trusted certificates: {}", LastOpenSslError());
  }
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  CHECK(!protocol.empty() && protocol.size() < 256);
  const std::string offered = static_cast<char>(protocol.size()) + std::string(protocol);
  CHECK(SSL_CTX_set_alpn_protos(raw, reinterpret_cast<const unsigned char*>(offered.data()),
                                static_cast<unsigned>(offered.size())) == 0);
  return std::make_unique<Context>(std::move(context));
}

}  // namespace weir::crypto
