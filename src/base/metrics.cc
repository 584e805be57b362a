#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <sstream>

#include "base/check.h"

namespace weir::base {
namespace {

const std::vector<double>& DefaultBuckets() {
  static const std::vector<double> kBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                               0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                               1.0,    2.5,     5.0,    10.0,  30.0};
  return kBuckets;
}

class PrometheusCounter : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}

  void Add(double amount) override {
    CHECK(amount >= 0);
    counter_.Increment(amount);
  }

  double Value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}

  void Set(double value) override { gauge_.Set(value); }

  double Value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}

  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

/// Objects by name and labels.
template <typename T>
using ByIdentity = std::map<std::pair<std::string, Labels>, std::unique_ptr<T>>;

}  // namespace

struct Metrics::State {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::mutex mutex;
  ByIdentity<Counter> counters;
  ByIdentity<Gauge> gauges;
  ByIdentity<Histogram> histograms;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}

Metrics::~Metrics() = default;

Counter& Metrics::GetCounter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  std::unique_ptr<Counter>& slot = state_->counters[{std::string(name), labels}];
  if (slot == nullptr) {
    auto& family = prometheus::BuildCounter()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(state_->registry);
    slot = std::make_unique<PrometheusCounter>(family.Add(labels));
  }
  return *slot;
}

Gauge& Metrics::GetGauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  std::unique_ptr<Gauge>& slot = state_->gauges[{std::string(name), labels}];
  if (slot == nullptr) {
    auto& family = prometheus::BuildGauge()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(state_->registry);
    slot = std::make_unique<PrometheusGauge>(family.Add(labels));
  }
  return *slot;
}

Histogram& Metrics::GetHistogram(std::string_view name, std::string_view help, const Labels& labels,
                                 const std::vector<double>& buckets) {
  const std::lock_guard lock(state_->mutex);
  std::unique_ptr<Histogram>& slot = state_->histograms[{std::string(name), labels}];
  if (slot == nullptr) {
    auto& family = prometheus::BuildHistogram()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(state_->registry);
    slot = std::make_unique<PrometheusHistogram>(
        family.Add(labels, buckets.empty() ? DefaultBuckets() : buckets));
  }
  return *slot;
}

std::string Metrics::Expose() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

Metrics& ProcessMetrics() {
  static auto* metrics =
      new Metrics;  // Never destroyed: threads may count while the process exits.
  return *metrics;
}

}  // namespace weir::base
