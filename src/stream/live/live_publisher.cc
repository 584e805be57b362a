#include "stream/live/live_publisher.h"

#include <algorithm>
#include <utility>

#include "stream/engine/error_stream.h"

namespace weir::stream {

namespace {

// Rendering many open windows may take a tenth of the time at most.
constexpr int64_t kRestPerWork = 10;
constexpr int64_t kNanosPerMilli = 1'000'000;

}  // namespace

void LivePublisher::Tick(const ApplicationDefinition& definition, Computation& computation,
                         const std::vector<OutputSink>& sinks, base::Clock& clock) {
  if (interval_millis_ <= 0) {
    return;
  }
  PublishAcknowledged(sinks);
  const int64_t begin = clock.MonotonicNanos();
  if (!changed_ || !waiting_.empty() || begin < not_before_nanos_) {
    return;
  }
  Render(definition, computation, sinks);
  changed_ = false;
  const int64_t end = clock.MonotonicNanos();
  not_before_nanos_ =
      end + std::max(interval_millis_ * kNanosPerMilli, (end - begin) * kRestPerWork);
  PublishAcknowledged(sinks);
}

void LivePublisher::Render(const ApplicationDefinition& definition, Computation& computation,
                           const std::vector<OutputSink>& sinks) {
  const std::vector<model::ColumnBatch> provisional = computation.pipeline().Provisional();
  for (size_t i = 0; i < provisional.size(); ++i) {
    if (definition.outputs[i].in_application_stream == kErrorStream) {
      continue;
    }
    Rendered rendered{.stream = definition.outputs[i].destination,
                      .sink = i,
                      .ordinal = sinks[i].next_ordinal(),
                      .snapshot = {}};
    rendered.snapshot.as_of = model::Rowtime{computation.last_arrival()};
    rendered.snapshot.rows.resize(provisional[i].size());
    for (size_t row = 0; row < provisional[i].size(); ++row) {
      sinks[i].Encode(provisional[i], row, rendered.snapshot.rows[row]);
    }
    waiting_.push_back(std::move(rendered));
  }
}

void LivePublisher::PublishAcknowledged(const std::vector<OutputSink>& sinks) {
  std::erase_if(waiting_, [&](Rendered& rendered) {
    const OutputSink& sink = sinks[rendered.sink];
    if (sink.AcknowledgedOrdinal() < rendered.ordinal) {
      return false;
    }
    if (const std::optional<model::Sequence> sequence = sink.SequenceAt(rendered.ordinal)) {
      rendered.snapshot.continues_from = *sequence;
      tables_.Publish(rendered.stream, std::move(rendered.snapshot));
    } else {
      // The stream is ahead: rows of an earlier run are being computed again. The next snapshot may
      // fit.
      changed_ = true;
    }
    return true;
  });
}

std::optional<int64_t> LivePublisher::DueInMillis(int64_t now_nanos) const {
  if (interval_millis_ <= 0 || !changed_ || !waiting_.empty()) {
    return std::nullopt;
  }
  return std::max<int64_t>(0, (not_before_nanos_ - now_nanos) / kNanosPerMilli + 1);
}

void LivePublisher::Withdraw(const ApplicationDefinition& definition) {
  for (const OutputDefinition& output : definition.outputs) {
    tables_.Withdraw(output.destination);
  }
}

}  // namespace weir::stream
