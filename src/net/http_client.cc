#include "net/http_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "crypto/tls.h"
#include "net/request_parser.h"
#include "net/text.h"

namespace weir::net {
namespace {

constexpr size_t kMaxHeadBytes = 64 << 10;
constexpr size_t kMaxResponseBytes = size_t{1} << 30;
constexpr size_t kReadBytes = 64 << 10;

// Closes the descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}

  ~Descriptor() { Reset(-1); }

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void Reset(int fd) {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = fd;
  }

  int Release() { return std::exchange(fd_, -1); }

  int get() const { return fd_; }

 private:
  int fd_;
};

struct Address {
  bool secure = false;
  std::string host;
  std::string port;
  std::string authority;  // For the Host header.
};

base::Result<Address> ParseUrl(std::string_view url) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kSecure = "https://";
  Address address;
  address.secure = url.starts_with(kSecure);
  if (!address.secure && !url.starts_with(kPlain)) {
    return base::Fail(base::Code::kInvalidArgument,
                      "'{}' is no server address: write http://host:port or https://host:port",
                      url);
  }
  std::string_view rest = url.substr(address.secure ? kSecure.size() : kPlain.size());
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  address.authority = rest;
  const size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  const size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  address.host = rest.substr(0, colon);
  if (bracket != std::string_view::npos) {
    address.host = rest.substr(1, bracket - 1);
  }
  address.port = address.secure ? "443" : "80";
  if (colon != std::string_view::npos) {
    address.port = rest.substr(colon + 1);
  }
  const bool digits = !address.port.empty() && address.port.size() <= 5 &&
                      std::all_of(address.port.begin(), address.port.end(), IsDigit);
  if (address.host.empty() || !digits || rest.find_first_of("/?# @") != std::string_view::npos) {
    return base::Fail(base::Code::kInvalidArgument,
                      "'{}' is no server address: write http://host:port, without a path", url);
  }
  return address;
}

// The response as far as it has been read.
struct Reading {
  ClientResponse response;
  std::optional<uint64_t> length;
  BodyReader chunks;
  bool chunked = false;
  bool close = false;
  bool whole = false;
};

base::Result<void> ParseResponseHead(std::string_view head, Reading& reading) {
  const auto bad = [] {
    return base::Fail(base::Code::kUnavailable, "the server's answer is not HTTP/1.1");
  };
  if (!head.starts_with("HTTP/1.") || head.size() < 12) {
    return bad();
  }
  for (const char c : head.substr(9, 3)) {
    if (!IsDigit(c)) {
      return bad();
    }
    reading.response.status = reading.response.status * 10 + (c - '0');
  }
  reading.close = head[7] == '0';
  size_t at = head.find("\r\n") + 2;
  while (at + 2 < head.size()) {
    const size_t end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end - at);
    at = end + 2;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return bad();
    }
    std::string name = LowerCase(line.substr(0, colon));
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    if (name == "content-length") {
      uint64_t length = 0;
      if (value.empty() || value.size() > 18 || !std::all_of(value.begin(), value.end(), IsDigit)) {
        return bad();
      }
      for (const char c : value) {
        length = length * 10 + static_cast<uint64_t>(c - '0');
      }
      reading.length = length;
    } else if (name == "transfer-encoding") {
      reading.chunked = EqualsIgnoreCase(value, "chunked");
    } else if (name == "connection") {
      reading.close = reading.close || EqualsIgnoreCase(value, "close");
    }
    reading.response.headers.emplace_back(std::move(name), value);
  }
  return {};
}

class Client : public HttpClient {
 public:
  Client(Address address, int64_t timeout_millis, std::unique_ptr<crypto::TlsContext> tls)
      : address_(std::move(address)), timeout_millis_(timeout_millis), tls_(std::move(tls)) {}

  base::Result<ClientResponse> Send(std::string_view method, std::string_view target,
                                    const std::vector<std::pair<std::string, std::string>>& headers,
                                    std::string_view body) override {
    deadline_nanos_ = base::SystemClock().MonotonicNanos() + timeout_millis_ * 1'000'000;
    if (socket_.get() >= 0 && HungUp()) {
      Disconnect();
    }
    if (socket_.get() < 0) {
      RETURN_IF_ERROR(Connect());
    }
    auto response = Exchange(method, target, headers, body);
    if (!response) {
      Disconnect();
    }
    return response;
  }

 private:
  void Disconnect() {
    session_.reset();
    socket_.Reset(-1);
  }

  template <typename... Args>
  std::unexpected<base::Error> Unreachable(fmt::format_string<Args...> format, Args&&... args) {
    return base::Fail(base::Code::kUnavailable, "server {}://{}: {}",
                      address_.secure ? "https" : "http", address_.authority,
                      fmt::format(format, std::forward<Args>(args)...));
  }

  // Whether the server closed the connection while it was idle. Over TLS it may have sent what is
  // no answer: tickets, or its farewell.
  bool HungUp() {
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (size < 0) {
        return errno != EAGAIN && errno != EWOULDBLOCK;
      }
      if (size == 0 || session_ == nullptr ||
          !session_->Feed({bytes.data(), static_cast<size_t>(size)}) || session_->ended() ||
          !session_->TakePlaintext().empty()) {
        return true;
      }
    }
  }

  base::Result<void> Await(int fd, short events) {
    for (;;) {
      const int64_t left = deadline_nanos_ - base::SystemClock().MonotonicNanos();
      if (left <= 0) {
        return Unreachable("no answer within {} ms", timeout_millis_);
      }
      pollfd waiting{.fd = fd, .events = events, .revents = 0};
      const int ready =
          ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left / 1'000'000 + 1, 3'600'000)));
      if (ready > 0) {
        return {};
      }
      if (ready < 0 && errno != EINTR) {
        return Unreachable("poll failed: {}", std::strerror(errno));
      }
    }
  }

  base::Result<void> Connect() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(address_.host.c_str(), address_.port.c_str(), &hints, &found);
    if (failed != 0) {
      return Unreachable("{}", ::gai_strerror(failed));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    base::Result<void> result = Unreachable("no address");
    for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
      result = ConnectTo(*candidate);
      if (result) {
        return tls_ != nullptr ? Secure() : result;
      }
    }
    return result;
  }

  base::Result<void> Secure() {
    session_ = tls_->Connect(address_.host);
    std::string nothing;
    while (!session_->handshake_done()) {
      ASSIGN_OR_RETURN(const size_t size, Receive(nothing));
      if (size == 0 && !session_->handshake_done()) {
        return Unreachable("closed the connection during the TLS handshake");
      }
    }
    return {};
  }

  base::Result<void> ConnectTo(const addrinfo& address) {
    Descriptor fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) {
      return Unreachable("{}", std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
      if (errno != EINPROGRESS) {
        return Unreachable("{}; is it running there?", std::strerror(errno));
      }
      RETURN_IF_ERROR(Await(fd.get(), POLLOUT));
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) {
        return Unreachable("{}; is it running there?", std::strerror(error));
      }
    }
    socket_.Reset(fd.Release());
    return {};
  }

  base::Result<void> SendAll(std::string_view data) {
    if (session_ == nullptr) {
      return SendBytes(data);
    }
    while (!data.empty()) {
      const std::string_view some = data.substr(0, kReadBytes);
      data.remove_prefix(some.size());
      RETURN_IF_ERROR(Judge(session_->Send(some)));
      RETURN_IF_ERROR(SendBytes(session_->TakeOutput()));
    }
    return {};
  }

  // A broken TLS connection as this client's error.
  base::Result<void> Judge(const base::Result<void>& result) {
    if (result) {
      return {};
    }
    return Unreachable("{}", result.error().message);
  }

  base::Result<void> SendBytes(std::string_view data) {
    while (!data.empty()) {
      const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        data.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        RETURN_IF_ERROR(Await(socket_.get(), POLLOUT));
      } else if (errno != EINTR) {
        return Unreachable("{}", std::strerror(errno));
      }
    }
    return {};
  }

  // Appends what comes next; 0 when the server has closed.
  base::Result<size_t> Receive(std::string& into) {
    if (session_ == nullptr) {
      return ReceiveBytes(into);
    }
    for (;;) {
      RETURN_IF_ERROR(SendBytes(session_->TakeOutput()));
      const std::string plaintext = session_->TakePlaintext();
      into.append(plaintext);
      if (!plaintext.empty() || session_->ended()) {
        return plaintext.size();
      }
      std::string ciphertext;
      const bool shaking = !session_->handshake_done();
      ASSIGN_OR_RETURN(const size_t size, ReceiveBytes(ciphertext));
      if (size == 0) {
        // Without a farewell the rest may have been cut off by a third party.
        return Unreachable("closed the connection {}",
                           shaking ? "during the TLS handshake" : "without the end of TLS");
      }
      const auto fed = session_->Feed(ciphertext);
      if (!fed) {
        const auto told = SendBytes(session_->TakeOutput());
        return Unreachable("{}{}", fed.error().message, told ? "" : "; it hung up");
      }
      if (shaking && session_->handshake_done()) {
        RETURN_IF_ERROR(SendBytes(session_->TakeOutput()));
        return size_t{0};
      }
    }
  }

  base::Result<size_t> ReceiveBytes(std::string& into) {
    for (;;) {
      const size_t before = into.size();
      into.resize(before + kReadBytes);
      const ssize_t size = ::recv(socket_.get(), into.data() + before, kReadBytes, 0);
      into.resize(before + static_cast<size_t>(std::max<ssize_t>(size, 0)));
      if (size >= 0) {
        return static_cast<size_t>(size);
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        RETURN_IF_ERROR(Await(socket_.get(), POLLIN));
      } else if (errno != EINTR) {
        return Unreachable("{}", std::strerror(errno));
      }
    }
  }

  base::Result<ClientResponse> Exchange(
      std::string_view method, std::string_view target,
      const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body) {
    std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", method,
                                   target, address_.authority, body.size());
    for (const auto& [name, value] : headers) {
      head.append(name).append(": ").append(value).append("\r\n");
    }
    head.append("\r\n");
    if (body.size() < kReadBytes) {
      head.append(body);
      body = {};
    }
    base::Result<void> sent = SendAll(head);
    if (sent) {
      sent = SendAll(body);
    }
    // A server may refuse a body before it has read it all: its answer says more than the broken
    // connection.
    auto response = ReadResponse(method == "HEAD");
    if (!response && !sent) {
      return std::unexpected(sent.error());
    }
    return response;
  }

  base::Result<ClientResponse> ReadResponse(bool head_only) {
    std::string input;
    for (;;) {
      Reading reading;
      size_t end = 0;
      while ((end = input.find("\r\n\r\n")) == std::string::npos) {
        if (input.size() > kMaxHeadBytes) {
          return Unreachable("the answer's head is larger than {} bytes", kMaxHeadBytes);
        }
        ASSIGN_OR_RETURN(const size_t size, Receive(input));
        if (size == 0) {
          return Unreachable("closed the connection without an answer");
        }
      }
      RETURN_IF_ERROR(ParseResponseHead(std::string_view(input).substr(0, end + 4), reading));
      input.erase(0, end + 4);
      if (reading.response.status >= 100 && reading.response.status < 200) {
        continue;
      }
      const int status = reading.response.status;
      if (!head_only && status != 204 && status != 304) {
        RETURN_IF_ERROR(ReadBody(input, reading));
      }
      if (reading.close) {
        Disconnect();
      }
      return std::move(reading.response);
    }
  }

  base::Result<void> ReadBody(std::string& input, Reading& reading) {
    if (reading.length.value_or(0) > kMaxResponseBytes) {
      return Unreachable("the answer is larger than {} bytes", kMaxResponseBytes);
    }
    RequestHead framing;
    framing.chunked = reading.chunked;
    framing.content_length = reading.length.value_or(kMaxResponseBytes + 1);
    reading.chunks.Start(framing, kMaxResponseBytes);
    while (!reading.chunks.done()) {
      if (input.empty()) {
        ASSIGN_OR_RETURN(const size_t size, Receive(input));
        if (size == 0) {
          reading.close = true;
          return !reading.chunked && !reading.length
                     ? base::Result<void>{}
                     : Unreachable("closed the connection in the middle of its answer");
        }
      }
      const auto taken = reading.chunks.Consume(input, reading.response.body);
      if (!taken) {
        return Unreachable("the answer is not HTTP/1.1: {}", taken.error().message);
      }
      input.erase(0, *taken);
    }
    return {};
  }

  const Address address_;
  const int64_t timeout_millis_;
  const std::unique_ptr<crypto::TlsContext> tls_;  // Null for http://.
  int64_t deadline_nanos_ = 0;
  Descriptor socket_;
  std::unique_ptr<crypto::TlsSession> session_;
};

}  // namespace

base::Result<std::unique_ptr<HttpClient>> HttpClient::Create(std::string_view url,
                                                             int64_t timeout_millis,
                                                             const ClientTls& tls) {
  ASSIGN_OR_RETURN(Address address, ParseUrl(url));
  std::unique_ptr<crypto::TlsContext> context;
  if (address.secure) {
    ASSIGN_OR_RETURN(context, crypto::TlsContext::ForClient(tls.authorities));
  }
  return std::make_unique<Client>(std::move(address), timeout_millis, std::move(context));
}

}  // namespace weir::net
