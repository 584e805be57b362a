#include "ingest/deduplication/deduplication.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "ingest/deduplication/stream_deduplicator.h"
#include "json/document.h"

namespace weir::ingest::deduplication {
namespace {

constexpr std::string_view kType = "Weir::Deduplication";
constexpr int64_t kDefaultHorizonHours = 24;
constexpr int64_t kHourMillis = 3'600'000;
// After a failure, definitions and indexes are looked at again no sooner than this.
constexpr int64_t kRefreshAgainNanos = 1'000'000'000;

base::Result<std::vector<Definition>> ReadDefinitions(catalog::Catalog& catalog) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources, catalog.List(kType));
  std::vector<Definition> definitions;
  for (const catalog::Resource& resource : resources) {
    ASSIGN_OR_RETURN(const json::Value properties, json::Parse(resource.definition));
    Definition definition;
    ASSIGN_OR_RETURN(definition.stream, properties.StringAt("Stream"));
    ASSIGN_OR_RETURN(definition.field, properties.StringAt("EventIdField"));
    int64_t hours = kDefaultHorizonHours;
    if (properties.Find("HorizonHours") != nullptr) {
      ASSIGN_OR_RETURN(hours, properties.IntAt("HorizonHours"));
    }
    definition.horizon_millis = hours * kHourMillis;
    definitions.push_back(std::move(definition));
  }
  return definitions;
}

size_t BytesOf(std::span<const log::Entry> entries) {
  size_t bytes = 0;
  for (const log::Entry& entry : entries) {
    bytes += sizeof entry + entry.partition_key.size() + entry.data.size();
  }
  return bytes;
}

void RefuseAll(size_t count, const base::Error& error, IntakeDone& done) {
  IntakeOutcome outcome;
  outcome.placements.resize(count);
  for (size_t i = 0; i < count; ++i) {
    outcome.refused.emplace_back(i, error);
  }
  done(std::move(outcome));
}

class DeduplicatingIntake : public Intake {
 public:
  DeduplicatingIntake(const Options& options, Intake& next, log::Log& log,
                      catalog::Catalog& catalog, base::FileSystem& files, base::Clock& clock,
                      base::Metrics& metrics)
      : max_waiting_bytes_(options.max_waiting_bytes),
        log_(log),
        catalog_(catalog),
        parts_{.next = next,
               .files = files,
               .clock = clock,
               .metrics = metrics,
               .folder = options.folder,
               .memory_events = options.memory_events,
               .work = std::make_shared<Worker>(options.threads),
               .writer = std::make_shared<Worker>(options.threads)},
        failed_(metrics.GetGauge("weir_ingest_deduplication_failed_info",
                                 "1 while definitions cannot be read or an index of event ids "
                                 "cannot be opened; it is tried again each second.")) {}

  ~DeduplicatingIntake() override {
    parts_.writer->Stop();
    parts_.work->Stop();
  }

  /// Brings every stream to what the catalog says of it; the first failure, and then it is tried
  /// again (RefreshLater). Streams whose index cannot be opened are refused until it can.
  base::Result<void> Refresh() {
    base::Result<void> refreshed = TryRefresh();
    failed_.Set(refreshed.has_value() ? 0 : 1);
    refresh_again_nanos_ =
        refreshed.has_value() ? 0 : parts_.clock.MonotonicNanos() + kRefreshAgainNanos;
    return refreshed;
  }

  /// Removes the runs of streams that are not de-duplicated any longer.
  base::Result<void> RemoveOthers() {
    RETURN_IF_ERROR(parts_.files.CreateDirectories(parts_.folder));
    ASSIGN_OR_RETURN(const std::vector<Definition> definitions, ReadDefinitions(catalog_));
    ASSIGN_OR_RETURN(const auto entries, parts_.files.List(parts_.folder));
    for (const base::DirectoryEntry& entry : entries) {
      const bool is_wanted = std::ranges::any_of(definitions, [&](const Definition& definition) {
        return FolderOf(definition.stream) == entry.name;
      });
      if (is_wanted) {
        continue;
      }
      const std::string folder = base::JoinPath(parts_.folder, entry.name);
      ASSIGN_OR_RETURN(const auto runs, parts_.files.List(folder));
      for (const base::DirectoryEntry& run : runs) {
        RETURN_IF_ERROR(parts_.files.Remove(base::JoinPath(folder, run.name)));
      }
      RETURN_IF_ERROR(parts_.files.Remove(folder));
    }
    return {};
  }

  void Append(log::Stream& stream, std::span<const log::Entry> entries, IntakeDone done) override {
    RefreshLater(Find(stream).is_new);
    // In this order: what is found while nothing refreshes is of the last refresh or a later one.
    const bool settled = refreshing_ == 0;
    if (settled && Find(stream).passes()) {
      return parts_.next.Append(stream, entries, std::move(done));
    }
    const size_t bytes = BytesOf(entries);
    if (waiting_bytes_.fetch_add(bytes) + bytes > max_waiting_bytes_) {
      waiting_bytes_.fetch_sub(bytes);
      return RefuseAll(
          entries.size(),
          {base::Code::kUnavailable, "too many records wait to be de-duplicated: try again"}, done);
    }
    auto request = std::make_shared<Request>(entries, std::move(done));
    parts_.work->Post([this, &stream, bytes, request = std::move(request)]() mutable {
      waiting_bytes_.fetch_sub(bytes);
      Handle(stream, std::move(request));
    });
  }

 private:
  using ByStream = std::map<std::string, std::shared_ptr<StreamDeduplicator>, std::less<>>;
  /// Streams that are to be de-duplicated and are not yet: why, or nothing for one that was not in
  /// the log.
  using Unserved = std::map<std::string, std::optional<base::Error>, std::less<>>;

  /// What is known of a stream.
  struct Found {
    std::shared_ptr<StreamDeduplicator> deduplicator;
    std::optional<base::Error> failure;
    bool is_new = false;  ///< Has come into the log since it was looked for.

    bool passes() const { return deduplicator == nullptr && !failure.has_value() && !is_new; }
  };

  base::Result<void> TryRefresh() {
    seen_version_ = catalog_.resources_version();
    ASSIGN_OR_RETURN(const std::vector<Definition> definitions, ReadDefinitions(catalog_));
    base::Result<void> refreshed;
    const auto note = [&](const base::Result<void>& step) {
      if (!step.has_value() && refreshed.has_value()) {
        refreshed = step;
      }
    };
    ByStream wanted;
    Unserved unserved;
    std::vector<std::shared_ptr<StreamDeduplicator>> opened;
    for (const Definition& definition : definitions) {
      log::Stream* const stream = log_.Find(definition.stream);
      if (stream == nullptr) {
        unserved.emplace(definition.stream, std::nullopt);
        continue;
      }
      const auto before = by_stream_.find(definition.stream);
      if (before != by_stream_.end() && Serves(*before->second, definition, *stream)) {
        wanted.insert(*before);
        continue;
      }
      auto deduplicator = StreamDeduplicator::Open(parts_, definition, *stream);
      if (!deduplicator.has_value()) {
        note(std::unexpected(deduplicator.error()));
        unserved.emplace(definition.stream,
                         base::Error{base::Code::kUnavailable,
                                     "the index of event ids cannot be opened, " +
                                         deduplicator.error().message + ": try again"});
        continue;
      }
      wanted.emplace(definition.stream, *deduplicator);
      opened.push_back(*std::move(deduplicator));
    }
    {
      const std::lock_guard lock(mutex_);
      by_stream_ = std::move(wanted);
      unserved_ = std::move(unserved);
    }
    for (const std::shared_ptr<StreamDeduplicator>& deduplicator : opened) {
      all_.push_back(deduplicator);
      // What came past it before it was known.
      note(deduplicator->CatchUp());
    }
    return refreshed;
  }

  void Handle(log::Stream& stream, std::shared_ptr<Request> request) {
    Found found = Find(stream);
    if (found.deduplicator != nullptr) {
      return found.deduplicator->Append(std::move(request));
    }
    if (found.is_new) {
      found.failure = base::Error{base::Code::kUnavailable,
                                  "the stream is to be de-duplicated and is not yet: try again"};
    }
    if (found.failure.has_value()) {
      for (size_t i = 0; i < request->entries().size(); ++i) {
        request->outcome.refused.emplace_back(i, *found.failure);
      }
      return request->FinishIfResolved();
    }
    // Its resource was deleted meanwhile, or what has changed in the catalog is something else.
    parts_.next.Append(stream, request->entries(), [request](IntakeOutcome outcome) {
      request->outcome = std::move(outcome);
      request->FinishIfResolved();
    });
  }

  /// Whether the deduplicator is right for the definition. One that is not may have to finish
  /// writing a run first, and serves until then.
  bool Serves(StreamDeduplicator& deduplicator, const Definition& definition,
              const log::Stream& stream) {
    if (deduplicator.definition() == definition && &deduplicator.stream() == &stream) {
      return true;
    }
    if (deduplicator.Retire()) {
      return false;
    }
    seen_version_ = 0;  // The next append refreshes again.
    return true;
  }

  Found Find(const log::Stream& stream) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_stream_.find(stream.name());
    // A stream may have been deleted and created anew.
    if (found != by_stream_.end() && &found->second->stream() == &stream) {
      return {.deduplicator = found->second};
    }
    const auto unserved = unserved_.find(stream.name());
    if (unserved == unserved_.end()) {
      return {};
    }
    return {.failure = unserved->second, .is_new = !unserved->second.has_value()};
  }

  /// Posts a refresh when the catalog's resources have changed, when a stream has come since the
  /// last one, and some time after one that failed, until when streams that come must wait.
  void RefreshLater(bool stream_is_new) {
    const uint64_t version = catalog_.resources_version();
    int64_t again = refresh_again_nanos_;
    const bool has_changed = seen_version_ != version;
    const bool is_again = again != 0 && parts_.clock.MonotonicNanos() >= again;
    const bool has_come = stream_is_new && again == 0 && refreshing_ == 0;
    if (!has_changed && !is_again && !has_come) {
      return;
    }
    ++refreshing_;  // Before the reason goes: who no longer finds it must find this.
    if (has_changed ? seen_version_.exchange(version) == version
                    : is_again && !refresh_again_nanos_.compare_exchange_strong(again, 0)) {
      --refreshing_;
      return;
    }
    parts_.work->Post([this] {
      const auto refreshed = Refresh();
      --refreshing_;
      if (!refreshed.has_value()) {
        base::LogEvent(base::LogLevel::kError, "deduplication.not_refreshed",
                       refreshed.error().message);
      }
    });
  }

  const size_t max_waiting_bytes_;
  log::Log& log_;
  catalog::Catalog& catalog_;
  const Parts parts_;
  base::Gauge& failed_;
  std::atomic<uint64_t> seen_version_ = 0;        ///< Of the catalog's resources.
  std::atomic<int64_t> refresh_again_nanos_ = 0;  ///< After a failure; 0 for not at all.
  std::atomic<int> refreshing_ = 0;  ///< Meanwhile all appends go through the worker, behind it.
  std::atomic<size_t> waiting_bytes_ = 0;
  mutable std::mutex mutex_;
  ByStream by_stream_;  ///< Changed by the worker alone, as is unserved_.
  Unserved unserved_;
  /// Those of the past too: their appends may still come back.
  std::vector<std::shared_ptr<StreamDeduplicator>> all_;
};

}  // namespace

base::Result<std::unique_ptr<Intake>> CreateDeduplication(const Options& options, Intake& next,
                                                          log::Log& log, catalog::Catalog& catalog,
                                                          base::FileSystem& files,
                                                          base::Clock& clock,
                                                          base::Metrics& metrics) {
  auto intake =
      std::make_unique<DeduplicatingIntake>(options, next, log, catalog, files, clock, metrics);
  RETURN_IF_ERROR(intake->RemoveOthers());
  RETURN_IF_ERROR(intake->Refresh());
  return intake;
}

}  // namespace weir::ingest::deduplication
