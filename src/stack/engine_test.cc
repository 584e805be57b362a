#include "stack/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/simulated_file_system.h"
#include "json/document.h"
#include "registry/registry.h"
#include "stack/deploy.h"
#include "stack/shipped.h"
#include "stream/verify.h"

namespace weir::stack {
namespace {

constexpr int64_t kStart = 1'700'000'000'000;

/// The shipped stack on one disk, as a server opens it.
struct Server {
  static base::Result<std::unique_ptr<Server>> Open(base::FileSystem& files, base::Clock& clock,
                                                    int committers) {
    auto server = std::make_unique<Server>();
    RETURN_IF_ERROR(files.CreateDirectories("/d"));
    ASSIGN_OR_RETURN(server->catalog, catalog::Catalog::Open(files, clock, "/d/catalog.sqlite"));
    ASSIGN_OR_RETURN(const Plan plan,
                     PlanTemplate({.text = std::string(ShippedTemplate()), .file_name = "t.yaml"}));
    RETURN_IF_ERROR(Deploy(plan, *server->catalog, clock));
    ASSIGN_OR_RETURN(
        server->log,
        log::Log::Open(files, clock, "/d/log",
                       {.segment_bytes = 16 << 10, .committers = committers, .min_free_bytes = 0}));
    ASSIGN_OR_RETURN(server->store, lake::OpenLocalStore(files, "/d/lake", "/d/staging"));
    ASSIGN_OR_RETURN(server->engine, Engine::Open({.catalog = server->catalog.get(),
                                                   .store = server->store.get(),
                                                   .log = server->log.get(),
                                                   .files = &files,
                                                   .clock = &clock},
                                                  {.checkpoint_directory = "/d/checkpoints",
                                                   .retention_interval_millis = 20}));
    server->registry = registry::Registry::Create(*server->catalog, *server->log, clock);
    server->clicks = server->log->Find("ClickStream");
    return server;
  }

  ~Server() {
    engine.reset();
    log->Shutdown();
  }

  /// Sends a click for one of five promotions.
  void Click(int number, log::AppendDone done) const {
    const std::string data = fmt::format(
        R"({{"UserId":"u{0}","Event":"p{1}","EventType":"Promotion"}})", number, number % 5);
    const std::string key = fmt::format("u{}", number);
    const log::Entry entry{.partition_key = key, .data = data};
    clicks->Append({&entry, 1}, std::move(done));
  }

  /// Clicks in the rows that the application has written.
  int64_t Counted() const {
    int64_t total = 0;
    log::Stream& rows = *log->Find("weir-ClickStreamApplication.DESTINATION_SQL_STREAM");
    for (model::Sequence next;;) {
      const auto read = rows.Read(0, next, 1'000, 1 << 20);
      if (!read.has_value() || read->batch.records.empty()) {
        return total;
      }
      for (const model::Record& record : read->batch.records) {
        total += *json::Parse(record.data)->IntAt("CLICKCOUNT");
      }
      next = read->next;
    }
  }

  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<lake::ObjectStore> store;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<registry::Registry> registry;
  log::Stream* clicks = nullptr;
};

void CheckRecomputed(Server& server, base::FileSystem& files, base::Clock& clock) {
  for (const stream::ApplicationDefinition& application :
       server.engine->definitions().applications) {
    stream::ApplicationOptions options;
    options.checkpoint_directory = base::JoinPath("/d/checkpoints", application.name);
    const auto outcome = stream::RecomputeOutputs(application, *server.log, files, clock, options);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    EXPECT_TRUE(outcome->ok()) << outcome->first_difference;
    EXPECT_EQ(outcome->missing, 0u);
    EXPECT_EQ(outcome->note, "");
  }
}

TEST(EngineTest, EveryClickIsCountedOnceThoughShardsChangeAndTheServerRestarts) {
  base::SimulatedFileSystem files;
  base::ManualClock clock(kStart);
  int sent = 0;
  for (const uint32_t target : {4u, 2u, 3u}) {
    auto server = Server::Open(files, clock, 0);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    for (int i = 0; i < 60; ++i) {
      if (i == 30) {
        const auto changed = (*server)->registry->UpdateShardCount("ClickStream", target);
        ASSERT_TRUE(changed.has_value()) << changed.error().message;
      }
      clock.AdvanceMillis(1'500);
      (*server)->Click(sent++, [](const base::Result<std::vector<log::Placement>>& placed) {
        EXPECT_TRUE(placed.has_value());
      });
      (*server)->log->Drive();
      const auto stepped = (*server)->engine->Step();
      ASSERT_TRUE(stepped.has_value()) << stepped.error().message;
    }
    const auto finished = (*server)->engine->Finish();
    ASSERT_TRUE(finished.has_value()) << finished.error().message;
    EXPECT_EQ((*server)->Counted(), sent);
    CheckRecomputed(**server, files, clock);
  }
}

TEST(EngineTest, ShardsChangeUnderLoad) {
  base::SimulatedFileSystem files;
  base::Clock& clock = base::SystemClock();
  constexpr int kThreads = 2;
  constexpr int kClicks = 1'500;
  {
    auto opened = Server::Open(files, clock, 2);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    Server& server = **opened;
    server.engine->Start();
    std::atomic<int> stored{0};
    std::vector<std::thread> producers;
    for (int thread = 0; thread < kThreads; ++thread) {
      producers.emplace_back([&server, &stored, thread] {
        for (int i = 0; i < kClicks; ++i) {
          server.Click(thread * kClicks + i,
                       [&stored](const base::Result<std::vector<log::Placement>>& placed) {
                         stored += placed.has_value() ? 1 : 0;
                       });
        }
      });
    }
    for (const uint32_t target : {4u, 3u, 6u, 3u, 2u, 1u}) {
      const auto changed = server.registry->UpdateShardCount("ClickStream", target);
      ASSERT_TRUE(changed.has_value()) << changed.error().message;
      ASSERT_TRUE(server.registry->CreateStream("Scratch", 1, "PROVISIONED", {}).has_value());
      ASSERT_TRUE(server.registry->DeleteStream("Scratch", false).has_value());
    }
    for (std::thread& producer : producers) {
      producer.join();
    }
    ASSERT_TRUE(server.engine->Stop(false).has_value());
    server.log->Shutdown();
    EXPECT_EQ(stored, kThreads * kClicks);
  }
  auto reopened = Server::Open(files, clock, 2);
  ASSERT_TRUE(reopened.has_value()) << reopened.error().message;
  const auto finished = (*reopened)->engine->Finish();
  ASSERT_TRUE(finished.has_value()) << finished.error().message;
  EXPECT_EQ((*reopened)->Counted(), kThreads * kClicks);
  CheckRecomputed(**reopened, files, clock);
}

TEST(EngineTest, RetentionKeepsWhatIsNeededOfClosedShards) {
  base::SimulatedFileSystem files;
  base::ManualClock clock(kStart);
  auto opened = Server::Open(files, clock, 0);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Server& server = **opened;
  ASSERT_TRUE(server.registry->SetRetention("ClickStream", 24).has_value());
  const auto send = [&](int from) {
    for (int i = from; i < from + 400; ++i) {
      server.Click(i, [](const base::Result<std::vector<log::Placement>>&) {});
      server.log->Drive();
    }
  };
  send(0);
  ASSERT_TRUE(server.registry->UpdateShardCount("ClickStream", 1).has_value());
  send(400);
  clock.AdvanceMillis(48LL * 3'600'000);
  const uint64_t before = server.clicks->BytesOnDisk();
  ASSERT_TRUE(server.engine->ApplyRetention().has_value());
  EXPECT_EQ(server.clicks->BytesOnDisk(), before) << "nothing was read of it yet";
  ASSERT_TRUE(server.engine->Finish().has_value());
  EXPECT_EQ(server.Counted(), 800);
  ASSERT_TRUE(
      server.engine->Finish().has_value());  // A second checkpoint: the first is not needed.
  ASSERT_TRUE(server.engine->ApplyRetention().has_value());
  EXPECT_LT(server.clicks->BytesOnDisk(), before);
  EXPECT_GT(server.clicks->TrimHorizon(0).value, 0u);
}

TEST(EngineTest, AStreamThatFailsKeepsNoOtherFromBeingTrimmed) {
  base::SimulatedFileSystem files;
  base::ManualClock clock(kStart);
  auto opened = Server::Open(files, clock, 0);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Server& server = **opened;
  for (const char* const name : {"A-failing", "B-failing", "Fine"}) {
    ASSERT_TRUE(server.registry->CreateStream(name, 1, "PROVISIONED", {}).has_value());
    ASSERT_TRUE(server.registry->SetRetention(name, 24).has_value());
    const std::string data(1'000, 'x');
    const log::Entry entry{.partition_key = "k", .data = data};
    for (int i = 0; i < 100; ++i) {
      server.log->Find(name)->Append({&entry, 1}, [](const auto&) {});
      server.log->Drive();
    }
  }
  clock.AdvanceMillis(48LL * 3'600'000);
  files.SetFaultHook(
      [](std::string_view operation, std::string_view path) -> std::optional<base::Error> {
        if (operation == "remove" && path.find("-failing") != std::string_view::npos) {
          return base::Error{base::Code::kIo, "injected"};
        }
        return std::nullopt;
      });
  const uint64_t before = server.log->Find("Fine")->BytesOnDisk();
  testing::internal::CaptureStderr();
  const auto removed = server.engine->ApplyRetention();
  const std::string logged = testing::internal::GetCapturedStderr();
  files.SetFaultHook(nullptr);
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().message.rfind("stream 'A-failing'", 0), 0u) << removed.error().message;
  const uint64_t freed = before - server.log->Find("Fine")->BytesOnDisk();
  EXPECT_GT(freed, 0u);
  for (const std::string& line :
       {std::string(R"("stream":"A-failing")"), std::string(R"("stream":"B-failing")"),
        fmt::format(R"("bytes":"{}")", freed)}) {
    EXPECT_NE(logged.find(line), std::string::npos) << line << " in " << logged;
  }
}

TEST(EngineTest, StreamsThatTheApiMadeAreOpenedAgain) {
  base::SimulatedFileSystem files;
  base::ManualClock clock(kStart);
  {
    auto server = Server::Open(files, clock, 0);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    ASSERT_TRUE((*server)->registry->CreateStream("Other", 2, "PROVISIONED", {}).has_value());
    ASSERT_TRUE((*server)->registry->UpdateShardCount("Other", 3).has_value());
  }
  auto server = Server::Open(files, clock, 0);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  ASSERT_NE((*server)->log->Find("Other"), nullptr);
  EXPECT_EQ((*server)->log->Find("Other")->definition().shards,
            (*server)->registry->Get("Other")->definition.shards);
  const std::string status = DescribeStatus(*(*server)->engine, *(*server)->log);
  EXPECT_NE(status.find(fmt::format("{:<56} {:>7}", "Other", 3)), std::string::npos) << status;
}

}  // namespace
}  // namespace weir::stack
