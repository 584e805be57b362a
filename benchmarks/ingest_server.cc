// The doors of the ingest room over a log in a folder, and nothing else: what http_load measures.
//
//   ingest_server FOLDER PORT THREADS SHARDS

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "auth/gate.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/format.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "ingest/doors.h"
#include "log/log.h"
#include "net/http_server.h"
#include "registry/registry.h"

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
  const auto registry = weir::registry::Registry::Create(*catalog, *log, clock);
  const auto keyring =
      OrDie(weir::auth::Keyring::Open(files, clock, *catalog, JoinPath(argv[1], "secret.key")));
  const auto gate = OrDie(weir::auth::Gate::Create({}, files, clock, *keyring));
  const auto intake = weir::ingest::Intake::Create({}, *log, clock, metrics);
  const auto doors = OrDie(weir::ingest::Doors::Register(*server, {.log = *log,
                                                                   .catalog = *catalog,
                                                                   .registry = *registry,
                                                                   .gate = *gate,
                                                                   .intake = *intake,
                                                                   .files = files,
                                                                   .clock = clock,
                                                                   .metrics = metrics}));
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
