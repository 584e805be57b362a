#include "ingest/deduplication/deduplication.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
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
               .writer = std::make_shared<Worker>(options.threads)} {}

  ~DeduplicatingIntake() override {
    parts_.writer->Stop();
    parts_.work->Stop();
  }

  base::Result<void> Refresh() {
    seen_version_ = catalog_.version();
    ASSIGN_OR_RETURN(const std::vector<Definition> definitions, ReadDefinitions(catalog_));
    ByStream wanted;
    std::vector<std::shared_ptr<StreamDeduplicator>> opened;
    for (const Definition& definition : definitions) {
      log::Stream* const stream = log_.Find(definition.stream);
      if (stream == nullptr) {
        continue;  // It is looked for again when the catalog changes, as it does for new streams.
      }
      const auto before = by_stream_.find(definition.stream);
      if (before != by_stream_.end() && Serves(*before->second, definition, *stream)) {
        wanted.insert(*before);
        continue;
      }
      ASSIGN_OR_RETURN(auto deduplicator, StreamDeduplicator::Open(parts_, definition, *stream));
      wanted.emplace(definition.stream, deduplicator);
      opened.push_back(std::move(deduplicator));
    }
    {
      const std::lock_guard lock(mutex_);
      by_stream_ = std::move(wanted);
    }
    for (const std::shared_ptr<StreamDeduplicator>& deduplicator : opened) {
      all_.push_back(deduplicator);
      // What came past it before it was known.
      RETURN_IF_ERROR(deduplicator->CatchUp());
    }
    return {};
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
    RefreshLater();
    if (Find(stream) == nullptr && refreshing_ == 0) {
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
      const std::shared_ptr<StreamDeduplicator> deduplicator = Find(stream);
      if (deduplicator != nullptr) {
        return deduplicator->Append(std::move(request));
      }
      // Its resource was deleted meanwhile, or what has changed in the catalog is something else.
      parts_.next.Append(stream, request->entries(), [request](IntakeOutcome outcome) {
        request->outcome = std::move(outcome);
        request->FinishIfResolved();
      });
    });
  }

 private:
  using ByStream = std::map<std::string, std::shared_ptr<StreamDeduplicator>, std::less<>>;

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

  std::shared_ptr<StreamDeduplicator> Find(const log::Stream& stream) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_stream_.find(stream.name());
    // A stream may have been deleted and created anew.
    return found == by_stream_.end() || &found->second->stream() != &stream ? nullptr
                                                                            : found->second;
  }

  void RefreshLater() {
    const uint64_t version = catalog_.version();
    if (seen_version_.exchange(version) != version) {
      ++refreshing_;
      parts_.work->Post([this] {
        const auto refreshed = Refresh();
        --refreshing_;
        if (!refreshed.has_value()) {
          base::LogEvent(base::LogLevel::kError, "deduplication.not_refreshed",
                         refreshed.error().message);
        }
      });
    }
  }

  const size_t max_waiting_bytes_;
  log::Log& log_;
  catalog::Catalog& catalog_;
  const Parts parts_;
  std::atomic<uint64_t> seen_version_ = 0;
  std::atomic<int> refreshing_ = 0;  ///< Meanwhile all appends go through the worker, behind it.
  std::atomic<size_t> waiting_bytes_ = 0;
  mutable std::mutex mutex_;
  ByStream by_stream_;  ///< Changed by the worker alone.
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
