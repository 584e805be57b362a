#include "ingest/kinesis/subscriptions.h"

#include <algorithm>
#include <utility>

#include "ingest/kinesis/arn.h"
#include "ingest/kinesis/consumers.h"
#include "ingest/kinesis/event_stream.h"
#include "ingest/kinesis/get_records.h"
#include "ingest/kinesis/request.h"
#include "ingest/kinesis/shard_text.h"

namespace weir::ingest::kinesis {
namespace {

using aws::ApiError;
using aws::MakeError;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kLifeNanos = 300 * kNanosPerSecond;
constexpr int64_t kQuietNanos = 5 * kNanosPerSecond;    // An event comes at least this often.
constexpr int64_t kAskNanos = kNanosPerSecond;          // Whether it may go on.
constexpr int64_t kReplaceNanos = 5 * kNanosPerSecond;  // No sooner may another one take over.
constexpr int64_t kIdleMillis = 500;
constexpr int64_t kBlockedMillis = 10;
constexpr size_t kEventBytes = 1 << 20;
constexpr size_t kEventRecords = 10'000;
constexpr size_t kMaxQueuedBytes = 3 << 20;  // Then its client is waited for.

}  // namespace

struct Subscriptions::Subscription {
  std::string key;
  aws::Encoding encoding = aws::Encoding::kJson;
  auth::Identity identity;  // Who asked for it.
  registry::Consumer consumer;
  log::Stream* stream = nullptr;  // Valid as long as the log, also when it is deleted.
  uint32_t shard = 0;
  model::Sequence next;
  int64_t ends_nanos = 0;
  int64_t sent_nanos = 0;
  int64_t asked_nanos = 0;
  bool blocked = false;  // The client has much to read yet.
  bool more = false;     // There are records to send at once.
  std::shared_ptr<Slot> slot;
  std::shared_ptr<net::ResponseStream> out;
};

Subscriptions::Subscriptions(const Parts& parts) : parts_(parts), thread_([this] { Run(); }) {}

Subscriptions::~Subscriptions() {
  stopping_ = true;
  notifier_.Notify();
  thread_.join();
}

void Subscriptions::Start(const aws::Call& call, net::Responder& responder) {
  auto subscription = Prepare(call);
  if (subscription) {
    auto slot = Reserve((*subscription)->key);
    if (slot) {
      (*subscription)->slot = *std::move(slot);
    } else {
      subscription = std::unexpected(std::move(slot.error()));
    }
  }
  if (!subscription) {
    return responder.Send(
        aws::MakeResponse(call.encoding, subscription.error(), call.http.request_id));
  }
  net::Response head = aws::MakeResponse(
      call.encoding, 200, EncodeMessage("event", "initial-response", aws::Encoding::kJson, "{}"),
      call.http.request_id);
  head.content_type = kEventStreamType;
  (*subscription)->out = responder.Stream(std::move(head));
  {
    const std::lock_guard lock(mutex_);
    arriving_.push_back(*std::move(subscription));
  }
  notifier_.Notify();
}

std::expected<std::unique_ptr<Subscriptions::Subscription>, ApiError> Subscriptions::Prepare(
    const aws::Call& call) {
  const auto found = FindConsumer(parts_, call, auth::Action::kReadRecords);
  if (!found) {
    return std::unexpected(found.error());
  }
  const std::string& name = found->consumer.stream;
  const std::string_view shard_id = TextOf(call.request, "ShardId").value_or("");
  log::Stream* const stream = parts_.log.Find(name);
  if (stream == nullptr) {
    return std::unexpected(ShardNotFound(shard_id, name));
  }
  const auto shard = FindShard(stream->definition(), shard_id);
  if (!shard) {
    return std::unexpected(shard.error());
  }
  const json::Value* const start = call.request.Find("StartingPosition");
  const auto position = FindPosition(parts_, *stream, **shard,
                                     {.type = TextOf(*start, "Type").value_or(""),
                                      .sequence_number = TextOf(*start, "SequenceNumber"),
                                      .timestamp = TimeOf(*start, "Timestamp")});
  if (!position) {
    return std::unexpected(position.error());
  }
  auto subscription = std::make_unique<Subscription>();
  subscription->key = fmt::format("{}/{}/{}", name, found->consumer.name, (*shard)->id);
  subscription->encoding = call.encoding;
  subscription->identity = call.identity;
  subscription->consumer = found->consumer;
  subscription->stream = stream;
  subscription->shard = (*shard)->id;
  subscription->next = *position;
  subscription->ends_nanos = parts_.clock.MonotonicNanos() + kLifeNanos;
  // The first event comes at once.
  subscription->sent_nanos = parts_.clock.MonotonicNanos() - kQuietNanos;
  return subscription;
}

std::expected<std::shared_ptr<Subscriptions::Slot>, ApiError> Subscriptions::Reserve(
    const std::string& key) {
  const int64_t now = parts_.clock.MonotonicNanos();
  const std::lock_guard lock(mutex_);
  std::erase_if(slots_, [](const auto& slot) { return slot.second->over.load(); });
  if (const auto found = slots_.find(key); found != slots_.end()) {
    if (now - found->second->started_nanos < kReplaceNanos) {
      return std::unexpected(MakeError("ResourceInUseException",
                                       "Another active subscription exists for this consumer: {}",
                                       key));
    }
    found->second->replaced = true;
  } else if (slots_.size() >= kMaxSubscriptions) {
    return std::unexpected(MakeError("LimitExceededException",
                                     "There are {} active subscriptions, which is the most.",
                                     kMaxSubscriptions));
  }
  auto slot = std::make_shared<Slot>();
  slot->started_nanos = now;
  slots_[key] = slot;
  return slot;
}

void Subscriptions::Run() {
  std::vector<std::unique_ptr<Subscription>> active;
  std::map<log::Stream*, size_t> watched;  // How many subscriptions each stream has.
  while (!stopping_) {
    const uint64_t seen = notifier_.count();
    for (std::unique_ptr<Subscription>& arrived : TakeArriving()) {
      if (++watched[arrived->stream] == 1) {
        arrived->stream->Watch(&notifier_);
      }
      active.push_back(std::move(arrived));
    }
    std::erase_if(active, [&](const std::unique_ptr<Subscription>& subscription) {
      if (Step(*subscription)) {
        return false;
      }
      subscription->slot->over = true;
      if (--watched[subscription->stream] == 0) {
        watched.erase(subscription->stream);
        subscription->stream->Unwatch(&notifier_);
      }
      return true;
    });
    if (std::ranges::any_of(active, [](const auto& one) { return one->more && !one->blocked; })) {
      continue;
    }
    const bool blocked = std::ranges::any_of(active, [](const auto& one) { return one->blocked; });
    notifier_.Wait(seen, blocked ? kBlockedMillis : kIdleMillis);
  }
  for (const auto& [stream, count] : watched) {
    stream->Unwatch(&notifier_);
  }
}

std::vector<std::unique_ptr<Subscriptions::Subscription>> Subscriptions::TakeArriving() {
  const std::lock_guard lock(mutex_);
  return std::exchange(arriving_, {});
}

bool Subscriptions::Step(Subscription& subscription) {
  if (!subscription.out->open()) {
    return false;
  }
  const int64_t now = parts_.clock.MonotonicNanos();
  if (subscription.slot->replaced) {
    return Fail(subscription,
                {"ResourceInUseException", "A newer call has taken over this subscription."});
  }
  if (now >= subscription.ends_nanos) {
    subscription.out->End();
    return false;
  }
  // However busy the shard or slow the client is.
  if (now - subscription.asked_nanos >= kAskNanos) {
    subscription.asked_nanos = now;
    if (const auto ended = WhyEnded(subscription)) {
      return Fail(subscription, *ended);
    }
  }
  subscription.blocked = subscription.out->queued() > kMaxQueuedBytes;
  if (subscription.blocked) {
    return true;
  }
  const bool quiet = now - subscription.sent_nanos >= kQuietNanos;
  const log::StreamDefinition& definition = subscription.stream->definition();
  const auto shard =
      std::ranges::find(definition.shards, subscription.shard, &log::ShardDefinition::id);
  if (shard == definition.shards.end()) {
    return Fail(subscription,
                ShardNotFound(model::FormatShardId(subscription.shard), definition.name));
  }
  subscription.more = subscription.next < subscription.stream->DurableEnd(subscription.shard);
  if (!subscription.more && !quiet && !shard->closed) {
    return true;
  }
  return SendRecords(subscription, quiet);
}

bool Subscriptions::SendRecords(Subscription& subscription, bool even_none) {
  const auto records = ReadShard(parts_, *subscription.stream, subscription.shard,
                                 subscription.next, kEventRecords, kEventBytes);
  if (!records) {
    return Fail(subscription, records.error().status >= 500
                                  ? ApiError{"InternalFailureException", records.error().message}
                                  : records.error());
  }
  if (records->read.batch.records.empty() && !records->read.ended && !even_none) {
    return true;
  }
  // After the read: a shard that has ended has its children in it.
  const log::StreamDefinition& definition = subscription.stream->definition();
  const auto shard =
      std::ranges::find(definition.shards, subscription.shard, &log::ShardDefinition::id);
  if (shard == definition.shards.end()) {
    return Fail(subscription,
                ShardNotFound(model::FormatShardId(subscription.shard), definition.name));
  }
  const auto writer = aws::Writer::Create(subscription.encoding);
  writer->BeginMap();
  writer->Key("Records");
  WriteRecords(definition, subscription.shard, records->read.batch, *writer);
  if (records->read.ended) {
    writer->Key("ChildShards");
    WriteChildShards(definition, subscription.shard, *writer);
  } else {
    writer->Key("ContinuationSequenceNumber");
    writer->Text(NumberBefore(definition, *shard, records->read.next));
  }
  writer->Key("MillisBehindLatest");
  writer->Integer(records->millis_behind);
  writer->EndMap();
  subscription.next = records->read.next;
  subscription.sent_nanos = parts_.clock.MonotonicNanos();
  const bool sent = subscription.out->Send(
      EncodeMessage("event", "SubscribeToShardEvent", subscription.encoding, writer->Take()));
  if (sent && records->read.ended) {
    subscription.out->End();
  }
  return sent && !records->read.ended;
}

bool Subscriptions::Fail(Subscription& subscription, const ApiError& error) {
  const auto writer = aws::Writer::Create(subscription.encoding);
  writer->BeginMap();
  writer->Key("message");
  writer->Text(error.message);
  writer->EndMap();
  if (subscription.out->Send(
          EncodeMessage("exception", error.type, subscription.encoding, writer->Take()))) {
    subscription.out->End();
  }
  return false;
}

std::optional<ApiError> Subscriptions::WhyEnded(const Subscription& subscription) const {
  const registry::Consumer& consumer = subscription.consumer;
  if (!parts_.gate.StillMay(subscription.identity, auth::Action::kReadRecords, consumer.stream)) {
    return ApiError{"AccessDeniedException",
                    fmt::format("The key {} may not read records of stream {} any longer.",
                                subscription.identity.key_id, consumer.stream)};
  }
  bool gone = parts_.log.Find(consumer.stream) != subscription.stream;
  if (const auto consumers = parts_.registry.Consumers(consumer.stream); !gone && consumers) {
    gone = std::ranges::none_of(*consumers, [&](const registry::Consumer& other) {
      return other.name == consumer.name && other.created == consumer.created;
    });
  }
  if (!gone) {
    return std::nullopt;
  }
  return ApiError{"ResourceNotFoundException",
                  fmt::format("Consumer {} of stream {} is gone.", consumer.name, consumer.stream)};
}

}  // namespace weir::ingest::kinesis
