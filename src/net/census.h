#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "base/metrics.h"
#include "net/http_server.h"

namespace weir::net {

// How many connections are open, in all and per address. Thread-safe.
class ConnectionCensus {
 public:
  ConnectionCensus(const ServerLimits& limits, base::Metrics* metrics) : limits_(limits) {
    if (metrics != nullptr) {
      gauge_ = &metrics->GetGauge("weir_http_connections", "Open connections.");
      refused_ = &metrics->GetCounter("weir_http_connections_refused_total",
                                      "Connections closed at once, because too many were open.");
    }
  }

  bool Enter(const std::string& address) {
    const std::lock_guard lock(mutex_);
    size_t& of_address = by_address_[address];
    if (total_ >= limits_.max_connections || of_address >= limits_.max_connections_per_address) {
      if (of_address == 0) {
        by_address_.erase(address);
      }
      if (refused_ != nullptr) {
        refused_->Add();
      }
      return false;
    }
    ++of_address;
    ++total_;
    Publish();
    return true;
  }

  void Leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (--by_address_[address] == 0) {
      by_address_.erase(address);
    }
    --total_;
    Publish();
    if (total_ == 0) {
      empty_.notify_all();
    }
  }

  // Waits until no connection is open, for at most `millis`.
  void AwaitEmpty(int64_t millis) {
    std::unique_lock lock(mutex_);
    empty_.wait_for(lock, std::chrono::milliseconds(millis), [this] { return total_ == 0; });
  }

 private:
  void Publish() {
    if (gauge_ != nullptr) {
      gauge_->Set(static_cast<double>(total_));
    }
  }

  const ServerLimits limits_;
  base::Gauge* gauge_ = nullptr;
  base::Counter* refused_ = nullptr;
  std::mutex mutex_;
  std::condition_variable empty_;
  std::map<std::string, size_t> by_address_;
  size_t total_ = 0;
};

}  // namespace weir::net
