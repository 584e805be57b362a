// Loads a running server with records and tells how many it stored.
//
//   http_load --port 8080 --stream ClickStream --mode single|ndjson|kinesis --connections 64
//   --batch 500
//             --seconds 5 [--pid SERVER]
//
// Each connection sends its next request when the last is answered. Every answer is checked: a
// wrong status, or fewer records accepted than were sent, fails the run.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/time_format.h"

namespace {

using weir::base::SystemClock;

constexpr int kDistinctRequests = 64;
constexpr int kUsers = 100'000;

struct Options {
  uint16_t port = 8080;
  std::string stream = "ClickStream";
  std::string mode = "ndjson";
  int connections = 16;
  int batch = 500;
  double seconds = 5;
  int pid = 0;
};

struct Connection {
  int fd = -1;
  size_t request = 0;
  size_t sent = 0;
  std::string answer;
  int64_t started = 0;
};

std::string Click(int64_t millis, int number) {
  return fmt::format(
      R"({{"UserId":"user{}","Device":"{}","Event":"P{}","EventType":"Promotion","Timestamp":"{}"}})",
      number * 7919 % kUsers, number % 3 == 0 ? "desktop" : "mobile", 601 + number % 108,
      weir::base::FormatTimestamp(millis + number));
}

std::string MakeRequest(const Options& options, int seed) {
  const int64_t now = SystemClock().WallMillis();
  std::string body;
  std::string head;
  const int records = options.mode == "single" ? 1 : options.batch;
  for (int i = 0; i < records; ++i) {
    const std::string click = Click(now, seed * records + i);
    if (options.mode == "kinesis") {
      body += fmt::format("{}{{\"Data\": \"{}\", \"PartitionKey\": \"user{}\"}}",
                          i == 0 ? "" : ", ", weir::base::ToBase64(click), i * 7919 % kUsers);
    } else {
      body += click + "\n";
    }
  }
  if (options.mode == "kinesis") {
    body = fmt::format("{{\"Records\": [{}], \"StreamName\": \"{}\"}}", body, options.stream);
    head =
        "POST / HTTP/1.1\r\nx-amz-target: Kinesis_20131202.PutRecords\r\n"
        "content-type: application/x-amz-json-1.1\r\n";
  } else {
    head = fmt::format(
        "POST /v1/streams/{}/records HTTP/1.1\r\ncontent-type: application/x-ndjson\r\n",
        options.stream);
  }
  return fmt::format(
      "{}host: 127.0.0.1:{}\r\nuser-agent: http_load\r\ncontent-length: {}\r\n\r\n{}", head,
      options.port, body.size(), body);
}

[[noreturn]] void Fail(std::string_view message) {
  std::fputs(fmt::format("http_load: {}\n", message).c_str(), stderr);
  std::exit(1);
}

int Connect(const Options& options) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Fail(fmt::format("cannot connect to 127.0.0.1:{}: {}", options.port, std::strerror(errno)));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// User and system time of a process so far.
double CpuSeconds(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t after = text.rfind(')');
  if (after == std::string::npos) {
    return 0;
  }
  unsigned long user = 0;
  unsigned long system = 0;
  std::sscanf(text.c_str() + after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
              &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        records_(options.mode == "single" ? 1 : options.batch),
        epoll_(::epoll_create1(0)) {
    for (int i = 0; i < kDistinctRequests; ++i) {
      requests_.push_back(MakeRequest(options, i));
    }
    expected_ = options.mode == "kinesis"
                    ? "\"FailedRecordCount\":0,"
                    : fmt::format("{{\"accepted\":{},\"rejected\":[]}}", records_);
  }

  void Run() {
    connections_.resize(static_cast<size_t>(options_.connections));
    const double cpu_before = options_.pid > 0 ? CpuSeconds(options_.pid) : 0;
    const int64_t start = SystemClock().MonotonicNanos();
    const int64_t end = start + static_cast<int64_t>(options_.seconds * 1e9);
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = Connect(options_);
      connections_[i].request = i;
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event);
      Begin(connections_[i]);
    }
    std::array<epoll_event, 256> events{};
    while (SystemClock().MonotonicNanos() < end) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int i = 0; i < ready; ++i) {
        Receive(connections_[events[static_cast<size_t>(i)].data.u64]);
      }
    }
    const double seconds = static_cast<double>(SystemClock().MonotonicNanos() - start) / 1e9;
    Report(seconds, options_.pid > 0 ? CpuSeconds(options_.pid) - cpu_before : 0);
  }

 private:
  void Begin(Connection& connection) {
    connection.started = SystemClock().MonotonicNanos();
    connection.answer.clear();
    std::string_view rest = requests_[connection.request++ % requests_.size()];
    while (!rest.empty()) {
      const ssize_t sent = ::send(connection.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        Fail(fmt::format("sending: {}", std::strerror(errno)));
      }
      rest.remove_prefix(static_cast<size_t>(sent));
    }
  }

  void Receive(Connection& connection) {
    static std::array<char, 1 << 18> buffer;
    const ssize_t size = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      Fail("the server closed a connection");
    }
    connection.answer.append(buffer.data(), static_cast<size_t>(size));
    const size_t head = connection.answer.find("\r\n\r\n");
    const size_t at = connection.answer.find("content-length: ");
    if (head == std::string::npos || at == std::string::npos) {
      return;
    }
    const size_t length = std::strtoull(connection.answer.c_str() + at + 16, nullptr, 10);
    if (connection.answer.size() < head + 4 + length) {
      return;
    }
    if (!connection.answer.starts_with("HTTP/1.1 200 ") ||
        connection.answer.find(expected_) == std::string::npos) {
      Fail(fmt::format("unexpected answer: {}", connection.answer.substr(0, 1000)));
    }
    latencies_.push_back(SystemClock().MonotonicNanos() - connection.started);
    Begin(connection);
  }

  void Report(double seconds, double cpu) {
    if (latencies_.empty()) {
      Fail("no request was answered");
    }
    std::ranges::sort(latencies_);
    const auto requests = static_cast<double>(latencies_.size());
    const auto at = [&](double share) {
      return static_cast<double>(latencies_[static_cast<size_t>(share * (requests - 1))]) / 1e6;
    };
    std::puts(
        fmt::format("{} x{} over {} connections, {:.1f} s: {:.0f} requests/s, {:.0f} records/s, "
                    "p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms",
                    options_.mode, records_, options_.connections, seconds, requests / seconds,
                    requests * records_ / seconds, at(0.5), at(0.99), at(1))
            .c_str());
    if (cpu > 0) {
      std::puts(fmt::format("server: {:.2f} CPU-seconds, {:.0f} records per CPU-second", cpu,
                            requests * records_ / cpu)
                    .c_str());
    }
  }

  const Options options_;
  const int records_;
  const int epoll_;
  std::string expected_;
  std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  std::vector<int64_t> latencies_;
};

Options Parse(int argc, char** argv) {
  Options options;
  const std::map<std::string_view, std::function<void(const char*)>> flags = {
      {"--port", [&](const char* text) { options.port = static_cast<uint16_t>(std::atoi(text)); }},
      {"--stream", [&](const char* text) { options.stream = text; }},
      {"--mode", [&](const char* text) { options.mode = text; }},
      {"--connections", [&](const char* text) { options.connections = std::atoi(text); }},
      {"--batch", [&](const char* text) { options.batch = std::atoi(text); }},
      {"--seconds", [&](const char* text) { options.seconds = std::atof(text); }},
      {"--pid", [&](const char* text) { options.pid = std::atoi(text); }},
  };
  for (int i = 1; i < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end() || i + 1 == argc) {
      Fail(fmt::format("unknown or incomplete flag '{}'", argv[i]));
    }
    flag->second(argv[i + 1]);
  }
  if (options.mode != "single" && options.mode != "ndjson" && options.mode != "kinesis") {
    Fail("--mode is single, ndjson or kinesis");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Load(Parse(argc, argv)).Run();
  return 0;
}
