// The doors of the ingest room over a log in a folder, and nothing else: what http_load measures.
//
//   ingest_server FOLDER PORT THREADS SHARDS [KEY_FILE] [EVENT_ID_FIELD]
//
// With a key file it asks for keys, and writes a new one there. With a field it stores each event
// of the stream ClickStream once; "" is no key file.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "auth/gate.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/format.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "ingest/deduplication/deduplication.h"
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

void OrDie(weir::base::Result<void> result) {
  if (!result) {
    std::fputs(fmt::format("ingest_server: {}\n", result.error().message).c_str(), stderr);
    std::exit(1);
  }
}

void WriteNewKey(weir::auth::Keyring& keyring, const std::string& path) {
  const auto key = OrDie(keyring.Create("load", {weir::auth::Role::kIngest}, {}));
  std::ofstream(path) << key.info.id << "." << key.secret << "\n";
}

void StoreOnce(weir::catalog::Catalog& catalog, std::string_view field) {
  const weir::catalog::ResourceChange change = {
      .resource = {
          .type = "Weir::Deduplication",
          .name = "Once",
          .definition = fmt::format(
              R"({{"Stream":"ClickStream","EventIdField":"{}","HorizonHours":24}})", field)}};
  OrDie(catalog.Apply({&change, 1}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc > 7) {
    std::fputs("usage: ingest_server FOLDER PORT THREADS SHARDS [KEY_FILE] [EVENT_ID_FIELD]\n",
               stderr);
    return 64;
  }
  const std::string key_file = argc > 5 ? argv[5] : "";
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
  OrDie(log->OpenStream(
      {.name = "ClickStream",
       .created = {clock.WallMillis()},
       .shards = weir::log::EvenShards(static_cast<uint32_t>(std::atoi(argv[4])))}));
  const auto keyring =
      OrDie(weir::auth::Keyring::Open(files, clock, *catalog, JoinPath(argv[1], "secret.key")));
  if (!key_file.empty()) {
    WriteNewKey(*keyring, key_file);
  }
  if (argc > 6) {
    StoreOnce(*catalog, argv[6]);
  }
  const auto gate =
      OrDie(weir::auth::Gate::Create({.required = !key_file.empty()}, files, clock, *keyring));
  const auto intake = weir::ingest::Intake::Create({}, *log, clock, metrics);
  const auto once = OrDie(weir::ingest::deduplication::CreateDeduplication(
      {.folder = JoinPath(argv[1], "deduplication")}, *intake, *log, *catalog, files, clock,
      metrics));
  auto server = OrDie(weir::net::HttpServer::Create(
      {.port = static_cast<uint16_t>(std::atoi(argv[2])),
       .threads = std::atoi(argv[3]),
       .metrics = &metrics,
       .admit = [&gate](const weir::net::Request& head) { return gate->Admit(head); }},
      clock));
  const auto registry = weir::registry::Registry::Create(*catalog, *log, clock);
  const auto doors = OrDie(weir::ingest::Doors::Register(*server, {.log = *log,
                                                                   .catalog = *catalog,
                                                                   .registry = *registry,
                                                                   .gate = *gate,
                                                                   .intake = *once,
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
