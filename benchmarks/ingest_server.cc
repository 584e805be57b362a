// The doors of the ingest room over a log in a folder, and nothing else: what http_load measures.
//
//   ingest_server FOLDER PORT THREADS SHARDS

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/format.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "ingest/doors.h"
#include "log/log.h"
#include "net/http_server.h"

namespace {

template <typename T>
T OrDie(weir::base::Result<T> result) {
  if (!result) {
    std::fputs(fmt::format("ingest_server: {}\n", result.error().message).c_str(), stderr);
    std::exit(1);
  }
  return *std::move(result);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: ingest_server FOLDER PORT THREADS SHARDS\n", stderr);
    return 64;
  }
  using weir::base::JoinPath;
  weir::base::FileSystem& files = weir::base::SystemFileSystem();
  weir::base::Clock& clock = weir::base::SystemClock();
  weir::base::Metrics& metrics = weir::base::ProcessMetrics();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto log = OrDie(
      weir::log::Log::Open(files, clock, JoinPath(argv[1], "streams"), {.metrics = &metrics}));
  auto catalog = OrDie(weir::catalog::Catalog::Open(files, clock, JoinPath(argv[1], "catalog")));
  OrDie(log->OpenStream({.name = "ClickStream",
                         .created = {clock.WallMillis()},
                         .shards = weir::log::EvenShards(static_cast<uint32_t>(std::atoi(argv[4]))),
                         .retention_bytes = uint64_t{4} << 30}));
  auto server =
      OrDie(weir::net::HttpServer::Create({.port = static_cast<uint16_t>(std::atoi(argv[2])),
                                           .threads = std::atoi(argv[3]),
                                           .metrics = &metrics},
                                          clock));
  weir::ingest::RegisterDoors(*server, *log, *catalog, clock, metrics);
  if (auto started = server->Start(); !started) {
    std::fputs(fmt::format("ingest_server: {}\n", started.error().message).c_str(), stderr);
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  server->Stop(1'000);
  log->Shutdown();
  return 0;
}
