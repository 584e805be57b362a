#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "stream/application.h"
#include "stream/checkpoint/checkpoint.h"
#include "stream/engine/computation.h"
#include "stream/live/live_publisher.h"
#include "stream/sink/output_sink.h"

namespace weir::stream {

// Where an application begins: what its checkpoint says, or the start of its input.
struct StartingPoint {
  stream::Checkpoint checkpoint;  // With the fingerprint of the definition that starts.
  Positions safe;                 // Older of the kept checkpoints, or where the program began.
  bool restore_state = false;
  bool write_at_once =
      false;  // The program changed; the new beginning must be durable before the first row.
};

// An application between Create and its end. One thread computes: the own one after Start, or the
// caller of Step. Status, SafePositions and Stop may be called from any.
class RunningApplication : public Application {
 public:
  RunningApplication(ApplicationDefinition definition, ApplicationOptions options, log::Log& log,
                     log::Stream& input, base::Clock& clock, CheckpointStore store,
                     StartingPoint start, std::unique_ptr<Computation> computation);
  ~RunningApplication() override;

  // Loads the state and writes the first checkpoint, as the starting point says.
  base::Result<void> Begin();

  const ApplicationDefinition& definition() const override { return definition_; }

  void Start() override;
  base::Result<void> Stop(bool abandon) override;
  base::Result<bool> Step() override;
  base::Result<void> Checkpoint() override;
  std::vector<model::Sequence> SafePositions() const override;
  ApplicationStatus Status() const override;

 private:
  struct Figures;

  void Run();
  void WriteOutputs(const Computation::Round& round, int64_t now_nanos);
  void WarnOfRejected(const Computation::Round& round, int64_t now_nanos);
  void RequestBound();
  int64_t BoundRestMillis() const;
  std::optional<int64_t> WantedBound() const;
  bool CheckpointIsDue() const;
  void TryCheckpoint();
  uint64_t Unacknowledged() const;
  bool HasRoom() const;
  void UpdateStatus();
  void Fail(const base::Error& error);
  int64_t WaitMillis() const;
  base::Result<void> CheckSinks(int64_t now_nanos);

  const ApplicationDefinition definition_;
  const ApplicationOptions options_;
  log::Log& log_;
  log::Stream& input_;
  base::Clock& clock_;
  CheckpointStore store_;
  StartingPoint start_;
  std::unique_ptr<Computation> computation_;
  std::shared_ptr<log::Notifier> notifier_;
  std::vector<OutputSink> sinks_;  // In the order of the outputs.
  std::vector<uint64_t> first_ordinals_;
  LivePublisher live_;
  std::unique_ptr<Figures> figures_;

  stream::Checkpoint::Counters counters_;
  Positions origin_;
  bool draining_ =
      false;  // A checkpoint is due and waits for the outputs; nothing new is computed.
  bool changed_since_checkpoint_ = false;
  uint64_t records_since_checkpoint_ = 0;
  int64_t last_checkpoint_nanos_ = 0;
  int64_t last_bound_request_nanos_ = kEarliest;
  int64_t last_warning_nanos_ = kEarliest;
  uint64_t unwarned_ = 0;  // Rejected records and row errors since the last warning.
  std::string unwarned_reason_;

  std::thread thread_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // Guards what follows.
  ApplicationStatus status_;
  Positions safe_;
  Positions latest_;  // Of the newest checkpoint.
};

}  // namespace weir::stream
