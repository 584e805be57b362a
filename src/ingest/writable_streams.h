#pragma once

#include <cstddef>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/registry.h"

namespace weir::ingest {

// Tells streams that clients may write from those that an application writes alone. Remembers the
// former, so that a put does not ask the catalog. Thread-safe.
class WritableStreams {
 public:
  static constexpr size_t kMaxRemembered = 10'000;

  explicit WritableStreams(registry::Registry& registry) : registry_(registry) {}

  // kPermission for a stream that an application writes, kNotFound for one that is going.
  base::Result<void> Check(std::string_view name);

 private:
  registry::Registry& registry_;
  std::shared_mutex mutex_;
  std::set<std::string, std::less<>> writable_;
};

}  // namespace weir::ingest
