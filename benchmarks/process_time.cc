#include "process_time.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "base/format.h"

namespace weir::benchmarks {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// "socket:[12345]" of the socket that listens at the port, or "".
std::string ListeningSocket(uint16_t port) {
  constexpr std::string_view kListening = "0A";
  const std::string local = fmt::format("0100007F:{:04X}", port);
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string slot;
    std::string address;
    std::string remote;
    std::string state;
    std::string other;
    std::string inode;
    fields >> slot >> address >> remote >> state;
    for (int i = 0; i < 5; ++i) {  // queues, timer, retransmissions, user, timeout
      fields >> other;
    }
    fields >> inode;
    if (address == local && state == kListening) {
      return fmt::format("socket:[{}]", inode);
    }
  }
  return "";
}

}  // namespace

ProcessTime TimeOfProcess(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t after = text.rfind(')');
  if (after == std::string::npos) {
    return {};
  }
  unsigned long user = 0;
  unsigned long system = 0;
  std::sscanf(text.c_str() + after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
              &user, &system);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {static_cast<double>(user) / ticks, static_cast<double>(system) / ticks};
}

ProcessTime TimeOfThisProcess() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {Seconds(usage.ru_utime), Seconds(usage.ru_stime)};
}

int FindListener(uint16_t port) {
  const std::string socket = ListeningSocket(port);
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const int pid = std::atoi(process.path().filename().c_str());
    if (pid == 0 || socket.empty()) {
      continue;
    }
    for (const auto& file : std::filesystem::directory_iterator(process.path() / "fd", error)) {
      if (std::filesystem::read_symlink(file.path(), error) == socket) {
        return pid;
      }
    }
  }
  return 0;
}

}  // namespace weir::benchmarks
