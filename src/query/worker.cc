#include "query/worker.h"

#include <utility>

#include "base/bytes.h"
#include "query/protocol.h"
#include "query/sandbox.h"
#include "query/workspace.h"

namespace weir::query {
namespace {

constexpr int kExitFine = 0;
constexpr int kExitProtocol = 70;
/// Processor seconds beyond the deadline on each of DuckDB's threads, after which the system ends
/// an orphan.
constexpr int64_t kSpareCpuSeconds = 5;
constexpr int64_t kThreads = 2;

struct Worker {
  Channel channel{kWorkerDescriptor};
  base::Clock& clock = base::SystemClock();
  std::unique_ptr<Workspace> workspace;

  base::Result<std::string> Receive() { return channel.Receive(clock, INT64_MAX); }

  base::Result<void> Send(std::string_view frame) { return channel.Send(frame, clock, INT64_MAX); }
};

/// Enters the sandbox and opens DuckDB as the first frame says, and reports.
base::Result<void> SayHello(Worker& worker) {
  ASSIGN_OR_RETURN(const std::string frame, worker.Receive());
  ASSIGN_OR_RETURN(const Hello hello, DecodeHello(frame));
  Ready ready;
  auto sandbox = EnterSandbox(hello.readable_root);
  if (!sandbox.has_value()) {
    ready.error = std::move(sandbox).error();
  } else {
    ready.landlock = sandbox->landlock;
    ready.seccomp = sandbox->seccomp;
    auto workspace = Workspace::Open(hello.readable_root, hello.memory_bytes);
    if (workspace.has_value()) {
      worker.workspace = std::move(*workspace);
    } else {
      ready.error = std::move(workspace).error();
    }
  }
  RETURN_IF_ERROR(worker.Send(Encode(ready)));
  if (ready.error.has_value()) {
    return std::unexpected(*ready.error);
  }
  return {};
}

base::Result<void> Answer(Worker& worker) {
  ASSIGN_OR_RETURN(const std::string prepare_frame, worker.Receive());
  ASSIGN_OR_RETURN(const Prepare prepare, DecodePrepare(prepare_frame));
  RETURN_IF_ERROR(
      LimitProcess(prepare.limits.memory_bytes,
                   kThreads * (prepare.limits.timeout_millis / 1000 + kSpareCpuSeconds)));
  const Needs needs = worker.workspace->Plan(prepare);
  RETURN_IF_ERROR(worker.Send(Encode(needs)));
  if (needs.error.has_value()) {
    return {};
  }
  ASSIGN_OR_RETURN(const std::string data_frame, worker.Receive());
  ASSIGN_OR_RETURN(const Data data, DecodeData(data_frame));
  Outcome outcome;
  if (data.abandoned) {
    return worker.Send(Encode(outcome));
  }
  auto loaded = worker.workspace->Load(data);
  if (loaded.has_value()) {
    outcome = worker.workspace->Run(prepare.limits);
  } else {
    outcome.error = std::move(loaded).error();
  }
  return worker.Send(Encode(outcome));
}

}  // namespace

int RunWorker() {
  Worker worker;
  if (!SayHello(worker).has_value()) {
    return kExitProtocol;
  }
  while (true) {
    const auto answered = Answer(worker);
    if (!answered.has_value()) {
      return answered.error().code == base::Code::kUnavailable ? kExitFine : kExitProtocol;
    }
  }
}

}  // namespace weir::query
