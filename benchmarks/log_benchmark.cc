/// The log on real files: appends of 500 click records of 118 bytes, each request answered after
/// its sync, and reading back. Records per CPU-second count the whole process: encoder, committers
/// and kernel. Every run checks its result.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/format.h"
#include "log/log.h"

namespace weir::log {
namespace {

constexpr size_t kRecordsPerRequest = 500;
constexpr size_t kRecordBytes = 118;
constexpr size_t kReadRecords = 2'000'000;

/// A fresh log in a folder of its own (under WEIR_BENCHMARK_DIR, or the temporary folder).
class BenchmarkLog {
 public:
  explicit BenchmarkLog(uint32_t shards) {
    const char* const root = std::getenv("WEIR_BENCHMARK_DIR");
    folder_ = fmt::format("{}/weir_log_benchmark",
                          root != nullptr ? root : std::filesystem::temp_directory_path().string());
    std::filesystem::remove_all(folder_);
    log_ = std::move(*Log::Open(base::SystemFileSystem(), base::SystemClock(), folder_, {}));
    stream_ = *log_->OpenStream({.name = "clicks", .shards = EvenShards(shards)});
    for (size_t i = 0; i < kRecordsPerRequest; ++i) {
      keys_.push_back(fmt::format("user-{:07}", i * 7919));
      data_.push_back(std::string(kRecordBytes, static_cast<char>('a' + i % 26)));
    }
    for (size_t i = 0; i < kRecordsPerRequest; ++i) {
      entries_.push_back({.partition_key = keys_[i], .data = data_[i]});
    }
  }

  ~BenchmarkLog() {
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  Stream& stream() { return *stream_; }

  /// Ends the log and opens it again.
  void Reopen() {
    log_.reset();
    log_ = std::move(*Log::Open(base::SystemFileSystem(), base::SystemClock(), folder_, {}));
    stream_ = *log_->OpenStream({.name = "clicks", .shards = EvenShards(1)});
  }

  /// Starts one request; the future is ready when it is durable.
  std::future<bool> Send() {
    std::promise<bool> durable;
    std::future<bool> result = durable.get_future();
    stream_->Append(entries_, [promise = std::move(durable)](const auto& placed) mutable {
      promise.set_value(placed.has_value());
    });
    return result;
  }

  /// Keeps `in_flight` requests under way until `requests` are durable.
  bool SendAll(size_t requests, size_t in_flight) {
    std::vector<std::future<bool>> waiting(in_flight);
    bool good = true;
    for (size_t i = 0; i < requests + in_flight; ++i) {
      std::future<bool>& slot = waiting[i % in_flight];
      if (slot.valid()) {
        good = slot.get() && good;
      }
      if (i < requests) {
        slot = Send();
      }
    }
    return good;
  }

 private:
  std::string folder_;
  std::unique_ptr<Log> log_;
  Stream* stream_ = nullptr;
  std::vector<std::string> keys_;
  std::vector<std::string> data_;
  std::vector<Entry> entries_;
};

void Report(benchmark::State& state, uint64_t records, int64_t cpu_nanos) {
  state.SetItemsProcessed(static_cast<int64_t>(records));
  state.counters["records/cpu-s"] =
      static_cast<double>(records) / (static_cast<double>(cpu_nanos) / 1e9);
}

/// range(0) shards, range(1) requests under way.
void AppendSynced(benchmark::State& state) {
  BenchmarkLog log(static_cast<uint32_t>(state.range(0)));
  const auto in_flight = static_cast<size_t>(state.range(1));
  constexpr size_t kRequests = 1000;
  uint64_t records = 0;
  const int64_t begun = base::SystemClock().CpuNanos();
  for (auto _ : state) {
    if (!log.SendAll(kRequests, in_flight)) {
      state.SkipWithError("an append failed");
      break;
    }
    records += kRequests * kRecordsPerRequest;
  }
  Report(state, records, base::SystemClock().CpuNanos() - begun);
  uint64_t stored = 0;
  for (uint32_t shard = 0; shard < static_cast<uint32_t>(state.range(0)); ++shard) {
    stored += log.stream().DurableEnd(shard).value;
  }
  if (stored != records) {
    state.SkipWithError("records are missing");
  }
}

BENCHMARK(AppendSynced)
    ->Args({1, 1})
    ->Args({1, 16})
    ->Args({4, 16})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Reads the whole stream, as an application does when it catches up.
void ReadBack(benchmark::State& state) {
  BenchmarkLog log(1);
  if (!log.SendAll(kReadRecords / kRecordsPerRequest, 16)) {
    state.SkipWithError("an append failed");
  }
  uint64_t records = 0;
  const int64_t begun = base::SystemClock().CpuNanos();
  for (auto _ : state) {
    uint64_t bytes = 0;
    for (model::Sequence from; from.value < kReadRecords;) {
      const auto read = log.stream().Read(0, from, 10'000, 1 << 20);
      if (!read.has_value()) {
        state.SkipWithError("a read failed");
        return;
      }
      for (const model::Record& record : read->batch.records) {
        bytes += record.data.size();
      }
      from = read->next;
    }
    if (bytes != kReadRecords * kRecordBytes) {
      state.SkipWithError("bytes are missing");
    }
    records += kReadRecords;
  }
  Report(state, records, base::SystemClock().CpuNanos() - begun);
}

BENCHMARK(ReadBack)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Opens a stream of range(0) million records.
void OpenAgain(benchmark::State& state) {
  BenchmarkLog log(1);
  const auto records = static_cast<uint64_t>(state.range(0)) * 1'000'000;
  if (!log.SendAll(records / kRecordsPerRequest, 16)) {
    state.SkipWithError("an append failed");
  }
  for (auto _ : state) {
    log.Reopen();
    if (log.stream().DurableEnd(0).value != records) {
      state.SkipWithError("records are missing");
    }
  }
}

BENCHMARK(OpenAgain)->Arg(10)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::log
