#pragma once

// A server with all doors over a log, a catalog and a registry, for this room's tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/gate.h"
#include "auth/keyring.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/simulated_file_system.h"
#include "ingest/doors.h"
#include "net/http_client.h"
#include "registry/registry.h"

namespace weir::ingest {

struct DoorsWorldOptions {
  IntakeOptions intake;
  auth::GateOptions gate;
};

// Everything is on a simulated disk and answers at a free port of the loopback.
struct DoorsWorld {
  explicit DoorsWorld(base::Clock& clock, DoorsWorldOptions options = {})
      : log(std::move(*log::Log::Open(files, clock, "/data/log", {.metrics = &metrics}))),
        catalog(std::move(*catalog::Catalog::Open(files, clock, "/data/catalog.sqlite"))),
        registry(registry::Registry::Create(*catalog, *log, clock)),
        keyring(std::move(*auth::Keyring::Open(files, clock, *catalog, "/data/secret.key"))),
        gate(std::move(*auth::Gate::Create(std::move(options.gate), files, clock, *keyring))),
        intake(Intake::Create(options.intake, *log, clock, metrics)),
        server(std::move(*net::HttpServer::Create({.port = 0}, clock))),
        doors(std::move(*Doors::Register(*server, Parts(clock)))) {}

  ~DoorsWorld() {
    server->Stop(0);
    log->Shutdown();
  }

  DoorsWorld(const DoorsWorld&) = delete;
  DoorsWorld& operator=(const DoorsWorld&) = delete;

  void Start() {
    ASSERT_TRUE(server->Start());
    client =
        std::move(*net::HttpClient::Create("http://127.0.0.1:" + std::to_string(server->port())));
  }

  DoorParts Parts(base::Clock& clock) {
    return {.log = *log,
            .catalog = *catalog,
            .registry = *registry,
            .gate = *gate,
            .intake = *intake,
            .files = files,
            .clock = clock,
            .metrics = metrics,
            .secrets_directory = "/data/secrets"};
  }

  // "key|data" of all records, by shard and sequence.
  std::vector<std::string> Stored(std::string_view stream) const {
    std::vector<std::string> stored;
    log::Stream& found = *log->Find(stream);
    for (const log::ShardDefinition& shard : found.definition().shards) {
      const auto read = found.Read(shard.id, {0}, 100'000, 100 << 20);
      EXPECT_TRUE(read) << read.error().message;
      for (const model::Record& record : read->batch.records) {
        stored.push_back(fmt::format("{}|{}", record.partition_key, record.data));
      }
    }
    return stored;
  }

  net::ClientResponse Send(std::string_view target,
                           const std::vector<std::pair<std::string, std::string>>& headers,
                           std::string_view body) {
    auto response = client->Send("POST", target, headers, body);
    EXPECT_TRUE(response) << response.error().message;
    return response ? *response : net::ClientResponse{};
  }

  // A call of an AWS API, `target` like "Kinesis_20131202.PutRecord".
  net::ClientResponse Call(std::string_view target, std::string_view body,
                           std::string_view content_type = "application/x-amz-json-1.1") {
    return Send(
        "/", {{"content-type", std::string(content_type)}, {"x-amz-target", std::string(target)}},
        body);
  }

  base::SimulatedFileSystem files;
  base::Metrics metrics;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<auth::Keyring> keyring;
  std::unique_ptr<auth::Gate> gate;
  std::unique_ptr<Intake> intake;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<Doors> doors;
  std::unique_ptr<net::HttpClient> client;
};

// A door at a free port of its own, for those that read the catalog when they are registered.
class SeparateDoor {
 public:
  ~SeparateDoor() {
    if (server_ != nullptr) {
      server_->Stop(0);
    }
  }

  // `add` registers the door.
  template <typename Add>
  void Start(base::Clock& clock, Add add) {
    server_ = std::move(*net::HttpServer::Create({.port = 0}, clock));
    const auto added = add(*server_);
    ASSERT_TRUE(added) << added.error().message;
    ASSERT_TRUE(server_->Start());
    client_ =
        std::move(*net::HttpClient::Create("http://127.0.0.1:" + std::to_string(server_->port())));
  }

  net::ClientResponse Send(std::string_view method, std::string_view target,
                           const std::vector<std::pair<std::string, std::string>>& headers,
                           std::string_view body) {
    auto response = client_->Send(method, target, headers, body);
    EXPECT_TRUE(response) << response.error().message;
    return response ? *response : net::ClientResponse{};
  }

 private:
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpClient> client_;
};

// Puts a resource into the world's catalog.
inline void PutResource(DoorsWorld& world, std::string_view type, std::string_view name,
                        std::string_view definition) {
  const catalog::ResourceChange change{.resource = {.type = std::string(type),
                                                    .name = std::string(name),
                                                    .definition = std::string(definition)}};
  ASSERT_TRUE(world.catalog->Apply({&change, 1}));
}

}  // namespace weir::ingest
