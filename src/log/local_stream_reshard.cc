/// How a stream gets other shards while it takes appends, and after a crash:
///
///   1  The new shards are created, empty. Nobody knows them.
///   2  With the locks of the closing shards held, these are closed, the new ones learn the last
///      arrival that was given out, and the new layout is published. Appends go on at once: one
///      that finds its shard closed looks at the layout again.
///   3  The closed shards drain; then the new ones take over what is durable of their producers.
///
/// Nothing but the definition says that a shard is closed, and it is durable before step 1. So an
/// opening of a log that stopped anywhere does the same with what it finds: parents first, each
/// child with at least its parents' bound and ordinals.

#include <algorithm>
#include <map>
#include <utility>

#include "base/format.h"
#include "base/logging.h"
#include "log/local_stream.h"

namespace weir::log {

base::Result<std::unique_ptr<LocalStream::Layout>> LocalStream::PlanLayout(
    const StreamDefinition& definition) const {
  ASSIGN_OR_RETURN(ShardMap map, ShardMap::Of(definition.shards));
  auto layout = std::make_unique<Layout>(Layout{definition, std::move(map), {}, {}});
  for (const auto& shard : shards_) {
    layout->shards.push_back(shard.get());
  }
  return layout;
}

base::Result<void> LocalStream::OpenShards(Layout& layout, RecoveryReport& report) {
  const std::vector<ShardDefinition>& definitions = layout.definition.shards;
  for (size_t i = layout.shards.size(); i < definitions.size(); ++i) {
    const ShardEnvironment around{.files = environment_.files,
                                  .clock = environment_.clock,
                                  .options = environment_.options,
                                  .health = environment_.health,
                                  .metrics = metrics_,
                                  .schedule = environment_.schedule,
                                  .notify = [this] { NotifyWatchers(); }};
    ASSIGN_OR_RETURN(
        auto opened,
        Shard::Open(around, ShardFolder(environment_.log_folder, name_, definitions[i].id), name_,
                    definitions[i], HeritageOf(layout, definitions[i]), report));
    layout.shards.push_back(opened.get());
    shards_.push_back(std::move(opened));
  }
  // Also when the folders were there: whoever created them may have been stopped before the sync.
  RETURN_IF_ERROR(environment_.files.SyncDirectory(StreamFolder(environment_.log_folder, name_)));
  for (size_t i = 0; i < definitions.size(); ++i) {
    if (!definitions[i].closed) {
      layout.open.push_back(layout.shards[i]);
    }
  }
  return {};
}

Heritage LocalStream::HeritageOf(const Layout& layout, const ShardDefinition& shard) {
  Heritage all;
  for (const uint32_t id : shard.parents) {
    const Shard* const parent = FindShard(layout, id);
    if (parent == nullptr) {
      continue;
    }
    Heritage one = parent->Bequest(shard);
    all.bound = std::max(all.bound, one.bound);
    for (const auto& [producer, next] : one.producers) {
      uint64_t& known = all.producers[producer];
      known = std::max(known, next);
    }
  }
  return all;
}

void LocalStream::Publish(std::unique_ptr<Layout> layout) {
  layout_.store(layout.get(), std::memory_order_release);
  layouts_.push_back(std::move(layout));
}

std::vector<Shard*> LocalStream::Switch(const Layout& current, std::unique_ptr<Layout> next) {
  const std::vector<ShardDefinition>& definitions = next->definition.shards;
  std::vector<Shard*> closing;
  std::vector<std::unique_lock<std::mutex>> locks;
  std::map<uint32_t, model::Rowtime> ends;
  for (size_t i = 0; i < current.shards.size(); ++i) {
    if (definitions[i].closed && !current.definition.shards[i].closed) {
      locks.emplace_back(current.shards[i]->mutex());  // in the order of AppendToMany
      closing.push_back(current.shards[i]);
      ends[definitions[i].id] = current.shards[i]->HandOver();
    }
  }
  for (size_t i = current.shards.size(); i < definitions.size(); ++i) {
    model::Rowtime floor;
    for (const uint32_t parent : definitions[i].parents) {
      floor = std::max(floor, ends[parent]);
    }
    ends[definitions[i].id] = floor;
    next->shards[i]->AwaitHeritage(floor);
  }
  Publish(std::move(next));
  return closing;
}

base::Result<void> LocalStream::Reshard(const StreamDefinition& definition) {
  const std::unique_lock lock(reshard_mutex_);
  const Layout& current = layout();
  if (definition == current.definition) {
    return {};
  }
  if (closing_) {
    return base::Fail(base::Code::kUnavailable, "stream '{}' is being closed", name_);
  }
  if (layouts_.size() >= kMaxLayouts) {
    return base::Fail(base::Code::kLimitExceeded,
                      "stream '{}' was changed {} times since it was opened: restart before more",
                      name_, layouts_.size());
  }
  RETURN_IF_ERROR(CheckFollows(current.definition, definition));
  ASSIGN_OR_RETURN(auto next, PlanLayout(definition));
  if (definition.shards.size() > current.shards.size()) {
    RETURN_IF_ERROR(environment_.health.Admit());
  }
  const size_t before = shards_.size();
  RecoveryReport report;
  if (auto opened = OpenShards(*next, report); !opened.has_value()) {
    DiscardEmptyShards(before);
    return opened;
  }
  const Layout& after = *next;
  const std::vector<Shard*> closing = Switch(current, std::move(next));
  environment_.drive();
  for (Shard* const shard : closing) {
    shard->AwaitIdle();
    shard->Retire();
  }
  for (size_t i = before; i < after.shards.size(); ++i) {
    after.shards[i]->Inherit(HeritageOf(after, after.definition.shards[i]));
  }
  NotifyWatchers();
  return {};
}

void LocalStream::DiscardEmptyShards(size_t from) {
  for (size_t i = from; i < shards_.size(); ++i) {
    const uint32_t id = shards_[i]->id();
    if (shards_[i]->DurableEnd().value > 0) {
      continue;
    }
    const std::string folder = ShardFolder(environment_.log_folder, name_, id);
    if (auto removed = RemoveShardFolder(environment_.files, folder); !removed.has_value()) {
      // They are empty: the next resharding takes them, or opening does.
      base::LogEvent(base::LogLevel::kWarning, "log.shard_left",
                     "could not remove a shard that was created for nothing",
                     {{"folder", folder}, {"cause", removed.error().message}});
    }
  }
  shards_.resize(from);
}

}  // namespace weir::log
