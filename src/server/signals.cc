#include "server/signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace weir::server {

namespace {

/// Set once, before any thread starts. A program that was started with SIGHUP ignored (nohup) goes
/// on without its terminal.
bool hangup_stops = true;

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (hangup_stops) {
    sigaddset(&set, SIGHUP);
  }
  return set;
}

void ExitNow(int signal) {
  _exit(128 + signal);
}

}  // namespace

void BlockSignals() {
  struct sigaction hangup{};
  hangup_stops = sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN;
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
}

std::optional<int> WaitForSignal(int64_t millis) {
  const sigset_t set = StopSignals();
  const timespec timeout{millis / 1'000, (millis % 1'000) * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &timeout);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

void ExitOnNextSignal() {
  (void)signal(SIGTERM, ExitNow);
  (void)signal(SIGINT, ExitNow);
  if (hangup_stops) {
    (void)signal(SIGHUP, ExitNow);
  }
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace weir::server
