#include "net/router.h"

#include <algorithm>

#include "base/check.h"

namespace weir::net {

RouteMetrics::RouteMetrics(base::Metrics* metrics, std::string_view route)
    : metrics_(metrics), route_(route) {
  if (metrics_ != nullptr) {
    duration_ =
        &metrics_->GetHistogram("weir_http_request_duration_seconds",
                                "Time from a request's head to its answer.", {{"route", route_}});
  }
}

void RouteMetrics::Observe(int status, double seconds) {
  const int index = status - kFirstStatus;
  if (metrics_ == nullptr || index < 0 || index >= kStatuses) {
    return;
  }
  base::Counter* counter = by_status_[index].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_->GetCounter("weir_http_requests_total", "Requests answered.",
                                    {{"route", route_}, {"code", fmt::format("{}", status)}});
    by_status_[index].store(counter, std::memory_order_release);
  }
  counter->Add();
  duration_->Observe(seconds);
}

std::vector<Router::Part> Router::ParsePattern(std::string_view pattern) {
  CHECK_NOTE(pattern.starts_with('/'), pattern);
  std::vector<Part> parts;
  pattern.remove_prefix(1);
  for (;;) {
    const size_t slash = pattern.find('/');
    const std::string_view text = pattern.substr(0, slash);
    Part part;
    if (text.starts_with('{') && text.ends_with("...}")) {
      CHECK_NOTE(slash == std::string_view::npos, pattern);
      part = {PartKind::kRest, std::string(text.substr(1, text.size() - 5))};
    } else if (text.starts_with('{') && text.ends_with('}')) {
      part = {PartKind::kName, std::string(text.substr(1, text.size() - 2))};
    } else {
      part = {PartKind::kLiteral, std::string(text)};
    }
    parts.push_back(std::move(part));
    if (slash == std::string_view::npos) {
      return parts;
    }
    pattern.remove_prefix(slash + 1);
  }
}

bool Router::Before(const Pattern& a, const Pattern& b) {
  const size_t common = std::min(a.parts.size(), b.parts.size());
  for (size_t i = 0; i < common; ++i) {
    if (a.parts[i].kind != b.parts[i].kind) {
      return a.parts[i].kind < b.parts[i].kind;
    }
  }
  return a.parts.size() > b.parts.size();
}

RouteEntry* Router::Method(const Pattern& pattern, std::string_view method) {
  for (const auto& entry : pattern.methods) {
    if (entry->method == method) {
      return entry.get();
    }
  }
  return nullptr;
}

void Router::Add(std::string_view pattern, RouteEntry entry, base::Metrics* metrics) {
  entry.metrics = std::make_unique<RouteMetrics>(metrics, pattern);
  for (const auto& known : patterns_) {
    if (known->text == pattern) {
      CHECK_NOTE(Method(*known, entry.method) == nullptr, pattern);
      known->methods.push_back(std::make_unique<RouteEntry>(std::move(entry)));
      return;
    }
  }
  auto added = std::make_unique<Pattern>();
  added->text = pattern;
  added->parts = ParsePattern(pattern);
  added->methods.push_back(std::make_unique<RouteEntry>(std::move(entry)));
  const auto at = std::find_if(patterns_.begin(), patterns_.end(),
                               [&](const auto& known) { return Before(*added, *known); });
  patterns_.insert(at, std::move(added));
}

bool Router::Fits(const Pattern& pattern, const std::vector<std::string>& segments) {
  for (size_t i = 0; i < pattern.parts.size(); ++i) {
    const Part& part = pattern.parts[i];
    if (part.kind == PartKind::kRest) {
      return true;
    }
    if (i >= segments.size() || (part.kind == PartKind::kLiteral && part.text != segments[i]) ||
        (part.kind == PartKind::kName && segments[i].empty())) {
      return false;
    }
  }
  return segments.size() == pattern.parts.size();
}

Router::Match Router::Find(std::string_view method, const Target& target) const {
  Match match;
  for (const auto& pattern : patterns_) {
    if (!Fits(*pattern, target.segments)) {
      continue;
    }
    match.route = Method(*pattern, method);
    if (match.route == nullptr && method == "HEAD") {
      match.route = Method(*pattern, "GET");
    }
    if (match.route == nullptr) {
      for (const auto& entry : pattern->methods) {
        match.allow += (match.allow.empty() ? "" : ", ") + entry->method;
        match.allow += entry->method == "GET" ? ", HEAD" : "";
      }
      continue;
    }
    match.allow.clear();
    for (size_t i = 0; i < pattern->parts.size(); ++i) {
      const Part& part = pattern->parts[i];
      if (part.kind == PartKind::kName) {
        match.parameters.emplace(part.text, target.segments[i]);
      } else if (part.kind == PartKind::kRest) {
        std::string& rest = match.parameters[part.text];
        for (size_t j = i; j < target.segments.size(); ++j) {
          rest.append(j == i ? "" : "/").append(target.segments[j]);
        }
      }
    }
    return match;
  }
  return match;
}

}  // namespace weir::net
