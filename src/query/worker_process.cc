#include "query/worker_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "query/worker.h"

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

/// Time that a worker has to take its first frame.
constexpr int64_t kHelloNanos = 5'000'000'000;

base::Result<pid_t> Spawn(const std::string& program, int channel) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, channel, kWorkerDescriptor);
  posix_spawn_file_actions_addclosefrom_np(&actions, kWorkerDescriptor + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Own group: the terminal's Ctrl-C is the service's to handle. Default signals, none blocked.
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = program;
  std::string command = kWorkerCommand;
  char* arguments[] = {name.data(), command.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t process = 0;
  const int failed =
      posix_spawn(&process, program.c_str(), &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Fail(Code::kInternal, "cannot start the query worker '{}': {}", program,
                std::strerror(failed));
  }
  return process;
}

}  // namespace

WorkerProcess::WorkerProcess(pid_t process, Channel channel, base::Clock& clock)
    : process_(process), channel_(std::move(channel)), clock_(clock) {}

WorkerProcess::~WorkerProcess() {
  End();
}

void WorkerProcess::End() {
  if (process_ <= 0) {
    return;
  }
  // A process that has died already keeps its own status; the kill does not change it.
  Kill();
  Reap();
}

void WorkerProcess::Kill() {
  const std::lock_guard lock(mutex_);
  if (process_ > 0) {
    kill(process_, SIGKILL);
  }
}

void WorkerProcess::Reap() {
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  while (waitpid(process_, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

base::Result<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(const std::string& program,
                                                                  const Hello& hello,
                                                                  base::Clock& clock) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Fail(Code::kUnavailable, "no socket pair for a query worker: {}", std::strerror(errno));
  }
  Channel ours(ends[0]);
  // dup2 onto itself would keep close-on-exec.
  const Channel theirs(ends[1] == kWorkerDescriptor ? fcntl(ends[1], F_DUPFD_CLOEXEC, 10)
                                                    : ends[1]);
  ASSIGN_OR_RETURN(const pid_t process, Spawn(program, theirs.descriptor()));
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(process, std::move(ours), clock));
  RETURN_IF_ERROR(
      worker->channel_.Send(Encode(hello), clock, clock.MonotonicNanos() + kHelloNanos));
  return worker;
}

base::Error WorkerProcess::Failure(const base::Error& error) {
  if (error.code == Code::kLimitExceeded) {
    End();
    return error;
  }
  // The channel was closed by the worker's end; let the system finish it before asking how it
  // ended.
  if (process_ > 0) {
    Reap();
  }
  if (WIFSIGNALED(wait_status_)) {
    const int signal = WTERMSIG(wait_status_);
    if (signal == SIGXCPU) {
      return {Code::kLimitExceeded, "the query used more processor time than it may"};
    }
    return {Code::kLimitExceeded,
            fmt::format("the query's process died of signal {} ({}), most likely because it needed "
                        "more memory than it may; make the query smaller",
                        signal, strsignal(signal))};
  }
  return {Code::kLimitExceeded,
          fmt::format("the query's process ended with code {}; make the query smaller",
                      WEXITSTATUS(wait_status_))};
}

base::Result<Ready> WorkerProcess::AwaitReady(int64_t deadline_nanos) {
  if (!ready_) {
    const auto frame = channel_.Receive(clock_, deadline_nanos);
    if (!frame.has_value()) {
      return std::unexpected(Failure(frame.error()));
    }
    ASSIGN_OR_RETURN(report_, DecodeReady(*frame));
    if (report_.error.has_value()) {
      return std::unexpected(base::Within("query worker", *report_.error));
    }
    ready_ = true;
  }
  return report_;
}

base::Result<std::string> WorkerProcess::Ask(std::string_view frame, int64_t deadline_nanos) {
  const auto sent = channel_.Send(frame, clock_, deadline_nanos);
  if (!sent.has_value()) {
    return std::unexpected(Failure(sent.error()));
  }
  auto answer = channel_.Receive(clock_, deadline_nanos);
  if (!answer.has_value()) {
    return std::unexpected(Failure(answer.error()));
  }
  return answer;
}

}  // namespace weir::query
