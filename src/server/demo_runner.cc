#include "server/demo_runner.h"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "json/document.h"

namespace weir::server {

namespace {

constexpr auto kPause = std::chrono::milliseconds(50);
constexpr size_t kMaxBatch = 2'000;

void SetNumber(const json::Value& from, std::string_view key, double& into) {
  if (const json::Value* value = from.Find(key)) {
    into = value->AsDouble().value_or(into);
  }
}

void Append(log::Stream& stream, const std::vector<demo::GeneratedRecord>& records) {
  if (records.empty()) {
    return;
  }
  std::vector<log::Entry> entries;
  for (const demo::GeneratedRecord& record : records) {
    entries.push_back({.partition_key = record.partition_key, .data = record.data});
  }
  stream.Append(entries, [](base::Result<std::vector<log::Placement>> done) {
    if (!done.has_value()) {
      base::LogEvent(base::LogLevel::kWarning, "demo.refused", done.error().message);
    }
  });
}

}  // namespace

base::Result<DemoDefinition> ReadDemo(catalog::Catalog& catalog) {
  ASSIGN_OR_RETURN(const std::vector<catalog::Resource> resources,
                   catalog.List("Weir::Demo::Traffic"));
  if (resources.empty()) {
    return base::Fail(base::Code::kNotFound,
                      "--demo: the deployed stack has no resource of type Weir::Demo::Traffic");
  }
  ASSIGN_OR_RETURN(const json::Value value,
                   json::Parse(resources.front().definition, {.max_bytes = 1 << 20}));
  DemoDefinition definition;
  demo::TrafficOptions& options = definition.options;
  ASSIGN_OR_RETURN(definition.click_stream, value.StringAt("ClickStream"));
  ASSIGN_OR_RETURN(definition.order_stream, value.StringAt("OrderStream"));
  SetNumber(value, "ClicksPerSecond", options.clicks_per_second);
  SetNumber(value, "OtherShare", options.other_share);
  SetNumber(value, "DuplicateShare", options.duplicate_share);
  SetNumber(value, "OutOfOrderShare", options.out_of_order_share);
  SetNumber(value, "LateShare", options.late_share);
  if (const json::Value* seed = value.Find("Seed")) {
    options.seed = seed->AsUint().value_or(options.seed);
  }
  if (const json::Value* promotions = value.Find("Promotions")) {
    options.promotions.clear();
    for (const json::Value& item : promotions->Items()) {
      demo::Promotion promotion;
      ASSIGN_OR_RETURN(promotion.id, item.StringAt("Id"));
      SetNumber(item, "Weight", promotion.weight);
      SetNumber(item, "Conversion", promotion.conversion);
      options.promotions.push_back(std::move(promotion));
    }
  }
  RETURN_IF_ERROR(demo::CheckOptions(options));
  return definition;
}

base::Result<std::unique_ptr<DemoRunner>> DemoRunner::Start(DemoDefinition definition,
                                                            log::Log& log, base::Clock& clock) {
  log::Stream* const clicks = log.Find(definition.click_stream);
  log::Stream* const orders = log.Find(definition.order_stream);
  if (clicks == nullptr || orders == nullptr) {
    return base::Fail(base::Code::kNotFound, "--demo: stream '{}' is not open",
                      clicks == nullptr ? definition.click_stream : definition.order_stream);
  }
  // Each start is another stretch of traffic: other users, other order ids.
  const int64_t now = clock.WallMillis();
  definition.options.start_millis = now;
  definition.options.seed ^= static_cast<uint64_t>(now);
  definition.options.order_id_prefix = fmt::format("o{}-", now / 1000);
  std::unique_ptr<DemoRunner> runner(
      new DemoRunner(demo::Traffic(std::move(definition.options)), *clicks, *orders, clock));
  runner->thread_ =
      std::jthread([self = runner.get()](const std::stop_token& stop) { self->Run(stop); });
  return runner;
}

DemoRunner::DemoRunner(demo::Traffic traffic, log::Stream& clicks, log::Stream& orders,
                       base::Clock& clock)
    : traffic_(std::move(traffic)), clicks_(clicks), orders_(orders), clock_(clock) {}

void DemoRunner::Run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  demo::GeneratedRecord next = traffic_.Next();
  while (!stop.stop_requested()) {
    std::vector<demo::GeneratedRecord> clicks;
    std::vector<demo::GeneratedRecord> orders;
    while (next.at_millis <= clock_.WallMillis() && clicks.size() + orders.size() < kMaxBatch) {
      auto& batch = next.kind == demo::RecordKind::kClick ? clicks : orders;
      batch.push_back(std::exchange(next, traffic_.Next()));
    }
    Append(clicks_, clicks);
    Append(orders_, orders);
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kPause, [] { return false; });
  }
}

}  // namespace weir::server
