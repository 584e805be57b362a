// Loads a running server with records; tells how many it stored, how long it took, and what that
// cost. README.md tells about the figures.
//
//   http_load --mode lines|put_record|put_records|put_records_cbor --port 8080
//     --stream ClickStream --connections 16 --records 500 --seconds 5 --key-file FILE
//     --event-ids no|yes --pid SERVER
//
// Each connection sends its next request when the last is answered. Every answer is checked: a
// wrong status, or a record that is not stored, fails the run. With --key-file (first line
// "<key id>.<secret>", as `weir keys create` prints it) requests to the Kinesis API are signed, and
// others carry the key. With event ids each record has an EventId of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/format.h"
#include "ingest_limit.h"
#include "load_request.h"
#include "process_time.h"

namespace {

using weir::base::SystemClock;
using weir::benchmarks::Door;
using weir::benchmarks::LoadKey;
using weir::benchmarks::LoadOptions;
using weir::benchmarks::LoadRequests;
using weir::benchmarks::ProcessTime;

constexpr std::string_view kModes[] = {"lines", "put_record", "put_records", "put_records_cbor"};

struct Options {
  LoadOptions load;
  std::string mode = "lines";
  int connections = 16;
  double seconds = 5;
  int pid = 0;
};

struct Connection {
  int fd = -1;
  std::string answer;
  int64_t started = 0;
};

[[noreturn]] void Fail(std::string_view message) {
  std::fputs(fmt::format("http_load: {}\n", message).c_str(), stderr);
  std::exit(1);
}

int Connect(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Fail(fmt::format("cannot connect to 127.0.0.1:{}: {}", port, std::strerror(errno)));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void SendAll(int fd, const LoadRequests::Request& request) {
  std::array<iovec, 2> parts = {iovec{const_cast<char*>(request.head.data()), request.head.size()},
                                iovec{const_cast<char*>(request.body.data()), request.body.size()}};
  size_t first = 0;
  while (first < parts.size()) {
    msghdr message{};
    message.msg_iov = parts.data() + first;
    message.msg_iovlen = parts.size() - first;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      Fail(fmt::format("sending: {}", std::strerror(errno)));
    }
    auto left = static_cast<size_t>(sent);
    while (first < parts.size() && left >= parts[first].iov_len) {
      left -= parts[first++].iov_len;
    }
    if (first < parts.size()) {
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + left;
      parts[first].iov_len -= left;
    }
  }
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), requests_(options.load), epoll_(::epoll_create1(0)) {}

  void Run() {
    connections_.resize(static_cast<size_t>(options_.connections));
    const ProcessTime server_before = weir::benchmarks::TimeOfProcess(options_.pid);
    const ProcessTime client_before = weir::benchmarks::TimeOfThisProcess();
    const int64_t start = SystemClock().MonotonicNanos();
    const int64_t end = start + static_cast<int64_t>(options_.seconds * 1e9);
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = Connect(options_.load.port);
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
    const ProcessTime server = weir::benchmarks::TimeOfProcess(options_.pid) - server_before;
    const ProcessTime client = weir::benchmarks::TimeOfThisProcess() - client_before;
    if (latencies_.empty()) {
      Fail("no request was answered");
    }
    ReportRates(seconds);
    ReportCosts(server, client);
  }

 private:
  void Begin(Connection& connection) {
    connection.answer.clear();
    const LoadRequests::Request request = requests_.Next();
    connection.started = SystemClock().MonotonicNanos();
    SendAll(connection.fd, request);
  }

  void Receive(Connection& connection) {
    static std::array<char, 1 << 18> buffer;
    const ssize_t size = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      Fail("the server closed a connection");
    }
    connection.answer.append(buffer.data(), static_cast<size_t>(size));
    const std::string_view answer = connection.answer;
    const size_t head = answer.find("\r\n\r\n");
    const size_t at = answer.substr(0, head).find("content-length: ");
    if (head == std::string_view::npos || at == std::string_view::npos) {
      return;
    }
    const size_t length = std::strtoull(connection.answer.c_str() + at + 16, nullptr, 10);
    const std::string_view body = answer.substr(head + 4);
    if (body.size() < length) {
      return;
    }
    if (!answer.starts_with("HTTP/1.1 200 ") || !requests_.IsRight(body)) {
      Fail(fmt::format("unexpected answer: {}", answer.substr(0, 1000)));
    }
    latencies_.push_back(SystemClock().MonotonicNanos() - connection.started);
    Begin(connection);
  }

  double requests() const { return static_cast<double>(latencies_.size()); }

  double records() const { return requests() * options_.load.records; }

  void ReportRates(double seconds) {
    std::ranges::sort(latencies_);
    const auto at = [&](double share) {
      return static_cast<double>(latencies_[static_cast<size_t>(share * (requests() - 1))]) / 1e6;
    };
    std::puts(
        fmt::format("{} x{}{}, {} connections, {:.1f} s: {:.0f} records/s, {:.0f} requests/s, "
                    "p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms",
                    options_.mode, options_.load.records, options_.load.key ? " with key" : "",
                    options_.connections, seconds, records() / seconds, requests() / seconds,
                    at(0.5), at(0.99), at(1))
            .c_str());
  }

  void ReportCosts(const ProcessTime& server, const ProcessTime& client) const {
    const auto limit = weir::benchmarks::LimitOf(requests_.record_bytes(), options_.load.records,
                                                 options_.connections);
    const auto each = [&](double seconds) { return seconds / requests() * 1e6; };
    const double reached = server.total() > 0 ? records() / server.total() : 0;
    std::puts(fmt::format("  server: {:.1f} us of CPU a request (user {:.1f}, system {:.1f}), "
                          "{:.0f} records per CPU-second; client: {:.1f} us a request",
                          each(server.total()), each(server.user), each(server.system), reached,
                          each(client.total()))
                  .c_str());
    std::puts(fmt::format("  limit: {:.0f} records per CPU-second ({:.0f} % reached), {:.0f} "
                          "records/s of disk; {:.1f} bytes a record sent, {:.1f} stored",
                          1 / limit.seconds, 100 * reached * limit.seconds, limit.disk_records,
                          requests_.record_bytes().wire, requests_.record_bytes().logged)
                  .c_str());
  }

  const Options options_;
  LoadRequests requests_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<int64_t> latencies_;
};

LoadKey ReadKey(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const size_t dot = line.find('.');
  if (dot == std::string::npos) {
    Fail(fmt::format("--key-file {}: its first line must be <key id>.<secret>", path));
  }
  return {.id = line.substr(0, dot), .secret = line.substr(dot + 1)};
}

Options Parse(int argc, char** argv) {
  Options options;
  LoadOptions& load = options.load;
  const std::map<std::string_view, std::function<void(const char*)>> flags = {
      {"--port", [&](const char* text) { load.port = static_cast<uint16_t>(std::atoi(text)); }},
      {"--stream", [&](const char* text) { load.stream = text; }},
      {"--mode", [&](const char* text) { options.mode = text; }},
      {"--connections", [&](const char* text) { options.connections = std::atoi(text); }},
      {"--records", [&](const char* text) { load.records = std::atoi(text); }},
      {"--seconds", [&](const char* text) { options.seconds = std::atof(text); }},
      {"--key-file", [&](const char* text) { load.key = ReadKey(text); }},
      {"--event-ids", [&](const char* text) { load.event_ids = std::string_view(text) == "yes"; }},
      {"--pid", [&](const char* text) { options.pid = std::atoi(text); }},
  };
  for (int i = 1; i < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end() || i + 1 == argc) {
      Fail(fmt::format("unknown or incomplete flag '{}'", argv[i]));
    }
    flag->second(argv[i + 1]);
  }
  const auto mode = std::ranges::find(kModes, options.mode);
  if (mode == std::end(kModes)) {
    Fail("--mode is lines, put_record, put_records or put_records_cbor");
  }
  load.door = static_cast<Door>(mode - std::begin(kModes));
  load.records = load.door == Door::kPutRecord ? 1 : load.records;
  if (load.event_ids && load.door != Door::kLines) {
    Fail("--event-ids is for --mode lines");
  }
  options.pid = options.pid > 0 ? options.pid : weir::benchmarks::FindListener(load.port);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Load(Parse(argc, argv)).Run();
  return 0;
}
