#pragma once

/// TLS without sockets: whoever moves the bytes feeds a session and takes what it has to send.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::crypto {

/// A certificate chain and its key, PEM.
struct TlsIdentity {
  std::string certificate_chain;
  std::string private_key;
};

/// A fresh self-signed certificate (P-256, 397 days) for trials: localhost, 127.0.0.1, ::1 and
/// `host`.
base::Result<TlsIdentity> MakeSelfSigned(std::string_view host);

/// SHA-256 of the leaf certificate as "AB:CD:…", to compare by eye.
base::Result<std::string> Fingerprint(std::string_view certificate_pem);

/// One end of one TLS connection (1.2 and 1.3). Not thread-safe.
class TlsSession {
 public:
  virtual ~TlsSession() = default;

  /// Ciphertext from the peer. kInvalidArgument when it breaks the protocol or the handshake fails
  /// (what the peer should still be told is in TakeOutput); the connection is then over.
  virtual base::Result<void> Feed(std::string_view ciphertext) = 0;
  /// Plaintext that has arrived, or "".
  virtual std::string TakePlaintext() = 0;
  /// Plaintext to send; kept until the handshake is done.
  virtual base::Result<void> Send(std::string_view plaintext) = 0;
  /// Ciphertext for the peer, or "".
  virtual std::string TakeOutput() = 0;
  virtual bool handshake_done() const = 0;
  /// What both ends speak inside ("h2", "http/1.1"), or "" when they did not say.
  virtual std::string_view protocol() const = 0;
  /// The peer has said that it sends no more.
  virtual bool ended() const = 0;
  /// Says that no more is sent.
  virtual void End() = 0;
};

/// What the sessions of one listener, or of one client, share. Thread-safe.
class TlsContext {
 public:
  virtual ~TlsContext() = default;

  /// Speaks h2 with clients that offer it, else http/1.1. kInvalidArgument when the certificate or
  /// key cannot be read, or do not belong together.
  static base::Result<std::unique_ptr<TlsContext>> ForServer(const TlsIdentity& identity);
  /// `authorities` is a PEM file's text that replaces the system's trusted certificates; "" keeps
  /// those. `protocol` is the one that is offered.
  static base::Result<std::unique_ptr<TlsContext>> ForClient(
      std::string_view authorities, std::string_view protocol = "http/1.1");

  virtual std::unique_ptr<TlsSession> Accept() = 0;
  /// `host` (a name or an address) must be what the server's certificate names.
  virtual std::unique_ptr<TlsSession> Connect(std::string_view host) = 0;
};

}  // namespace weir::crypto
