#include "ingest/deduplication/deduplication.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/format.h"
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
// Likewise while appends or a run of one that serves no stream any more are under way.
constexpr int64_t kAwaitOthersNanos = 20'000'000;

struct Definitions {
  std::vector<Definition> good;
  /// Those that cannot be read: why, and the stream, if its name can.
  std::vector<std::pair<std::string, base::Error>> bad;
};

base::Result<void> Read(const json::Value& properties, Definition& definition) {
  ASSIGN_OR_RETURN(definition.stream, properties.StringAt("Stream"));
  ASSIGN_OR_RETURN(definition.field, properties.StringAt("EventIdField"));
  int64_t hours = kDefaultHorizonHours;
  if (properties.Find("HorizonHours") != nullptr) {
    ASSIGN_OR_RETURN(hours, properties.IntAt("HorizonHours"));
  }
  definition.horizon_millis = hours * kHourMillis;
  return {};
}

base::Result<Definitions> ReadDefinitions(catalog::Catalog& catalog) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources, catalog.List(kType));
  Definitions definitions;
  for (const catalog::Resource& resource : resources) {
    Definition definition;
    const auto properties = json::Parse(resource.definition);
    base::Result<void> read = properties.has_value()
                                  ? Read(*properties, definition)
                                  : base::Result<void>(std::unexpected(properties.error()));
    if (read.has_value()) {
      definitions.good.push_back(std::move(definition));
    } else {
      definitions.bad.emplace_back(std::move(definition.stream),
                                   base::Within(resource.name, std::move(read).error()));
    }
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

IntakeOutcome Refused(size_t count, const base::Error& error) {
  IntakeOutcome outcome;
  outcome.placements.resize(count);
  for (size_t i = 0; i < count; ++i) {
    outcome.refused.emplace_back(i, error);
  }
  return outcome;
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
                                 "1 while a definition cannot be read or an index of event ids "
                                 "opened or made again; it is tried again each second.")) {}

  ~DeduplicatingIntake() override {
    parts_.writer->Stop();
    parts_.work->Stop();
  }

  /// Removes the runs of streams that are not de-duplicated any longer, and opens the others'.
  base::Result<void> Start() {
    RETURN_IF_ERROR(parts_.files.CreateDirectories(parts_.folder));
    seen_version_ = catalog_.resources_version();
    ASSIGN_OR_RETURN(const Definitions definitions, ReadDefinitions(catalog_));
    RETURN_IF_ERROR(RemoveOthers(definitions));
    Note(Bring(definitions));
    return {};
  }

  void Append(log::Stream& stream, std::span<const log::Entry> entries, IntakeDone done) override {
    RefreshWhenDue();
    // In this order: what is found while nothing refreshes is of the last refresh or a later one.
    const bool settled = refreshing_ == 0;
    const Found found = Find(stream);
    if (found.is_new) {
      RefreshForNew();
    }
    if (settled && found.passes()) {
      return parts_.next.Append(stream, entries, std::move(done));
    }
    const size_t bytes = BytesOf(entries);
    if (waiting_bytes_.fetch_add(bytes) + bytes > max_waiting_bytes_) {
      waiting_bytes_.fetch_sub(bytes);
      return done(
          Refused(entries.size(), Unavailable("too many records wait to be de-duplicated")));
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

  /// What a refresh came to.
  struct Refreshed {
    std::optional<base::Error> failure;  ///< The first.
    bool awaits_others = false;          ///< One that serves no stream any more has work under way.

    void Fail(base::Error error) {
      if (!failure.has_value()) {
        failure = std::move(error);
      }
    }
  };

  static base::Error Unavailable(std::string_view why) {
    return {base::Code::kUnavailable, fmt::format("{}: try again", why)};
  }

  base::Result<void> RemoveOthers(const Definitions& definitions) {
    if (!definitions.bad.empty()) {
      return {};  // Whose runs they speak of is not known; the next start removes the others.
    }
    ASSIGN_OR_RETURN(const auto entries, parts_.files.List(parts_.folder));
    for (const base::DirectoryEntry& entry : entries) {
      const bool is_wanted = std::ranges::any_of(definitions.good, [&](const Definition& one) {
        return FolderOf(one.stream) == entry.name;
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

  /// Brings every stream to what the catalog says of it, as far as that succeeds.
  void Refresh() {
    seen_version_ = catalog_.resources_version();
    const auto definitions = ReadDefinitions(catalog_);
    Note(definitions.has_value() ? Bring(*definitions) : Refreshed{.failure = definitions.error()});
  }

  /// Sees to it that what failed, or waits, is tried again.
  void Note(const Refreshed& refreshed) {
    failed_.Set(refreshed.failure.has_value() ? 1 : 0);
    refresh_again_nanos_ = 0;
    if (refreshed.failure.has_value()) {
      RefreshAgainAfter(kRefreshAgainNanos);
      base::LogEvent(base::LogLevel::kError, "deduplication.not_refreshed",
                     refreshed.failure->message);
    }
    if (refreshed.awaits_others) {
      RefreshAgainAfter(kAwaitOthersNanos);
    }
  }

  void RefreshAgainAfter(int64_t nanos) {
    refresh_again_nanos_ = parts_.clock.MonotonicNanos() + nanos;
  }

  Refreshed Bring(const Definitions& definitions) {
    Refreshed refreshed;
    std::erase_if(all_, [](const auto& one) { return one->retired() && one->Retire(); });
    ByStream wanted;
    Unserved unserved;
    for (const auto& [stream, error] : definitions.bad) {
      refreshed.Fail(error);
      unserved.emplace(stream, Unavailable("its de-duplication cannot be read, " + error.message));
    }
    std::vector<std::shared_ptr<StreamDeduplicator>> opened;
    for (const Definition& definition : definitions.good) {
      if (wanted.contains(definition.stream) || unserved.contains(definition.stream)) {
        continue;  // Of two for one stream the first counts.
      }
      log::Stream* const stream = log_.Find(definition.stream);
      if (stream == nullptr) {
        unserved.emplace(definition.stream, std::nullopt);
        continue;
      }
      const auto before = by_stream_.find(definition.stream);
      if (before != by_stream_.end() && before->second->definition() == definition &&
          &before->second->stream() == stream) {
        wanted.insert(*before);
        if (const auto repaired = before->second->Repair(); !repaired.has_value()) {
          refreshed.Fail(repaired.error());
        }
        continue;
      }
      if (!RetireAll(definition.stream)) {
        unserved.emplace(definition.stream,
                         Unavailable("its de-duplication has changed and is being replaced"));
        continue;
      }
      auto deduplicator = StreamDeduplicator::Open(parts_, definition, *stream);
      if (!deduplicator.has_value()) {
        refreshed.Fail(deduplicator.error());
        unserved.emplace(definition.stream,
                         Unavailable("the index of event ids cannot be opened, " +
                                     deduplicator.error().message));
        continue;
      }
      wanted.emplace(definition.stream, *deduplicator);
      opened.push_back(*std::move(deduplicator));
    }
    for (const auto& [name, before] : by_stream_) {
      if (!wanted.contains(name)) {
        RetireAll(name);
      }
    }
    refreshed.awaits_others = std::ranges::any_of(all_, &StreamDeduplicator::retired);
    {
      const std::lock_guard lock(mutex_);
      by_stream_ = std::move(wanted);
      unserved_ = std::move(unserved);
    }
    for (const std::shared_ptr<StreamDeduplicator>& deduplicator : opened) {
      all_.push_back(deduplicator);
      // What came past it before it was known.
      if (const auto caught_up = deduplicator->CatchUp(); !caught_up.has_value()) {
        refreshed.Fail(caught_up.error());
      }
    }
    return refreshed;
  }

  /// Whether those that have served the stream so far have done all their work, so that another
  /// finds all of it on the disk. They begin no more.
  bool RetireAll(std::string_view stream) {
    std::erase_if(
        all_, [&](const auto& one) { return one->definition().stream == stream && one->Retire(); });
    return std::ranges::none_of(
        all_, [&](const auto& one) { return one->definition().stream == stream; });
  }

  void Handle(log::Stream& stream, std::shared_ptr<Request> request) {
    Found found = Find(stream);
    if (found.deduplicator != nullptr) {
      found.deduplicator->Append(std::move(request));
      if (found.deduplicator->lacks_events()) {
        failed_.Set(1);
        if (refresh_again_nanos_ == 0) {
          RefreshAgainAfter(kRefreshAgainNanos);
        }
      }
      return;
    }
    if (found.is_new) {
      found.failure = Unavailable("the stream is to be de-duplicated and is not yet");
    }
    if (found.failure.has_value()) {
      request->outcome = Refused(request->entries().size(), *found.failure);
      return request->FinishIfResolved();
    }
    // Its resource was deleted meanwhile, or what has changed in the catalog is something else.
    parts_.next.Append(stream, request->entries(), [request](IntakeOutcome outcome) {
      request->outcome = std::move(outcome);
      request->FinishIfResolved();
    });
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

  /// Posts a refresh when the catalog's resources have changed, and some time after one that did
  /// not bring all streams to what they should be.
  void RefreshWhenDue() {
    const uint64_t version = catalog_.resources_version();
    int64_t again = refresh_again_nanos_;
    const bool has_changed = seen_version_ != version;
    const bool is_again = again != 0 && parts_.clock.MonotonicNanos() >= again;
    if (!has_changed && !is_again) {
      return;
    }
    ++refreshing_;  // Before the reason goes: who no longer finds it must find this.
    if (has_changed ? seen_version_.exchange(version) == version
                    : !refresh_again_nanos_.compare_exchange_strong(again, 0)) {
      --refreshing_;
      return;
    }
    PostRefresh();
  }

  /// A stream has come into the log that was looked for. After a failure it must wait.
  void RefreshForNew() {
    if (refresh_again_nanos_ == 0 && refreshing_ == 0) {
      ++refreshing_;
      PostRefresh();
    }
  }

  void PostRefresh() {
    parts_.work->Post([this] {
      Refresh();
      --refreshing_;
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
  /// Those of the past too, while their appends may still come back.
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
  RETURN_IF_ERROR(intake->Start());
  return intake;
}

}  // namespace weir::ingest::deduplication
