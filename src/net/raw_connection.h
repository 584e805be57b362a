#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/tls.h"

namespace weir::net {

// A socket to 127.0.0.1 for tests that send what no decent client would, plain or inside TLS. Reads
// wait for at most ten seconds.
class RawConnection {
 public:
  // `tls` is null for a plain connection; else the handshake is done here.
  explicit RawConnection(uint16_t port, crypto::TlsContext* tls = nullptr);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // False when the server has gone.
  bool Send(std::string_view bytes);
  bool SendOutsideOfTls(std::string_view bytes);
  void EndSending();
  // Reads until what came ends in `end` or holds it; "" stands for "until the server closes".
  // Returns all that was read.
  std::string ReadUntil(std::string_view end);
  // What comes next, or "" when the server has closed.
  std::string ReadSome();
  // One response with its content-length body, or "" when the server has closed.
  std::string ReadResponse();

  // Whether the last reading saw the server's end of it, rather than nothing for ten seconds.
  bool ended() const { return ended_; }

  // Makes the receive buffer as small as the system allows.
  void ShrinkReceiveBuffer();

  // The end of this object resets the connection, rather than to close it.
  void ResetAtEnd();

 private:
  bool Receive();

  int fd_;
  std::unique_ptr<crypto::TlsSession> session_;
  std::string input_;
  bool ended_ = false;
};

}  // namespace weir::net
