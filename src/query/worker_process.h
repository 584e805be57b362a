#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "query/channel.h"
#include "query/protocol.h"

namespace weir::query {

/// A worker as the service sees it: a child process and its end of the socket pair. This file is
/// all that the room asks of the operating system's processes. Destroying it kills the process. Not
/// thread-safe, but for Kill.
class WorkerProcess {
 public:
  /// Starts `program` query-worker with no environment, no descriptors but its channel, and nowhere
  /// to print, and sends it `hello`; returns without waiting for it to be ready.
  static base::Result<std::unique_ptr<WorkerProcess>> Start(const std::string& program,
                                                            const Hello& hello, base::Clock& clock);
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  /// Waits until the worker has said that it is inside its walls; returns at once when it has said
  /// so before.
  base::Result<Ready> AwaitReady(int64_t deadline_nanos);

  /// Sends a frame and waits for the answer. kLimitExceeded at the deadline or when the worker
  /// died, saying how; it is of no use afterwards.
  base::Result<std::string> Ask(std::string_view frame, int64_t deadline_nanos);

  /// Ends the process, whatever it does; an exchange that waits for it fails. From any thread,
  /// while this lives.
  void Kill();

  /// Queries that it has answered.
  int answered = 0;

 private:
  WorkerProcess(pid_t process, Channel channel, base::Clock& clock);

  /// Kills and reaps the process, and says why the exchange failed.
  base::Error Failure(const base::Error& error);
  void End();
  /// Waits for the end of the process and takes its status.
  void Reap();

  std::mutex mutex_;  // for process_: its number may be another process's once it is reaped
  pid_t process_;
  Channel channel_;
  base::Clock& clock_;
  int wait_status_ = 0;
  bool ready_ = false;
  Ready report_;
};

}  // namespace weir::query
