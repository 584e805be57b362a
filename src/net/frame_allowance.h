#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace weir::net {

// How much of what is cheap to send and not to take a client may do: a store that is used up by
// each and fills with time, up to `most`. Not thread-safe.
class FrameAllowance {
 public:
  FrameAllowance(double most, double per_second, int64_t now_nanos)
      : most_(most), per_second_(per_second), left_(most), filled_nanos_(now_nanos) {}

  // False when there is not so much left.
  bool Use(double amount, int64_t now_nanos) {
    GiveBack(static_cast<double>(now_nanos - filled_nanos_) / 1e9 * per_second_);
    filled_nanos_ = now_nanos;
    if (left_ < amount) {
      return false;
    }
    left_ -= amount;
    return true;
  }

  void GiveBack(double amount) { left_ = std::min(most_, left_ + amount); }

 private:
  const double most_;
  const double per_second_;
  double left_;
  int64_t filled_nanos_;
};

}  // namespace weir::net
