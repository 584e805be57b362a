#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "base/metrics.h"
#include "net/http_server.h"

namespace weir::net {

// How many connections are open, in all and per client. Thread-safe.
class ConnectionCensus {
 public:
  ConnectionCensus(const ServerLimits& limits, base::Metrics* metrics) : limits_(limits) {
    if (metrics != nullptr) {
      gauge_ = &metrics->GetGauge("weir_http_connections", "Open connections.");
      refused_ = &metrics->GetCounter("weir_http_connections_refused_total",
                                      "Connections closed at once, because too many were open.");
    }
  }

  // `client` as ClientNetwork names it.
  bool Enter(const std::string& client, bool loopback) {
    const std::lock_guard lock(mutex_);
    size_t& of_client = by_client_[client];
    const size_t most =
        loopback ? limits_.max_connections_per_loopback : limits_.max_connections_per_client;
    if (total_ >= limits_.max_connections || of_client >= most) {
      if (of_client == 0) {
        by_client_.erase(client);
      }
      if (refused_ != nullptr) {
        refused_->Add();
      }
      return false;
    }
    ++of_client;
    ++total_;
    Publish();
    return true;
  }

  void Leave(const std::string& client) {
    const std::lock_guard lock(mutex_);
    if (--by_client_[client] == 0) {
      by_client_.erase(client);
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
  std::map<std::string, size_t> by_client_;
  size_t total_ = 0;
};

}  // namespace weir::net
