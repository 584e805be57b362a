#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/tls.h"
#include "net/connection.h"

namespace weir::net {

// What stands between the bytes of a socket and those of a connection: nothing, or TLS. Chooses the
// protocol of the connection: HTTP/2 when the TLS handshake says so or, without TLS, when the first
// bytes do, else HTTP/1.1.
class Transport {
 public:
  explicit Transport(ConnectionSite site);

  // Another one after the choice.
  Connection& connection() { return *connection_; }

  const Connection& connection() const { return *connection_; }

  // Bytes from the socket.
  void OnBytes(std::string_view bytes);
  // The socket has ended.
  void OnEnd();

  // The next bytes for the socket, or "" while there are none.
  std::string_view Output();
  // So many of them have been sent.
  void OnSent(size_t bytes);

  // Tells the peer, after all that was to be sent, that no more comes.
  void End();

  bool handshaking() const { return tls_ != nullptr && !failed_ && !tls_->handshake_done(); }

  // No more of what the peer sends makes sense: close when Output is empty.
  bool failed() const { return failed_; }

  // Why, for the count of failed handshakes: "plain_http" or "protocol".
  std::string_view failure() const { return failure_; }

 private:
  void Fail(std::string_view why);
  void Refill();
  void ChooseByFirstBytes(std::string_view bytes);
  void SpeakHttp2();

  const ConnectionSite site_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<crypto::TlsSession> tls_;
  bool chosen_ = false;
  size_t preface_bytes_ = 0;  // Of HTTP/2's preface, that have come.
  bool begun_ = false;        // The first byte has come.
  bool failed_ = false;
  std::string_view failure_;
  std::string sending_;
  size_t sent_ = 0;
  std::string plaintext_;  // Taken from the connection, not yet encrypted.
  size_t encrypted_ = 0;   // Of plaintext_.
  size_t covered_ = 0;     // Plaintext bytes that sending_ stands for.
};

}  // namespace weir::net
