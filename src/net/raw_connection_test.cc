#include "net/raw_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/check.h"

namespace weir::net {

RawConnection::RawConnection(uint16_t port, crypto::TlsContext* tls)
    : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  if (tls != nullptr) {
    session_ = tls->Connect("localhost");
    SendOutsideOfTls(session_->TakeOutput());
    while (!session_->handshake_done() && Receive()) {
    }
  }
}

RawConnection::~RawConnection() {
  ::close(fd_);
}

bool RawConnection::Send(std::string_view bytes) {
  if (session_ == nullptr) {
    return SendOutsideOfTls(bytes);
  }
  return session_->Send(bytes) && SendOutsideOfTls(session_->TakeOutput());
}

bool RawConnection::SendOutsideOfTls(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawConnection::EndSending() {
  if (session_ != nullptr) {
    session_->End();
    SendOutsideOfTls(session_->TakeOutput());
  }
  ::shutdown(fd_, SHUT_WR);
}

void RawConnection::ResetAtEnd() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void RawConnection::ShrinkReceiveBuffer() {
  const int size = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

bool RawConnection::Receive() {
  std::array<char, 65536> buffer{};
  const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
  ended_ = size == 0 || (size < 0 && errno != EAGAIN);
  const std::string_view received(buffer.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
  if (session_ == nullptr) {
    input_.append(received);
    return size > 0;
  }
  const auto fed = session_->Feed(received);
  const std::string plaintext = session_->TakePlaintext();
  input_.append(plaintext);
  SendOutsideOfTls(session_->TakeOutput());
  ended_ = ended_ || session_->ended();
  return !plaintext.empty() || (size > 0 && fed && !session_->ended());
}

std::string RawConnection::ReadUntil(std::string_view end) {
  while (end.empty() || input_.find(end) == std::string::npos) {
    if (!Receive()) {
      break;
    }
  }
  return std::exchange(input_, {});
}

std::string RawConnection::ReadSome() {
  while (input_.empty() && Receive()) {
  }
  return std::exchange(input_, {});
}

std::string RawConnection::ReadResponse() {
  size_t head = 0;
  while ((head = input_.find("\r\n\r\n")) == std::string::npos) {
    if (!Receive()) {
      return std::exchange(input_, {});
    }
  }
  constexpr std::string_view kLength = "content-length: ";
  const size_t at = input_.find(kLength);
  const size_t length =
      at < head ? std::strtoull(input_.c_str() + at + kLength.size(), nullptr, 10) : 0;
  while (input_.size() < head + 4 + length && Receive()) {
  }
  std::string response = input_.substr(0, head + 4 + length);
  input_.erase(0, response.size());
  return response;
}

}  // namespace weir::net
