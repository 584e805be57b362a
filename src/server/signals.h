#pragma once

#include <cstdint>
#include <optional>

namespace weir::server {

/// Blocks SIGTERM and SIGINT in this thread and those that it starts, and ignores SIGPIPE and
/// SIGXFSZ. Call it before any thread starts.
void BlockSignals();

/// Waits for SIGTERM or SIGINT for at most `millis`; the signal, or nothing.
std::optional<int> WaitForSignal(int64_t millis);

/// From now on, a further SIGTERM or SIGINT ends the process at once with 128 + its number.
void ExitOnNextSignal();

}  // namespace weir::server
