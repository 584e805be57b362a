#include "stream/application.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/logging.h"
#include "stream/checkpoint/checkpoint.h"
#include "stream/engine/computation.h"
#include "stream/running_application.h"

namespace weir::stream {

namespace {

struct Streams {
  log::Stream* input = nullptr;
  std::vector<log::Stream*> outputs;
};

base::Result<Streams> FindStreams(const ApplicationDefinition& definition, const log::Log& log) {
  Streams streams;
  streams.input = log.Find(definition.input.stream);
  if (streams.input == nullptr) {
    return base::Fail(base::Code::kNotFound,
                      "application '{}' reads stream '{}', which does not exist", definition.name,
                      definition.input.stream);
  }
  std::set<std::string> destinations;
  for (const OutputDefinition& output : definition.outputs) {
    log::Stream* stream = log.Find(output.destination);
    if (stream == nullptr) {
      return base::Fail(base::Code::kNotFound,
                        "application '{}' writes stream '{}', which does not exist",
                        definition.name, output.destination);
    }
    if (!destinations.insert(output.destination).second ||
        output.destination == definition.input.stream) {
      return base::Fail(base::Code::kInvalidArgument,
                        "application '{}' uses stream '{}' twice; its input and each of its "
                        "outputs need an own stream",
                        definition.name, output.destination);
    }
    if (ProducerOf(definition, output).size() > log::kMaxPartitionKey) {
      return base::Fail(
          base::Code::kInvalidArgument,
          "the names of application '{}' and its stream '{}' are longer than {} bytes together",
          definition.name, output.in_application_stream, log::kMaxPartitionKey - 1);
    }
    streams.outputs.push_back(stream);
  }
  return streams;
}

Positions TrimHorizons(const log::Stream& input) {
  Positions positions;
  for (const log::ShardDefinition& shard : input.definition().shards) {
    positions[shard.id] = input.TrimHorizon(shard.id);
  }
  return positions;
}

std::vector<uint64_t> StoredOrdinals(const ApplicationDefinition& definition,
                                     const Streams& streams) {
  std::vector<uint64_t> ordinals;
  for (size_t i = 0; i < streams.outputs.size(); ++i) {
    ordinals.push_back(
        streams.outputs[i]->NextOrdinal(ProducerOf(definition, definition.outputs[i])));
  }
  return ordinals;
}

// No checkpoint: everything is computed from the oldest record on. Rows that an earlier run stored
// are then computed again, which is only possible when no input has been removed since.
base::Result<StartingPoint> FirstStart(const ApplicationDefinition& definition,
                                       const Streams& streams) {
  StartingPoint start;
  start.checkpoint.input = TrimHorizons(*streams.input);
  start.checkpoint.origin = start.checkpoint.input;
  start.safe = start.checkpoint.input;
  const std::vector<uint64_t> stored = StoredOrdinals(definition, streams);
  for (size_t i = 0; i < stored.size(); ++i) {
    start.checkpoint.outputs.push_back(
        {.in_application_stream = definition.outputs[i].in_application_stream});
    for (const auto& [shard, horizon] : start.checkpoint.input) {
      if (stored[i] != 0 && horizon.value != 0) {
        return base::Fail(base::Code::kDataLoss,
                          "application '{}' has no checkpoint, but '{}' holds {} of its rows and "
                          "{} of the input before "
                          "{} is gone; restore its checkpoint folder, or delete '{}'",
                          definition.name, definition.outputs[i].destination, stored[i],
                          model::FormatShardId(shard), horizon.value,
                          definition.outputs[i].destination);
      }
    }
  }
  return start;
}

// After a crash the rows behind the checkpoint were written by the old definition. Going on from
// the checkpoint with another one would count their input twice.
base::Result<void> CheckCleanStop(const ApplicationDefinition& definition,
                                  const std::vector<uint64_t>& stored,
                                  const Checkpoint& checkpoint) {
  for (size_t i = 0; i < stored.size(); ++i) {
    const OutputDefinition& output = definition.outputs[i];
    const auto counted = std::ranges::find(checkpoint.outputs, output.in_application_stream,
                                           &Checkpoint::Output::in_application_stream);
    if (counted != checkpoint.outputs.end() && counted->next_ordinal != stored[i]) {
      return base::Fail(base::Code::kFailedPrecondition,
                        "the code of application '{}' has changed, but it was not stopped cleanly: "
                        "'{}' holds {} of its rows and checkpoint {} counts {}; deploy the changed "
                        "code under a new name, or start the former code once more and stop it "
                        "cleanly before changing it",
                        definition.name, output.destination, stored[i], checkpoint.number,
                        counted->next_ordinal);
    }
  }
  return {};
}

// The definition changed: windows are given up, as CREATE OR REPLACE does; position and ordinals go
// on.
base::Result<StartingPoint> ChangedStart(const ApplicationDefinition& definition,
                                         const Streams& streams, Checkpoint checkpoint) {
  const std::vector<uint64_t> stored = StoredOrdinals(definition, streams);
  RETURN_IF_ERROR(CheckCleanStop(definition, stored, checkpoint));
  base::LogEvent(
      base::LogLevel::kWarning, "stream.program_changed",
      "the definition has changed: open windows are given up, reading goes on where it was",
      {{"application", definition.name}, {"checkpoint", checkpoint.number}});
  StartingPoint start;
  checkpoint.outputs.clear();
  for (size_t i = 0; i < stored.size(); ++i) {
    checkpoint.outputs.push_back(
        {.in_application_stream = definition.outputs[i].in_application_stream,
         .next_ordinal = stored[i],
         .first_ordinal = stored[i]});
  }
  checkpoint.origin = checkpoint.input;
  checkpoint.state.clear();
  start.safe = checkpoint.input;
  start.checkpoint = std::move(checkpoint);
  start.write_at_once = true;
  return start;
}

base::Result<StartingPoint> Restore(const ApplicationDefinition& definition, const Streams& streams,
                                    std::vector<Checkpoint> kept) {
  StartingPoint start;
  start.safe = kept.size() > 1 ? kept[1].input : kept[0].origin;
  start.checkpoint = std::move(kept[0]);
  start.restore_state = true;
  const std::vector<uint64_t> stored = StoredOrdinals(definition, streams);
  for (size_t i = 0; i < stored.size(); ++i) {
    if (stored[i] < start.checkpoint.outputs[i].next_ordinal) {
      return base::Fail(base::Code::kDataLoss,
                        "checkpoint {} of application '{}' counts {} rows of '{}', but the stream "
                        "holds {}: rows are lost",
                        start.checkpoint.number, definition.name,
                        start.checkpoint.outputs[i].next_ordinal, definition.outputs[i].destination,
                        stored[i]);
    }
  }
  for (const log::ShardDefinition& shard : streams.input->definition().shards) {
    // Shards that were added since are needed from their first record on.
    const auto found = start.checkpoint.input.find(shard.id);
    const model::Sequence needed =
        found == start.checkpoint.input.end() ? model::Sequence{0} : found->second;
    if (needed < streams.input->TrimHorizon(shard.id)) {
      return base::Fail(
          base::Code::kDataLoss,
          "checkpoint {} of application '{}' needs {} from {} on, but the stream begins at {}",
          start.checkpoint.number, definition.name, model::FormatShardId(shard.id), needed.value,
          streams.input->TrimHorizon(shard.id).value);
    }
  }
  return start;
}

base::Result<StartingPoint> FindStart(const ApplicationDefinition& definition,
                                      const std::string& fingerprint, const Streams& streams,
                                      CheckpointStore& store) {
  ASSIGN_OR_RETURN(std::vector<Checkpoint> kept, store.Load());
  if (kept.empty()) {
    return FirstStart(definition, streams);
  }
  if (kept[0].application != definition.name) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "the checkpoints of '{}' were given to application '{}'", kept[0].application,
                      definition.name);
  }
  if (kept[0].fingerprint != fingerprint) {
    return ChangedStart(definition, streams, std::move(kept[0]));
  }
  return Restore(definition, streams, std::move(kept));
}

}  // namespace

base::Result<std::unique_ptr<Application>> Application::Create(ApplicationDefinition definition,
                                                               ApplicationOptions options,
                                                               log::Log& log,
                                                               base::FileSystem& files,
                                                               base::Clock& clock) {
  ASSIGN_OR_RETURN(const Streams streams, FindStreams(definition, log));
  // The code is checked before any file is touched.
  ASSIGN_OR_RETURN(const CompiledApplication compiled, CompileApplication(definition));
  ASSIGN_OR_RETURN(CheckpointStore store,
                   CheckpointStore::Open(files, options.checkpoint_directory));
  const std::string fingerprint = Fingerprint(definition, compiled.program);
  ASSIGN_OR_RETURN(StartingPoint start, FindStart(definition, fingerprint, streams, store));
  start.checkpoint.fingerprint = fingerprint;
  const WindowLimits limits{.max_keys = options.max_keys, .max_distinct = options.max_distinct};
  ASSIGN_OR_RETURN(std::unique_ptr<Computation> computation,
                   Computation::Create(definition, *streams.input, start.checkpoint.input, limits));
  auto application = std::make_unique<RunningApplication>(
      std::move(definition), std::move(options), log, *streams.input, clock, std::move(store),
      std::move(start), std::move(computation));
  RETURN_IF_ERROR(application->Begin());
  return application;
}

}  // namespace weir::stream
