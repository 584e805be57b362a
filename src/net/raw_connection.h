#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::net {

// A plain socket to 127.0.0.1 for tests that send what no decent client would. Reads wait for at
// most ten seconds.
class RawConnection {
 public:
  explicit RawConnection(uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // False when the server has gone.
  bool Send(std::string_view bytes);
  void EndSending();
  // Reads until what came ends in `end` or holds it; "" stands for "until the server closes".
  // Returns all that was read.
  std::string ReadUntil(std::string_view end);
  // One response with its content-length body, or "" when the server has closed.
  std::string ReadResponse();
  // Makes the receive buffer as small as the system allows.
  void ShrinkReceiveBuffer();

 private:
  bool Receive();

  int fd_;
  std::string input_;
};

}  // namespace weir::net
