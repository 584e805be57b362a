#pragma once

#include <cstdint>

namespace weir::benchmarks {

/// CPU time, in seconds.
struct ProcessTime {
  double user = 0;
  double system = 0;

  double total() const { return user + system; }

  friend ProcessTime operator-(const ProcessTime& a, const ProcessTime& b) {
    return {a.user - b.user, a.system - b.system};
  }
};

/// Of all threads of a process so far, to a hundredth of a second; zero for an unknown one.
ProcessTime TimeOfProcess(int pid);
/// Of this process.
ProcessTime TimeOfThisProcess();

/// The process that listens at 127.0.0.1:`port`; 0 when none is seen.
int FindListener(uint16_t port);

}  // namespace weir::benchmarks
