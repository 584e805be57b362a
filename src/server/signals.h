#pragma once

#include <cstdint>
#include <optional>

namespace weir::server {

/// Blocks SIGTERM, SIGINT and, unless it is ignored, SIGHUP (the signals that stop) in this thread
/// and those that it starts, and ignores SIGPIPE and SIGXFSZ. Call it before any thread starts.
void BlockSignals();

/// Waits for a signal that stops for at most `millis`; the signal, or nothing.
std::optional<int> WaitForSignal(int64_t millis);

/// From now on, a further signal that stops ends the process at once with 128 + its number.
void ExitOnNextSignal();

}  // namespace weir::server
