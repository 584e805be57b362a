#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "auth/gate.h"
#include "base/format.h"
#include "base/logging.h"
#include "crypto/tls.h"
#include "dashboard/dashboard.h"
#include "ingest/aws/door.h"
#include "ingest/deduplication/deduplication.h"
#include "ingest/doors.h"
#include "ingest/intake.h"
#include "registry/registry.h"
#include "server/commands.h"
#include "server/data_folder.h"
#include "server/demo_runner.h"
#include "server/exit_code.h"
#include "server/health_routes.h"
#include "server/program_path.h"
#include "server/signals.h"
#include "server/stack_routes.h"
#include "server/tls_files.h"
#include "server/totals.h"

namespace weir::server {

namespace {

constexpr int64_t kLookMillis = 500;
constexpr int64_t kTotalsNanos = 10'000'000'000;
constexpr int64_t kSaveUsesNanos = 120'000'000'000;
// Scrapes of /metrics that wait: a client has half of the places.
constexpr size_t kMaxScrapes = 16;

/// Everything that serves, in the order in which it starts; it stops in the reverse.
class Serving {
 public:
  Serving(const ServeOptions& options, const Protection& protection)
      : options_(options), config_(options.config), protection_(protection) {}

  /// 0, or the exit status after the failure was printed.
  int Start();
  /// Until a signal, or until the log can no longer be written.
  int Wait();
  int Stop(int status);

 private:
  int OpenFolder();
  base::Result<void> StartEngine();
  base::Result<void> StartGate();
  base::Result<void> StartTls();
  base::Result<void> StartServer();
  base::Result<void> OpenListener(const ListenAddress& address);
  dashboard::PipelineState Pipeline() const;
  void PrintTotals();
  void SaveUses();

  const ServeOptions& options_;
  const Config& config_;
  const Protection protection_;
  base::Clock& clock_ = base::SystemClock();
  base::Metrics& metrics_ = base::ProcessMetrics();
  std::atomic<bool> stopping_ = false;
  bool serves_ = false;  // requests are accepted
  std::unique_ptr<DataFolder> folder_;
  std::unique_ptr<stack::Engine> engine_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<auth::Keyring> keyring_;
  std::unique_ptr<auth::Gate> gate_;
  std::unique_ptr<ingest::Intake> intake_;
  std::unique_ptr<ingest::Intake> deduplication_;  // in front of intake_
  std::unique_ptr<query::QueryService> queries_;
  std::unique_ptr<dashboard::Dashboard> dashboard_;
  net::BlockingPool scrapes_{1, kMaxScrapes, "scrapes"};  // Must outlive the server.
  std::unique_ptr<crypto::TlsContext> tls_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<ingest::Doors> doors_;
  std::unique_ptr<DemoRunner> demo_;
};

int Serving::OpenFolder() {
  DataFolderOptions options{.path = config_.data, .purpose = "serve"};
  options.log.segment_bytes = config_.segment_bytes;
  options.log.min_free_bytes = config_.min_free_bytes;
  options.log.metrics = &metrics_;
  auto folder = DataFolder::Open(std::move(options));
  if (!folder.has_value()) {
    return ReportOpenFailure(folder.error());
  }
  folder_ = std::move(*folder);
  return kExitOk;
}

base::Result<void> Serving::StartEngine() {
  RETURN_IF_ERROR(DeployChoice(options_.stack, folder_->catalog()));
  stack::EngineOptions options{.checkpoint_directory = folder_->checkpoint_directory()};
  options.application.checkpoint_interval_millis = config_.checkpoint_interval_millis;
  options.application.live_interval_millis = config_.live_interval_millis;
  ASSIGN_OR_RETURN(engine_, stack::Engine::Open(folder_->parts(), std::move(options)));
  const log::RecoveryReport recovery = folder_->log().recovery();
  base::LogEvent(base::LogLevel::kInfo, "server.recovered", "the log is open",
                 {{"records", recovery.records},
                  {"torn_tails", recovery.torn_tails},
                  {"torn_bytes", recovery.torn_bytes}});
  engine_->Start();
  return {};
}

dashboard::PipelineState Serving::Pipeline() const {
  dashboard::PipelineState state;
  for (const auto& [name, status] : engine_->Applications()) {
    state.behind_millis = std::max(state.behind_millis, status.millis_behind);
    if (state.stopped.empty() && !status.failure.empty()) {
      state.stopped = fmt::format("{}: {}", name, status.failure);
    }
  }
  return state;
}

base::Result<void> Serving::StartGate() {
  base::FileSystem& files = base::SystemFileSystem();
  ASSIGN_OR_RETURN(
      keyring_, auth::Keyring::Open(files, clock_, folder_->catalog(), folder_->secret_key_path()));
  if (protection_.auth && keyring_->empty()) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "authentication is on and there is no key yet; make the first one:\n"
                      "  weir keys create admin --role admin --data {}",
                      config_.data);
  }
  auth::GateOptions options;
  options.required = protection_.auth;
  options.sigv4 = {.region = config_.region,
                   .max_skew_millis = config_.signature_skew_seconds * 1000};
  options.tls = protection_.tls;
  options.audit_path = folder_->audit_path();
  options.metrics = &metrics_;
  ASSIGN_OR_RETURN(gate_, auth::Gate::Create(std::move(options), files, clock_, *keyring_));
  return {};
}

base::Result<void> Serving::StartTls() {
  ASSIGN_OR_RETURN(const crypto::TlsIdentity identity,
                   LoadTlsIdentity(base::SystemFileSystem(), config_, folder_->tls_directory()));
  ASSIGN_OR_RETURN(tls_, crypto::TlsContext::ForServer(identity));
  ASSIGN_OR_RETURN(const std::string fingerprint, crypto::Fingerprint(identity.certificate_chain));
  base::LogEvent(base::LogLevel::kInfo, "server.certificate",
                 "SHA-256 fingerprint of the certificate: " + fingerprint);
  return {};
}

base::Result<void> Serving::OpenListener(const ListenAddress& address) {
  net::ServerOptions options;
  options.host = address.host;
  options.port = address.port;
  options.threads = config_.http_threads;
  options.limits.max_connections_per_client = config_.max_connections_per_client;
  options.limits.max_body_bytes = config_.max_body_bytes;
  options.allowed_hosts = config_.allowed_hosts;
  if (protection_.tls) {
    ASSIGN_OR_RETURN(options.allowed_hosts.emplace_back(), HostOf(config_));
  }
  options.metrics = &metrics_;
  options.tls = tls_.get();
  options.admit = [this](const net::Request& head) { return gate_->Admit(head); };
  options.client = [this](const net::Request& head) { return gate_->ClientOf(head); };
  ASSIGN_OR_RETURN(server_, net::HttpServer::Create(std::move(options), clock_));
  return {};
}

base::Result<void> Serving::StartServer() {
  ASSIGN_OR_RETURN(const ListenAddress address, ParseListen(config_.listen));
  RETURN_IF_ERROR(StartGate());
  if (protection_.tls) {
    if (auto started = StartTls(); !started.has_value()) {
      return base::Fail(base::Code::kFailedPrecondition, "tls = {}: {}", config_.tls,
                        started.error().message);
    }
  }
  registry_ = registry::Registry::Create(folder_->catalog(), folder_->log(), clock_);
  intake_ = ingest::Intake::Create({.shard_records_per_second = config_.shard_records_per_second,
                                    .shard_bytes_per_second = config_.shard_bytes_per_second},
                                   folder_->log(), clock_, metrics_);
  ASSIGN_OR_RETURN(deduplication_, ingest::deduplication::CreateDeduplication(
                                       {.folder = base::JoinPath(config_.data, "deduplication")},
                                       *intake_, folder_->log(), folder_->catalog(),
                                       base::SystemFileSystem(), clock_, metrics_));
  ASSIGN_OR_RETURN(queries_, query::QueryService::Create(ProgramPath(), folder_->catalog(),
                                                         folder_->store(), folder_->log(), clock_));
  ASSIGN_OR_RETURN(dashboard_, dashboard::Dashboard::Create(
                                   *queries_, *gate_, clock_, [this] { return Pipeline(); },
                                   ingest::aws::NoOperation()));
  RETURN_IF_ERROR(OpenListener(address));
  ASSIGN_OR_RETURN(doors_, ingest::Doors::Register(
                               *server_, {.log = folder_->log(),
                                          .catalog = folder_->catalog(),
                                          .registry = *registry_,
                                          .gate = *gate_,
                                          .intake = *deduplication_,
                                          .files = base::SystemFileSystem(),
                                          .clock = clock_,
                                          .metrics = metrics_,
                                          .region = config_.region,
                                          .secrets_directory = folder_->secrets_directory()}));
  gate_->RegisterRoutes(*server_);
  dashboard_->Register(*server_);
  RegisterHealthRoutes(*server_, {.log = &folder_->log(),
                                  .engine = engine_.get(),
                                  .metrics = &metrics_,
                                  .data = config_.data,
                                  .min_free_bytes = config_.min_free_bytes,
                                  .scrapes = &scrapes_,
                                  .stopping = &stopping_});
  RegisterStackRoute(*server_, folder_->catalog(), *engine_, folder_->log());
  RETURN_IF_ERROR(server_->Start());
  serves_ = true;
  const std::string host =
      address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]";
  base::LogEvent(base::LogLevel::kInfo, "server.listening",
                 fmt::format("Weir is ready: {}://{}:{}/", protection_.tls ? "https" : "http", host,
                             server_->port()),
                 {{"data", config_.data}, {"auth", protection_.auth ? "on" : "off"}});
  return {};
}

int Serving::Start() {
  if (const int failed = OpenFolder(); failed != kExitOk) {
    return failed;
  }
  if (const auto started = StartEngine(); !started.has_value()) {
    return Report(started.error());
  }
  if (const auto started = StartServer(); !started.has_value()) {
    return Report(started.error());
  }
  if (options_.demo) {
    auto definition = ReadDemo(folder_->catalog());
    if (!definition.has_value()) {
      return Report(definition.error());
    }
    auto demo = DemoRunner::Start(std::move(*definition), folder_->log(), clock_);
    if (!demo.has_value()) {
      return Report(demo.error());
    }
    demo_ = std::move(*demo);
  }
  return kExitOk;
}

void Serving::PrintTotals() {
  const auto line = TotalsLine(*queries_, clock_);
  (void)std::fprintf(stderr, "%s\n",
                     line.has_value() ? line->c_str() : line.error().message.c_str());
}

void Serving::SaveUses() {
  if (const auto saved = keyring_->SaveUses(); !saved.has_value()) {
    base::LogEvent(base::LogLevel::kWarning, "server.key_uses_failed",
                   "when keys were last used could not be saved",
                   {{"reason", saved.error().message}});
  }
}

int Serving::Wait() {
  int64_t next_totals = clock_.MonotonicNanos() + kTotalsNanos;
  int64_t next_save = clock_.MonotonicNanos() + kSaveUsesNanos;
  while (true) {
    if (WaitForSignal(kLookMillis).has_value()) {
      return kExitOk;
    }
    if (!folder_->log().healthy()) {
      base::LogEvent(
          base::LogLevel::kError, "server.sync_failed",
          "the log could not be synced; stopping, because what is written next might be lost");
      return kExitIo;
    }
    if (clock_.MonotonicNanos() >= next_save) {
      next_save = clock_.MonotonicNanos() + kSaveUsesNanos;
      SaveUses();
    }
    if ((options_.demo || options_.totals) && clock_.MonotonicNanos() >= next_totals) {
      next_totals = clock_.MonotonicNanos() + kTotalsNanos;
      PrintTotals();
    }
  }
}

int Serving::Stop(int status) {
  stopping_ = true;
  ExitOnNextSignal();
  if (serves_) {
    base::LogEvent(base::LogLevel::kInfo, "server.stopping",
                   "finishing requests, syncing, writing checkpoints");
  }
  // First: a running query would keep what waits for it, the page and its connection, for as long
  // as it may take.
  if (queries_ != nullptr) {
    queries_->Shutdown();
  }
  demo_.reset();
  if (dashboard_ != nullptr) {
    dashboard_->Stop();
  }
  if (server_ != nullptr) {
    server_->Stop(config_.drain_millis);
    scrapes_.Stop();
  }
  if (engine_ != nullptr) {
    const bool abandon = status != kExitOk;
    if (const auto stopped = engine_->Stop(abandon); !stopped.has_value() && !abandon) {
      status = Report(stopped.error());
    }
    engine_.reset();
  }
  if (folder_ != nullptr) {
    folder_->log().Shutdown();
    deduplication_.reset();
    if (status == kExitOk && !folder_->log().healthy()) {
      status = kExitIo;
    }
  }
  if (serves_) {
    base::LogEvent(base::LogLevel::kInfo, "server.stopped", "stopped", {{"status", status}});
  }
  return status;
}

}  // namespace

int RunServe(const ServeOptions& options) {
  const auto protection = ProtectionOf(options.config);
  if (!protection.has_value()) {
    return Report(protection.error(), kExitConfig);
  }
  BlockSignals();
  Serving serving(options, *protection);
  const int started = serving.Start();
  return serving.Stop(started != kExitOk ? started : serving.Wait());
}

}  // namespace weir::server
