#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace weir::query {

/// One end of the socket pair between the service and a worker: whole frames, each a little-endian
/// 64-bit length and that many bytes. Owns the descriptor. Not thread-safe.
class Channel {
 public:
  /// A frame longer than this is refused by both ends.
  static constexpr uint64_t kMaxFrameBytes = 1ull << 30;

  explicit Channel(int descriptor) : descriptor_(descriptor) {}

  Channel(Channel&& other) noexcept;
  Channel& operator=(Channel&& other) noexcept;
  ~Channel();

  int descriptor() const { return descriptor_; }

  /// Sends a frame. kUnavailable when the other end is gone, kLimitExceeded when it is not done by
  /// `deadline_nanos` (the clock's monotonic time; INT64_MAX waits for ever).
  base::Result<void> Send(std::string_view frame, base::Clock& clock, int64_t deadline_nanos);

  /// Receives a frame; errors as Send.
  base::Result<std::string> Receive(base::Clock& clock, int64_t deadline_nanos);

 private:
  base::Result<void> Wait(short events, base::Clock& clock, int64_t deadline_nanos) const;
  base::Result<void> ReceiveExactly(char* into, size_t size, base::Clock& clock,
                                    int64_t deadline_nanos) const;

  int descriptor_ = -1;
};

}  // namespace weir::query
