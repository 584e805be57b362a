#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/log.h"
#include "stream/engine/computation.h"
#include "stream/sink/output_sink.h"

namespace weir::stream {

// Publishes an application's open windows to the log's live tables: for each output but
// error_stream, the rows that would follow if the windows closed now, tagged with the sequence that
// they continue from. A snapshot is rendered between two rounds and published once every row before
// it is durable. Not thread-safe.
class LivePublisher {
 public:
  // interval_millis 0: never publishes.
  LivePublisher(log::LiveTables& tables, int64_t interval_millis)
      : tables_(tables), interval_millis_(interval_millis) {}

  // Something changed since the last snapshot.
  void MarkChanged() { changed_ = true; }

  // Publishes what is due. `now_nanos` is read before and after rendering from `clock`.
  void Tick(const ApplicationDefinition& definition, Computation& computation,
            const std::vector<OutputSink>& sinks, base::Clock& clock);

  // Milliseconds until Tick has something to do; nothing when it has not.
  std::optional<int64_t> DueInMillis(int64_t now_nanos) const;

  // The application has stopped.
  void Withdraw(const ApplicationDefinition& definition);

 private:
  struct Rendered {
    std::string stream;
    size_t sink = 0;
    uint64_t ordinal = 0;
    log::LiveSnapshot snapshot;
  };

  void Render(const ApplicationDefinition& definition, Computation& computation,
              const std::vector<OutputSink>& sinks);
  void PublishAcknowledged(const std::vector<OutputSink>& sinks);

  log::LiveTables& tables_;
  int64_t interval_millis_;
  bool changed_ = true;
  int64_t not_before_nanos_ = 0;
  std::vector<Rendered> waiting_;
};

}  // namespace weir::stream
