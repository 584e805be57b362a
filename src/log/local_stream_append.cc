#include <algorithm>
#include <numeric>
#include <utility>

#include "base/format.h"
#include "log/local_stream.h"
#include "log/pending_append.h"

namespace weir::log {
namespace {

/// Characters of UTF-8 text: bytes that continue none.
size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

base::Result<void> CheckEntry(const Entry& entry) {
  const size_t key = entry.partition_key.size();
  if (key == 0 ||
      (key > kMaxPartitionKey && CountCharacters(entry.partition_key) > kMaxPartitionKey)) {
    return base::Fail(base::Code::kInvalidArgument,
                      "partition key of {} bytes must have 1 to {} characters", key,
                      kMaxPartitionKey);
  }
  if (key + entry.data.size() > kMaxRecordBytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      "record of {} bytes is over the limit of {}: send less in one record",
                      key + entry.data.size(), kMaxRecordBytes);
  }
  return {};
}

size_t EncodedBytes(const Entry& entry) {
  return kMaxRecordOverhead + entry.partition_key.size() + entry.data.size();
}

base::Result<size_t> CheckEntries(std::span<const Entry> entries) {
  size_t bytes = 0;
  for (const Entry& entry : entries) {
    RETURN_IF_ERROR(CheckEntry(entry));
    bytes += EncodedBytes(entry);
  }
  return bytes;
}

std::vector<uint32_t> AllOf(std::span<const Entry> entries) {
  std::vector<uint32_t> all(entries.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

void LocalStream::Append(std::span<const Entry> entries, AppendDone done) {
  if (entries.empty()) {
    done(std::vector<Placement>{});
    return;
  }
  auto bytes = CheckEntries(entries);
  if (auto admitted = environment_.health.Admit(); bytes.has_value() && !admitted.has_value()) {
    bytes = std::unexpected(std::move(admitted).error());
  }
  if (!bytes.has_value()) {
    done(std::unexpected(std::move(bytes).error()));
    return;
  }
  const auto pending = std::make_shared<PendingAppend>(entries.size(), std::move(done));
  bool appended = false;
  while (!appended) {
    const Layout& now = layout();
    appended = now.open.size() == 1 || entries.size() == 1
                   ? AppendToOne(*now.open[now.map.Find(entries.front())], entries, *bytes, pending)
                   : AppendToMany(now, entries, pending);
  }
}

bool LocalStream::AppendToOne(Shard& shard, std::span<const Entry> entries, size_t bytes,
                              const std::shared_ptr<PendingAppend>& pending) {
  const model::Rowtime now = Now();
  base::Result<void> admitted;
  {
    const std::lock_guard lock(shard.mutex());
    if (shard.handed_over()) {
      return false;
    }
    admitted = shard.Admit(bytes);
    if (admitted.has_value()) {
      shard.Reserve(bytes);
      for (size_t i = 0; i < entries.size(); ++i) {
        pending->placements[i] = shard.Add(entries[i], now);
      }
      shard.EndAppend(pending);
    }
  }
  if (admitted.has_value()) {
    pending->Release();
  } else {
    pending->RefuseAll(std::move(admitted).error());
  }
  return true;
}

bool LocalStream::AppendToMany(const Layout& layout, std::span<const Entry> entries,
                               const std::shared_ptr<PendingAppend>& pending) {
  const std::vector<uint32_t> shard_of = layout.map.FindAll(entries, AllOf(entries));
  std::vector<size_t> bytes(layout.open.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    bytes[shard_of[i]] += EncodedBytes(entries[i]);
  }
  const model::Rowtime now = Now();
  base::Result<void> admitted;
  {
    // All touched shards are held at once, always in the same order, so that all or none accept.
    std::vector<std::unique_lock<std::mutex>> locks;
    for (size_t i = 0; i < layout.open.size() && admitted.has_value(); ++i) {
      if (bytes[i] > 0) {
        Shard& shard = *layout.open[i];
        locks.emplace_back(shard.mutex());
        if (shard.handed_over()) {
          return false;
        }
        admitted = shard.Admit(bytes[i]);
        shard.Reserve(admitted.has_value() ? bytes[i] : 0);
      }
    }
    if (admitted.has_value()) {
      for (size_t i = 0; i < entries.size(); ++i) {
        pending->placements[i] = layout.open[shard_of[i]]->Add(entries[i], now);
      }
      for (size_t i = 0; i < layout.open.size(); ++i) {
        if (bytes[i] > 0) {
          layout.open[i]->EndAppend(pending);
        }
      }
    }
  }
  if (admitted.has_value()) {
    pending->Release();
  } else {
    pending->RefuseAll(std::move(admitted).error());
  }
  return true;
}

void LocalStream::AppendEach(std::span<const Entry> entries, AppendEachDone done) {
  const auto pending = std::make_shared<PendingAppend>(entries.size(), std::move(done));
  const base::Result<void> healthy = environment_.health.Admit();
  std::vector<uint32_t> chosen;
  chosen.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    base::Result<void> checked = CheckEntry(entries[i]);
    if (checked.has_value() && healthy.has_value()) {
      chosen.push_back(static_cast<uint32_t>(i));
    } else {
      pending->Refuse(i, checked.has_value() ? healthy.error() : std::move(checked).error());
    }
  }
  while (!chosen.empty()) {
    chosen = AppendChosen(layout(), entries, chosen, pending);
  }
  pending->Release();
}

std::vector<uint32_t> LocalStream::AppendChosen(const Layout& layout,
                                                std::span<const Entry> entries,
                                                std::span<const uint32_t> chosen,
                                                const std::shared_ptr<PendingAppend>& pending) {
  std::vector<uint32_t> handed_over;
  if (layout.open.size() == 1) {
    if (!AddChosen(*layout.open.front(), entries, chosen, pending)) {
      handed_over.assign(chosen.begin(), chosen.end());
    }
    return handed_over;
  }
  // Each shard's entries behind each other, in their order.
  const std::vector<uint32_t> shard_of = layout.map.FindAll(entries, chosen);
  std::vector<size_t> end(layout.open.size() + 1);
  for (const uint32_t shard : shard_of) {
    ++end[shard + 1];
  }
  std::partial_sum(end.begin(), end.end(), end.begin());
  std::vector<uint32_t> by_shard(chosen.size());
  for (size_t i = 0; i < chosen.size(); ++i) {
    by_shard[end[shard_of[i]]++] = chosen[i];
  }
  size_t begin = 0;
  for (size_t shard = 0; shard < layout.open.size(); ++shard) {
    const auto part = std::span(by_shard).subspan(begin, end[shard] - begin);
    begin = end[shard];
    if (!part.empty() && !AddChosen(*layout.open[shard], entries, part, pending)) {
      handed_over.insert(handed_over.end(), part.begin(), part.end());
    }
  }
  std::ranges::sort(handed_over);
  return handed_over;
}

bool LocalStream::AddChosen(Shard& shard, std::span<const Entry> entries,
                            std::span<const uint32_t> chosen,
                            const std::shared_ptr<PendingAppend>& pending) {
  size_t bytes = 0;
  for (const uint32_t i : chosen) {
    bytes += EncodedBytes(entries[i]);
  }
  const model::Rowtime now = Now();
  const std::lock_guard lock(shard.mutex());
  if (shard.handed_over()) {
    return false;
  }
  const base::Result<void> admitted = shard.Admit(bytes);
  if (!admitted.has_value()) {
    for (const uint32_t i : chosen) {
      pending->Refuse(i, admitted.error());
    }
    return true;
  }
  shard.Reserve(bytes);
  for (const uint32_t i : chosen) {
    pending->placements[i] = shard.Add(entries[i], now);
  }
  shard.EndAppend(pending);
  return true;
}

void LocalStream::AppendOnce(const ProducerOrdinal& ordinal, std::span<const Entry> entries,
                             AppendDone done) {
  if (ordinal.producer.empty() || ordinal.producer.size() > kMaxProducerName) {
    done(base::Fail(base::Code::kInvalidArgument, "producer name of {} bytes must have 1 to {}",
                    ordinal.producer.size(), kMaxProducerName));
    return;
  }
  auto bytes = CheckEntries(entries);
  if (auto admitted = environment_.health.Admit(); bytes.has_value() && !admitted.has_value()) {
    bytes = std::unexpected(std::move(admitted).error());
  }
  if (!bytes.has_value()) {
    done(std::unexpected(std::move(bytes).error()));
    return;
  }
  while (!FindShard(ShardOfProducer(ordinal.producer))
              ->AppendOnce(ordinal, entries, *bytes, Now(), done)) {
    AwaitResharding();
  }
}

std::vector<uint32_t> LocalStream::ShardsOf(std::span<const Entry> entries) const {
  const Layout& now = layout();
  if (now.open.size() == 1) {
    return std::vector<uint32_t>(entries.size(), now.open.front()->id());
  }
  std::vector<uint32_t> shards = now.map.FindAll(entries, AllOf(entries));
  for (uint32_t& shard : shards) {
    shard = now.open[shard]->id();
  }
  return shards;
}

uint64_t LocalStream::NextOrdinal(std::string_view producer) const {
  while (true) {
    if (const auto next = FindShard(ShardOfProducer(producer))->NextOrdinal(producer)) {
      return *next;
    }
    AwaitResharding();
  }
}

uint32_t LocalStream::ShardOfProducer(std::string_view producer) const {
  const Layout& now = layout();
  return now.open[now.map.Find(model::HashOf(producer))]->id();
}

void LocalStream::AwaitResharding() const {
  const std::shared_lock wait(reshard_mutex_);
}

}  // namespace weir::log
