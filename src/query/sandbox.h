#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace weir::query {

/// Which walls of the operating system stand around this process.
struct SandboxReport {
  bool landlock = false;  ///< Files: reading below the lake's root only, no writing anywhere.
  bool seccomp = false;   ///< No sockets, no other programs, no tracing.
};

/// Gives up, for this thread and all that it starts, every right that a query does not need:
/// reading below `readable_root`
/// ("" for nothing) and computing remain. Cannot be undone. A kernel without Landlock or seccomp
/// leaves that wall out and says so in the report; kInternal when a wall that the kernel has cannot
/// be set.
base::Result<SandboxReport> EnterSandbox(const std::string& readable_root);

/// Bounds this process's address space, and its processor time from now on.
base::Result<void> LimitProcess(uint64_t memory_bytes, int64_t cpu_seconds);

}  // namespace weir::query
