#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

namespace weir::net {

// Whose turn it is: each owner has its turns in order, and the owners take turns, so that one with
// a thousand things to do holds up the others by one thing only.
template <typename Owner, typename Item>
class Turns {
 public:
  void Add(const Owner* owner, Item item) {
    std::deque<Item>& queue = queues_[owner];
    if (queue.empty()) {
      ring_.push_back(owner);
    }
    queue.push_back(std::move(item));
  }

  bool empty() const { return ring_.empty(); }

  // There must be one.
  Item Next() {
    const Owner* const owner = ring_.front();
    ring_.pop_front();
    const auto queue = queues_.find(owner);
    Item item = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty()) {
      queues_.erase(queue);
    } else {
      ring_.push_back(owner);
    }
    return item;
  }

  void Clear() {
    ring_.clear();
    queues_.clear();
  }

 private:
  std::deque<const Owner*> ring_;
  std::unordered_map<const Owner*, std::deque<Item>> queues_;
};

}  // namespace weir::net
