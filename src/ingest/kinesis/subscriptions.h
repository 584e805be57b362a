#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"
#include "log/notifier.h"
#include "net/http_server.h"

namespace weir::ingest::kinesis {

// SubscribeToShard: one thread pushes the records of all subscriptions as they come, each for five
// minutes, until its shard ends, or within seconds of when its consumer or its key is gone. A
// client that reads slowly is waited for. Thread-safe.
class Subscriptions {
 public:
  static constexpr size_t kMaxSubscriptions = 1'000;

  explicit Subscriptions(const Parts& parts);
  ~Subscriptions();

  // Answers the call with a stream of events, or with an error. Reads the disk.
  void Start(const aws::Call& call, net::Responder& responder);

 private:
  struct Subscription;

  // What the callers of Start see of a subscription.
  struct Slot {
    std::atomic<bool> over = false;      // Nothing more is sent.
    std::atomic<bool> replaced = false;  // Another one has taken its place.
    int64_t started_nanos = 0;
  };

  std::expected<std::unique_ptr<Subscription>, aws::ApiError> Prepare(const aws::Call& call);
  // Takes the place of an earlier one of the same consumer and shard.
  std::expected<std::shared_ptr<Slot>, aws::ApiError> Reserve(const std::string& key);
  void Run();
  std::vector<std::unique_ptr<Subscription>> TakeArriving();
  // Sends what there is. False when it is over.
  bool Step(Subscription& subscription);
  bool SendRecords(Subscription& subscription, bool even_none);
  bool Fail(Subscription& subscription, const aws::ApiError& error);
  // Of one whose consumer is gone, or whose caller may not read the stream any longer.
  std::optional<aws::ApiError> WhyEnded(const Subscription& subscription) const;

  const Parts parts_;
  log::Notifier notifier_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;   // By consumer and shard.
  std::vector<std::unique_ptr<Subscription>> arriving_;  // Not yet seen by the thread.
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // Last: it uses all the others.
};

}  // namespace weir::ingest::kinesis
