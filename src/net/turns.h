#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

namespace weir::net {

// Whose turn it is, of owners that are only compared: each owner has its turns in order, and the
// owners take turns, so that one with a thousand things to do holds up the others by one thing
// only. A newcomer does not even wait for that: its first turn is the next one, and it is a
// newcomer again only when all others have had their turn since (the rule of FQ-CoDel's new and old
// flows, RFC 8290 §4.2).
template <typename Owner, typename Item>
class Turns {
 public:
  void Add(const Owner* owner, Item item) {
    const auto [queue, is_new] = queues_.try_emplace(owner);
    if (is_new) {
      newcomers_.push_back(owner);
    }
    queue->second.push_back(std::move(item));
    ++items_;
  }

  bool empty() const { return items_ == 0; }

  // There must be one.
  Item Next() {
    while (true) {
      std::deque<const Owner*>& from = newcomers_.empty() ? ring_ : newcomers_;
      const Owner* const owner = from.front();
      from.pop_front();
      const auto queue = queues_.find(owner);
      if (queue->second.empty()) {
        queues_.erase(queue);
        continue;
      }
      Item item = std::move(queue->second.front());
      queue->second.pop_front();
      ring_.push_back(owner);
      if (--items_ == 0) {
        Clear();  // Nobody waits, so all who come are new.
      }
      return item;
    }
  }

  void Clear() {
    newcomers_.clear();
    ring_.clear();
    queues_.clear();
    items_ = 0;
  }

 private:
  std::deque<const Owner*> newcomers_;
  std::deque<const Owner*> ring_;  // Also those that have nothing to do since their last turn.
  std::unordered_map<const Owner*, std::deque<Item>> queues_;
  size_t items_ = 0;
};

}  // namespace weir::net
