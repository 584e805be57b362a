#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::base {

using Labels = std::map<std::string, std::string>;

/// Only grows. Thread-safe.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double amount = 1) = 0;
  virtual double Value() const = 0;
};

/// Goes up and down. Thread-safe.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual double Value() const = 0;
};

/// Distribution over buckets. Thread-safe.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

/// Named figures of this process, in Prometheus' naming rules (prefix "weir_", one base unit). The
/// same name and labels give the same object, which lives as long as the registry. Label values
/// must come from a bounded set: never users, promotions or event ids. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Counter& GetCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  /// Buckets in seconds from 100 µs to 30 s unless given.
  Histogram& GetHistogram(std::string_view name, std::string_view help, const Labels& labels = {},
                          const std::vector<double>& buckets = {});
  /// The Prometheus text exposition (format 0.0.4).
  std::string Expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The process's registry.
Metrics& ProcessMetrics();

}  // namespace weir::base
