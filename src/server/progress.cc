#include "server/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/format.h"

namespace weir::server {

namespace {

constexpr int64_t kBarNanos = 100'000'000;
constexpr int64_t kLineNanos = 10'000'000'000;
constexpr size_t kBarWidth = 30;

bool IsDumb() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb";
}

}  // namespace

Progress::Progress(std::string title, base::Clock& clock)
    : title_(std::move(title)),
      clock_(clock),
      terminal_(isatty(STDERR_FILENO) == 1 && !IsDumb()),
      color_(terminal_ && std::getenv("NO_COLOR") == nullptr),
      next_nanos_(clock.MonotonicNanos() + (terminal_ ? 0 : kLineNanos)) {}

Progress::~Progress() {
  Finish();
}

void Progress::Update(uint64_t done, uint64_t total, std::string_view note) {
  const int64_t now = clock_.MonotonicNanos();
  if (now < next_nanos_) {
    return;
  }
  next_nanos_ = now + (terminal_ ? kBarNanos : kLineNanos);
  const double share =
      total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  if (!terminal_) {
    const std::string line = fmt::format("{}: {:.0f} % {}\n", title_, share * 100, note);
    (void)std::fputs(line.c_str(), stderr);
    return;
  }
  const auto filled = static_cast<size_t>(share * kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  const std::string line =
      fmt::format("\r\x1b[K{} {}{}{} {:3.0f} % {}", title_, color_ ? "\x1b[36m" : "", bar,
                  color_ ? "\x1b[0m" : "", share * 100, note);
  (void)std::fputs(line.c_str(), stderr);
  shown_ = true;
}

void Progress::Finish() {
  if (std::exchange(shown_, false)) {
    (void)std::fputs("\r\x1b[K", stderr);
  }
}

}  // namespace weir::server
