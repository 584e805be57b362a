#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir::net {

// What one client holds of each quota. Thread-safe.
struct Client {
  std::atomic<size_t> requests = 0;
  std::atomic<size_t> body_bytes = 0;
  std::atomic<size_t> unsent_bytes = 0;
};

// Something that is there in a bounded amount and is shared between clients: whoever holds less
// than is still free may take more. So one client alone gets half, two get a third each, and
// whoever comes new always finds something. Thread-safe.
class Quota {
 public:
  enum class Verdict : uint8_t { kTaken, kClientFull, kAllFull };

  explicit Quota(size_t limit) : limit_(limit) {}

  // Takes nothing unless kTaken.
  Verdict Take(std::atomic<size_t>& of_client, size_t amount) {
    const size_t used = used_.fetch_add(amount);
    const size_t mine = of_client.fetch_add(amount);
    const Verdict verdict = Judge(limit_, used, mine, amount);
    if (verdict != Verdict::kTaken) {
      Give(of_client, amount);
    }
    return verdict;
  }

  // What Take would say now.
  Verdict Look(const std::atomic<size_t>& of_client, size_t amount) const {
    return Judge(limit_, used_, of_client, amount);
  }

  // Takes what exists already, even beyond the limit.
  void Force(std::atomic<size_t>& of_client, size_t amount) {
    used_ += amount;
    of_client += amount;
  }

  void Give(std::atomic<size_t>& of_client, size_t amount) {
    used_ -= amount;
    of_client -= amount;
  }

  size_t used() const { return used_; }

  size_t limit() const { return limit_; }

  // Whether who holds `mine` of what is `used` may take `amount` more.
  static Verdict Judge(size_t limit, size_t used, size_t mine, size_t amount) {
    if (mine > 0 && mine + used >= limit) {
      return Verdict::kClientFull;
    }
    return used + amount > limit ? Verdict::kAllFull : Verdict::kTaken;
  }

 private:
  const size_t limit_;
  std::atomic<size_t> used_ = 0;
};

// A part of a quota, given back at the end.
class Share {
 public:
  Share() = default;

  // `mine` is the client's count for this quota, and keeps the client.
  Share(Quota& quota, std::shared_ptr<std::atomic<size_t>> mine)
      : quota_(&quota), mine_(std::move(mine)) {}

  ~Share() { Reset(); }

  Share(Share&& other) noexcept
      : quota_(other.quota_),
        mine_(std::move(other.mine_)),
        amount_(std::exchange(other.amount_, 0)) {}

  Share& operator=(Share&& other) noexcept {
    if (this != &other) {
      Reset();
      quota_ = other.quota_;
      mine_ = std::move(other.mine_);
      amount_ = std::exchange(other.amount_, 0);
    }
    return *this;
  }

  Quota::Verdict Grow(size_t by) {
    const Quota::Verdict verdict = quota_->Take(*mine_, by);
    amount_ += verdict == Quota::Verdict::kTaken ? by : 0;
    return verdict;
  }

  void Reset() {
    if (amount_ > 0) {
      quota_->Give(*mine_, std::exchange(amount_, 0));
    }
  }

  size_t amount() const { return amount_; }

 private:
  Quota* quota_ = nullptr;
  std::shared_ptr<std::atomic<size_t>> mine_;
  size_t amount_ = 0;
};

// The clients that hold something, by name. Thread-safe.
class ClientBook {
 public:
  std::shared_ptr<Client> Find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (clients_.size() >= sweep_at_) {
      std::erase_if(clients_, [](const auto& entry) { return entry.second.use_count() == 1; });
      sweep_at_ = std::max(kFirstSweep, clients_.size() * 2);
    }
    std::shared_ptr<Client>& client = clients_[std::string(name)];
    if (client == nullptr) {
      client = std::make_shared<Client>();
    }
    return client;
  }

  size_t size() {
    const std::lock_guard lock(mutex_);
    return clients_.size();
  }

 private:
  static constexpr size_t kFirstSweep = 1'024;

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Client>> clients_;
  size_t sweep_at_ = kFirstSweep;
};

}  // namespace weir::net
