#include "registry/shard_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::registry {
namespace {

using base::Code;
using base::Fail;

// The place of an open shard in the list.
base::Result<size_t> FindOpen(const Shards& shards, uint32_t id) {
  const auto found = std::ranges::find(shards, id, &log::ShardDefinition::id);
  if (found == shards.end()) {
    return Fail(Code::kNotFound, "there is no shard {}", model::FormatShardId(id));
  }
  if (found->closed) {
    return Fail(Code::kFailedPrecondition,
                "shard {} is closed: it was split or merged already; name an open shard",
                model::FormatShardId(id));
  }
  return static_cast<size_t>(found - shards.begin());
}

void AddChild(log::StreamDefinition& stream, model::HashKey first, model::HashKey last,
              std::vector<uint32_t> parents, model::Rowtime now) {
  const model::Rowtime created = log::ChildCreated(stream, parents, now);
  stream.shards.push_back({.id = stream.shards.back().id + 1,
                           .first_hash = first,
                           .last_hash = last,
                           .created = created,
                           .parents = std::move(parents)});
}

void SplitAt(log::StreamDefinition& stream, size_t place, model::HashKey new_start,
             model::Rowtime now) {
  stream.shards[place].closed = true;
  const log::ShardDefinition parent = stream.shards[place];
  AddChild(stream, parent.first_hash, model::HashKey{new_start.value - 1}, {parent.id}, now);
  AddChild(stream, new_start, parent.last_hash, {parent.id}, now);
}

bool Touch(const log::ShardDefinition& left, const log::ShardDefinition& right) {
  return left.last_hash < right.first_hash && left.last_hash.value + 1 == right.first_hash.value;
}

// The open shard that has `key` inside its range, not at its beginning.
std::optional<size_t> ShardAcross(const Shards& shards, model::HashKey key) {
  for (size_t i = 0; i < shards.size(); ++i) {
    if (!shards[i].closed && shards[i].first_hash < key && key <= shards[i].last_hash) {
      return i;
    }
  }
  return std::nullopt;
}

bool SameRanges(const Shards& a, const Shards& b) {
  return std::ranges::equal(
      a, b, [](const log::ShardDefinition& left, const log::ShardDefinition& right) {
        return left.first_hash == right.first_hash && left.last_hash == right.last_hash;
      });
}

}  // namespace

Shards OpenShards(const Shards& shards) {
  Shards open;
  std::ranges::copy_if(shards, std::back_inserter(open),
                       [](const log::ShardDefinition& shard) { return !shard.closed; });
  std::ranges::sort(open, {}, &log::ShardDefinition::first_hash);
  return open;
}

base::Result<log::StreamDefinition> Split(log::StreamDefinition stream, uint32_t shard,
                                          model::HashKey new_start, model::Rowtime now) {
  ASSIGN_OR_RETURN(const size_t place, FindOpen(stream.shards, shard));
  const log::ShardDefinition& parent = stream.shards[place];
  if (new_start <= parent.first_hash || new_start > parent.last_hash) {
    return Fail(Code::kInvalidArgument,
                "the new starting hash key must be greater than {} and at most {}, the range of "
                "shard {}; it is {}",
                model::FormatHashKey(parent.first_hash), model::FormatHashKey(parent.last_hash),
                model::FormatShardId(shard), model::FormatHashKey(new_start));
  }
  SplitAt(stream, place, new_start, now);
  return stream;
}

base::Result<log::StreamDefinition> Merge(log::StreamDefinition stream, uint32_t shard,
                                          uint32_t adjacent, model::Rowtime now) {
  ASSIGN_OR_RETURN(const size_t place, FindOpen(stream.shards, shard));
  ASSIGN_OR_RETURN(const size_t other, FindOpen(stream.shards, adjacent));
  log::ShardDefinition& one = stream.shards[place];
  log::ShardDefinition& two = stream.shards[other];
  if (!Touch(one, two) && !Touch(two, one)) {
    return Fail(Code::kInvalidArgument,
                "shards {} and {} are not adjacent: their hash key ranges do not touch",
                model::FormatShardId(shard), model::FormatShardId(adjacent));
  }
  one.closed = true;
  two.closed = true;
  const model::HashKey first = std::min(one.first_hash, two.first_hash);
  const model::HashKey last = std::max(one.last_hash, two.last_hash);
  AddChild(stream, first, last, {shard, adjacent}, now);
  return stream;
}

base::Result<log::StreamDefinition> MakeEven(log::StreamDefinition stream, uint32_t target,
                                             model::Rowtime now) {
  const Shards before = OpenShards(stream.shards);
  if (target == 0 || target > 2 * before.size() || 2 * uint64_t{target} < before.size()) {
    return Fail(Code::kInvalidArgument,
                "the target shard count must be from half to double of the {} open shards; it is "
                "{}; go there in steps",
                before.size(), target);
  }
  const Shards wanted = log::EvenShards(target);
  if (SameRanges(before, wanted)) {
    return stream;
  }
  for (const log::ShardDefinition& range : wanted) {
    if (const std::optional<size_t> across = ShardAcross(stream.shards, range.first_hash)) {
      SplitAt(stream, *across, range.first_hash, now);
    }
  }
  // Every piece now lies within one of the wanted ranges.
  for (const log::ShardDefinition& range : wanted) {
    Shards pieces = OpenShards(stream.shards);
    std::erase_if(pieces, [&range](const log::ShardDefinition& piece) {
      return piece.first_hash < range.first_hash || range.last_hash < piece.first_hash;
    });
    uint32_t merged = pieces.front().id;
    for (size_t i = 1; i < pieces.size(); ++i) {
      ASSIGN_OR_RETURN(stream, Merge(std::move(stream), merged, pieces[i].id, now));
      merged = stream.shards.back().id;
    }
  }
  return stream;
}

}  // namespace weir::registry
