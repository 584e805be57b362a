// More requests than a server can answer, whatever it answers: they are due at a rate, and those
// that the sockets do not take wait (an open loop).
//
//   flood --port 8080 --source 127.0.0.2 --path /v1/streams/ClickStream/records
//     --connections 400 --rate 1000000
//
// The body of each request is standard input's first line. Prints "open" once connected; at the end
// of standard input it sends no more, waits for the answers, and prints what it saw as JSON. A
// refusal is named when it has a code and a message, and Retry-After where a later try may help.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/format.h"

namespace {

using weir::base::SystemClock;

constexpr size_t kRequestsAtOnce = 64;
constexpr int kSendBufferBytes =
    32 << 10;  // What the kernel queues is still to be answered at the end.
constexpr int64_t kAnswersNanos = 60'000'000'000;
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kLength = "\r\ncontent-length: ";

struct Options {
  int port = 8080;
  std::string source = "127.0.0.2";
  std::string path;
  size_t connections = 400;
  double rate = 1'000'000;  // Requests a second, over all connections.
};

[[noreturn]] void Fail(std::string_view message) {
  std::fputs(fmt::format("flood: {}\n", message).c_str(), stderr);
  std::exit(1);
}

struct Connection {
  int fd = -1;
  std::string_view unsent;  // Of the requests.
  uint64_t asked = 0;
  uint64_t answered = 0;
  std::string rest;  // The beginning of an answer.
};

struct Seen {
  std::map<int, uint64_t> statuses;
  uint64_t accepted = 0;
  uint64_t unnamed = 0;
  uint64_t lost = 0;
};

int Connect(const Options& options) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, options.source.c_str(), &address.sin_addr) != 1 ||
      ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Fail(fmt::format("--source {}: {}", options.source, std::strerror(errno)));
  }
  address.sin_port = htons(static_cast<uint16_t>(options.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Fail(fmt::format("cannot connect to 127.0.0.1:{}: {}", options.port, std::strerror(errno)));
  }
  return fd;
}

class Flood {
 public:
  Flood(const Options& options, const std::string& body)
      : options_(options), connections_(options.connections), epoll_(::epoll_create1(0)) {
    const std::string request =
        fmt::format("POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{}",
                    options.path, body.size(), body);
    for (size_t i = 0; i < kRequestsAtOnce; ++i) {
      requests_ += request;
    }
    request_bytes_ = request.size();
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = Connect(options);
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = i}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event);
    }
  }

  void Run() {
    std::puts("open");
    std::fflush(stdout);
    const int64_t start = SystemClock().MonotonicNanos();
    int64_t ended = 0;
    while (ended == 0 ||
           (Outstanding() && SystemClock().MonotonicNanos() < ended + kAnswersNanos)) {
      const int64_t now = SystemClock().MonotonicNanos();
      if (ended == 0 && IsInputOver()) {
        ended = now;
      }
      if (ended == 0) {
        due_ = static_cast<uint64_t>(options_.rate * static_cast<double>(now - start) / 1e9);
        Offer();
      }
      Wait();
    }
    Report();
  }

 private:
  static bool IsInputOver() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    return ::poll(&input, 1, 0) > 0;
  }

  bool Outstanding() const {
    return std::ranges::any_of(connections_, [](const Connection& connection) {
      return connection.fd >= 0 && connection.answered < connection.asked;
    });
  }

  // Gives each connection that has sent everything its next requests, while some are due.
  void Offer() {
    for (size_t i = 0; i < connections_.size() && asked_ < due_; ++i) {
      next_ = (next_ + 1) % connections_.size();
      Connection& connection = connections_[next_];
      if (connection.fd >= 0 && connection.unsent.empty()) {
        const uint64_t count = std::min<uint64_t>(due_ - asked_, kRequestsAtOnce);
        connection.unsent = std::string_view(requests_).substr(0, count * request_bytes_);
        connection.asked += count;
        asked_ += count;
        Send(connection);
      }
    }
  }

  void Send(Connection& connection) {
    while (!connection.unsent.empty()) {
      const ssize_t sent = ::send(connection.fd, connection.unsent.data(), connection.unsent.size(),
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno != EAGAIN) {
          Lose(connection);
        }
        return;
      }
      connection.unsent.remove_prefix(static_cast<size_t>(sent));
    }
  }

  void Lose(Connection& connection) {
    seen_.lost += connection.asked - connection.answered;
    ::close(connection.fd);
    connection.fd = -1;
    connection.unsent = {};
  }

  void Wait() {
    std::array<epoll_event, 512> events{};
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1);
    for (int i = 0; i < ready; ++i) {
      Connection& connection = connections_[events[static_cast<size_t>(i)].data.u64];
      if (connection.fd >= 0) {
        Send(connection);
        Receive(connection);
      }
    }
  }

  void Receive(Connection& connection) {
    while (connection.fd >= 0) {
      const ssize_t size = ::recv(connection.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN) {
        return;
      }
      if (size <= 0) {
        return Lose(connection);
      }
      connection.rest.append(buffer_.data(), static_cast<size_t>(size));
      std::string_view answers = connection.rest;
      while (const size_t length = LengthOfFirst(answers)) {
        Count(answers.substr(0, length));
        ++connection.answered;
        answers.remove_prefix(length);
      }
      connection.rest.erase(0, connection.rest.size() - answers.size());
    }
  }

  // 0 when it is not there as a whole.
  static size_t LengthOfFirst(std::string_view answers) {
    const size_t head = answers.find(kEndOfHead);
    if (head == std::string_view::npos) {
      return 0;
    }
    const size_t field = answers.substr(0, head).find(kLength);
    size_t body = 0;
    if (field != std::string_view::npos) {
      std::from_chars(answers.data() + field + kLength.size(), answers.data() + head, body);
    }
    const size_t length = head + kEndOfHead.size() + body;
    return answers.size() < length ? 0 : length;
  }

  void Count(std::string_view answer) {
    int status = 0;
    std::from_chars(answer.data() + std::strlen("HTTP/1.1 "), answer.data() + answer.size(),
                    status);
    ++seen_.statuses[status];
    const auto has = [answer](std::string_view text) {
      return answer.find(text) != std::string_view::npos;
    };
    if (status == 200) {
      seen_.accepted += has("\"accepted\":1") ? 1 : 0;
    } else if (!has("\"code\":\"") || !has("\"message\":\"") ||
               ((status == 429 || status == 503) && !has("\r\nretry-after: "))) {
      ++seen_.unnamed;
    }
  }

  void Report() const {
    uint64_t unanswered = 0;
    for (const Connection& connection : connections_) {
      unanswered += connection.fd >= 0 ? connection.asked - connection.answered : 0;
    }
    std::string statuses;
    for (const auto& [status, count] : seen_.statuses) {
      statuses += fmt::format("{}\"{}\": {}", statuses.empty() ? "" : ", ", status, count);
    }
    std::puts(fmt::format("{{\"due\": {}, \"asked\": {}, \"statuses\": {{{}}}, \"accepted\": {}, "
                          "\"unnamed\": {}, \"lost\": {}, \"unanswered\": {}}}",
                          due_, asked_, statuses, seen_.accepted, seen_.unnamed, seen_.lost,
                          unanswered)
                  .c_str());
  }

  const Options options_;
  std::vector<Connection> connections_;
  const int epoll_;
  std::string requests_;
  size_t request_bytes_ = 0;
  uint64_t due_ = 0;
  uint64_t asked_ = 0;
  size_t next_ = 0;
  Seen seen_;
  std::array<char, 1 << 18> buffer_{};
};

Options Parse(int argc, char** argv) {
  Options options;
  const std::map<std::string_view, std::function<void(const char*)>> flags = {
      {"--port", [&](const char* text) { options.port = std::atoi(text); }},
      {"--source", [&](const char* text) { options.source = text; }},
      {"--path", [&](const char* text) { options.path = text; }},
      {"--connections",
       [&](const char* text) { options.connections = std::strtoull(text, nullptr, 10); }},
      {"--rate", [&](const char* text) { options.rate = std::atof(text); }},
  };
  for (int i = 1; i < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end() || i + 1 == argc) {
      Fail(fmt::format("unknown or incomplete flag '{}'", argv[i]));
    }
    flag->second(argv[i + 1]);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  std::string body;
  std::getline(std::cin, body);
  Flood(options, body + "\n").Run();
  return 0;
}
