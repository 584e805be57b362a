#include "log/shard_map.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "base/check.h"
#include "base/format.h"
#include "base/md5.h"

namespace weir::log {
namespace {

constexpr size_t kMaxStreamName = 128;

/// Hashes partition keys several at a time. Not thread-safe.
class KeyHasher {
 public:
  /// Whether keys of this size can be hashed with others.
  static bool Takes(size_t key_bytes) { return key_bytes <= base::kMaxMd5EachBytes; }

  bool full() const { return size_ == keys_.size(); }

  void Add(std::string_view key, size_t place) {
    keys_[size_] = key;
    places_[size_++] = place;
  }

  /// Calls use(place, hash) for each key since the last time.
  template <typename Use>
  void Hash(Use use) {
    std::array<unsigned __int128, base::kMd5Lanes> hashes{};
    base::Md5Each(std::span(keys_).first(size_), hashes.data());
    for (size_t i = 0; i < size_; ++i) {
      use(places_[i], model::HashKey{hashes[i]});
    }
    size_ = 0;
  }

 private:
  std::array<std::string_view, base::kMd5Lanes> keys_;
  std::array<size_t, base::kMd5Lanes> places_{};
  size_t size_ = 0;
};

/// Distinct ids; parents are closed and before their children. One that is not there is gone for
/// good.
base::Result<void> CheckFamily(std::span<const ShardDefinition> shards) {
  if (shards.size() > kMaxShards) {
    return base::Fail(base::Code::kLimitExceeded,
                      "a stream of {} shards, open and closed, is over the limit of {}",
                      shards.size(), kMaxShards);
  }
  std::map<uint32_t, size_t> place;
  for (size_t i = 0; i < shards.size(); ++i) {
    if (!place.emplace(shards[i].id, i).second) {
      return base::Fail(base::Code::kInvalidArgument, "two shards have the id {}", shards[i].id);
    }
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    for (const uint32_t parent : shards[i].parents) {
      const auto found = place.find(parent);
      if (found != place.end() && (found->second >= i || !shards[found->second].closed)) {
        return base::Fail(base::Code::kInvalidArgument,
                          "shard {} is a child of shard {}, which must be closed and come before "
                          "it",
                          shards[i].id, parent);
      }
    }
  }
  return {};
}

}  // namespace

model::Rowtime ShardCreated(const StreamDefinition& stream, const ShardDefinition& shard) {
  return shard.created.millis != 0 ? shard.created : stream.created;
}

model::Rowtime ChildCreated(const StreamDefinition& stream, std::span<const uint32_t> parents,
                            model::Rowtime now) {
  constexpr int64_t kSecond = 1'000;
  for (const ShardDefinition& shard : stream.shards) {
    if (std::ranges::find(parents, shard.id) != parents.end()) {
      const int64_t second = ShardCreated(stream, shard).millis / kSecond;
      now.millis = std::max(now.millis, (second + 1) * kSecond);
    }
  }
  return now;
}

std::vector<ShardDefinition> EvenShards(uint32_t count) {
  CHECK(count > 0);
  std::vector<ShardDefinition> shards;
  // floor(2^128 / count), without 2^128: the remainder of 2^128 - 1 tells whether one more fits.
  const unsigned __int128 most = model::kMaxHashKey.value;
  const unsigned __int128 width = most / count + (most % count == count - 1 ? 1 : 0);
  for (uint32_t id = 0; id < count; ++id) {
    const unsigned __int128 first = width * id;
    const unsigned __int128 last = id + 1 == count ? most : first + width - 1;
    shards.push_back({.id = id, .first_hash = {first}, .last_hash = {last}});
  }
  return shards;
}

base::Result<ShardMap> ShardMap::Of(std::span<const ShardDefinition> shards) {
  RETURN_IF_ERROR(CheckFamily(shards));
  std::vector<const ShardDefinition*> open;
  for (const ShardDefinition& shard : shards) {
    if (!shard.closed) {
      open.push_back(&shard);
    }
  }
  std::vector<size_t> order(open.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return open[i]->first_hash; });
  ShardMap map;
  model::HashKey expected;
  bool complete = false;
  for (const size_t i : order) {
    const ShardDefinition& shard = *open[i];
    if (complete || shard.first_hash != expected || shard.last_hash < shard.first_hash) {
      return base::Fail(base::Code::kInvalidArgument,
                        "open shards must cover the hash keys once without gaps; shard {} begins "
                        "at {} instead of {}",
                        shard.id, model::FormatHashKey(shard.first_hash),
                        model::FormatHashKey(expected));
    }
    map.ranges_.push_back({shard.last_hash, i});
    complete = shard.last_hash == model::kMaxHashKey;
    expected.value = shard.last_hash.value + 1;
  }
  if (!complete) {
    return base::Fail(base::Code::kInvalidArgument,
                      "open shards must cover all hash keys; those from {} on are not covered",
                      model::FormatHashKey(expected));
  }
  return map;
}

base::Result<void> CheckFollows(const StreamDefinition& current, const StreamDefinition& next) {
  if (next.name != current.name || next.created != current.created ||
      next.shards.size() < current.shards.size()) {
    return base::Fail(base::Code::kInvalidArgument,
                      "the new definition of stream '{}' (named '{}') must keep its name, its time "
                      "of creation and its {} shards",
                      current.name, next.name, current.shards.size());
  }
  for (size_t i = 0; i < current.shards.size(); ++i) {
    ShardDefinition kept = current.shards[i];
    kept.closed = kept.closed || next.shards[i].closed;
    if (next.shards[i] != kept) {
      return base::Fail(base::Code::kFailedPrecondition,
                        "{} of stream '{}' can only be closed: its place in the definition, its "
                        "hash keys and its parents stay, and it is not opened again",
                        model::FormatShardId(kept.id), current.name);
    }
  }
  for (size_t i = current.shards.size(); i < next.shards.size(); ++i) {
    const ShardDefinition& child = next.shards[i];
    const model::Rowtime created = ShardCreated(next, child);
    if (created != ChildCreated(next, child.parents, created)) {
      return base::Fail(base::Code::kInvalidArgument,
                        "{} of stream '{}' must be created in a later second than its parents",
                        model::FormatShardId(child.id), next.name);
    }
  }
  return {};
}

size_t ShardMap::Find(model::HashKey key) const {
  if (ranges_.size() == 1) {
    return ranges_.front().index;
  }
  return std::ranges::lower_bound(ranges_, key, {}, &Range::last)->index;
}

size_t ShardMap::Find(const Entry& entry) const {
  if (ranges_.size() == 1) {
    return ranges_.front().index;
  }
  return Find(entry.explicit_hash_key ? *entry.explicit_hash_key
                                      : model::HashOf(entry.partition_key));
}

std::vector<uint32_t> ShardMap::FindAll(std::span<const Entry> entries,
                                        std::span<const uint32_t> chosen) const {
  constexpr uint32_t kAsBefore = UINT32_MAX;
  std::vector<uint32_t> found(chosen.size());
  KeyHasher hasher;
  const auto store = [&](size_t place, model::HashKey hash) {
    found[place] = static_cast<uint32_t>(Find(hash));
  };
  std::string_view before;  // The key of the last entry, if it has no explicit one.
  for (size_t i = 0; i < chosen.size(); ++i) {
    const Entry& entry = entries[chosen[i]];
    const std::string_view key = entry.partition_key;
    if (entry.explicit_hash_key || !KeyHasher::Takes(key.size())) {
      found[i] = static_cast<uint32_t>(Find(entry));
      before = {};
    } else if (!before.empty() && key == before) {
      found[i] = kAsBefore;
    } else {
      if (hasher.full()) {
        hasher.Hash(store);
      }
      hasher.Add(key, i);
      before = key;
    }
  }
  hasher.Hash(store);
  for (size_t i = 1; i < found.size(); ++i) {
    found[i] = found[i] == kAsBefore ? found[i - 1] : found[i];
  }
  return found;
}

base::Result<void> CheckStreamName(std::string_view name) {
  const bool characters = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  if (name.empty() || name.size() > kMaxStreamName || !characters || name == "." || name == "..") {
    return base::Fail(base::Code::kInvalidArgument,
                      "stream name '{}' must be 1 to {} of letters, digits, '_', '.' and '-'",
                      name.substr(0, kMaxStreamName), kMaxStreamName);
  }
  return {};
}

std::string StreamFolder(std::string_view log_folder, std::string_view stream) {
  return base::JoinPath(base::JoinPath(log_folder, "streams"), stream);
}

std::string ShardFolder(std::string_view log_folder, std::string_view stream, uint32_t shard) {
  return base::JoinPath(StreamFolder(log_folder, stream), model::FormatShardId(shard));
}

}  // namespace weir::log
