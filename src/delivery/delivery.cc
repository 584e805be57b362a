#include "delivery/delivery.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/logging.h"
#include "delivery/definition.h"
#include "delivery/metrics.h"
#include "delivery/object_encoder.h"
#include "delivery/shard_buffer.h"
#include "log/notifier.h"

// How an object is delivered exactly once:
//
//   plan (catalog, durable) -> encode -> Put (lake, durable) -> commit objects + position (catalog,
//   durable)
//
// What is written is a function of the range in the plan. A crash or an error after the plan
// repeats the same range, which gives the same objects under the same keys; the commit moves the
// position past the range and drops the plan.

namespace weir::delivery {
namespace {

constexpr int64_t kFirstBackoffMillis = 100;
constexpr int64_t kMaxBackoffMillis = 30'000;
// Between looks at the log: many small appends are taken together.
constexpr int64_t kPauseMillis = 100;
constexpr int64_t kMaxWaitMillis = 1'000;

// One shard's part of a delivery.
struct ShardState {
  ShardBuffer buffer;
  // The range in the buffer is planned in the catalog and must be written as it is.
  bool planned = false;
  // What an earlier definition planned for the range in the buffer: removed before the range is
  // planned anew.
  std::optional<catalog::PlannedObject> outdated;

  bool bound() const { return planned || outdated.has_value(); }
};

// Whether what failed may succeed later, with nothing changed but the disk.
bool IsTransient(const base::Error& error) {
  return error.code == base::Code::kDiskFull || error.code == base::Code::kIo ||
         error.code == base::Code::kUnavailable;
}

class LogDelivery : public Delivery {
 public:
  LogDelivery(std::unique_ptr<CheckedDefinition> definition, ObjectEncoder encoder,
              log::Stream& stream, lake::ObjectStore& store, catalog::Catalog& catalog,
              base::Clock& clock)
      : definition_(std::move(definition)),
        encoder_(std::move(encoder)),
        stream_(stream),
        store_(store),
        catalog_(catalog),
        clock_(clock),
        metrics_(definition_->definition().name) {}

  ~LogDelivery() override { Stop(); }

  base::Result<void> Open() {
    RETURN_IF_ERROR(catalog_.RegisterTable(definition_->table()));
    const std::string& name = definition().name;
    ASSIGN_OR_RETURN(const auto positions, catalog_.DeliveryPositions(name));
    for (const log::ShardDefinition& shard : stream_.definition().shards) {
      const auto position = positions.find(shard.id);
      const model::Sequence next =
          position != positions.end() ? position->second : stream_.TrimHorizon(shard.id);
      const model::Sequence end = stream_.DurableEnd(shard.id);
      if (next > end) {
        return base::Fail(
            base::Code::kDataLoss,
            "delivery '{}' shard {}: {} records are delivered, but the log ends at {}; restore the "
            "log or the catalog from one backup",
            name, shard.id, next.value, end.value);
      }
      AddShard(shard.id, next);
    }
    return FinishPlans();
  }

  const DeliveryDefinition& definition() const override { return definition_->definition(); }

  void Start() override {
    CHECK(!thread_.joinable());
    stopping_ = false;
    stream_.Watch(&appended_);
    thread_ = std::thread([this] { RunUntilStopped(); });
  }

  void Stop() override {
    if (!thread_.joinable()) {
      return;
    }
    stopping_ = true;
    stop_.Notify();
    appended_.Notify();
    thread_.join();
    stream_.Unwatch(&appended_);
  }

  base::Result<bool> Step(bool flush) override {
    const std::lock_guard lock(step_mutex_);
    bool any = false;
    base::Result<void> result;
    for (size_t i = 0; i < shards_.size() && result.has_value(); ++i) {
      result = StepShard(shards_[i], flush, any);
      if (shards_[i].buffer.ended()) {
        FollowDefinition();
      }
    }
    Note(result);
    if (!result.has_value()) {
      return std::unexpected(result.error());
    }
    return any;
  }

  std::vector<model::Sequence> SafePositions() const override {
    const std::lock_guard lock(state_mutex_);
    return safe_positions_;
  }

  DeliveryStatus Status() const override {
    const std::lock_guard lock(state_mutex_);
    DeliveryStatus status = status_;
    status.pending_records = PendingRecords();
    if (oldest_pending_.has_value()) {
      status.oldest_pending_millis =
          std::max<int64_t>(0, clock_.WallMillis() - oldest_pending_->millis);
    }
    return status;
  }

 private:
  void AddShard(uint32_t shard, model::Sequence next) {
    shards_.push_back(
        ShardState{ShardBuffer(shard, next, stream_.DurableEnd(shard), definition().buffer_bytes)});
    const std::lock_guard lock(state_mutex_);
    safe_positions_.push_back(next);
  }

  // Adds the shards that a reshard has put behind the others since.
  void FollowDefinition() {
    const std::vector<log::ShardDefinition>& shards = stream_.definition().shards;
    for (size_t i = shards_.size(); i < shards.size(); ++i) {
      AddShard(shards[i].id, stream_.TrimHorizon(shards[i].id));
    }
  }

  // Brings what an earlier run had planned to its end. What the lake does not take now stays
  // planned and is tried again by the steps.
  base::Result<void> FinishPlans() {
    ASSIGN_OR_RETURN(const auto plans, catalog_.PlannedObjects(definition().name));
    for (const catalog::PlannedObject& plan : plans) {
      const auto shard = std::ranges::find(
          shards_, plan.shard, [](const ShardState& state) { return state.buffer.shard(); });
      if (shard == shards_.end() || plan.first < shard->buffer.position()) {
        return base::Fail(
            base::Code::kDataLoss,
            "delivery '{}' has planned records {} to {} of shard {}, which do not follow what it "
            "has delivered; restore the catalog from a backup",
            definition().name, plan.first.value, plan.last.value, plan.shard);
      }
      RETURN_IF_ERROR(shard->buffer.FillExactly(stream_, plan.first, plan.last));
      const ObjectPlace place = definition_->PlaceOf(shard->buffer.range());
      shard->planned = plan.key == place.key && plan.error_key == place.error_key &&
                       plan.bucket == definition().bucket;
      if (!shard->planned) {
        shard->outdated = plan;
      }
      const base::Result<void> delivered = Deliver(*shard);
      if (!delivered.has_value() && !IsTransient(delivered.error())) {
        return delivered;
      }
      Note(delivered);
    }
    return {};
  }

  base::Result<void> StepShard(ShardState& shard, bool flush, bool& any) {
    for (;;) {
      if (!shard.bound()) {
        ASSIGN_OR_RETURN(const uint64_t skipped, shard.buffer.Fill(stream_, clock_.WallMillis()));
        NoteSkipped(shard, skipped);
      }
      if (shard.buffer.empty() || !(flush || shard.bound() || IsDue(shard.buffer))) {
        return {};
      }
      RETURN_IF_ERROR(Deliver(shard));
      any = true;
    }
  }

  bool IsDue(const ShardBuffer& buffer) const {
    return buffer.full() ||
           clock_.WallMillis() - buffer.waiting_since() >= definition().buffer_millis;
  }

  // Writes what the buffer holds. After an error it can be called again.
  base::Result<void> Deliver(ShardState& shard) {
    const ObjectRange& range = shard.buffer.range();
    const ObjectPlace place = definition_->PlaceOf(range);
    const std::string& bucket = definition().bucket;
    if (shard.outdated.has_value()) {
      // What it may have written is in nobody's way, and nobody's.
      RETURN_IF_ERROR(RemoveUncommitted(shard.outdated->bucket, shard.outdated->key));
      RETURN_IF_ERROR(RemoveUncommitted(shard.outdated->bucket, shard.outdated->error_key));
    }
    if (!shard.planned) {
      RETURN_IF_ERROR(catalog_.PlanObject(definition().name, {.shard = range.shard,
                                                              .first = range.first,
                                                              .last = range.last,
                                                              .bucket = bucket,
                                                              .key = place.key,
                                                              .error_key = place.error_key}));
      shard.planned = true;
      shard.outdated.reset();
    }
    ASSIGN_OR_RETURN(const EncodedObject encoded, encoder_.Encode(shard.buffer.batches()));
    CHECK(encoded.rows + encoded.failed_rows > 0);
    catalog::DeliveryCommit commit{
        .delivery = definition().name,
        .positions = {{range.shard, model::Sequence{range.last.value + 1}}}};
    if (encoded.rows > 0) {
      RETURN_IF_ERROR(PutPlanned(place.key, encoded.data));
      commit.objects.push_back(Describe(range, place.key, encoded.data, encoded.rows));
      commit.objects.back().partition = place.partition;
    }
    if (encoded.failed_rows > 0) {
      RETURN_IF_ERROR(PutPlanned(place.error_key, encoded.failed));
      commit.objects.push_back(
          Describe(range, place.error_key, encoded.failed, encoded.failed_rows));
      commit.objects.back().failed = true;
    }
    RETURN_IF_ERROR(catalog_.CommitDelivery(commit));
    shard.planned = false;
    NoteDelivered(range, encoded);
    shard.buffer.Clear();
    return {};
  }

  catalog::Object Describe(const ObjectRange& range, const std::string& key, std::string_view data,
                           uint64_t rows) const {
    return catalog::Object{.bucket = definition().bucket,
                           .key = key,
                           .bytes = data.size(),
                           .crc32c = base::Crc32c(data),
                           .rows = rows,
                           .shard = range.shard,
                           .first = range.first,
                           .last = range.last,
                           .oldest_arrival = range.oldest_arrival,
                           .newest_arrival = range.newest_arrival};
  }

  // Puts an object that is planned and not committed. Other bytes under its key come from an
  // attempt by another version of the program or the definition: they are in no commit and give
  // way.
  base::Result<void> PutPlanned(const std::string& key, std::string_view data) {
    const std::string& bucket = definition().bucket;
    base::Result<void> put = store_.Put(bucket, key, data);
    if (put.has_value() || put.error().code != base::Code::kAlreadyExists) {
      return put;
    }
    base::LogEvent(base::LogLevel::kWarning, "delivery.replaced_uncommitted",
                   "an unfinished object of an earlier run had other contents and was replaced",
                   {{"delivery", definition().name}, {"key", key}});
    RETURN_IF_ERROR(store_.Delete(bucket, key));
    return store_.Put(bucket, key, data);
  }

  base::Result<void> RemoveUncommitted(const std::string& bucket, const std::string& key) {
    base::Result<void> removed = store_.Delete(bucket, key);
    if (!removed.has_value() && removed.error().code != base::Code::kNotFound) {
      return removed;
    }
    return {};
  }

  uint64_t PendingRecords() const {
    uint64_t pending = 0;
    const auto& definitions = stream_.definition().shards;
    for (size_t i = 0; i < definitions.size(); ++i) {
      const uint64_t end = stream_.DurableEnd(definitions[i].id).value;
      const uint64_t safe = i < safe_positions_.size() ? safe_positions_[i].value : 0;
      pending += end - std::min(end, safe);
    }
    return pending;
  }

  void NoteDelivered(const ObjectRange& range, const EncodedObject& encoded) {
    const std::lock_guard lock(state_mutex_);
    const uint64_t objects = (encoded.rows > 0 ? 1 : 0) + (encoded.failed_rows > 0 ? 1 : 0);
    const uint64_t bytes = encoded.data.size() + encoded.failed.size();
    status_.records_delivered += encoded.rows;
    status_.records_failed += encoded.failed_rows;
    status_.objects += objects;
    status_.bytes += bytes;
    metrics_.records.Add(static_cast<double>(encoded.rows));
    metrics_.failed_records.Add(static_cast<double>(encoded.failed_rows));
    metrics_.objects.Add(static_cast<double>(objects));
    metrics_.bytes.Add(static_cast<double>(bytes));
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i].buffer.shard() == range.shard) {
        safe_positions_[i] = model::Sequence{range.last.value + 1};
      }
    }
  }

  void NoteSkipped(const ShardState& shard, uint64_t skipped) {
    if (skipped == 0) {
      return;
    }
    metrics_.skipped_records.Add(static_cast<double>(skipped));
    base::LogEvent(
        base::LogLevel::kError, "delivery.skipped_records",
        "retention removed records before they were delivered; give the stream a longer retention",
        {{"delivery", definition().name}, {"shard", shard.buffer.shard()}, {"records", skipped}});
  }

  void Note(const base::Result<void>& result) {
    const std::lock_guard lock(state_mutex_);
    status_.failure = result.has_value() ? "" : result.error().message;
    oldest_pending_.reset();
    for (const ShardState& shard : shards_) {
      if (!shard.buffer.empty()) {
        const model::Rowtime oldest = shard.buffer.range().oldest_arrival;
        oldest_pending_ = std::min(oldest_pending_.value_or(oldest), oldest);
      }
    }
    metrics_.pending_records.Set(static_cast<double>(PendingRecords()));
    if (!result.has_value()) {
      metrics_.errors.Add();
      base::LogEvent(
          base::LogLevel::kWarning, "delivery.failed", result.error().message,
          {{"delivery", definition().name}, {"code", base::CodeName(result.error().code)}});
    }
  }

  void RunUntilStopped() {
    int64_t backoff = kFirstBackoffMillis;
    while (!stopping_) {
      const uint64_t appended = appended_.count();
      const uint64_t stops = stop_.count();
      if (Step(false).has_value()) {
        backoff = kFirstBackoffMillis;
        appended_.Wait(appended, kMaxWaitMillis);
        WaitUnlessStopped(stops, kPauseMillis);
      } else {
        WaitUnlessStopped(stops, backoff);
        backoff = std::min(backoff * 2, kMaxBackoffMillis);
      }
    }
  }

  void WaitUnlessStopped(uint64_t stops, int64_t millis) {
    if (!stopping_) {
      stop_.Wait(stops, millis);
    }
  }

  const std::unique_ptr<CheckedDefinition> definition_;
  ObjectEncoder encoder_;
  log::Stream& stream_;
  lake::ObjectStore& store_;
  catalog::Catalog& catalog_;
  base::Clock& clock_;
  DeliveryMetrics metrics_;

  std::mutex step_mutex_;  // one step at a time; taken before state_mutex_
  std::vector<ShardState> shards_;

  mutable std::mutex state_mutex_;
  DeliveryStatus status_;
  std::vector<model::Sequence> safe_positions_;
  std::optional<model::Rowtime> oldest_pending_;

  log::Notifier appended_;
  log::Notifier stop_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<Delivery>> Delivery::Create(DeliveryDefinition definition,
                                                         log::Log& log, lake::ObjectStore& store,
                                                         catalog::Catalog& catalog,
                                                         base::Clock& clock) {
  ASSIGN_OR_RETURN(CheckedDefinition plain, CheckedDefinition::Check(std::move(definition)));
  // The encoder refers to it, so it must not move.
  auto checked = std::make_unique<CheckedDefinition>(std::move(plain));
  log::Stream* stream = log.Find(checked->definition().source_stream);
  if (stream == nullptr) {
    return base::Fail(base::Code::kNotFound, "delivery '{}': there is no stream named '{}'",
                      checked->definition().name, checked->definition().source_stream);
  }
  ASSIGN_OR_RETURN(ObjectEncoder encoder, ObjectEncoder::Create(*checked));
  auto delivery = std::make_unique<LogDelivery>(std::move(checked), std::move(encoder), *stream,
                                                store, catalog, clock);
  RETURN_IF_ERROR(delivery->Open());
  return std::unique_ptr<Delivery>(std::move(delivery));
}

}  // namespace weir::delivery
