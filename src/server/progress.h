#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace weir::server {

/// Tells how far a long command is, on stderr: a bar on a terminal, else a line every 10 s. Plain
/// text with NO_COLOR or TERM=dumb. Not thread-safe.
class Progress {
 public:
  Progress(std::string title, base::Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` (0 when it is not known) in any unit; `note` stands behind.
  void Update(uint64_t done, uint64_t total, std::string_view note);
  /// Removes the bar.
  void Finish();

 private:
  std::string title_;
  base::Clock& clock_;
  bool terminal_;
  bool color_;
  bool shown_ = false;
  int64_t next_nanos_;
};

}  // namespace weir::server
