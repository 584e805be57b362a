#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "net/blocking_pool.h"
#include "net/http_server.h"
#include "net/target.h"

namespace weir::net {

// Counts the requests of one route. Thread-safe.
class RouteMetrics {
 public:
  // `metrics` may be null: then nothing is counted.
  RouteMetrics(base::Metrics* metrics, std::string_view route);

  void Observe(int status, double seconds);

 private:
  static constexpr int kFirstStatus = 100;
  static constexpr int kStatuses = 500;

  base::Metrics* metrics_;
  std::string route_;
  base::Histogram* duration_ = nullptr;
  std::array<std::atomic<base::Counter*>, kStatuses> by_status_{};
};

// One method of one pattern.
struct RouteEntry {
  std::string method;
  std::optional<size_t> max_body_bytes = {};
  bool for_pages = false;        // Judges by itself what pages of other sites send.
  BlockingPool* pool = nullptr;  // Whose threads run the handler; null: the server's own.
  Handler handler = {};
  EventHandler event_handler = {};  // Instead of the other one.
  std::unique_ptr<RouteMetrics> metrics = {};
};

// Finds the handler of a request. Filled before the server starts, then only read.
class Router {
 public:
  // Patterns are CHECKed: '/' first, parts literal, "{name}", or at the end "{rest...}"; a method
  // once per pattern.
  void Add(std::string_view pattern, RouteEntry entry, base::Metrics* metrics);

  struct Match {
    RouteEntry* route = nullptr;  // Null when the path or the method is unknown.
    std::string allow;            // The methods that the path has, when only the method is unknown.
    std::map<std::string, std::string, std::less<>> parameters;
  };

  // HEAD finds the GET route when it has none of its own. Literal parts win over "{name}", that
  // over "{rest...}".
  Match Find(std::string_view method, const Target& target) const;

 private:
  enum class PartKind : uint8_t { kLiteral, kName, kRest };

  struct Part {
    PartKind kind = PartKind::kLiteral;
    std::string text;
  };

  struct Pattern {
    std::string text;
    std::vector<Part> parts;
    std::vector<std::unique_ptr<RouteEntry>> methods;
  };

  static std::vector<Part> ParsePattern(std::string_view pattern);
  static bool Fits(const Pattern& pattern, const std::vector<std::string>& segments);
  static bool Before(const Pattern& a, const Pattern& b);
  static RouteEntry* Method(const Pattern& pattern, std::string_view method);

  std::vector<std::unique_ptr<Pattern>> patterns_;  // Most specific first.
};

}  // namespace weir::net
