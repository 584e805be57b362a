#include "ingest/intake.h"

#include <algorithm>

#include "ingest/shard_limits.h"

namespace weir::ingest {
namespace {

using Refused = std::vector<std::pair<size_t, base::Error>>;

// Of the entries, those that are not in `refused`.
std::vector<log::Entry> Others(std::span<const log::Entry> entries, const Refused& refused) {
  std::vector<log::Entry> others;
  others.reserve(entries.size() - refused.size());
  auto next = refused.begin();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (next != refused.end() && next->first == i) {
      ++next;
    } else {
      others.push_back(entries[i]);
    }
  }
  return others;
}

// Puts what became of the others back to their places among all `count` entries.
IntakeOutcome Merge(log::AppendOutcome appended, Refused refused, size_t count) {
  IntakeOutcome outcome;
  outcome.placements.resize(count);
  outcome.refused.reserve(refused.size() + appended.refused.size());
  auto early = refused.begin();
  auto late = appended.refused.begin();
  for (size_t i = 0, other = 0; i < count; ++i) {
    if (early != refused.end() && early->first == i) {
      outcome.refused.push_back(std::move(*early++));
      continue;
    }
    if (late != appended.refused.end() && late->first == other) {
      outcome.refused.emplace_back(i, std::move(late->second));
      ++late;
    } else {
      outcome.placements[i] = appended.placements[other];
    }
    ++other;
  }
  return outcome;
}

class LogIntake : public Intake {
 public:
  LogIntake(const IntakeOptions& options, base::Clock& clock, base::Metrics& metrics)
      : limits_(options, clock),
        throttled_(
            metrics.GetCounter("weir_ingest_throttled_records_total",
                               "Records over the throughput limit of their shard; refused.")) {}

  void Append(log::Stream& stream, std::span<const log::Entry> entries, IntakeDone done) override {
    if (limits_.active()) {
      if (Refused refused = limits_.Take(stream, entries); !refused.empty()) {
        throttled_.Add(static_cast<double>(refused.size()));
        return AppendOthers(stream, entries, std::move(refused), std::move(done));
      }
    }
    stream.AppendEach(entries, [done = std::move(done)](log::AppendOutcome outcome) mutable {
      done({.placements = std::move(outcome.placements), .refused = std::move(outcome.refused)});
    });
  }

 private:
  static void AppendOthers(log::Stream& stream, std::span<const log::Entry> entries,
                           Refused refused, IntakeDone done) {
    const size_t count = entries.size();
    if (refused.size() == count) {
      return done(
          {.placements = std::vector<log::Placement>(count), .refused = std::move(refused)});
    }
    const std::vector<log::Entry> others = Others(entries, refused);
    stream.AppendEach(others, [refused = std::move(refused), count,
                               done = std::move(done)](log::AppendOutcome outcome) mutable {
      done(Merge(std::move(outcome), std::move(refused), count));
    });
  }

  ShardLimits limits_;
  base::Counter& throttled_;
};

}  // namespace

bool IntakeOutcome::NothingStored() const {
  return refused.size() == placements.size() && std::ranges::all_of(refused, [](const auto& entry) {
           const base::Code code = entry.second.code;
           return code == base::Code::kUnavailable || code == base::Code::kLimitExceeded ||
                  code == base::Code::kDiskFull || code == base::Code::kInvalidArgument;
         });
}

std::unique_ptr<Intake> Intake::Create(IntakeOptions options, log::Log& /*log*/, base::Clock& clock,
                                       base::Metrics& metrics) {
  return std::make_unique<LogIntake>(options, clock, metrics);
}

}  // namespace weir::ingest
