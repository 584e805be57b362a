#include "query/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::query {

using base::Code;
using base::Fail;

Channel::Channel(Channel&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Channel& Channel::operator=(Channel&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Channel::~Channel() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

base::Result<void> Channel::Wait(short events, base::Clock& clock, int64_t deadline_nanos) const {
  while (true) {
    int timeout_millis = -1;
    if (deadline_nanos != INT64_MAX) {
      const int64_t left = deadline_nanos - clock.MonotonicNanos();
      if (left <= 0) {
        return Fail(Code::kLimitExceeded, "the deadline has passed");
      }
      timeout_millis = static_cast<int>(std::min<int64_t>(left / 1'000'000 + 1, 1'000'000));
    }
    pollfd wanted{.fd = descriptor_, .events = events, .revents = 0};
    const int ready = poll(&wanted, 1, timeout_millis);
    if (ready > 0) {
      return {};
    }
    if (ready < 0 && errno != EINTR) {
      return Fail(Code::kInternal, "poll failed: {}", std::strerror(errno));
    }
  }
}

base::Result<void> Channel::Send(std::string_view frame, base::Clock& clock,
                                 int64_t deadline_nanos) {
  if (frame.size() > kMaxFrameBytes) {
    return Fail(Code::kLimitExceeded, "{} bytes for a query's worker, at most {} are allowed",
                frame.size(), kMaxFrameBytes);
  }
  const uint64_t size = frame.size();
  std::string head(sizeof size, '\0');
  std::memcpy(head.data(), &size, sizeof size);
  for (std::string_view part : {std::string_view(head), frame}) {
    while (!part.empty()) {
      RETURN_IF_ERROR(Wait(POLLOUT, clock, deadline_nanos));
      const ssize_t sent = send(descriptor_, part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        part.remove_prefix(static_cast<size_t>(sent));
      } else if (sent < 0 && errno != EINTR && errno != EAGAIN) {
        return Fail(Code::kUnavailable, "the other end is gone");
      }
    }
  }
  return {};
}

base::Result<void> Channel::ReceiveExactly(char* into, size_t size, base::Clock& clock,
                                           int64_t deadline_nanos) const {
  while (size > 0) {
    RETURN_IF_ERROR(Wait(POLLIN, clock, deadline_nanos));
    const ssize_t got = recv(descriptor_, into, size, MSG_DONTWAIT);
    if (got > 0) {
      into += got;
      size -= static_cast<size_t>(got);
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      return Fail(Code::kUnavailable, "the other end is gone");
    }
  }
  return {};
}

base::Result<std::string> Channel::Receive(base::Clock& clock, int64_t deadline_nanos) {
  uint64_t size = 0;
  RETURN_IF_ERROR(
      ReceiveExactly(reinterpret_cast<char*>(&size), sizeof size, clock, deadline_nanos));
  if (size > kMaxFrameBytes) {
    return Fail(Code::kLimitExceeded, "a frame of {} bytes, at most {} are allowed", size,
                kMaxFrameBytes);
  }
  std::string frame(size, '\0');
  RETURN_IF_ERROR(ReceiveExactly(frame.data(), size, clock, deadline_nanos));
  return frame;
}

}  // namespace weir::query
