#pragma once

#include "query/channel.h"

namespace weir::query {

/// The argument after the program's name that makes it a worker.
inline constexpr char kWorkerCommand[] = "query-worker";
/// The descriptor on which a worker finds its end of the socket pair.
inline constexpr int kWorkerDescriptor = 3;

/// The whole life of a worker process: enters the sandbox, answers queries until the service hangs
/// up. Returns the process's exit code. Call it first thing in main, before any thread starts.
int RunWorker();

}  // namespace weir::query
